package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os/signal"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/notifier"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

const (
	// publishPatience is how long the log is waited for when the file is read again.
	publishPatience = 45 * time.Second
	// writeTime bounds one try to write it. What a process that is killed meanwhile has left open is hidden from all who read streams and profiles until about then.
	writeTime = 10 * time.Second
	// firstDelay and longestDelay bound the random delays before the log is written; the bound doubles from one try to the next.
	firstDelay, longestDelay = 500 * time.Millisecond, 8 * time.Second
	// takeAgain is how often a configuration that the log did not take is tried again, againPatience how long the log is waited for then: whoever asks for another reading waits for that, too.
	takeAgain, againPatience = time.Minute, 2 * writeTime
	// shownDifferences bounds the lines that tell what has changed.
	shownDifferences = 100
)

// reloading is how a process comes to follow another configuration than that of its start.
type reloading struct {
	// once lets one reading go on at a time.
	once sync.Mutex
	// started is the configuration of the start, as it was read.
	started Config
	// force is the one in force, but for what needs a restart.
	force atomic.Pointer[Config]
	// read is the one that was read last, be it taken or not.
	read atomic.Pointer[Config]
	// untaken is the one that was read last, where the log did not take it; nil where there is no such. once guards it.
	untaken *Config
	level   *slog.LevelVar
	meters  *reloadMeters
	exposed ingest.Exposures
}

func newReloading(config Config, level *slog.LevelVar, metrics prometheus.Registerer) *reloading {
	r := &reloading{started: config, level: level, meters: newReloadMeters(metrics)}
	r.force.Store(&config)
	r.read.Store(&config)
	r.meters.took(config, nil)
	return r
}

// inForce is the configuration in force, but for what needs a restart.
func (r *reloading) inForce() *Config { return r.force.Load() }

// lastRead is the configuration that was read last, with its path and the files that it names, be it taken or not.
func (r *reloading) lastRead() *Config { return r.read.Load() }

// begin has a part of the process begin with the configuration in force, with no other taken before that part is there to take it too.
func (r *reloading) begin(with func(Config) error) error {
	r.once.Lock()
	defer r.once.Unlock()
	return with(*r.inForce())
}

// reloaded is what another reading of the configuration came to.
type reloaded struct {
	// Changed is in force now.
	Changed []keyChange `json:"changed"`
	// Restart are the sections, and keys of sections, that differ from those of the start and wait for a restart.
	Restart []string `json:"restart"`
}

// reloadAnswer is for who asked for another reading.
type reloadAnswer struct {
	reloaded
	err error
}

// errUnpublished says that a sound configuration could not be laid on the log: it may be another time.
var errUnpublished = errors.New("the log does not take its streams and profiles, which is tried again each minute while the file says the same")

// hear has each SIGHUP ask from now on for another reading of the configuration file, also while the parts that answer it are not there yet, until stop is called. Nobody
// hears it before: it ends the process.
func (a *app) hear() (stop func()) {
	signal.Notify(a.hangups, syscall.SIGHUP)
	return func() { signal.Stop(a.hangups) }
}

// askReload asks for another reading as SIGHUP does. One is enough for all that have asked and are not answered yet.
func (a *app) askReload() {
	select {
	case a.hangups <- syscall.SIGHUP:
	default:
	}
}

// reloads reads the configuration file again each time the process gets SIGHUP or somebody asks for it, until ctx ends. It tries again what the log did not take,
// whoever had it read.
func (a *app) reloads(ctx context.Context) error {
	again := time.NewTicker(takeAgain)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
			a.retry(ctx)
		case <-a.hangups:
			_, _ = a.reload(ctx) // it says what is wrong
		case answer := <-a.asked:
			result, err := a.reload(ctx)
			answer <- reloadAnswer{result, err}
		}
	}
}

