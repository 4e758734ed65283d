package source

import (
	"errors"
	"strings"
)

// openRTMP reads rtmp://[user:password@]host[:port]/app[/instance]/key[?query]: the last of the path is the stream's key, and the query is
// the server's but for rtmps' tls_verify=0, which takes any certificate.
func openRTMP(s Scheme, a address) (o opening, err error) {
	if a.host == "" {
		return o, errors.New("the URL has no host")
	}
	o.options = live(s.protocols, "live_flv,flv")
	if s.Name == "rtmps" {
		query, verify, err := takeTLSVerify(a.query)
		if err != nil {
			return o, err
		}
		a.query = query
		if verify {
			o.options["tls_verify"] = "1"
		}
	}
	path := a.path
	app := strings.Trim(path, "/")
	if app == "" {
		return o, errors.New("the URL has no path: rtmp://host/app/key")
	}
	key := path[strings.LastIndexByte(path, '/')+1:]
	o.secrets = append(a.credentials(), spellings(key)...)
	if a.query != "" {
		o.secrets = append(o.secrets, queryValues(a.query)...)
		path += "?" + a.query
	}
	if a.user != "" {
		o.url = strings.Replace(a.at(path), "://", "://"+a.user+"@", 1)
	} else {
		o.url = a.at(path)
	}
	o.endpoint = Endpoint{Host: a.host, Port: a.port, Network: "tcp"}
	return o, nil
}

// queryValues are the values of a query that Redact would mask.
func queryValues(query string) (values []string) {
	for _, pair := range strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' }) {
		key, value, ok := strings.Cut(pair, "=")
		switch {
		case !ok:
			values = append(values, spellings(pair)...)
		case !plain[strings.ToLower(key)]:
			values = append(values, spellings(value)...)
		}
	}
	return values
}
