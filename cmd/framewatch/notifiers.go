package main

import (
	"context"
	"sync"

	"github.com/framewatch/framewatch/notifier"
)

// notifiers is the notifier of the configuration in force.
type notifiers struct {
	mu      sync.Mutex
	current *notifier.Notifier
	// changed is closed when another one takes its place.
	changed chan struct{}
}

// use puts a notifier in the place of the one before. What that has told and begun to tell is in the log, so this one goes on with it.
func (s *notifiers) use(n *notifier.Notifier) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = n
	if s.changed != nil {
		close(s.changed)
	}
	s.changed = make(chan struct{})
}

func (s *notifiers) now() *notifier.Notifier {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current
}

// lead tells of defects until ctx ends or that fails, each time anew when another configuration comes into force.
func (s *notifiers) lead(ctx context.Context, deps notifier.Deps) error {
	for ctx.Err() == nil {
		s.mu.Lock()
		n, changed := s.current, s.changed
		s.mu.Unlock()
		if err := leadUntil(ctx, n, changed, deps); err != nil {
			return err
		}
	}
	return nil
}

func leadUntil(ctx context.Context, n *notifier.Notifier, changed <-chan struct{}, deps notifier.Deps) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-changed:
			cancel()
		case <-ctx.Done():
		}
	}()
	return n.Lead(ctx, deps)
}
