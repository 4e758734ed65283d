package ingest

import (
	"context"
	"errors"
	"net/netip"

	"github.com/framewatch/framewatch/ingest/access"
	"github.com/framewatch/framewatch/ingest/source"
)

// admit judges what a worker is to open by itself, and leaves it no choice: a file it is given open, and of a peer the address that was judged.
// The caller closes the file, if there is one.
func admit(ctx context.Context, policy *access.Policy, j job) (job, error) {
	end, err := source.EndpointOf(j.Path)
	switch {
	case err != nil:
		return j, err
	case end.Network == "":
		if j.opened, err = policy.Open(source.LocalPath(j.Path)); j.opened != nil {
			j.Path = givenFile
		}
		return j, err
	}
	j.Peer, err = peer(ctx, policy, end)
	return j, err
}

// peer finds the address of the one that a worker is to reach. Where it waits for one it binds what the URL says, which must be this machine's.
func peer(ctx context.Context, policy *access.Policy, end source.Endpoint) (source.Peer, error) {
	p := source.Peer{Host: end.Host, Port: end.Port}
	if _, err := netip.ParseAddr(end.Host); end.Listen && (err == nil || end.Host == "") {
		p.Address = end.Host
		return p, nil
	}
	at, err := policy.Visit(end.Host).Resolve(ctx, end.Host, uint16(end.Port))
	p.Address = at.Addr().String()
	return p, err
}

// failed is the outcome of a source that could not be read: the source's fault, unless it is our settings that keep us from it.
func failed(err error) outcome {
	if errors.As(err, new(access.Denied)) || errors.As(err, new(source.Unfit)) {
		return outcome{state: fault, reason: err.Error(), settings: true}
	}
	return outcome{state: down, reason: err.Error(), silent: errors.Is(err, source.ErrSilent)}
}
