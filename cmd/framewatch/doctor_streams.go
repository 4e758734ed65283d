package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/framewatch/framewatch/ingest/access"
	"github.com/framewatch/framewatch/ingest/source"
)

const (
	// fewProbes is how many streams are opened unless they are named, probesAtOnce how many at a time.
	fewProbes    = 3
	probesAtOnce = 4
	// probePatience is how long a picture or sound is waited for.
	probePatience = 9 * time.Second
	// slowStart is how long a stream may take to its first picture before that is told.
	slowStart = 5 * time.Second
)

// checkStreams opens some of the configuration's streams as an edge would, and looks at the certificates of their servers.
func checkStreams(ctx context.Context, p *patient) []finding {
	const name = "streams"
	chosen, unknown := p.chosenStreams()
	var findings []finding
	for _, id := range unknown {
		findings = append(findings, finding{name, statusFail, fmt.Sprintf("--streams: the file has no stream %.60q", id), "name one of the file's streams"})
	}
	policy := access.New(p.config.Ingest.Access)
	(&app{config: p.config, access: policy}).own()
	found := make([][]finding, len(chosen))
	var unopened atomic.Int32
	var group sync.WaitGroup
	places := make(chan struct{}, probesAtOnce)
	for i, s := range chosen {
		group.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			var opened bool
			if found[i], opened = p.judgeStream(ctx, name, s, policy); !opened {
				unopened.Add(1)
			}
		})
	}
	group.Wait()
	findings = slices.Concat(findings, slices.Concat(found...))
	if n := unopened.Load(); n > 0 {
		findings = append(findings, finding{name, statusUnknown, fmt.Sprintf("for %d of %d streams there was no time left", n, len(chosen)), "name fewer at a time (--streams), or open one by hand (framewatch streams probe URL)"})
	}
	if p.config.Streams != nil && len(chosen) < len(*p.config.Streams) && len(p.streams) == 0 {
		findings = append(findings, finding{Check: name, Status: statusOK, Detail: fmt.Sprintf("%d of the file's %d streams were opened; --streams chooses others", len(chosen), len(*p.config.Streams))})
	}
	return findings
}

// chosenStreams are those to open, and the ids that are none.
func (p *patient) chosenStreams() (chosen []StreamConfig, unknown []string) {
	if p.config.Streams == nil {
		return nil, p.streams
	}
	all := *p.config.Streams
	switch {
	case len(p.streams) == 0:
		return all[:min(len(all), fewProbes)], nil
	case slices.Contains(p.streams, "all"):
		return all, nil
	}
	for _, id := range p.streams {
		if i := slices.IndexFunc(all, func(s StreamConfig) bool { return s.ID == id }); i >= 0 {
			chosen = append(chosen, all[i])
		} else {
			unknown = append(unknown, id)
		}
	}
	return chosen, unknown
}

// judgeStream opens one stream. One that does not open within less than probePatience, since ctx ends before, is not called broken: opened is false.
func (p *patient) judgeStream(ctx context.Context, check string, s StreamConfig, policy *access.Policy) (findings []finding, opened bool) {
	begun := time.Now()
	if until, ok := certified(ctx, s.URL, policy); ok {
		if f := expiry(check, fmt.Sprintf("the certificate of stream %q", s.ID), until, time.Now(), "let whoever serves the stream renew it: afterwards the stream is down"); f.Status != statusOK {
			findings = append(findings, f)
		}
	}
	look := probe{timeout: probePatience, media: time.Second / 2, access: policy}
	seen, err := look.look(ctx, p.config.Ingest.Config, s.URL)
	if err != nil && ctx.Err() != nil && time.Since(begun) < probePatience {
		return findings, false
	}
	if err != nil {
		return append(findings, finding{check, statusFail, fmt.Sprintf("stream %q (%s): %v", s.ID, source.Redact(s.URL), err), streamRemedy(err)}), true
	}
	first := seen.FirstPicture
	if first == nil {
		first = seen.FirstSound
	}
	f := finding{Check: check, Status: statusOK, Detail: fmt.Sprintf("stream %q: first picture %s, first sound %s", s.ID, afterText(seen.FirstPicture), afterText(seen.FirstSound))}
	if *first > slowStart.Seconds() {
		f.Status, f.Remedy = statusWarn, "look at the way to the stream and at its key frames' distance (framewatch streams probe), and at how busy this machine is"
	}
	return append(findings, f), true
}

// streamRemedy says what to do about a stream that cannot be opened.
func streamRemedy(err error) string {
	switch text := err.Error(); {
	case strings.Contains(text, "is refused"):
		return "ingest.access does not permit it: list the scheme, the directory or the network there, or mend the URL"
	case strings.Contains(text, "no such host") || strings.Contains(text, "lookup "):
		return "mend the host in the URL, or this machine's DNS"
	case strings.Contains(text, "certificate"):
		return "the server's certificate does not hold: let whoever serves the stream renew it"
	case strings.Contains(text, "${"):
		return "set what the URL refers to: the file, or the environment variable"
	}
	return "open it by hand (framewatch streams probe URL): is it on the air, and does this machine reach it?"
}

// certified is until when the certificate of a stream's server holds, where it has one and it is reached. Whether it is trusted is for the probe to say.
func certified(ctx context.Context, address string, policy *access.Policy) (until time.Time, ok bool) {
	u, err := url.Parse(address)
	if err != nil || !slices.Contains([]string{"https", "rtsps", "rtmps"}, u.Scheme) || strings.Contains(u.Host, "$") {
		return until, false
	}
	port, err := strconv.ParseUint(portOr(u, map[string]string{"https": "443", "rtsps": "322", "rtmps": "443"}[u.Scheme]), 10, 16)
	if err != nil {
		return until, false
	}
	ctx, cancel := context.WithTimeout(ctx, dialed)
	defer cancel()
	at, err := policy.Visit(u.Hostname()).Resolve(ctx, u.Hostname(), uint16(port))
	if err != nil {
		return until, false
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", at.String())
	if err != nil {
		return until, false
	}
	defer conn.Close()
	// Nothing is sent to it: only what it shows is looked at.
	secured := tls.Client(conn, &tls.Config{MinVersion: tls.VersionTLS12, ServerName: u.Hostname(), InsecureSkipVerify: true})
	if secured.HandshakeContext(ctx) != nil {
		return until, false
	}
	chain := secured.ConnectionState().PeerCertificates
	return chain[0].NotAfter, true
}

// portOr is the URL's port, or that one.
func portOr(u *url.URL, standard string) string {
	if port := u.Port(); port != "" {
		return port
	}
	return standard
}
