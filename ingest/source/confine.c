#define _GNU_SOURCE
#include "confine.h"

#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static struct {
	int on;
	char host[256], address[64], port[8];
} confined;

void fw_confine(const char *host, const char *address, const char *port)
{
	snprintf(confined.host, sizeof confined.host, "%s", host);
	snprintf(confined.address, sizeof confined.address, "%s", address);
	snprintf(confined.port, sizeof confined.port, "%s", port);
	confined.on = 1;
}

// getaddrinfo stands in front of libc's for this program and the libraries that it is linked with. A connection goes to the peer or nowhere.
// Datagrams always go to the peer: an RTSP server behind a translator of addresses says where it believes to be, which is of no use.
__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
	static lookup *libc;
	if (!libc && !(libc = (lookup *)dlsym(RTLD_NEXT, "getaddrinfo")))
		return EAI_SYSTEM;
	if (!confined.on || !node || !*node)
		return libc(node, service, hints, found);
	if (!*confined.address)
		return EAI_FAIL;
	int stream = !hints || hints->ai_socktype != SOCK_DGRAM;
	int known = !strcasecmp(node, confined.host) || !strcmp(node, confined.address);
	if (stream && (!known || !service || strcmp(service, confined.port)))
		return EAI_FAIL;
	return libc(confined.address, service, hints, found);
}
