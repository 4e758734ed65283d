// The one address that libav may reach in this process. libav looks up every host before it connects, by libc's getaddrinfo: what stands in
// front of that here knows no other host, wherever a server may lead.
#pragma once

// fw_confine lets host, at port, be looked up as address and nothing else; nothing at all when address is empty.
void fw_confine(const char *host, const char *address, const char *port);
