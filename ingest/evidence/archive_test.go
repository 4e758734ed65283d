package evidence_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/framewatch/framewatch/ingest/evidence"
	"github.com/framewatch/framewatch/schemas"
)

const day = 24 * time.Hour

// kept is evidence that ended so long before now.
func kept(now time.Time, ago time.Duration, bytes int64, keep bool) *schemas.Evidence {
	return &schemas.Evidence{End: now.Add(-ago).UnixMicro(), Bytes: bytes, Keep: keep, URI: "clip", Filmstrip: &schemas.Filmstrip{URI: "strip", Bytes: 1}}
}

func TestSurplus(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name   string
		config evidence.RetainConfig
		want   string
	}{
		{"for ever", evidence.RetainConfig{}, ""},
		{"older than three days: d3 ended 71 h ago", evidence.RetainConfig{Days: 3}, "d4 d5"},
		// d1 to d4 take 100 + 1 each; what is kept counts nowhere.
		{"the oldest until the rest has room", evidence.RetainConfig{Bytes: 202}, "d3 d4 d5"},
		{"one byte less", evidence.RetainConfig{Bytes: 201}, "d2 d3 d4 d5"},
		{"both", evidence.RetainConfig{Days: 4, Bytes: 400}, "d4 d5"},
	} {
		a := evidence.NewArchive(c.config, nil, "", nil, nil, slog.New(slog.DiscardHandler))
		for n := 1; n <= 5; n++ {
			a.Take(int32(n), fmt.Sprint("d", n), kept(now, time.Duration(n)*day-time.Hour, 100, false))
		}
		a.Take(6, "kept", kept(now, 99*day, 1000, true))
		got := evidence.Surplus(a, now)
		if words := strings.Join(slices.Sorted(maps.Keys(got)), " "); words != c.want {
			t.Errorf("%s: %q are to go, want %q", c.name, words, c.want)
		}
		for defect, partition := range got {
			if fmt.Sprint("d", partition) != defect {
				t.Errorf("%s: %s is of partition %d", c.name, defect, partition)
			}
		}
	}
}

// Two edges with a directory of their own each, and each with half of the partitions: what is dropped, by one of them or by hand, is deleted
// from both; what is there again stays.
func TestArchive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var edges []*evidence.Archive
		var stores []evidence.Store
		var mu sync.Mutex
		var dropped []string
		tell := func(partition int32, defect string, e *schemas.Evidence) {
			for _, a := range edges {
				a.Take(partition, defect, e)
			}
		}
		for i := range int32(2) {
			store := open(t, evidence.StoreConfig{Directory: t.TempDir()})
			stores = append(stores, store)
			edges = append(edges, evidence.NewArchive(evidence.RetainConfig{Days: 1}, store, "", func(p int32) bool { return p%2 == i },
				func(_ context.Context, partition int32, defect string) error {
					mu.Lock()
					dropped = append(dropped, fmt.Sprint(i, " ", defect[31:]))
					mu.Unlock()
					tell(partition, defect, nil)
					return nil
				}, slog.New(slog.DiscardHandler)))
		}
		id := func(n int) string { return fmt.Sprintf("%032x", n) }
		for n := range 4 {
			for _, s := range stores {
				for _, extension := range []string{".mp4", ".jpg"} {
					if err := s.Put(ctx, id(n)+extension, []byte("x")); err != nil {
						t.Fatal(err)
					}
				}
			}
			tell(int32(n), id(n), kept(time.Now(), 12*time.Hour, 1, n == 3))
		}
		tell(2, id(2), nil)
		tell(2, id(2), kept(time.Now(), 0, 1, true)) // stored anew
		var running sync.WaitGroup
		for _, a := range edges {
			running.Go(func() { a.Run(ctx) })
		}
		there := func() (files string) {
			synctest.Wait()
			for n := range 4 {
				for _, s := range stores {
					for _, extension := range []string{".mp4", ".jpg"} {
						if _, err := s.Get(ctx, id(n)+extension); err == nil {
							files += fmt.Sprint(n)
						} else if !errors.Is(err, evidence.ErrNotStored) {
							t.Error(err)
						}
					}
				}
			}
			return files
		}
		if got := there(); got != "0000111122223333" {
			t.Errorf("at first there are %s", got)
		}
		time.Sleep(13 * time.Hour)
		if got := there(); got != "22223333" {
			t.Errorf("13 h later there are %s, want the two that are marked to be kept", got)
		}
		slices.Sort(dropped)
		if want := []string{"0 0", "1 1"}; !slices.Equal(dropped, want) {
			t.Errorf("dropped were %q, want each by the owner of its partition, once: %q", dropped, want)
		}
		tell(3, id(3), nil)
		if got := there(); got != "2222" || edges[0].Known(id(3)) || !edges[0].Known(id(2)) {
			t.Errorf("after one was dropped by hand there are %s", got)
		}
		stop()
		running.Wait()
	})
}

// What an edge stored and never told of is deleted once nobody can be at it any more, and nothing else is: neither what the log knows of nor what nobody noted.
func TestArchiveReclaims(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	store, dir := open(t, evidence.StoreConfig{Directory: t.TempDir()}), filepath.Join(t.TempDir(), "intents")
	intents := evidence.Intents(dir)
	a := evidence.NewArchive(evidence.RetainConfig{}, store, intents, func(int32) bool { return true }, nil, slog.New(slog.DiscardHandler))
	id := func(n int) string { return fmt.Sprintf("%032x", n) }
	const told, untold, begun, foreign = 1, 2, 3, 4
	for n := told; n <= foreign; n++ {
		for _, extension := range []string{".mp4", ".jpg"} {
			if err := store.Put(ctx, id(n)+extension, []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		if n == foreign {
			continue
		}
		if err := intents.Begin(id(n)); err != nil {
			t.Fatal(err)
		}
		if long := time.Now().Add(-16 * time.Minute); n != begun {
			if err := os.Chtimes(filepath.Join(dir, id(n)), long, long); err != nil {
				t.Fatal(err)
			}
		}
	}
	a.Take(0, id(told), kept(time.Now(), 0, 1, false))
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.Run(ctx)
	}()
	for guard := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		left, err := os.ReadDir(dir)
		if err != nil || time.Now().After(guard) {
			t.Fatalf("%d intents are left, %v; want that of the one that has just begun", len(left), err)
		}
		if len(left) == 1 {
			break
		}
	}
	stop()
	<-done
	for n := told; n <= foreign; n++ {
		for _, extension := range []string{".mp4", ".jpg"} {
			if _, err := store.Get(t.Context(), id(n)+extension); errors.Is(err, evidence.ErrNotStored) != (n == untold) {
				t.Errorf("file %s of defect %d: %v", extension, n, err)
			}
		}
	}
}

func TestClipAndRetainConfig(t *testing.T) {
	for key, change := range map[string]func(*evidence.Config){
		"evidence.clip.before is -1s":   func(c *evidence.Config) { c.Clip.Before = -time.Second },
		"evidence.clip.after is 1m1s":   func(c *evidence.Config) { c.Clip.After = time.Minute + time.Second },
		"evidence.retain.days is -1":    func(c *evidence.Config) { c.Retain.Days = -1 },
		"evidence.retain.bytes is -100": func(c *evidence.Config) { c.Retain.Bytes = -100 },
	} {
		c := evidence.Defaults()
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%v, want an error with %q", err, key)
		}
	}
}
