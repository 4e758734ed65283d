package detector

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// span is how much time one roll-up covers, by ticks.
const span = 10 * time.Second

// Lamps, the better the lower but for unknown.
const (
	lampUnknown = "unknown"
	lampOK      = "ok"
	lampPending = "pending"
	lampFiring  = "firing"
)

// health rolls up what is told of a stream beside its defects.
type health struct {
	// lamp as last told.
	lamp    string
	figures [len(figureNames)]figure
}

// figureNames are the main figures, in the order in which they are told.
var figureNames = [...]string{
	"luma",              // mean luma of a picture, level
	"difference",        // mean absolute difference of a picture to the one before, level
	"loudness",          // K-weighted sum of the channels of 100 ms of sound, LUFS, at least -120
	"peak",              // largest sample of 100 ms of sound, dBFS; none in digital silence
	"frames_per_second", // pictures decoded in a second
	"bits_per_second",   // received
}

// The indices of figureNames.
const (
	figureLuma = iota
	figureDifference
	figureLoudness
	figurePeak
	figureFrames
	figureBits
)

// figure is the running minimum, maximum and sum of one figure.
type figure struct {
	min, max, sum float64
	count         int64
}

func (f *figure) add(x float64) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return
	}
	if f.count == 0 || x < f.min {
		f.min = x
	}
	if f.count == 0 || x > f.max {
		f.max = x
	}
	f.sum, f.count = f.sum+x, f.count+1
}

// measure adds a record's figures.
func (h *health) measure(f *schemas.Feature) {
	switch {
	case f.VideoFrame != nil:
		if l := f.VideoFrame.Luma; l != nil {
			h.figures[figureLuma].add(float64(l.Mean) / 256)
		}
		if d := f.VideoFrame.Difference; d != nil {
			h.figures[figureDifference].add(float64(d.Previous) / (1 << 12))
		}
	case f.AudioBlock != nil:
		loudness, peak, ok := blockLevels(f.AudioBlock)
		h.figures[figureLoudness].add(loudness)
		if ok {
			h.figures[figurePeak].add(peak)
		}
	case f.StreamSecond != nil:
		h.figures[figureFrames].add(float64(f.StreamSecond.FramesDecoded))
		h.figures[figureBits].add(float64(f.StreamSecond.Bytes) * 8)
	}
}

// blockLevels are the loudness of a block, all channels weighted 1 (ITU-R BS.1770-5), and its peak; ok is false when it has none.
func blockLevels(b *schemas.AudioBlock) (loudness, peak float64, ok bool) {
	energy := 0.0
	for i := range b.Channels {
		c := &b.Channels[i]
		n, sum := len(c.KEnergy)/4, 0.0
		for i := range n {
			sum += float64(math.Float32frombits(binary.BigEndian.Uint32(c.KEnergy[4*i:])))
		}
		energy += sum / float64(max(n, 1))
		if c.Peak != nil && (!ok || float64(*c.Peak)/100 > peak) {
			peak, ok = float64(*c.Peak)/100, true
		}
	}
	return max(-0.691+10*math.Log10(energy), -120), peak, ok
}

// tick tells the roll-up at the end of each span, and begins anew where nobody was there to see the span.
func (h *health) tick(s *stream, step passing, out emitter) {
	us := span.Microseconds()
	boundary := step.now / us * us
	switch {
	case step.away:
	case step.before < boundary:
		h.lamp = s.lamp(step.now)
		s.learn()
		roll := h.roll(s, boundary, out)
		roll.SpanMS = int32(span.Milliseconds())
		roll.Figures, roll.ErrorMS, roll.Usual = h.told(), s.errors(), s.usual()
		out.health(roll)
		s.total(boundary, out.errors.take(s.id, boundary, roll.ErrorMS))
	default:
		return
	}
	h.figures = [len(figureNames)]figure{}
	s.eachBaseline(func(j *judge) { j.baseline.Drop() })
	s.eachEpisode(func(e *episode) { e.bad = 0 })
}

// show tells the lamp when it has changed. Before the first tick there is no time to tell it with.
func (h *health) show(s *stream, now int64, out emitter) {
	if now == 0 {
		return
	}
	if lamp := s.lamp(now); lamp != h.lamp {
		h.lamp = lamp
		out.health(h.roll(s, now, out))
	}
}

// roll is the part of a roll-up that is about now.
func (h *health) roll(s *stream, now int64, out emitter) *schemas.Health {
	profile := s.profile
	roll := &schemas.Health{Time: now, Lamp: h.lamp, State: s.state, Edge: s.edge, Offset: out.offset, Profile: &profile, Expected: s.awaited()}
	s.eachEpisode(func(e *episode) {
		if e.pending() {
			roll.Pending = append(roll.Pending, schemas.Pending{Kind: e.judge.kind, Part: e.part, Since: e.run.since})
		}
	})
	return roll
}

// awaited are the kinds that are bad now as expected, in order; nil when there are none.
func (s *stream) awaited() *[]string {
	var kinds []string
	for _, j := range s.judges {
		if slices.ContainsFunc(j.episodes, func(e *episode) bool { return e.run.expected }) {
			kinds = append(kinds, j.kind)
		}
	}
	if kinds == nil {
		return nil
	}
	slices.Sort(kinds)
	return &kinds
}

// told are the figures that have values.
func (h *health) told() []schemas.Figure {
	var told []schemas.Figure
	for i, f := range h.figures {
		if f.count > 0 {
			told = append(told, schemas.Figure{Name: figureNames[i], Min: f.min, Mean: f.sum / float64(f.count), Max: f.max, Count: f.count})
		}
	}
	return told
}

// errors is the time spent in bad verdicts in the span by kind, in order of kind: that of the worst part.
func (s *stream) errors() []schemas.ErrorTime {
	var errors []schemas.ErrorTime
	for _, j := range s.judges {
		if j.options.DryRun { // else it would be told of as error-seconds
			continue
		}
		worst := int64(0)
		for _, e := range j.episodes {
			worst = max(worst, e.bad)
		}
		if worst > 0 {
			errors = append(errors, schemas.ErrorTime{Kind: j.kind, MS: int32(min(worst, span.Microseconds()) / 1000)})
		}
	}
	slices.SortFunc(errors, func(a, b schemas.ErrorTime) int { return strings.Compare(a.Kind, b.Kind) })
	return errors
}

// lamp is the worst of the stream's episodes. It is unknown when no rule knows anything, or when the heartbeat is missing and what is known
// is old.
func (s *stream) lamp(now int64) string {
	s.know()
	if s.worst != lampFiring && s.stale(now) {
		return lampUnknown
	}
	return s.worst
}

// know looks for the worst of the stream's episodes, and whether one of them explains others, when one has changed.
func (s *stream) know() {
	if !s.stirred {
		return
	}
	s.stirred, s.calm, s.worst = false, true, lampUnknown
	for _, j := range s.judges {
		for _, e := range j.episodes {
			s.calm = s.calm && !e.explains()
			switch {
			case e.firing() && !e.dry():
				s.worst = lampFiring
			case s.worst == lampFiring:
			case e.run.state == rule.Bad && !e.dry():
				s.worst = lampPending
			case e.run.state != rule.Unknown && s.worst == lampUnknown && !j.description.Absence:
				s.worst = lampOK
			}
		}
	}
}
