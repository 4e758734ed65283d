package evidence_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/ingest/evidence"
)

const second = 1_000_000

// cost is what a packet takes beside its body.
const cost = 128

// reel adds packets written as words: K12 is a key picture at 12 s, P12.5 another picture, S12 sound; -9 tells a size of 9 bytes; =x begins a
// coding x with pictures, ~x one without.
func reel(t *testing.T, s *evidence.Packets, stream, words string) {
	t.Helper()
	for _, word := range strings.Fields(words) {
		kind, rest := word[0], word[1:]
		if kind == '=' || kind == '~' {
			s.Begin(stream, []byte(rest), kind == '=')
			continue
		}
		var at float64
		size := 1
		if n, err := fmt.Sscanf(strings.ReplaceAll(rest, "-", " "), "%g %d", &at, &size); n < 1 {
			t.Fatalf("%s: %v", word, err)
		}
		s.Add(stream, evidence.Packet{At: int64(at * second), Lasts: 40_000, Key: kind == 'K', Video: kind != 'S', Body: append([]byte(word), make([]byte, size)...)[:size]})
	}
}

// cut lists what a clip has, by kind and instant.
func cut(s *evidence.Packets, stream string, from, onset, to float64) string {
	clip, ok := s.Cut(stream, int64(from*second), int64(onset*second), int64(to*second))
	if !ok {
		return "nothing"
	}
	words := []string{"=" + string(clip.Codings)}
	for _, p := range clip.Packets {
		kind := "P"
		switch {
		case !p.Video:
			kind = "S"
		case p.Key:
			kind = "K"
		}
		words = append(words, fmt.Sprintf("%s%g", kind, float64(p.At)/second))
	}
	return strings.Join(words, " ")
}

