package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/framewatch/framewatch/notifier"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// benchNotify is the command's flags and where it writes.
type benchNotify struct {
	defects, singles int
	output           string
	stdout, stderr   io.Writer
}

// notifyResult is what the bench found.
type notifyResult struct {
	// Singles are the defects of which each was told by itself, P50 and P99 how long after its record each webhook's body was there, in ms.
	Singles int     `json:"singles"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
	// Defects are those that began at once, Messages what was sent of that, Seconds how long after the first record all were told; Ends and EndSeconds the same of their end.
	Defects    int     `json:"defects"`
	Messages   int     `json:"messages"`
	Seconds    float64 `json:"seconds"`
	Ends       int     `json:"end_messages"`
	EndSeconds float64 `json:"end_seconds"`
}

const (
	// benchPace is between two defects that are told by themselves.
	benchPace = 20 * time.Millisecond
	// benchPatience is how long everything may take to be told.
	benchPatience = 3 * time.Minute
	// benchAtOnce is how many records are written in one go.
	benchAtOnce = 1000
)

func benchNotifyCommand() *cobra.Command {
	b := benchNotify{}
	cmd := &cobra.Command{
		Use:   "notify",
		Short: "How long a defect takes to a webhook, and what a mass outage becomes",
		Long: "How long it takes from a defect's record on the log to the body of a webhook, and how many messages tell of very many defects at once.\n" +
			"The log is embedded, in a temporary folder; the target answers on loopback.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if b.defects < 1 || b.singles < 1 {
				return usage(errors.New("--defects and --singles are at least 1"))
			}
			b.stdout, b.stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
			r := notifyResult{Singles: b.singles, Defects: b.defects}
			if err := b.measure(cmd.Context(), notifier.Storm{Changes: b.singles + 1, Every: time.Second}, func(ctx context.Context, a *app, sink *notifySink) error {
				return b.single(ctx, a, sink, &r)
			}); err != nil {
				return err
			}
			if err := b.measure(cmd.Context(), notifier.Defaults().Storm, func(ctx context.Context, a *app, sink *notifySink) error {
				return b.storm(ctx, a, sink, &r)
			}); err != nil {
				return err
			}
			return printBench(b.stdout, b.output, r, [][2]string{
				{"defects told one by one", fmt.Sprint(r.Singles)},
				{"record to webhook body, p50 and p99", fmt.Sprintf("%.1f ms, %.1f ms", r.P50, r.P99)},
				{"defects at once", fmt.Sprint(r.Defects)},
				{"messages of their beginning", fmt.Sprintf("%d, all told after %.1f s", r.Messages, r.Seconds)},
				{"messages of their end", fmt.Sprintf("%d, all told after %.1f s", r.Ends, r.EndSeconds)},
			})
		},
	}
	cmd.Flags().IntVar(&b.defects, "defects", 20_000, "number of defects at once")
	cmd.Flags().IntVar(&b.singles, "singles", 500, "number of defects told one by one, 50 a second")
	outputFlag(cmd, &b.output, "json (one object) or table")
	return cmd
}

// errMeasured ends the notifier when the bench is over.
var errMeasured = errors.New("the bench is over")

// measure runs a notifier against a target of the bench.
func (b *benchNotify) measure(ctx context.Context, storm notifier.Storm, bench func(context.Context, *app, *notifySink) error) error {
	dir, err := os.MkdirTemp("", "framewatch-notify-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	sink := &notifySink{at: map[string]time.Time{}, changed: make(chan struct{}, 1)}
	server := httptest.NewServer(sink)
	defer server.Close()
	hook, err := notifier.NewReceiver("webhook", fmt.Appendf(nil, "url: %q", server.URL))
	if err != nil {
		return err
	}
	config := defaultConfig()
	config.DataDir, config.Log.Level, config.Embedded.Listen = dir, "error", "127.0.0.1:0"
	config.Notifier.Storm, config.Notifier.Receivers = storm, map[string]notifier.Receivers{"bench": {hook}}
	ctx, cancel := context.WithTimeout(ctx, 2*benchPatience)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return run(ctx, config, []string{brokerTarget, "notifier"}, b.stderr, func(a *app) {
			group.Go(func() error {
				if err := sink.warm(ctx, a); err != nil {
					return err
				}
				if err := bench(ctx, a, sink); err != nil {
					return err
				}
				return errMeasured
			})
		})
	})
	if err := group.Wait(); !errors.Is(err, errMeasured) {
		return err
	}
	return nil
}

// single tells of defects one by one.
func (b *benchNotify) single(ctx context.Context, a *app, sink *notifySink, r *notifyResult) error {
	began := make(map[string]time.Time, b.singles)
	for i := range b.singles {
		ev := benchDefect("single", i)
		began[ev.ID] = time.Now()
		if err := publishDefects(ctx, a, ev); err != nil {
			return err
		}
		time.Sleep(benchPace)
	}
	if err := sink.await(ctx, func() bool { return len(sink.at) >= b.singles }); err != nil {
		return err
	}
	sink.mu.Lock()
	defer sink.mu.Unlock()
	var delays []float64
	for id, at := range sink.at {
		delays = append(delays, at.Sub(began[id]).Seconds()*1000)
	}
	slices.Sort(delays)
	r.P50, r.P99 = delays[len(delays)/2], delays[len(delays)*99/100]
	return nil
}

// storm begins and ends defects at once.
func (b *benchNotify) storm(ctx context.Context, a *app, sink *notifySink, r *notifyResult) error {
	all := make([]*schemas.DefectEvent, b.defects)
	for i := range all {
		all[i] = benchDefect("storm", i)
	}
	began := time.Now()
	if err := publishDefects(ctx, a, all...); err != nil {
		return err
	}
	if err := sink.await(ctx, func() bool { return sink.opened >= b.defects }); err != nil {
		return err
	}
	sink.mu.Lock()
	r.Messages, r.Seconds = sink.messages, time.Since(began).Seconds()
	sink.mu.Unlock()
	for i, ev := range all {
		all[i] = ended(ev)
	}
	began = time.Now()
	if err := publishDefects(ctx, a, all...); err != nil {
		return err
	}
	if err := sink.await(ctx, func() bool { return sink.over >= b.defects }); err != nil {
		return err
	}
	sink.mu.Lock()
	defer sink.mu.Unlock()
	r.Ends, r.EndSeconds = sink.messages-r.Messages, time.Since(began).Seconds()
	return nil
}

// benchDefect is a defect that has just opened; it began two seconds ago, as rules wait before they tell.
func benchDefect(name string, i int) *schemas.DefectEvent {
	now := time.Now()
	id := fmt.Sprintf("%s-%05d", name, i)
	return &schemas.DefectEvent{ID: id, Revision: 1, State: "opened", Stream: id, Labels: []schemas.Label{{Name: "region", Value: "north"}}, Kind: "no_signal", Severity: "critical",
		RuleVersion: 1, Profile: "default", Onset: now.Add(-2 * time.Second).UnixMicro(), End: now.UnixMicro(), Detected: now.UnixMicro(), Summary: "The source gives neither pictures nor sound"}
}

// ended is the last event of a defect that has just opened.
func ended(ev *schemas.DefectEvent) *schemas.DefectEvent {
	closed := *ev
	closed.State, closed.Revision, closed.Reason, closed.End = "closed", 2, "resolved", time.Now().UnixMicro()
	closed.Detected = closed.End
	return &closed
}

// publishDefects writes events, those of one partition in one go.
func publishDefects(ctx context.Context, a *app, events ...*schemas.DefectEvent) error {
	by := map[int32][]topology.Message{}
	for _, ev := range events {
		p := a.cluster.Partition(ev.Stream)
		by[p] = append(by[p], topology.Defects.Message(ev.Stream, ev))
	}
	for p, messages := range by {
		for chunk := range slices.Chunk(messages, benchAtOnce) {
			if err := a.cluster.Publish(ctx, p, chunk...); err != nil {
				return err
			}
		}
	}
	return nil
}

// notifySink is the target of the bench.
type notifySink struct {
	mu sync.Mutex
	// at is when each defect was first told by itself.
	at                     map[string]time.Time
	messages, opened, over int
	changed                chan struct{}
}

// ServeHTTP takes a webhook.
func (s *notifySink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Type string
		Data struct {
			ID           string
			Opened, Over int
		}
	}
	err := json.NewDecoder(r.Body).Decode(&body)
	now := time.Now()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.messages++
	switch body.Type {
	case "defect.digest":
		s.opened, s.over = s.opened+body.Data.Opened, s.over+body.Data.Over
	case "defect.opened":
		s.opened++
		if s.at[body.Data.ID].IsZero() {
			s.at[body.Data.ID] = now
		}
	case "defect.closed":
		s.over++
	}
	s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// warm waits until the notifier tells, and forgets how it found out.
func (s *notifySink) warm(ctx context.Context, a *app) error {
	if err := publishDefects(ctx, a, benchDefect("warm", 0)); err != nil {
		return err
	}
	if err := s.await(ctx, func() bool { return s.opened > 0 }); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.at)
	s.messages, s.opened, s.over = 0, 0, 0
	return nil
}

// await waits until the target has seen enough; enough is called with the lock held.
func (s *notifySink) await(ctx context.Context, enough func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, benchPatience)
	defer cancel()
	for {
		s.mu.Lock()
		done := enough()
		s.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-s.changed:
		case <-ctx.Done():
			s.mu.Lock()
			defer s.mu.Unlock()
			return fmt.Errorf("the target was told of %d that began and %d that ended in %d messages, and of no more: %w", s.opened, s.over, s.messages, ctx.Err())
		}
	}
}
