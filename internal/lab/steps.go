package lab

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/framewatch/framewatch/schemas"
)

// Step is one step that is done for each second of each stream in the design of steps.
type Step string

// The steps. Convert makes objects of the stream; the two detectors work side by side on what it stored; aggregate judges; notify runs once a defect.
const (
	StepConvert   Step = "convert"
	StepVideo     Step = "detect_video"
	StepAudio     Step = "detect_audio"
	StepAggregate Step = "aggregate"
	StepNotify    Step = "notify"
)

// AllSteps are the steps in the order of the data's way.
var AllSteps = []Step{StepConvert, StepVideo, StepAudio, StepAggregate, StepNotify}

// StepsConfig is what the design of steps works on.
type StepsConfig struct {
	// Streams are URLs of live MPEG-TS over HTTP by id, of FrameRate pictures a second.
	Streams map[string]string
	// Rate is how many pictures a second are stored: a divisor of FrameRate, or FrameRate itself for every one.
	Rate int
	// Dir is an empty folder for the journal.
	Dir string
	// Notify is the URL that each opened defect is POSTed to; empty: nobody is told.
	Notify string
	// Event is given each event of a defect; nil: nobody is.
	Event func(*schemas.DefectEvent)
}

// Validate tells what is wrong.
func (c StepsConfig) Validate() error {
	if c.Rate < 1 || FrameRate%c.Rate != 0 {
		return fmt.Errorf("the rate %d pictures a second does not divide %d", c.Rate, FrameRate)
	}
	if len(c.Streams) == 0 {
		return fmt.Errorf("there is no stream")
	}
	return nil
}

// Steps is the design that Framewatch stands against, on one machine: each second of each stream is a run of steps; a step is a function that keeps nothing,
// gets its pictures and sound from an object store and hands its result to an orchestrator, which writes it down before the next step begins.
type Steps struct {
	config  StepsConfig
	store   *objectStore
	journal *journal
	client  *http.Client
	usage   [numSteps]atomic.Int64 // CPU nanoseconds of the functions, in the order of AllSteps
	counts  struct{ seconds, notifications, execution atomic.Int64 }
	warm    sync.Pool // of *videoFunction

	mu         sync.Mutex
	converters []*converter
}

const numSteps = 5

// NewSteps opens the store and the journal. Close ends both.
func NewSteps(config StepsConfig) (*Steps, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("build the steps: %w", err)
	}
	j, err := openJournal(filepath.Join(config.Dir, "journal.db"))
	if err != nil {
		return nil, err
	}
	store, err := newObjectStore()
	if err != nil {
		j.Close()
		return nil, err
	}
	s := &Steps{config: config, store: store, journal: j, client: keepAlive()}
	s.warm.New = func() any { return newVideoFunction() }
	return s, nil
}

// Close is called once Run has ended.
func (s *Steps) Close() error {
	s.store.Close()
	s.client.CloseIdleConnections()
	return s.journal.Close()
}

// Run follows the streams until they end or ctx does.
func (s *Steps) Run(ctx context.Context) error {
	all, ctx := errgroup.WithContext(ctx)
	for id, url := range s.config.Streams {
		all.Go(func() error {
			if err := s.follow(ctx, id, url); err != nil && ctx.Err() == nil {
				return fmt.Errorf("follow %s in steps: %w", id, err)
			}
			return nil
		})
	}
	return all.Wait()
}

// stepsAhead is how many converted seconds of a stream may wait for their functions.
const stepsAhead = 8

// follow converts a stream and has the functions run for each second of it, in order.
func (s *Steps) follow(ctx context.Context, id, url string) error {
	c, err := startConverter(ctx, url, s.config.Rate)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.converters = append(s.converters, c)
	s.mu.Unlock()
	stored := make(chan stored, stepsAhead)
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error {
		defer close(stored)
		return s.convert(ctx, c, id, stored)
	})
	both.Go(func() error {
		judge := newStepsJudge(id, s.config.Rate)
		for n := range stored {
			if err := s.execute(ctx, judge, n); err != nil {
				return err
			}
		}
		return nil
	})
	return both.Wait()
}

// stored is a second of a stream whose objects are in the store. Began is when its first byte came to the converter, less n.
type stored struct {
	stream string
	n      int64
	began  time.Time
}

// convert stores each second's objects, all at once, and writes down that they are there.
func (s *Steps) convert(ctx context.Context, c *converter, id string, out chan<- stored) error {
	err := c.each(ctx, func(second convertedSecond) error {
		puts, putting := errgroup.WithContext(ctx)
		put := func(name string, data []byte) {
			puts.Go(func() error {
				return s.clocked(StepConvert, func() error { return s.store.Put(putting, name, data) })
			})
		}
		for i, picture := range second.pictures {
			put(pictureObject(id, second.n, i), picture)
		}
		put(soundObject(id, second.n), second.sound)
		if err := puts.Wait(); err != nil {
			return err
		}
		if err := s.journal.Record(id, second.n, StepConvert, nil); err != nil {
			return err
		}
		select {
		case out <- stored{id, second.n, c.began}:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	return c.end(err)
}

func pictureObject(stream string, n int64, i int) string {
	return fmt.Sprintf("%s/%d/%02d.jpg", stream, n, i)
}

func soundObject(stream string, n int64) string { return fmt.Sprintf("%s/%d/sound.pcm", stream, n) }

// execute runs the functions of one second. What they return goes through the journal, and only that.
func (s *Steps) execute(ctx context.Context, judge *stepsJudge, n stored) error {
	began := time.Now()
	var video, audio []byte
	detectors, detecting := errgroup.WithContext(ctx)
	detectors.Go(func() (err error) {
		if video, err = s.detectVideo(detecting, n); err != nil {
			return err
		}
		return s.journal.Record(n.stream, n.n, StepVideo, video)
	})
	detectors.Go(func() (err error) {
		if audio, err = s.detectAudio(detecting, n); err != nil {
			return err
		}
		return s.journal.Record(n.stream, n.n, StepAudio, audio)
	})
	if err := detectors.Wait(); err != nil {
		return err
	}
	var events []*schemas.DefectEvent
	err := s.clocked(StepAggregate, func() (err error) {
		events, err = judge.judge(n, video, audio)
		return err
	})
	if err != nil {
		return err
	}
	if err := s.journal.Record(n.stream, n.n, StepAggregate, nil); err != nil {
		return err
	}
	s.counts.execution.Add(int64(time.Since(began)))
	s.counts.seconds.Add(1)
	if err := s.expire(n); err != nil {
		return err
	}
	for _, e := range events {
		if err := s.tell(ctx, n, e); err != nil {
			return err
		}
	}
	return nil
}

// expire has the store drop the objects that no function reads any more, as a life-cycle rule does: without a request.
func (s *Steps) expire(n stored) error {
	old := n.n - 2
	for i := range s.config.Rate {
		if err := s.store.expire(pictureObject(n.stream, old, i)); err != nil {
			return err
		}
	}
	return s.store.expire(soundObject(n.stream, old))
}
