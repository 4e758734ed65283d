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

var (
	// plainValue is what a harmless key may stand for: no URL, nothing that is encoded.
	plainValue = regexp.MustCompile(`^[\w.,:+\[\]-]{1,64}$`)
	keyName    = regexp.MustCompile(`^[a-zA-Z][\w.\[\]-]{0,39}$`)
	schemePart = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.:-]*$`)
	// opaque are schemes that are written without slashes by mistake, so that what follows may be a whole URL.
	opaque    = regexp.MustCompile(`(?i)^(https?|srt|rtmp[a-z]*|rtsp[s]?|udp|rtp|tcp|tls|ftp|wss?|crypto|hls|cache|async|concat|subfile):`)
	authority = regexp.MustCompile(`^(\[[0-9a-fA-F:.]*(%[0-9a-zA-Z._-]*)?\]|[\p{L}\p{N}\p{M}\x{E000}-\x{F8FF}._~*-]*)(:\d{0,5})?$`)
	// sender is the address before the @ of a URL of datagrams.
	sender = regexp.MustCompile(`^[0-9a-fA-F.:\[\],]+$`)
	// encodedURL begins a URL within a path that is written in percent-encoding.
	encodedURL = regexp.MustCompile(`(?i)%3a(%2f|/){2}`)
	// token is a part of a path that nobody reads: many letters and digits in a row.
	token = regexp.MustCompile(`^[\w-]{24,}$`)
	// account is the beginning of a path that goes on with a user and a password, as IPTV servers have it.
	account = regexp.MustCompile(`^/(live|movie|series|timeshift|streaming)/[^/]+/[^/]+/`)
)

// Redact masks what may be a secret in a URL: user and password, query values but those of well-known harmless keys, the fragment,
// key=value parts and tokens in the path, RTMP stream keys, whatever stands in data: URLs, and all that in URLs within it. It cuts the
// text and does not parse it, so that a malformed URL is masked too: rather too much than too little. A bare path is returned as it is, and a
// reference to a secret where it stands for no secret.
func Redact(url string) string {
	var references []string
	url = reference.ReplaceAllStringFunc(url, func(r string) string {
		references = append(references, string(firstPrivate+rune(len(references))), r)
		return references[len(references)-2]
	})
	return strings.NewReplacer(references...).Replace(new(redaction).url(url))
}

// firstPrivate begins the runes that stand for references to secrets, whose own colons and slashes do not count: of Unicode's private use.
const firstPrivate = '\uE000'

// redaction is one URL being redacted, with what was hidden.
type redaction struct{ hidden []string }

// hide keeps what is not to be told.
func (r *redaction) hide(secret string) string {
	if secret == "" || secret == mask {
		return secret
	}
	r.hidden = append(r.hidden, secret)
	return mask
}

func (r *redaction) url(url string) string {
	scheme, rest, ok := strings.Cut(url, "://")
	switch {
	case len(url) > 5 && strings.EqualFold(url[:5], "data:"):
		return url[:5] + r.hide(url[5:])
	case !ok && opaque.MatchString(url):
		scheme, rest, _ = strings.Cut(url, ":")
		slashes := len(rest) - len(strings.TrimLeft(rest, "/"))
		return scheme + ":" + rest[:slashes] + r.rest(scheme, rest[slashes:])
	case !ok:
		return url
	case !schemePart.MatchString(scheme):
		scheme = r.hide(scheme)
	}
	return scheme + "://" + r.rest(scheme, rest)
}

// reference is the URL of a playlist's entry, which may be relative: then it has no host.
func (r *redaction) reference(url string) string {
	if strings.Contains(url, "://") || opaque.MatchString(url) || strings.HasPrefix(strings.ToLower(url), "data:") {
		return r.url(url)
	}
	return r.tail("", url)
}

// rest is what follows the scheme's slashes.
func (r *redaction) rest(scheme, text string) string {
	host, tail := r.host(scheme, text)
	return host + r.tail(scheme, tail)
}

// host cuts off "user:password@host:port" and masks the user. Who does not encode a slash, a question mark or a number sign in a password
// moves its end: what does not look like host and port is then masked up to the last @.
func (r *redaction) host(scheme, text string) (host, tail string) {
	end := strings.IndexAny(text, "/?#")
	if end < 0 {
		end = len(text)
	}
	host, tail = text[:end], text[end:]
	at, last := strings.LastIndex(host, "@"), strings.LastIndex(text, "@")
	switch {
	case at == 0, at > 0 && (scheme == "udp" || scheme == "rtp") && sender.MatchString(host[:at]):
		return host[:at+1] + r.authority(host[at+1:]), tail
	case at > 0:
		r.user(host[:at])
		return mask + "@" + r.authority(host[at+1:]), tail
	case last > end && (!authority.MatchString(host) || strings.Contains(host, ":") && !strings.ContainsAny(host, ".[") || tail[0] != '/' && !strings.Contains(text[end:last], "/")):
		r.user(text[:last])
		host, tail = r.host(scheme, text[last+1:])
		return mask + "@" + host, tail
	}
	return r.authority(host), tail
}

// authority is host and port, or hides what is neither.
func (r *redaction) authority(text string) string {
	if authority.MatchString(text) {
		return text
	}
	return r.hide(text)
}

// user hides the user part, and its password by itself.
func (r *redaction) user(part string) {
	r.hide(part)
	if _, password, ok := strings.Cut(part, ":"); ok {
		r.hide(password)
	}
}

// tail is path, query and fragment.
func (r *redaction) tail(scheme, text string) string {
	text, fragment, hasFragment := strings.Cut(text, "#")
	path, query, hasQuery := strings.Cut(text, "?")
	out := r.path(path, scheme)
	if hasQuery {
		out += "?" + r.query(query)
	}
	if hasFragment {
		out += "#" + r.hide(fragment)
	}
	return out
}

func (r *redaction) path(path, scheme string) string {
	if isRTMP(scheme) {
		end := len(strings.TrimRight(path, "/"))
		key := strings.LastIndex(path[:end], "/") + 1
		return r.path(path[:key], "") + r.hide(path[key:end]) + path[end:]
	}
	if i := strings.Index(path, "://"); i >= 0 {
		begin := strings.LastIndex(path[:i], "/") + 1
		return r.path(path[:begin], "") + r.url(path[begin:])
	}
	segments := strings.Split(path, "/")
	if account.MatchString(path) {
		segments[2], segments[3] = r.hide(segments[2]), r.hide(segments[3])
	}
	for i, s := range segments {
		segments[i] = r.segment(s)
	}
	return strings.Join(segments, "/")
}

// isRTMP tells the schemes whose last part of the path is a secret, also behind a prefix such as crypto+.
func isRTMP(scheme string) bool {
	return strings.HasPrefix(strings.ToLower(scheme[strings.LastIndexAny(scheme, "+:")+1:]), "rtmp")
}

// segment is one part of a path.
func (r *redaction) segment(s string) string {
	stem, _, _ := strings.Cut(s, ".")
	lower := strings.ToLower(s)
	switch {
	case s == "" || s == mask:
		return s
	case encodedURL.MatchString(s), strings.Contains(lower, "%3d"), strings.Contains(lower, "%40"):
		return r.hide(s)
	case strings.Contains(s, ":") && strings.Contains(s, "@"):
		at := strings.LastIndex(s, "@")
		r.user(s[:at])
		return mask + s[at:]
	case isToken(stem):
		return r.hide(stem) + s[len(stem):]
	}
	parameters := strings.Split(s, ";")
	for i, p := range parameters {
		if key, value, ok := strings.Cut(p, "="); ok {
			parameters[i] = key + "=" + r.hide(value)
		}
	}
	return strings.Join(parameters, ";")
}

func (r *redaction) query(query string) string {
	pairs := strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' })
	for i, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		name := strings.ToLower(key)
		switch {
		case plain[name] && (value == "" && ok || plainValue.MatchString(value)):
		case ok && value == "" && secretKey(name):
		case !ok, strings.Trim(value, "=") == "", !keyName.MatchString(key), token.MatchString(key):
			pairs[i] = r.hide(pair) // a bare token, whose own padding may look like key=value
		default:
			pairs[i] = key + "=" + r.hide(value)
		}
	}
	return strings.Join(pairs, "&")
}
