package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/ingest/evidence"
	"github.com/framewatch/framewatch/ingest/source"
	"github.com/framewatch/framewatch/notifier"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

const (
	readHeaderTimeout = 10 * time.Second
	// idleTimeout is how long a connection may say nothing between two requests: each takes a descriptor.
	idleTimeout     = 2 * time.Minute
	shutdownTimeout = 3 * time.Second
	pictureTimeout  = 3 * time.Second
	// largestPicture bounds what an edge may send.
	largestPicture = 1 << 20
	// healthHistory is how far back the console reads health, which comes every 10 s, to know every stream's lamp at once.
	healthHistory = time.Minute
	// heatHistory is how far back it reads it for the strips of lamps, once and without waiting for it.
	heatHistory = 24 * time.Hour
	// deliveryHistory is how far back it reads the attempts to tell of defects.
	deliveryHistory = 24 * time.Hour
)

// edgeClient follows no redirect, which an edge never answers, and takes no proxy from the environment: the address comes from a record.
var edgeClient = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport:     &http.Transport{MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10},
}

// runConsole serves the page and the API over what the log says.
func runConsole(ctx context.Context, a *app, ready func()) error {
	listener, err := net.Listen("tcp", a.config.Console.Listen)
	if err != nil {
		return fmt.Errorf("console.listen: %w", err)
	}
	address := "http://" + listener.Addr().String()
	a.console.Store(&address)
	a.own()
	a.access.Own("the console", listener.Addr().String())
	var caughtUp atomic.Int32
	book := newRulebook()
	deps := console.Deps{
		Picture: a.picture,
		Stored:  a.stored,
		Shared:  a.pictures.guard,
		Share:   a.shareFor,
		Ready: func() error {
			if caughtUp.Load() < consoleTopics {
				return errors.New("still reading the log")
			}
			return nil
		},
		Meters:        a.metrics,
		Metrics:       promhttp.HandlerFor(a.metrics, promhttp.HandlerOpts{}),
		Judge:         a.judgeFor,
		Series:        a.seriesFor,
		Trace:         a.traceFor,
		Verdicts:      a.verdictsFor,
		History:       a.historyFor,
		Changes:       func(ctx context.Context, since time.Time) ([]console.Change, error) { return a.changes(ctx, "", since) },
		Acknowledge:   a.acknowledgeFor,
		Silence:       a.silenceFor,
		EndSilence:    a.endSilenceFor,
		ExtendSilence: a.extendSilenceFor,
		Recur:         a.recurFor,
		EndRecurrence: a.endRecurrenceFor,
		Window:        nextWindow,
		Scope:         scopeOf,
		Kinds:         rule.Catalogue.Names(),
		Probe:         a.probeFor,
		Redact:        source.Redact,
		SaveStream:    a.saveStreamFor,
		RemoveStream:  a.removeStreamFor,
		Rules:         shownRules,
		Profiles:      book.shownProfiles, EffectiveRules: book.rulesOf,
		PublishProfile: func(ctx context.Context, by console.Actor, name string, version int64, p console.ProfileText) (console.Profile, error) {
			return a.publishProfileFor(ctx, book, by, name, version, p)
		},
		DeleteProfile: func(ctx context.Context, by console.Actor, name string, version int64) error {
			return a.deleteProfileFor(ctx, book, by, name, version)
		},
		WhatIf: func(ctx context.Context, q console.WhatIf, tell func(console.WhatIfLine) error) error {
			return a.whatIfFor(ctx, book, q, tell)
		},
		LogDeps: a.logDeps(),
		Schemas: a.subjects,
		Log:     a.log,
	}
	var page *console.Console
	_ = a.begin(func(config Config) error {
		page = console.New(config.Console, deps)
		a.page.Store(page)
		return nil
	})
	a.watchdog.watch("the console's board", func() error { page.Answers(); return nil })
	gate := a.readiness.of("console")
	gate.waitFor("what stands on the log to be read")
	topicRead := func() {
		if caughtUp.Add(1) == consoleTopics {
			gate.open()
			a.log.Info("console is up", "url", address)
			ready()
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	context.AfterFunc(ctx, page.Close)
	group.Go(func() error { return serve(ctx, listener, page.Handler()) })
	group.Go(func() error { return a.ownBrokers(ctx) })
	group.Go(func() error {
		return kafka.Read(ctx, a.cluster, topology.Streams, kafka.ReadOptions{CaughtUp: topicRead},
			func(_ context.Context, r topology.Record[schemas.StreamSpec]) error {
				page.Stream(r.Key, book.stream(r))
				return nil
			})
	})
	group.Go(func() error {
		return kafka.Read(ctx, a.cluster, topology.Profiles, kafka.ReadOptions{CaughtUp: topicRead},
			func(_ context.Context, r topology.Record[schemas.Profile]) error {
				book.profile(r)
				return nil
			})
	})
	group.Go(func() error {
		options := kafka.ReadOptions{Owner: true, From: time.Now().Add(-healthHistory), CaughtUp: topicRead}
		return kafka.Read(ctx, a.cluster, topology.Health, options,
			func(_ context.Context, r topology.Record[schemas.Health]) error {
				page.Health(r.Key, r.Value)
				a.trip(page, r)
				return nil
			})
	})
	group.Go(func() error {
		options := kafka.ReadOptions{From: time.Now().Add(-heatHistory), Bounded: true}
		return kafka.Read(ctx, a.cluster, topology.Health, options,
			func(_ context.Context, r topology.Record[schemas.Health]) error {
				if r.Value != nil {
					page.Past(r.Key, r.Value)
				}
				return nil
			})
	})
	group.Go(func() error {
		return kafka.Read(ctx, a.cluster, topology.Evidence, kafka.ReadOptions{CaughtUp: topicRead},
			func(_ context.Context, r topology.Record[schemas.Evidence]) error {
				page.Evidence(r.Key, r.Value)
				return nil
			})
	})
	group.Go(func() error {
		return kafka.Read(ctx, a.cluster, topology.DefectsLatest, kafka.ReadOptions{CaughtUp: topicRead},
			func(_ context.Context, r topology.Record[schemas.DefectEvent]) error {
				if r.Value != nil {
					page.Defect(r.Value)
				}
				return nil
			})
	})
	group.Go(func() error {
		return kafka.Read(ctx, a.cluster, topology.NotifierState, kafka.ReadOptions{CaughtUp: topicRead},
			func(_ context.Context, r topology.Record[schemas.NotifierState]) error {
				a.showState(page, notifier.Entry{Key: r.Key, Value: r.Value})
				return nil
			})
	})
	group.Go(func() error {
		options := kafka.ReadOptions{From: time.Now().Add(-deliveryHistory), CaughtUp: topicRead}
		return kafka.Read(ctx, a.cluster, topology.Notifications, options,
			func(_ context.Context, r topology.Record[schemas.Notification]) error {
				if r.Value != nil {
					page.Delivery(r.Key, r.Value)
				}
				return nil
			})
	})
	return group.Wait()
}

// consoleTopics is how many topics the console reads.
const consoleTopics = 7

// picture fetches a stream's picture from the edge that holds it.
func (a *app) picture(ctx context.Context, edge, stream string, at int64) (console.Picture, error) {
	query := url.Values{}
	if at > 0 {
		query.Set("at", strconv.FormatInt(at, 10))
	}
	ctx, cancel := context.WithTimeout(ctx, pictureTimeout)
	defer cancel()
	body, header, err := a.ask(ctx, edge, largestPicture, query, "pictures", stream)
	if err != nil {
		return console.Picture{}, err
	}
	instant, err := strconv.ParseInt(header.Get(evidence.InstantHeader), 10, 64)
	return console.Picture{JPEG: body, Instant: instant, Levels: header.Get(evidence.LevelsHeader)}, err
}

// stored fetches a file that is stored of a defect from an edge.
func (a *app) stored(ctx context.Context, edge, file string, bytes int64) ([]byte, error) {
	body, _, err := a.ask(ctx, edge, bytes, nil, "evidence", file)
	return body, err
}

// ask makes a signed request to an edge and reads no more than so many bytes of the answer. console.ErrNoPicture: there is no such thing.
func (a *app) ask(ctx context.Context, edge string, most int64, query url.Values, path ...string) ([]byte, http.Header, error) {
	u, err := url.Parse(strings.TrimSuffix(edge, "/") + "/") // without a path, JoinPath makes a relative one
	if err != nil {
		return nil, nil, fmt.Errorf("an edge advertises a bad URL: %w", err)
	}
	for _, part := range path {
		u = u.JoinPath(url.PathEscape(part))
	}
	u.RawQuery = query.Encode()
	a.pictures.sign(u, time.Now(), tokenLife)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, nil, err
	}
	response, err := edgeClient.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, most))
	switch {
	case err != nil:
		return nil, nil, err
	case response.StatusCode == http.StatusNotFound:
		return nil, nil, console.ErrNoPicture
	case response.StatusCode != http.StatusOK:
		return nil, nil, fmt.Errorf("edge %s: %s: %.200s", u.Host, response.Status, body)
	}
	return body, response.Header, nil
}

// subjects are the schemas as the registry's read API shows them, those of older versions as well: their records are on the log.
func (a *app) subjects() []console.Schema {
	var list []console.Schema
	for _, t := range topology.Topics() {
		versions := schemas.Versions(t.Schema)
		for i, v := range versions {
			id := v.ID()
			if i == len(versions)-1 {
				id = t.ID(a.contract)
			}
			list = append(list, console.Schema{Subject: a.config.Kafka.Prefix + t.Name + "-value", Version: i + 1, ID: id, Text: v.Text})
		}
	}
	return list
}