func TestPacketsBounds(t *testing.T) {
	keep := evidence.PacketsConfig{Keep: 20 * time.Second, StreamBytes: 1 << 20, TotalBytes: 1 << 20}
	for _, c := range []struct {
		name   string
		config evidence.PacketsConfig
		a, b   string
		want   string // of a, from the start
		bytes  int
	}{
		{"nothing before the first key picture", keep, "=x P0 S0 K1 P2", "", "=x K1 P2", 1 + 2*(cost+1)},
		{"nothing before the codings", keep, "K1 P2", "", "nothing", 0},
		// At 31 s the group of 11 s alone covers the last 20 s.
		{"by time: the group that was begun then is whole", keep, "=x K0 P5 K10 P11 K11 P20 K30 P31", "", "=x K11 P20 K30 P31", 2*1 + 4*(cost+1)},
		// Three groups of 1 + 2*(128+100) = 457 bytes are 1371: two and a half fit in 1200.
		{"by the stream's bytes", evidence.PacketsConfig{Keep: time.Minute, StreamBytes: 1200, TotalBytes: 1 << 20},
			"=x K0-100 P1-100 K2-100 P3-100 K4-100 P5-100", "", "=x K2 P3 K4 P5", 2 * 457},
		{"a group too large for its stream goes, and all until the next key picture", evidence.PacketsConfig{Keep: time.Minute, StreamBytes: 600, TotalBytes: 1 << 20},
			"=x K0-100 P1-400 P2-100 K3-100", "", "=x K3", 1 + cost + 100},
		{"by all bytes: the oldest of anyone goes", evidence.PacketsConfig{Keep: time.Minute, StreamBytes: 1 << 20, TotalBytes: 1400},
			"=x K0-100 P1-100", "=x K0-100 P1-100 K2-100 P3-100 K4-100", "nothing", 457*2 + 1 + cost + 100},
		{"sound alone goes by the second", evidence.PacketsConfig{Keep: 2 * time.Second, StreamBytes: 1 << 20, TotalBytes: 1 << 20},
			"~x S0 S0.5 S1 S1.5 S2 S2.5 S3", "", "=x S1 S1.5 S2 S2.5 S3", 3*1 + 5*(cost+1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := evidence.NewPackets(c.config)
			reel(t, s, "a", c.a)
			reel(t, s, "b", c.b)
			if got := cut(s, "a", 0, 100, 100); got != c.want {
				t.Errorf("kept are %s, want %s", got, c.want)
			}
			if got := s.Bytes(); got != c.bytes {
				t.Errorf("they take %d bytes, want %d", got, c.bytes)
			}
			s.Remove("a")
			s.Remove("b")
			if got := s.Bytes(); got != 0 {
				t.Errorf("%d bytes are left when all are removed", got)
			}
		})
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		name, reel      string
		from, onset, to float64
		want            string
	}{
		{"from the key picture at the instant", "=x K0 P1 K2 P3 K4 P5", 2, 3, 4, "=x K2 P3 K4"},
		{"from the key picture before it", "=x K0 P1 K2 P3 K4 P5", 3.9, 4, 9, "=x K2 P3 K4 P5"},
		{"from what there is", "=x K2 P3 K4 P5", 1, 4, 4.5, "=x K2 P3 K4"},
		{"pictures end in the order of decoding, sound by its time", "=x K0 P3 P1 P2 S1 S2 S3", 0, 1, 2.5, "=x K0 S1 S2"},
		{"sound from before the first picture is left out", "=x K2 S1 S1.97 S2 P3", 2, 2, 4, "=x K2 S1.97 S2 P3"},
		{"of one coding: that of the onset", "=x K0 P1 =y K2 P3 K4 P5 =z K6", 0, 4.5, 9, "=y K2 P3 K4 P5"},
		{"up to where another begins", "=x K0 P1 K2 =y K3", 0, 1, 9, "=x K0 P1 K2"},
		{"the same coding again, from another worker, is no other", "=x K0 P1 =x P2 K3", 0, 1, 9, "=x K0 P1 K3"},
		{"none from after the end", "=x K5 P6", 0, 1, 4, "nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := evidence.NewPackets(evidence.Defaults().Packets)
			reel(t, s, "a", c.reel)
			if got := cut(s, "a", c.from, c.onset, c.to); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	s := evidence.NewPackets(evidence.Defaults().Packets)
	reel(t, s, "a", "=x K1 P2")
	if clip, _ := s.Cut("a", 0, 2*second, 3*second); clip.Start != 1*second || clip.End != 2*second+40_000 {
		t.Errorf("the clip is of %d to %d, want from 1 s to 2.04 s", clip.Start, clip.End)
	}
}

func TestReached(t *testing.T) {
	s := evidence.NewPackets(evidence.Defaults().Packets)
	closed := func(c <-chan struct{}) bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
	if !closed(s.Reached("none", 1)) {
		t.Error("a stream that is not there is waited for")
	}
	reel(t, s, "a", "=x K1")
	at3, at9 := s.Reached("a", 3*second), s.Reached("a", 9*second)
	reel(t, s, "a", "P2 S4")
	if closed(at3) {
		t.Error("sound that is ahead ended the wait for pictures")
	}
	reel(t, s, "a", "P3")
	if !closed(at3) || closed(at9) {
		t.Errorf("at 3 s: 3 s reached %v, 9 s %v", closed(at3), closed(at9))
	}
	if !closed(s.Reached("a", 2*second)) {
		t.Error("what has come is waited for")
	}
	if since, ok := s.Since("a"); !ok || since != 1*second {
		t.Errorf("packets since %d, %v, want since 1 s", since, ok)
	}
	s.Remove("a")
	if !closed(at9) {
		t.Error("a stream that is gone is waited for")
	}
	if _, ok := s.Since("a"); ok {
		t.Error("a stream that is gone has packets")
	}
}

func TestPacketsConfig(t *testing.T) {
	for key, change := range map[string]func(*evidence.Config){
		"evidence.packets.keep is -1s":        func(c *evidence.Config) { c.Packets.Keep = -time.Second },
		"evidence.packets.keep is 5m1s":       func(c *evidence.Config) { c.Packets.Keep = 5*time.Minute + time.Second },
		"evidence.packets.stream_bytes is 0":  func(c *evidence.Config) { c.Packets.StreamBytes = 0 },
		"evidence.packets.total_bytes is -70": func(c *evidence.Config) { c.Packets.TotalBytes = -70 },
	} {
		c := evidence.Defaults()
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%v, want an error with %q", err, key)
		}
	}
}
