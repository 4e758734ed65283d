package evidence_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/framewatch/framewatch/ingest/evidence"
	"github.com/framewatch/framewatch/schemas"
)

// studio is a recorder with a stream that plays in the time of the test: a picture every 40 ms, a key picture every second, and a small JPEG
// a second.
type studio struct {
	t        *testing.T
	recorder *evidence.Recorder
	packets  *evidence.Packets
	pictures *evidence.Pictures
	store    *down
	// intents is the directory of what is about to be stored.
	intents string
	log     bytes.Buffer
	begin   time.Time
	frame   []byte

	mu        sync.Mutex
	known     map[string]bool
	published map[string]*schemas.Evidence
	// clips are what was to be remuxed, told when; remux fails when it is to.
	clips  []evidence.Clip
	broken error
	// untold is why it cannot be published.
	untold error
	// end ends the recorder and returns when it has ended.
	end func()
}

// at is an instant in microseconds, seconds after the beginning.
func (s *studio) at(seconds float64) int64 { return s.begin.UnixMicro() + int64(seconds*second) }

// now is seconds after the beginning.
func (s *studio) now() float64 { return time.Since(s.begin).Seconds() }

// inStudio runs a test in a bubble of its own time.
func inStudio(t *testing.T, test func(t *testing.T, s *studio)) {
	frame := grey(t, 90, 32, 18)
	synctest.Test(t, func(t *testing.T) {
		config := evidence.Defaults()
		s := &studio{t: t, begin: time.Now(), frame: frame, packets: evidence.NewPackets(config.Packets), pictures: evidence.New(config),
			store: &down{Store: open(t, evidence.StoreConfig{Directory: t.TempDir()})}, known: map[string]bool{}, published: map[string]*schemas.Evidence{}, intents: t.TempDir()}
		s.recorder = evidence.NewRecorder(config, evidence.Deps{
			Pictures: s.pictures, Packets: s.packets, Store: s.store, Intents: evidence.Intents(s.intents), Edge: "http://edge:1",
			Log: slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelInfo})),
			Remux: func(_ context.Context, clip evidence.Clip) ([]byte, string, error) {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.clips = append(s.clips, clip)
				return []byte("clip"), "mp4", s.broken
			},
			Known: func(id string) bool { s.mu.Lock(); defer s.mu.Unlock(); return s.known[id] },
			Publish: func(_ context.Context, id string, e *schemas.Evidence) error {
				s.mu.Lock()
				defer s.mu.Unlock()
				if _, err := os.Stat(filepath.Join(s.intents, id)); err != nil {
					t.Errorf("it is not noted while it is told of: %v", err)
				}
				s.published[id] = e
				return s.untold
			},
		})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			s.recorder.Run(ctx)
			close(ended)
		}()
		s.end = func() {
			stop()
			<-ended
		}
		synctest.Wait()
		s.packets.Begin("s", []byte("x"), true)
		test(t, s)
		s.end()
	})
}

// play plays the stream until so many seconds after the beginning.
func (s *studio) play(until float64) {
	for n := int(s.now()*25 + 0.5); float64(n)/25 < until; n++ {
		time.Sleep(time.Until(s.begin.Add(time.Duration(n) * 40 * time.Millisecond)))
		s.packets.Add("s", evidence.Packet{At: s.at(float64(n) / 25), Lasts: 40_000, Key: n%25 == 0, Video: true, Body: []byte("p")})
		if n%25 == 0 {
			s.pictures.Add("s", evidence.Picture{At: s.at(float64(n) / 25), JPEG: s.frame})
		}
	}
	synctest.Wait()
}

// opened is the n-th defect.
func (s *studio) opened(n int, onset, detected float64) *schemas.DefectEvent {
	return &schemas.DefectEvent{ID: fmt.Sprintf("%032x", n), State: "opened", Stream: "s", Onset: s.at(onset), Detected: s.at(detected)}
}

func (s *studio) got(n int) *schemas.Evidence {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.published[fmt.Sprintf("%032x", n)]
}

func (s *studio) wantCounts(stored, failed, skipped int64) {
	s.t.Helper()
	if a, b, c := s.recorder.Counts(); a != stored || b != failed || c != skipped {
		s.t.Errorf("%d stored, %d failed, %d skipped, want %d, %d, %d", a, b, c, stored, failed, skipped)
	}
}