// outdates stops what waits for the log, with errOutdated, on SIGHUP or when the configuration's files are others than were read. It tells whether there was a SIGHUP.
func (a *app) outdates(ctx context.Context, stop context.CancelCauseFunc) (hungUp bool) {
	var looks <-chan time.Time
	if a.watchable() {
		ticker := time.NewTicker(settling)
		defer ticker.Stop()
		looks = ticker.C
	}
	for looked := (fileDigest{}); ; {
		select {
		case <-ctx.Done():
			return false
		case <-a.hangups:
			stop(errOutdated)
			return true
		case <-looks:
		}
		if changed, rests := a.look(&looked); changed && rests {
			stop(errOutdated)
			return false
		}
	}
}

// reload reads the configuration file again, all or nothing: with a mistake in it, or a log that does not take its streams and profiles, what was in force
// stays. Streams, their expectations and profiles take effect through the log, in one transaction, so that a stream that is the same as before is not touched; who
// is told of defects, who may come to the console, and the level of the log lines change then, each only where the file says something else of it. What else has changed waits
// for a restart.
func (a *app) reload(ctx context.Context) (result reloaded, err error) {
	a.once.Lock()
	defer a.once.Unlock()
	a.untaken = nil
	next, err := a.readAgain()
	if err == nil {
		return a.take(ctx, next)
	}
	a.refuse(err)
	return result, err
}

// retry takes what was read last and the log did not take, if there is such and its files still say that: nobody may want it any more. What they say now is not read, since nobody has
// asked for that.
func (a *app) retry(ctx context.Context) {
	a.once.Lock()
	defer a.once.Unlock()
	if a.untaken == nil {
		return
	}
	if a.untaken.stays() && a.untaken.digest() != a.untaken.seen {
		a.log.Warn("what the log did not take is not tried again while the configuration's files say something else: have them read again")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, againPatience)
	defer cancel()
	_, _ = a.take(ctx, *a.untaken) // it says what is wrong
}

// take has a sound configuration in force or, where that cannot be, tells why. once is held.
func (a *app) take(ctx context.Context, next Config) (reloaded, error) {
	result, err := a.putInForce(ctx, next)
	a.untaken = nil
	if errors.Is(err, errUnpublished) {
		a.untaken = &next
	}
	if err != nil {
		a.refuse(err)
	}
	return result, err
}

// refuse tells that what was in force still is.
func (a *app) refuse(err error) {
	a.meters.successful.Set(0)
	a.log.Error("the configuration is not read again, what was in force still is", "error", err)
}

func (a *app) putInForce(ctx context.Context, next Config) (reloaded, error) {
	tell, err := notifier.New(next.Notifier, a.log)
	if err != nil {
		return reloaded{}, fmt.Errorf("notifier: %w", err)
	}
	result, err := a.compare(next)
	if err != nil {
		return result, err
	}
	ctx, cancel := context.WithTimeout(ctx, publishPatience)
	defer cancel()
	if err := a.publishAtOnce(ctx, next); err != nil {
		return result, err
	}
	// From here on nothing can fail.
	was := a.inForce()
	if a.notifiers.now() != nil && next.sections["notifier"] != was.sections["notifier"] {
		a.notifiers.use(tell)
	}
	if page := a.page.Load(); page != nil && next.sections["console"] != was.sections["console"] {
		page.Admit(next.Console)
	}
	_ = a.level.UnmarshalText([]byte(next.Log.Level)) // it is sound
	for _, file := range next.secretFiles {
		a.exposed.Check(a.log, file)
	}
	a.force.Store(&next)
	a.meters.took(next, result.Restart)
	a.tellReloaded(result)
	return result, nil
}

