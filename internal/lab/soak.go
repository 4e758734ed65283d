package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/framewatch/framewatch/schemas"
)

// SoakConfig is what a soak is made of.
type SoakConfig struct {
	// Clips is the folder of the clips, Cache the one where their renditions are kept, Work one for what is sent.
	Clips, Cache, Work string
	// Streams is how many streams there are; their protocols are dealt out in turn.
	Streams int
	// Protocols are those to take of all that there are; nil: all.
	Protocols []string
	// Length of the soak, and the Seed of what is disturbed when.
	Length time.Duration
	Seed   uint64
	// Log is told each disturbance.
	Log *slog.Logger
}

// Site is what a soak disturbs.
type Site interface {
	// Set adds a stream to those that are watched, Remove takes one away.
	Set(ctx context.Context, id string, spec *schemas.StreamSpec) error
	Remove(ctx context.Context, id string) error
	// KillWorker kills one of the processes that decode streams, some number of which chooses; it tells whether there was one.
	KillWorker(number int) bool
}

// Soak is live streams of mixed protocols that are disturbed again and again, and the ledger of what was done to them.
type Soak struct {
	Ledger *Ledger

	config   SoakConfig
	player   *player
	listener net.Listener
	lines    []*line
}

// line is one stream's way from the player to who watches it.
type line struct {
	sender sender
	name   string
	relay  *relay
	// port is the sender's own, folder the one that it writes to.
	port   int
	folder string
	url    string
	// again has the sender begin anew: a listener takes one caller, and may not know yet that it has gone.
	again chan struct{}
}

// NewSoak makes what is not in the cache yet and listens on loopback ports.
func NewSoak(ctx context.Context, config SoakConfig) (*Soak, error) {
	chosen := slices.DeleteFunc(slices.Clone(senders), func(s sender) bool { return config.Protocols != nil && !slices.Contains(config.Protocols, s.protocol) })
	if len(chosen) == 0 || config.Streams < 1 {
		return nil, fmt.Errorf("soak: no streams of the protocols %v", config.Protocols)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the soak: %w", err)
	}
	s := &Soak{Ledger: newLedger(), config: config, listener: listener,
		player: &player{channels: map[string]*channel{}, address: listener.Addr().String(), start: time.Now()}}
	r := renderer{clips: config.Clips, cache: config.Cache}
	for i := range config.Streams {
		clip, sender := Clips[i%len(Clips)], chosen[i%len(chosen)]
		footage, err := r.render(ctx, clip, Fault{})
		if err != nil {
			return nil, err
		}
		l := &line{sender: sender, name: fmt.Sprintf("%s-%d", sender.protocol, i+1), again: make(chan struct{}, 1)}
		s.player.channels[l.name] = &channel{clip: clip, footage: footage}
		if err := l.open(config, s.player.address, uint64(i)); err != nil {
			return nil, err
		}
		s.lines = append(s.lines, l)
	}
	return s, nil
}

// open finds ports and folders and puts the relay in between.
func (l *line) open(config SoakConfig, player string, number uint64) error {
	target := player
	switch {
	case l.sender.files:
		l.folder = filepath.Join(config.Work, l.name)
		if err := os.MkdirAll(l.folder, 0o755); err != nil {
			return err
		}
	case l.sender.output != nil:
		var err error
		if l.port, err = freePort(l.sender.network); err != nil {
			return err
		}
		target = net.JoinHostPort("127.0.0.1", strconv.Itoa(l.port))
	}
	var err error
	if l.relay, err = newRelay(l.sender.network, target, config.Seed+number); err != nil {
		return err
	}
	watched := l.relay.Address
	if l.sender.push {
		// It sends to the relay, and the relay to the port where that is awaited.
		watched, l.port = target, l.relay.port()
	}
	l.url = l.sender.url(watched, l.name)
	return nil
}

// Protocols of the streams, each once.
func (s *Soak) Protocols() []string {
	var names []string
	for _, l := range s.lines {
		if !slices.Contains(names, l.sender.protocol) {
			names = append(names, l.sender.protocol)
		}
	}
	return names
}

