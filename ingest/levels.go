package ingest

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/framewatch/framewatch/schemas"
)

const (
	// levelsMost bounds the channels of all tracks whose levels are told.
	levelsMost = 32
	// silence stands for everything that is not louder, dBFS.
	silence = -120
)

// levels are how loud the sound of a stream's tracks is, for the meters beside its pictures. One goroutine.
type levels struct {
	tracks   map[int32][]level
	channels int
}

// level is that of one channel over some ticks of 10 ms.
type level struct {
	// square is the sum of the ticks' mean squares, full scale 1.0; peak is in dBFS.
	square, peak float64
	ticks        int
}

// Add takes a block into what Take tells.
func (l *levels) Add(b *schemas.AudioBlock) {
	track := l.tracks[b.Track]
	for i := range b.Channels {
		if i == len(track) {
			if l.channels == levelsMost {
				break
			}
			l.channels++
			track = append(track, level{peak: silence})
		}
		track[i].add(&b.Channels[i])
	}
	if len(track) == 0 {
		return
	}
	if l.tracks == nil {
		l.tracks = map[int32][]level{}
	}
	l.tracks[b.Track] = track
}

// add takes the ticks of a channel, whose energies are in steps of half a decibel.
func (l *level) add(c *schemas.Channel) {
	for _, energy := range c.Energy {
		l.ticks++
		if energy > 0 {
			l.square += math.Pow(10, (float64(energy)-255)/20)
		}
	}
	if c.Peak != nil {
		l.peak = max(l.peak, float64(*c.Peak)/100)
	}
}

func (l level) String() string {
	rms := 10 * math.Log10(l.square/float64(max(l.ticks, 1)))
	return fmt.Sprintf("%.1f/%.1f", max(rms, silence), l.peak)
}

// Take is evidence.Picture.Levels of all blocks since it was last called.
func (l *levels) Take() string {
	var text []string
	for _, track := range slices.Sorted(maps.Keys(l.tracks)) {
		var channels []string
		for _, c := range l.tracks[track] {
			channels = append(channels, c.String())
		}
		text = append(text, fmt.Sprintf("%d:%s", track, strings.Join(channels, ",")))
	}
	*l = levels{}
	return strings.Join(text, ";")
}