// readAgain is what the file says now, which must also be sound where the process listens until it is started again.
func (a *app) readAgain() (Config, error) {
	if a.started.path == "" {
		return Config{}, errors.New("there is no configuration file to read again")
	}
	next, err := loadConfig(a.started.path)
	read := next
	a.read.Store(&read)
	if err != nil {
		return next, err
	}
	if len(next.given) == 0 && next.Streams == nil {
		return next, fmt.Errorf("%s: it says nothing: is it being written?", next.path)
	}
	next = next.at(a.started.brokers)
	console, notifier := next.Console, next.Notifier
	console.Listen, notifier.Listen = a.started.Console.Listen, a.started.Notifier.Listen
	if err := console.Validate(); err != nil {
		return next, fmt.Errorf("%s: console, where it listens until a restart: %w", next.path, err)
	}
	if err := notifier.Validate(); err != nil {
		return next, fmt.Errorf("%s: notifier, where it listens until a restart: %w", next.path, err)
	}
	if _, err := pictureKey(next.Pictures); err != nil {
		return next, fmt.Errorf("%s: %w", next.path, err)
	}
	return next, nil
}

// compare is what taking a configuration would change, and what waits for a restart.
func (a *app) compare(next Config) (result reloaded, err error) {
	result.Restart = []string{}
	sinceForce, err := differences(*a.inForce(), next)
	if err != nil {
		return result, err
	}
	result.Changed = slices.DeleteFunc(sinceForce, func(d keyChange) bool { return d.Restart })
	sinceStart, err := differences(a.started, next)
	for _, d := range sinceStart {
		if section := sectionOf(d.Key); d.Restart && !slices.Contains(result.Restart, section) {
			result.Restart = append(result.Restart, section)
		}
	}
	return result, err
}

// publishAtOnce lays the streams and profiles on the log in one transaction. Of several processes that read the same file again one does, and the others find
// that it is done: each that begins to write ends what others have begun, so they wait for unlike times, and longer each time. One whose try has taken too long tries again, too.
func (a *app) publishAtOnce(ctx context.Context, config Config) error {
	for delay := firstDelay; ; delay = min(2*delay, longestDelay) {
		l, err := a.layAfter(ctx, rand.N(delay), config)
		var mistake exitError
		switch {
		case err == nil:
			l.tell(a.log)
			return nil
		case errors.As(err, &mistake):
			return err
		case ctx.Err() != nil || !kafka.Superseded(err) && !errors.Is(err, context.DeadlineExceeded):
			return fmt.Errorf("%w: %w", errUnpublished, errors.Join(err, ctx.Err()))
		}
	}
}

// layAfter lays a file on the log after a delay, if there is something to write before it and after it.
func (a *app) layAfter(ctx context.Context, delay time.Duration, config Config) (l layout, err error) {
	if l, err = a.layConfig(ctx, config); err != nil || len(l.messages()) == 0 {
		return l, err
	}
	select {
	case <-time.After(delay):
	case <-ctx.Done():
		return l, ctx.Err()
	}
	if l, err = a.layConfig(ctx, config); err != nil || len(l.messages()) == 0 {
		return l, err
	}
	writing, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	err = a.cluster.PublishAll(writing, topology.ConfigWork, func(ctx context.Context) (messages []kafka.Placed, err error) {
		l, err = a.layConfig(ctx, config)
		return l.messages(), err
	})
	return l, err
}

// tellReloaded logs what has changed, key by key, and what waits.
func (a *app) tellReloaded(r reloaded) {
	for i, d := range r.Changed {
		if i == shownDifferences {
			a.log.Info("more of the configuration has changed", "keys", len(r.Changed)-i)
			break
		}
		if d.Secret && d.Was == d.Now {
			a.log.Info("the configuration has changed", "key", d.Key, "secret", "another one")
			continue
		}
		a.log.Info("the configuration has changed", "key", d.Key, "was", d.Was, "now", d.Now)
	}
	if len(r.Restart) > 0 {
		a.log.Warn("these sections take effect with a restart", "sections", r.Restart)
	}
	a.log.Info("the configuration is read again", "file", a.started.path, "changed", len(r.Changed))
}
