package source

import (
	"regexp"
	"strings"
)

// mask stands for what is not told.
const mask = "***"

// plain are the query keys whose values may be told: which keys carry secrets nobody can list.
var plain = map[string]bool{
	"mode": true, "latency": true, "transtype": true, "pkt_size": true, "timeout": true, "fifo_size": true, "buffer_size": true,
	"overrun_nonfatal": true, "ttl": true, "reuse": true, "rtsp_transport": true, "tls_verify": true, "pbkeylen": true, "format": true, "quality": true, "bitrate": true,
	"localaddr": true, "iface": true, "localport": true, "sources": true, "block": true, "reorder_queue_size": true, "max_delay": true,
	"bandwidth": true, "resolution": true, "width": true, "height": true, "fps": true, "lang": true, "start": true, "end": true,
}

// streamKey are the schemes whose last path segment is a secret.
var streamKey = map[string]bool{"rtmp": true, "rtmps": true, "rtmpt": true, "rtmpe": true, "rtmpte": true, "rtmpts": true}

// Redact masks what may be a secret in a URL: user and password, query values but those of well-known harmless keys, the fragment,
// key=value parts of the path, RTMP stream keys. It cuts the text and does not parse it, so that a malformed URL is masked too. A
// bare path is returned as it is.
func Redact(url string) string {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return url
	}
	rest, fragment, hasFragment := strings.Cut(rest, "#")
	rest, query, hasQuery := strings.Cut(rest, "?")
	host, path := splitHost(rest)
	out := scheme + "://" + host + redactPath(path, streamKey[strings.ToLower(scheme)])
	if hasQuery {
		out += "?" + redactQuery(query)
	}
	if hasFragment && fragment != "" {
		out += "#" + mask
	}
	return out
}

var port = regexp.MustCompile(`^(\[[^\]]*\]|[^:]*)(:\d*)?$`)

// splitHost cuts "user:password@host:port/path" and masks the user. A password that holds a slash makes its beginning look like a
// port: then all up to the last @ is masked.
func splitHost(rest string) (host, path string) {
	host, path, hasPath := strings.Cut(rest, "/")
	if hasPath {
		path = "/" + path
	}
	if at := strings.LastIndex(host, "@"); at == 0 {
		return host, path // udp://@239.1.1.1:1234 names nobody
	} else if at > 0 {
		return mask + host[at:], path
	}
	if at := strings.LastIndex(rest, "@"); at >= 0 && !port.MatchString(host) {
		host, path = splitHost(rest[at+1:])
		return mask + "@" + host, path
	}
	return host, path
}

func redactPath(path string, hideLast bool) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		parameters := strings.Split(s, ";")
		for j, p := range parameters {
			if key, _, ok := strings.Cut(p, "="); ok {
				parameters[j] = key + "=" + mask
			}
		}
		segments[i] = strings.Join(parameters, ";")
	}
	if last := len(segments) - 1; hideLast && last > 0 && segments[last] != "" {
		segments[last] = mask
	}
	return strings.Join(segments, "/")
}

func redactQuery(query string) string {
	pairs := strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' })
	for i, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		switch {
		case !ok:
			pairs[i] = mask // a bare token
		case value != "" && !plain[strings.ToLower(key)]:
			pairs[i] = key + "=" + mask
		}
	}
	return strings.Join(pairs, "&")
}
