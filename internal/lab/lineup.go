package lab

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"log/slog"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
)

// Lineup simulates what the log tells a console of many streams: settings, roll-ups, defects that open and close, pictures and sound. All of it follows
// from the seed. One goroutine, but for Picture.
type Lineup struct {
	streams []*simulated
	// pictures are shown by the streams in turn.
	pictures [][]byte
}

// simulated is one stream of a line-up.
type simulated struct {
	id     string
	spec   *schemas.StreamSpec
	random *rand.Rand
	// bits per second and loudness, LUFS, wander.
	bits, loudness float64
	// From bad to good something is wrong, of which opened is told; event is its last.
	bad, good time.Time
	trouble   trouble
	event     *schemas.DefectEvent
}

// trouble is something that goes wrong with a stream.
type trouble struct {
	kind, severity, summary, unit string
	value, threshold              float64
	// after is how long it has to last to be a defect.
	after time.Duration
}

// troubles happen equally often; the last is that nothing is heard of the stream.
var troubles = []trouble{
	{"black", "critical", "99.8 % of the picture is below luma 20", "share", 0.998, 0.98, 2 * time.Second},
	{"freeze", "critical", "The picture has not changed", "level", 0.02, 0.1, 5 * time.Second},
	{"silence", "warning", "All channels are below -60 dBFS", "dBFS", -91, -60, 5 * time.Second},
	{"loudness", "info", "The sound is 6.2 LU louder than it should be", "LUFS", -16.8, -23, 10 * time.Second},
	{"corruption", "warning", "Parts of the picture are damaged", "share", 0.31, 0.2, time.Second},
	{"no_signal", "critical", "The source gives nothing", "s", 9, 8, 8 * time.Second},
	{kind: unheard},
}

const unheard = ""

const (
	// calm is how long a stream is well between two troubles, on average; briefest and longest are how long those last.
	calm              = 30 * time.Minute
	briefest, longest = 3 * time.Second, 5 * time.Minute
	// updateEvery is how often an open defect is told of again.
	updateEvery = 30
)

// NewLineup is a line-up of so many streams, which begin at an instant as if they had run for long.
func NewLineup(streams int, seed uint64, begin time.Time) *Lineup {
	l := &Lineup{pictures: lineupPictures(seed)}
	for i := range streams {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		s := &simulated{id: StreamID(i), random: random, bits: 1e6 * math.Exp(2.5*random.Float64()), loudness: -23 - 4*random.Float64(),
			spec: &schemas.StreamSpec{Profile: "default", Labels: map[string]string{
				"site": []string{"amsterdam", "berlin", "madrid", "oslo", "wien"}[i%5], "cdn": []string{"a", "b"}[i/5%2], "package": []string{"news", "sport", "kids", "films", "music", "regional", "shopping"}[i/10%7],
			}}}
		s.next(begin)
		l.streams = append(l.streams, s)
	}
	return l
}

// next plans the trouble after an instant.
func (s *simulated) next(after time.Time) {
	s.bad = after.Add(time.Duration(s.random.ExpFloat64() * float64(calm)))
	s.good = s.bad.Add(time.Duration(float64(briefest) * math.Pow(float64(longest)/float64(briefest), s.random.Float64())))
	s.trouble, s.event = troubles[s.random.IntN(len(troubles))], nil
}

// Begin tells the console of all streams, and of the roll-ups of the two hours before.
func (l *Lineup) Begin(c *console.Console, now time.Time) {
	for _, s := range l.streams {
		c.Stream(s.id, s.spec)
		for ago := 2 * time.Hour; ago > 0; ago -= time.Minute {
			past := &schemas.Health{Time: now.Add(-ago).UnixMicro(), Lamp: console.OK}
			if s.random.IntN(300) == 0 {
				past.Lamp = console.Firing
			}
			c.Past(s.id, past)
		}
	}
}

// Tell tells the console of the i-th stream what there is to be told of it at an instant; the instants of a stream grow.
func (l *Lineup) Tell(c *console.Console, i int, at time.Time) {
	health, event := l.streams[i].tell(at)
	if event != nil {
		c.Defect(event)
	}
	if health != nil {
		c.Health(l.streams[i].id, health)
	}
}

// tell gives the roll-up and the event of an instant; nil: there is none.
func (s *simulated) tell(at time.Time) (*schemas.Health, *schemas.DefectEvent) {
	if at.Before(s.bad) {
		return s.health(at, console.OK), nil
	}
	if !at.Before(s.good) {
		event := s.end(at)
		s.next(at)
		return s.health(at, console.OK), event
	}
	if s.trouble.kind == unheard {
		return nil, nil
	}
	lasting := at.Sub(s.bad)
	if lasting < s.trouble.after {
		h := s.health(at, console.Pending)
		h.Pending = []schemas.Pending{{Kind: s.trouble.kind, Since: s.bad.UnixMicro()}}
		return h, nil
	}
	return s.health(at, console.Firing), s.lasts(at)
}