func TestRecorder(t *testing.T) {
	inStudio(t, func(t *testing.T, s *studio) {
		s.play(10.5)
		s.recorder.Defect(s.opened(1, 8.6, 10.4))
		s.play(13.5)
		if s.got(1) != nil {
			t.Fatal("it is published before its last five seconds have been")
		}
		s.play(13.7)
		e := s.got(1)
		if e == nil {
			t.Fatal("nothing is published 5.1 s after the onset")
		}
		// The key picture at or before 8.6 - 5 is that of 3 s; the last picture before 8.6 + 5 is that of 13.6 s, which lasts 40 ms.
		id := fmt.Sprintf("%032x", 1)
		want := &schemas.Evidence{Stream: "s", URI: s.store.URI(id + ".mp4"), ContentType: "video/mp4", Start: s.at(3), End: s.at(13.64), Bytes: 4, SHA256: sha256.Sum256([]byte("clip"))}
		edge := "http://edge:1"
		want.Edge = &edge
		strip, err := s.store.Get(t.Context(), id+".jpg")
		if err != nil {
			t.Fatal(err)
		}
		// Two pictures before 8.6 s, four from then on.
		want.Filmstrip = &schemas.Filmstrip{URI: s.store.URI(id + ".jpg"), Start: s.at(7), End: s.at(12), Bytes: int64(len(strip)), SHA256: sha256.Sum256(strip)}
		if !reflect.DeepEqual(e, want) {
			t.Errorf("published %+v, %+v\nwant %+v, %+v", e, e.Filmstrip, want, want.Filmstrip)
		}
		if clip, err := s.store.Get(t.Context(), id+".mp4"); string(clip) != "clip" {
			t.Errorf("stored %q, %v", clip, err)
		}
		s.wantCounts(1, 0, 0)
	})
}

// What is stored stays noted until it has been told of.
func TestRecorderNotes(t *testing.T) {
	inStudio(t, func(t *testing.T, s *studio) {
		for n, untold := range []error{nil, errors.New("the log is away")} {
			s.untold = untold
			from := s.now()
			s.play(from + 2)
			s.recorder.Defect(s.opened(n, from, from+1))
			s.play(from + 8)
			left, err := os.ReadDir(s.intents)
			if err != nil || len(left) != n || s.got(n) == nil {
				t.Errorf("with the outcome %v, %d intents are left, %v", untold, len(left), err)
			}
		}
	})
}

// A source that is down sends nothing more: what there is is stored three seconds after its time.
func TestRecorderDoesNotWaitForEver(t *testing.T) {
	inStudio(t, func(t *testing.T, s *studio) {
		s.play(8)
		time.Sleep(2 * time.Second)
		s.recorder.Defect(s.opened(1, 8, 10))
		time.Sleep(time.Until(s.begin.Add(15900 * time.Millisecond)))
		if synctest.Wait(); s.got(1) != nil {
			t.Fatal("it was not waited for")
		}
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		e := s.got(1)
		if e == nil || e.Start != s.at(3) || e.End != s.at(8) {
			t.Fatalf("published %+v, want from 3 s to the end at 8 s", e)
		}
		if e.Filmstrip == nil || e.Filmstrip.Start != s.at(2) || e.Filmstrip.End != s.at(7) {
			t.Errorf("filmstrip %+v, want the last six pictures", e.Filmstrip)
		}
	})
}

// When the edge ends, what is under way is stored at once, with what there is of it.
func TestRecorderEnds(t *testing.T) {
	inStudio(t, func(t *testing.T, s *studio) {
		s.play(10.5)
		s.recorder.Defect(s.opened(1, 8.6, 10.4))
		s.recorder.Defect(s.opened(2, 9.6, 10.4))
		s.end()
		// The last picture is that of 10.48 s, which lasts 40 ms.
		if e := s.got(1); e == nil || e.Start != s.at(3) || e.End != s.at(10.52) || e.Filmstrip == nil {
			t.Errorf("published %+v, want from 3 s to the end at 10.52 s", e)
		}
		if s.got(2) == nil {
			t.Error("the second has none")
		}
		s.wantCounts(2, 0, 0)
		if s.now() > 10.6 {
			t.Errorf("it ends at %g s, as if it had waited for the clips' ends", s.now())
		}
	})
}

// An edge that ends gives up what its store does not take in time, and says so.
func TestRecorderEndsInTime(t *testing.T) {
	inStudio(t, func(t *testing.T, s *studio) {
		s.play(10.5)
		s.store.hangs = true
		for n := range 4 { // two at a time
			s.recorder.Defect(s.opened(n, 8.6, 10.4))
		}
		s.end()
		if s.now() > 15.6 {
			t.Errorf("it ends at %g s, want 5 s after 10.5 s", s.now())
		}
		s.wantCounts(0, 4, 0)
		if n := strings.Count(s.log.String(), "defect gets no evidence: the edge has ended"); n != 4 {
			t.Errorf("of 4 defects that have none %d are told of:\n%s", n, &s.log)
		}
	})
}

