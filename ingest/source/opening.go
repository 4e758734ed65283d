package source

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Endpoint is what a worker must reach for a URL that libav opens itself.
type Endpoint struct {
	// Host is a name or an address without brackets; empty for all local addresses of a Listen.
	Host string
	// Port is 1 to 65535.
	Port int
	// Network is "tcp" or "udp"; empty when nothing has to be reached: a file, or a source that Fetch reads.
	Network string
	// Listen tells that the worker waits at Host and Port for a peer that nobody knows beforehand.
	Listen bool
	// Datagrams tells that the media comes over UDP from the same host besides, between ports that the two agree on.
	Datagrams bool
}

// EndpointOf tells what the worker of a URL must reach. Its error, without secrets, says what the scheme does not take.
func EndpointOf(url string) (Endpoint, error) {
	s, err := Lookup(url)
	if err != nil {
		return Endpoint{}, err
	}
	o, err := s.opening(url)
	return o.endpoint, err
}

// opening is what libav is to open, and how. Secrets stand in options where the protocol allows it, so that libav cannot tell them with a URL.
type opening struct {
	url      string
	options  map[string]string
	endpoint Endpoint
	// secrets are values of the URL that must not be told, in every spelling they are used in.
	secrets []string
}

// shortestSecret is that of a text which is masked wherever it stands, in bytes: a shorter one would mask the words around it.
const shortestSecret = 4

// Secrets are the texts in url that must not be told, of a scheme that libav opens itself: a peer may repeat what it was sent.
func Secrets(url string) (secrets []string) {
	s, err := Lookup(url)
	if err != nil {
		return nil
	}
	o, _ := s.opening(url)
	for _, secret := range o.secrets {
		if len(secret) >= shortestSecret && !slices.Contains(secrets, secret) {
			secrets = append(secrets, secret)
		}
	}
	return secrets
}

// opening is what libav is to open for url by this scheme: nothing when Fetch reads it.
func (s Scheme) opening(url string) (opening, error) {
	if s.open == nil {
		return opening{}, nil
	}
	a, err := parseAddress(s, url)
	if err != nil {
		return opening{}, err
	}
	return s.open(s, a)
}

// address is a network URL in its parts, cut as libav cuts it.
type address struct {
	scheme, user, host string
	port               int
	// path begins with a slash unless it is empty; query is without the question mark.
	path, query string
}

// longestURL bounds a URL that libav gets, in bytes: it has fixed buffers for the parts.
const longestURL = 1000

var hostName = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9.])?$|^[0-9a-fA-F:.]+(%[a-zA-Z0-9._-]+)?$`)

// parseAddress takes a URL apart. An error holds nothing of what may be a secret.
func parseAddress(s Scheme, text string) (a address, err error) {
	if len(text) > longestURL {
		return a, fmt.Errorf("the URL has %d bytes: at most %d", len(text), longestURL)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }) {
		return a, errors.New("the URL holds a space, a backslash or a control character: write it as %20, %5C or the like")
	}
	_, rest, _ := strings.Cut(text, "://")
	a.scheme = s.Name
	end := len(rest)
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		end = i
	}
	authority := rest[:end]
	a.path, a.query, _ = strings.Cut(rest[end:], "?")
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		a.user, authority = authority[:at], authority[at+1:]
	}
	return a, a.setHost(authority, s.port)
}

func (a *address) setHost(authority string, port int) error {
	host, digits, hasPort := authority, "", false
	if strings.HasPrefix(authority, "[") {
		host, digits, _ = strings.Cut(authority[1:], "]")
		digits, hasPort = strings.CutPrefix(digits, ":")
	} else {
		host, digits, hasPort = strings.Cut(authority, ":")
	}
	if host != "" && !hostName.MatchString(host) {
		return errors.New("the host is no name and no address (one of IPv6 stands in brackets, and a password holds no slash)")
	}
	a.host, a.port = host, port
	if hasPort {
		n, err := strconv.ParseUint(digits, 10, 16)
		if err != nil || n == 0 {
			return errors.New("the port is no number from 1 to 65535")
		}
		a.port = int(n)
	}
	if a.port == 0 {
		return errors.New("the URL has no port")
	}
	return nil
}

// at is the URL of the address' scheme, host and port, with what follows them.
func (a address) at(rest string) string {
	host := a.host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return a.scheme + "://" + host + ":" + strconv.Itoa(a.port) + rest
}

// credentials are the secrets of the user part.
func (a address) credentials() []string {
	_, password, _ := strings.Cut(a.user, ":")
	return spellings(password)
}

// spellings are a secret of a URL as it stands there and as it is meant.
func spellings(secret string) []string {
	if plain, err := url.PathUnescape(secret); err == nil && plain != secret {
		return []string{secret, plain}
	}
	return []string{secret}
}

// takeTLSVerify takes tls_verify=0|1 out of a query: whether the server must prove who it is, which it must when nothing is said.
func takeTLSVerify(query string) (rest string, verify bool, err error) {
	var others []string
	verify = true
	for pair := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(pair, "=")
		switch {
		case key != "tls_verify":
			others = append(others, pair)
		case value != "0" && value != "1":
			return "", false, errors.New("option tls_verify is neither 0 nor 1")
		default:
			verify = value == "1"
		}
	}
	return strings.Join(others, "&"), verify, nil
}

// live are the options of a live source: what it holds is looked into for at most 2 MB or a second of media, and it may use nothing but
// these protocols and, unless it is empty, this format.
func live(protocols, format string) map[string]string {
	options := map[string]string{"protocol_whitelist": protocols, "probesize": strconv.Itoa(probeSize), "analyzeduration": "1000000", "fpsprobesize": "5"}
	if format != "" {
		options["format_whitelist"] = format
	}
	return options
}
