package source

import (
	"net/url"
	"time"
)

// The log shim and the playlist parser as the tests reach them.
var (
	StartLog  = startLog
	ForgetLog = forgetLog
	LastLog   = lastLog
	// CaptionBytes counts the bytes of captions that are no padding.
	CaptionBytes = captionBytes
)

// Opening is what libav is told to open for a URL, and the secrets in it.
func Opening(url string) (opened string, options map[string]string, secrets []string, err error) {
	s, err := Lookup(url)
	if err != nil {
		return "", nil, nil, err
	}
	o, err := s.opening(url)
	return o.url, o.options, o.secrets, err
}

// Walk reads a playlist as either kind and walks it from a position; it returns the URLs that would be fetched.
func Walk(at *url.URL, text []byte, started bool, sequence int64) (urls []string, err error) {
	if isMaster(text) {
		variants, err := parseMaster(at, text)
		if err != nil {
			return nil, err
		}
		return []string{choose(variants).url}, nil
	}
	p, err := parseMedia(at, text)
	if err != nil {
		return nil, err
	}
	position := place{started: started, sequence: sequence}
	for range p.segments {
		i, _ := p.index(&position)
		if i >= len(p.segments) {
			break
		}
		s := p.segments[i]
		urls = append(urls, s.url)
		if s.init.url != "" {
			urls = append(urls, s.init.url)
		}
		if s.key.url != "" {
			urls = append(urls, s.key.url)
		}
		position = place{started: true, sequence: s.next}
	}
	return urls, nil
}

// Target is the target duration of a media playlist, 0 when it is none.
func Target(at *url.URL, text []byte) time.Duration {
	p, err := parseMedia(at, text)
	if err != nil {
		return 0
	}
	return p.target
}