// Nothing is told by who has seen nothing, of what is known, or of what is no opening.
func TestRecorderKeepsSilent(t *testing.T) {
	inStudio(t, func(t *testing.T, s *studio) {
		s.recorder.Defect(s.opened(1, 0, 0)) // before the stream has sent anything
		time.Sleep(5 * time.Second)
		s.play(12)
		s.recorder.Defect(s.opened(2, 4.9, 12)) // its onset was before that
		s.known[fmt.Sprintf("%032x", 3)] = true
		s.recorder.Defect(s.opened(3, 10, 12))
		for i, state := range []string{"updated", "closed", "retracted"} {
			ev := s.opened(4+i, 10, 12)
			ev.State = state
			s.recorder.Defect(ev)
		}
		elsewhere := s.opened(7, 10, 12)
		elsewhere.Stream = "of another edge"
		s.recorder.Defect(elsewhere)
		s.recorder.Defect(s.opened(8, 10, 12))
		s.recorder.Defect(s.opened(8, 10, 12)) // told twice, stored once
		s.play(30)
		if len(s.published) != 1 || s.got(8) == nil || s.store.puts != 2 {
			t.Errorf("published %v in %d files, want the eighth alone, in two", s.published, s.store.puts)
		}
		s.wantCounts(1, 0, 0)
	})
}

// A long wait for the detector has used the ring up: what is left is told as what it is.
func TestRecorderTellsWhatIsLeft(t *testing.T) {
	inStudio(t, func(t *testing.T, s *studio) {
		s.play(60)
		s.recorder.Defect(s.opened(1, 20, 59.9))
		s.play(61)
		if e := s.got(1); e == nil || e.Start != s.at(39) || e.End < s.at(59.9) {
			t.Errorf("published %+v, want from the oldest key picture, 39 s, to the detection", e)
		}
	})
}

// A store that fails is tried three times, told of once, then tried once for each defect until it works again.
func TestRecorderStoreFails(t *testing.T) {
	inStudio(t, func(t *testing.T, s *studio) {
		s.play(6)
		s.store.err = errors.New("no space left on device")
		s.recorder.Defect(s.opened(1, 5, 6))
		s.play(15) // tries at 10, 11 and 13 s
		if s.store.puts != 3 {
			t.Errorf("%d tries, want 3", s.store.puts)
		}
		s.recorder.Defect(s.opened(2, 14, 15))
		s.play(20)
		if s.store.puts != 4 {
			t.Errorf("%d tries, want one more", s.store.puts)
		}
		s.wantCounts(0, 2, 0)
		s.store.err = nil
		s.recorder.Defect(s.opened(3, 19, 20))
		s.play(25)
		s.wantCounts(1, 2, 0)
		if len(s.published) != 1 || s.got(3) == nil {
			t.Errorf("published %v, want the third alone", s.published)
		}
		log := s.log.String()
		if strings.Count(log, "level=ERROR") != 1 || strings.Count(log, "no space left") != 1 || strings.Count(log, "can be stored again") != 1 {
			t.Errorf("the log says\n%s", log)
		}
	})
}

func TestRecorderWithoutClip(t *testing.T) {
	inStudio(t, func(t *testing.T, s *studio) {
		s.broken = errors.New("the worker died")
		s.play(6)
		s.recorder.Defect(s.opened(1, 5, 6))
		s.play(11)
		e := s.got(1)
		if e == nil || e.ContentType != "image/jpeg" || e.Filmstrip == nil || e.URI != e.Filmstrip.URI || e.Start != s.at(3) || e.SHA256 != e.Filmstrip.SHA256 {
			t.Errorf("published %+v, want the filmstrip alone", e)
		}
		if !strings.Contains(s.log.String(), "the worker died") {
			t.Errorf("the log says\n%s", &s.log)
		}
	})
}

// A stream that flaps gets six in a minute, and then again.
func TestRecorderBounds(t *testing.T) {
	inStudio(t, func(t *testing.T, s *studio) {
		s.play(10)
		for n := range 9 {
			s.recorder.Defect(s.opened(n, 8, 10))
		}
		s.play(15)
		s.wantCounts(6, 0, 3)
		s.play(70.5)
		s.recorder.Defect(s.opened(9, 69, 70))
		s.play(76)
		s.wantCounts(7, 0, 3)
	})
}
