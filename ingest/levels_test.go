package ingest

import (
	"bytes"
	"testing"

	"github.com/framewatch/framewatch/schemas"
)

// TestLevels: energies of 255-2*20 are -20 dBFS; over as many silent ticks the mean square is half of that, 3 dB less.
func TestLevels(t *testing.T) {
	peak := func(hundredths int32) *int32 { return &hundredths }
	channel := func(energy byte, peak *int32) schemas.Channel {
		return schemas.Channel{Energy: bytes.Repeat([]byte{energy}, 10), Peak: peak}
	}
	var l levels
	if got := l.Take(); got != "" {
		t.Errorf("without sound: %q", got)
	}
	l.Add(&schemas.AudioBlock{Track: 2, Channels: []schemas.Channel{channel(0, nil)}})
	l.Add(&schemas.AudioBlock{Track: 1, Channels: []schemas.Channel{channel(215, peak(-1234)), channel(255, peak(0))}})
	l.Add(&schemas.AudioBlock{Track: 1, Channels: []schemas.Channel{channel(0, nil), channel(255, peak(-50))}})
	if got, want := l.Take(), "1:-23.0/-12.3,0.0/0.0;2:-120.0/-120.0"; got != want {
		t.Errorf("levels are %q, want %q", got, want)
	}
	if got := l.Take(); got != "" {
		t.Errorf("taken twice: %q", got)
	}
	for track := range int32(100) {
		l.Add(&schemas.AudioBlock{Track: track, Channels: []schemas.Channel{channel(255, peak(0))}})
	}
	if got := len(l.Take()); got > 500 {
		t.Errorf("%d bytes of a worker's hundred tracks", got)
	}
	if l.Add(&schemas.AudioBlock{Channels: []schemas.Channel{{}}}); l.Take() != "0:-120.0/-120.0" {
		t.Error("a channel without a tick")
	}
}