// lasts gives the event that opens a defect, and one that it lasts from time to time.
func (s *simulated) lasts(at time.Time) *schemas.DefectEvent {
	t, now := s.trouble, at.UnixMicro()
	switch {
	case s.event == nil:
		s.event = &schemas.DefectEvent{ID: fmt.Sprintf("%016x%016x", s.random.Uint64(), s.random.Uint64()), Revision: 1, State: "opened", Stream: s.id, Kind: t.kind, Severity: t.severity,
			RuleVersion: 1, Profile: s.spec.Profile, Onset: s.bad.UnixMicro(), End: now, Detected: now, Value: t.value, Threshold: t.threshold, Unit: t.unit, Summary: t.summary}
		for _, name := range slices.Sorted(maps.Keys(s.spec.Labels)) {
			s.event.Labels = append(s.event.Labels, schemas.Label{Name: name, Value: s.spec.Labels[name]})
		}
	case now-s.event.Detected >= updateEvery*second:
		s.event = s.revised("updated", at)
	default:
		return nil
	}
	return s.event
}

// end gives the event that closes a defect; nil: none was opened.
func (s *simulated) end(at time.Time) *schemas.DefectEvent {
	if s.event == nil {
		return nil
	}
	event := s.revised("closed", at)
	event.Reason, event.End = "resolved", s.good.UnixMicro()
	return event
}

func (s *simulated) revised(state string, at time.Time) *schemas.DefectEvent {
	event := *s.event
	event.Revision++
	event.State, event.End, event.Detected = state, at.UnixMicro(), at.UnixMicro()
	return &event
}

// health is the roll-up of an instant.
func (s *simulated) health(at time.Time, lamp string) *schemas.Health {
	s.bits *= math.Exp(0.03 * (s.random.Float64() - 0.5))
	s.loudness += 0.4*(s.random.Float64()-0.5) - 0.02*(s.loudness+23)
	around := func(name string, x, spread float64) schemas.Figure {
		return schemas.Figure{Name: name, Min: x - spread, Mean: x, Max: x + spread, Count: 10}
	}
	return &schemas.Health{Time: at.UnixMicro(), SpanMS: 10_000, Lamp: lamp, State: "up", Edge: "http://edge.invalid", Profile: &s.spec.Profile, Figures: []schemas.Figure{
		around("luma", 80+40*s.random.Float64(), 30), around("difference", 4*s.random.Float64(), 1), around("loudness", s.loudness, 5), around("peak", s.loudness+14, 6),
		around("frames_per_second", 25, 0), around("bits_per_second", s.bits, s.bits/10),
	}}
}

// lineupPictures are pictures of the size and weight of those of an edge.
func lineupPictures(seed uint64) (pictures [][]byte) {
	random := rand.New(rand.NewPCG(seed, 1<<32))
	for range 16 {
		picture := image.NewRGBA(image.Rect(0, 0, 320, 180))
		hue, grain := random.Float64()*6, 10+random.IntN(20)
		for y := range 180 {
			for x := range 320 {
				light := 0.35 + 0.5*float64(x+y)/500
				level := func(phase float64) uint8 {
					return uint8(max(0, min(255, 255*light*(0.6+0.4*math.Sin(hue+phase+float64(x)/60))+float64(random.IntN(grain)))))
				}
				picture.SetRGBA(x, y, color.RGBA{level(0), level(2.1), level(4.2), 255})
			}
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, picture, &jpeg.Options{Quality: 70}); err != nil {
			panic(err) // of a size and a quality that there are
		}
		pictures = append(pictures, b.Bytes())
	}
	return pictures
}

// Picture is what a stream shows in the second of an instant, with the levels of its sound.
func (l *Lineup) Picture(stream string, at time.Time) console.Picture {
	var i int
	if _, err := fmt.Sscanf(stream, "stream-%d", &i); err != nil || i < 0 {
		return console.Picture{}
	}
	now := at.Truncate(time.Second)
	wave := 6 * math.Sin(float64(now.Unix()+int64(i)))
	return console.Picture{JPEG: l.pictures[(int64(i)+now.Unix())%int64(len(l.pictures))], Instant: now.UnixMicro(),
		Levels: fmt.Sprintf("1:%.1f/%.1f,%.1f/%.1f", -24+wave, -10+wave, -25+wave, -11+wave)}
}

// NewLineupConsole is a console that shows the pictures of a line-up, and of which nothing else is asked that it has not been told.
func NewLineupConsole(l *Lineup) *console.Console {
	return console.New(console.Defaults(), console.Deps{
		Picture: func(_ context.Context, _, stream string, at int64) (console.Picture, error) {
			if at != 0 {
				return console.Picture{}, console.ErrNoPicture
			}
			return l.Picture(stream, time.Now()), nil
		},
		Ready:   func() error { return nil },
		Metrics: http.NotFoundHandler(),
		Schemas: func() []console.Schema { return nil },
		Log:     slog.New(slog.DiscardHandler),
	})
}
