package ingest

import (
	"slices"

	"github.com/framewatch/framewatch/ingest/feature"
	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// soundGap is how much of the sound may be missing, or doubled, between two stretches before a block is cut there: 10 ms in 90 kHz.
// Containers round their time stamps to a millisecond or so.
const soundGap = media.Clock / 100

// sound is where one audio track stands in its blocks.
type sound struct {
	format media.AudioFormat
	audio  *feature.Audio
	blocks int64
	// nextAt (microseconds since session) and nextPTS (90 kHz) are where the next sample belongs.
	nextAt, nextPTS int64
	// lastAt is the last block's.
	lastAt int64
	came   int64
	gap    bool
}

// sound takes a stretch of samples all the way: blocks of 100 ms are cut within one unbroken stretch of time stamps.
func (w *worker) sound(s *media.Samples) error {
	if len(s.Channels) == 0 || s.Format.SampleRate < 1 {
		return nil
	}
	t, err := w.track(s)
	if err != nil {
		return err
	}
	if !hasFormat(w.tracks, s.Track, s.Format, func(t media.Track) *media.AudioFormat { return t.Audio }) {
		if err := w.adopt(); err != nil {
			return err
		}
	}
	length := int64(len(s.Channels[0])) * media.Clock / int64(s.Format.SampleRate)
	came, waited := w.arrival(s.Track)
	i := w.clock.Stamp(s.Track, s.PTS, length, w.reference(came))
	if i.Fresh || i.Missing > soundGap || i.Missing < -soundGap {
		if err := w.flushTrack(s.Track, t); err != nil {
			return err
		}
		t.gap = i.Missing > soundGap
	}
	if w.tracks != nil && !slices.ContainsFunc(w.tracks.List, func(t media.Track) bool { return t.Video != nil }) {
		w.refusal.Over()
	}
	w.present(i.At, came, waited, 0)
	t.came = came
	t.audio.Add(s, func(b *schemas.AudioBlock, offset int) {
		if err == nil {
			err = w.block(s.Track, t, b, i.At, i.PTS, offset)
		}
	})
	t.nextAt, t.nextPTS = i.At+microseconds(length), i.PTS+length
	if err != nil {
		return err
	}
	return w.repeatInventory(i.At)
}

// track is the state of the samples' track, made anew when its format is new.
func (w *worker) track(s *media.Samples) (*sound, error) {
	t := w.sounds[s.Track]
	if t != nil && t.format == s.Format {
		return t, nil
	}
	next := &sound{format: s.Format, audio: feature.NewAudio(s.Format)}
	if t != nil {
		if err := w.flushTrack(s.Track, t); err != nil {
			return nil, err
		}
		next.blocks, next.lastAt = t.blocks, t.lastAt
		w.clock.Change()
	}
	w.sounds[s.Track] = next
	return next, nil
}

// block completes one block, whose first sample is offset samples from the one at the instant at, pts, and sends it.
func (w *worker) block(track int, t *sound, b *schemas.AudioBlock, at, pts int64, offset int) error {
	rate := int64(t.format.SampleRate)
	b.Session, b.Epoch, b.Track, b.Seq, b.Format = w.job.Session, w.clock.epoch, int32(track), t.blocks, w.version
	b.At = max(at+int64(offset)*1_000_000/rate, t.lastAt, 0)
	b.PTS = pts + int64(offset)*media.Clock/rate
	b.Arrival = w.arrived(t.came, b.At)
	if t.gap {
		b.Flags |= flagSoundGapBefore
		t.gap = false
	}
	t.blocks++
	t.lastAt = b.At
	return w.out.Record(&schemas.Feature{AudioBlock: b})
}

// flush sends what is left of the blocks of all tracks.
func (w *worker) flush() error {
	if w.tracks == nil {
		return nil
	}
	for _, track := range w.tracks.List {
		if t := w.sounds[track.Index]; t != nil {
			if err := w.flushTrack(track.Index, t); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *worker) flushTrack(track int, t *sound) (err error) {
	t.audio.Flush(func(b *schemas.AudioBlock, offset int) { err = w.block(track, t, b, t.nextAt, t.nextPTS, offset) })
	return err
}