// spec is what a line's stream is watched as.
func (l *line) spec() *schemas.StreamSpec {
	return &schemas.StreamSpec{URL: l.url, Labels: map[string]string{"protocol": l.sender.protocol}, Origin: "soak"}
}

// Run sends the streams, has the site watch them and disturbs them until the soak's length is over; it ends with the streams still there. The
// error says what could not be done; what came of it is in the Ledger.
func (s *Soak) Run(ctx context.Context, site Site) error {
	sending, stop := context.WithCancel(ctx)
	var running errgroup.Group
	running.Go(func() error { return s.serve(sending) })
	for _, l := range s.lines {
		running.Go(func() error { return l.relay.serve(sending) })
		if l.sender.output != nil {
			running.Go(func() error {
				send(sending, "http://"+s.player.address+"/"+l.name+"/live.ts", l.sender.output(l.port, l.folder), l.again)
				return nil
			})
		}
	}
	// Who writes files has segments by then, who listens does.
	sleepUntil(ctx, time.Now().Add(warming))
	err := s.disturb(ctx, site)
	stop()
	return errors.Join(err, running.Wait())
}

// serve serves the player's streams and the senders' files.
func (s *Soak) serve(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.Handle("/", s.player.handler())
	mux.Handle("GET /files/{stream}/{file}", http.StripPrefix("/files", http.FileServer(http.Dir(s.config.Work))))
	server := &http.Server{Handler: mux, BaseContext: func(net.Listener) context.Context { return ctx }, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("send streams: %w", err)
	}
	return nil
}

// disturb adds the streams and does what is planned, each when it is due.
func (s *Soak) disturb(ctx context.Context, site Site) error {
	start := time.Now()
	for _, l := range s.lines {
		if err := s.add(ctx, site, l); err != nil {
			return err
		}
	}
	var all errgroup.Group
	for _, d := range planSoak(s.config, s.lines) {
		all.Go(func() error {
			if !sleepUntil(ctx, start.Add(d.at)) {
				return nil
			}
			return s.do(ctx, site, d)
		})
	}
	err := all.Wait()
	sleepUntil(ctx, start.Add(s.config.Length))
	return err
}

// do is one disturbance from its beginning to its end.
func (s *Soak) do(ctx context.Context, site Site, d disturbance) error {
	l, begin := s.lines[d.line], time.Now()
	s.config.Log.Debug("disturb", "stream", l.name, "how", d.kind, "for", d.length)
	if d.kind == killWorker {
		if site.KillWorker(d.line) {
			s.Ledger.did(d.kind)
		}
		for _, l := range s.lines {
			if l.listens() {
				// Its caller has gone, which it may not know yet.
				s.Ledger.interruption(l.name, begin, begin, l.sender.behind)
			}
		}
		return nil
	}
	s.Ledger.did(d.kind)
	switch d.kind {
	case cutOff:
		l.relay.Set(broken)
	case stall:
		l.relay.Set(stalled)
	case corrupt:
		l.relay.Corrupt(true)
	case takeAway:
		if err := site.Remove(ctx, l.name); err != nil {
			return err
		}
		s.Ledger.removed(l.name, time.Now())
		if l.listens() {
			l.again <- struct{}{}
		}
	}
	sleepUntil(ctx, begin.Add(d.length))
	switch d.kind {
	case cutOff, stall:
		l.relay.Set(forwarding)
		s.Ledger.outage(l.name, begin, time.Now(), l.sender.behind)
	case corrupt:
		l.relay.Corrupt(false)
		s.Ledger.corruption(l.name, begin, time.Now(), l.sender.behind)
	case takeAway:
		if l.listens() {
			s.Ledger.corruption(l.name, begin, time.Now(), l.sender.behind)
		}
		return s.add(ctx, site, l)
	}
	return nil
}

// listens tells whether the sender waits for a caller. What it sends at first is what has gathered, part of which comes too late.
func (l *line) listens() bool { return l.sender.output != nil && !l.sender.files && !l.sender.push }

func (s *Soak) add(ctx context.Context, site Site, l *line) error {
	now := time.Now()
	s.Ledger.added(l.name, now)
	if l.listens() {
		s.Ledger.corruption(l.name, now, now, l.sender.behind)
	}
	return site.Set(ctx, l.name, l.spec())
}
