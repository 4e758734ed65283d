package source

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// notForServers are words that libav, and not the server, takes in the query of an rtsp: URL, or that people write there for it.
var notForServers = []string{
	"udp", "tcp", "multicast", "http", "https", "filter_src", "listen", "listen_timeout", "rtsp_flags", "min_port", "max_port",
	"localport", "buffer_size", "stimeout", "reorder_queue_size", "allowed_media_types",
}

// openRTSP reads rtsp://[user:password@]host[:port]/path[?query]. Of the query rtsp_transport=tcp|udp is ours and the rest the server's.
// The media comes interleaved in the connection unless UDP is asked for; rtsps has it there always, and must have tls_verify=0: libav's RTSP
// cannot check a certificate, and nobody shall believe that it does.
func openRTSP(s Scheme, a address) (o opening, err error) {
	if a.host == "" {
		return o, errors.New("the URL has no host")
	}
	if s.Name == "rtsps" {
		query, verify, err := takeTLSVerify(a.query)
		if err != nil {
			return o, err
		}
		if verify {
			return o, errors.New("FFmpeg cannot check the certificate of an RTSP server: add the option tls_verify=0 to take any")
		}
		a.query = query
	}
	transport, query := "tcp", []string(nil)
	for _, pair := range strings.Split(a.query, "&") {
		key, value, _ := strings.Cut(pair, "=")
		switch {
		case key == "rtsp_transport" && (value == "tcp" || value == "udp" && s.Name == "rtsp"):
			transport = value
		case key == "rtsp_transport" && s.Name == "rtsp":
			return o, errors.New("option rtsp_transport is neither tcp nor udp")
		case key == "rtsp_transport":
			return o, errors.New("option rtsp_transport is not tcp: rtsps has nothing else")
		case slices.Contains(notForServers, strings.ToLower(key)):
			return o, fmt.Errorf("option %s is not to be had (known: rtsp_transport; any other name goes to the server)", strings.ToLower(key))
		case pair != "":
			query = append(query, pair)
		}
	}
	path := a.path
	if len(query) > 0 {
		path += "?" + strings.Join(query, "&")
	}
	o.options = live(s.protocols, "rtsp")
	o.options["rtsp_transport"] = transport
	if transport == "udp" {
		o.options["protocol_whitelist"] += ",udp,rtp"
		o.options["buffer_size"] = "4194304" // of each socket, as far as the kernel allows: a key picture comes in one burst
	}
	o.secrets = append(a.credentials(), queryValues(strings.Join(query, "&"))...)
	o.url = a.at(path)
	if a.user != "" {
		o.url = strings.Replace(o.url, "://", "://"+a.user+"@", 1)
	}
	o.endpoint = Endpoint{Host: a.host, Port: a.port, Network: "tcp", Datagrams: transport == "udp"}
	return o, nil
}
