package rule_test

import (
	"math"
	"slices"
	"testing"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// frames judges pictures of 40 ms one after the other and returns all verdicts of the part.
func frames(r rule.Rule, part string, list ...*schemas.VideoFrame) []rule.Verdict {
	verdicts, _ := samples(r, part, list...)
	return verdicts
}

// partOf is what a rule's last verdict is about.
func partOf(r rule.Rule) string {
	if parted, ok := r.(rule.Parted); ok {
		return parted.Part()
	}
	return ""
}

// samples is frames, with the pictures of which the rule's baseline has a sample.
func samples(r rule.Rule, part string, list ...*schemas.VideoFrame) (verdicts []rule.Verdict, sampled []int) {
	for i, f := range list {
		f.Seq = int64(i)
		v, ok := r.Judge(&rule.Record{Time: int64(i) * 40_000, Feature: &schemas.Feature{VideoFrame: f}})
		for ok {
			if partOf(r) == part {
				verdicts = append(verdicts, v)
			}
			several, more := r.(rule.Several)
			if !more {
				break
			}
			v, ok = several.More()
		}
		if relative, ok := r.(rule.Relative); ok {
			if relative.Baseline().Sample != 0 {
				sampled = append(sampled, i)
			}
			relative.Baseline().Settle(false)
		}
	}
	return verdicts, sampled
}

// states are those of verdicts, a letter each.
func states(verdicts []rule.Verdict) string {
	text := ""
	for _, v := range verdicts {
		text += map[rule.State]string{rule.Good: "g", rule.Bad: "B", rule.Unknown: "?"}[v.State]
	}
	return text
}

func TestDecodeError(t *testing.T) {
	picture := func(change func(f *schemas.VideoFrame)) *schemas.VideoFrame {
		f := &schemas.VideoFrame{Sampling: 1, Duration: 3600, Decode: &schemas.DecoderState{SinceIDR: number(int32(0))}}
		change(f)
		return f
	}
	clean := func(*schemas.VideoFrame) {}
	for _, test := range []struct {
		name     string
		pictures []func(*schemas.VideoFrame)
		want     string
	}{
		{"clean", []func(*schemas.VideoFrame){clean, clean}, "gg"},
		{"refused", []func(*schemas.VideoFrame){clean, func(f *schemas.VideoFrame) { f.Decode.Errors = 2 }, clean}, "gBB"},
		{"concealed", []func(*schemas.VideoFrame){clean, func(f *schemas.VideoFrame) { f.Decode.Concealed = 40 }}, "gB"},
		{"references missing", []func(*schemas.VideoFrame){clean, func(f *schemas.VideoFrame) { f.Decode.LostBefore = 1 }}, "gB"},
		{"flagged", []func(*schemas.VideoFrame){clean, func(f *schemas.VideoFrame) { f.Decode.ErrorFlags = 4 }}, "gB"},
		{"before the first key picture", []func(*schemas.VideoFrame){
			func(f *schemas.VideoFrame) { f.Decode.SinceIDR, f.Decode.Errors = nil, 9 }, clean, func(f *schemas.VideoFrame) { f.Decode.Errors = 1 },
		}, "?gB"},
		{"again where the time line breaks", []func(*schemas.VideoFrame){
			clean, func(f *schemas.VideoFrame) { f.Epoch, f.Decode.SinceIDR, f.Decode.Errors = 1, nil, 9 },
		}, "g?"},
		{"key pictures only", []func(*schemas.VideoFrame){func(f *schemas.VideoFrame) { f.Sampling, f.Decode.Errors = 0, 3 }}, "?"},
		{"not told", []func(*schemas.VideoFrame){func(f *schemas.VideoFrame) { f.Decode = nil }}, "?"},
	} {
		var list []*schemas.VideoFrame
		for _, change := range test.pictures {
			list = append(list, picture(change))
		}
		if got := states(frames(rule.NewDecodeError(), "", list...)); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

// TestDecodeErrorOfOurs: what we lost damages pictures up to the next clean key picture.
func TestDecodeErrorOfOurs(t *testing.T) {
	r := rule.NewDecodeError()
	got := ""
	for i := range int64(60) {
		since := int32(i % 30)
		f := &schemas.VideoFrame{Sampling: 1, Duration: 3600, Seq: i, Decode: &schemas.DecoderState{SinceIDR: &since}}
		if i == 20 || i == 40 {
			f.Decode.Errors = 1
		}
		if i == 10 {
			second := &schemas.StreamSecond{State: "up", Dropped: 1}
			r.Judge(&rule.Record{Time: i * 40_000, Feature: &schemas.Feature{StreamSecond: second}})
		}
		v, _ := r.Judge(&rule.Record{Time: i * 40_000, Feature: &schemas.Feature{VideoFrame: f}})
		got += states([]rule.Verdict{v})
	}
	want := "gggggggggg" + "????????????????????" + "gggggggggg" + "BBBBBBBBBBBBBBBBBBBB"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A hole stays bad for one and a half seconds, so that the heartbeat may tell of our losses first.
func TestDroppedFrames(t *testing.T) {
	at := func(pts int64) *schemas.VideoFrame { return &schemas.VideoFrame{Sampling: 1, Duration: 3600, PTS: pts} }
	with := func(f *schemas.VideoFrame, change func(f *schemas.VideoFrame)) *schemas.VideoFrame {
		change(f)
		return f
	}
	for _, test := range []struct {
		name     string
		pictures []*schemas.VideoFrame
		want     string
		value    float64
	}{
		{"none", []*schemas.VideoFrame{at(0), at(3600), at(7200)}, "?gg", 0},
		// A step of 9 pictures leaves 8 out.
		{"eight", []*schemas.VideoFrame{at(0), at(9 * 3600), at(10 * 3600)}, "?BB", 8},
		{"one", []*schemas.VideoFrame{at(0), at(2 * 3600)}, "?g", 1},
		{"rounded time stamps", []*schemas.VideoFrame{at(0), at(3690), at(7110)}, "?gg", 0},
		{"a break of the time line", []*schemas.VideoFrame{at(0), with(at(90_000), func(f *schemas.VideoFrame) { f.Epoch = 1 })}, "??", 0},
		{"we skipped them", []*schemas.VideoFrame{at(0), with(at(9*3600), func(f *schemas.VideoFrame) { f.Skipped = 8 })}, "??", 0},
		{"we thin", []*schemas.VideoFrame{at(0), with(at(2*3600), func(f *schemas.VideoFrame) { f.Sampling = 2 })}, "??", 0},
		{"no duration", []*schemas.VideoFrame{with(at(0), func(f *schemas.VideoFrame) { f.Duration = 0 }), at(9 * 3600)}, "??", 0},
	} {
		verdicts := frames(rule.NewDroppedFrames(), "", test.pictures...)
		if got := states(verdicts); got != test.want || verdicts[1].Value != test.value {
			t.Errorf("%s: got %s with %v, want %s with %v", test.name, got, verdicts[1].Value, test.want, test.value)
		}
	}
	// The records of eight pictures were not published: they are counted all the same.
	r := rule.NewDroppedFrames()
	for _, step := range []struct {
		seq  int64
		want rule.State
	}{{0, rule.Unknown}, {1, rule.Good}, {10, rule.Unknown}, {11, rule.Good}} {
		f := at(step.seq * 3600)
		f.Seq = step.seq
		if v, _ := r.Judge(&rule.Record{Time: step.seq * 40_000, Feature: &schemas.Feature{VideoFrame: f}}); v.State != step.want {
			t.Errorf("unpublished pictures: picture %d is %v, want %v", step.seq, v.State, step.want)
		}
	}
	// The hole with picture 20 is bad up to picture 57: 1.5 s and no more.
	var list []*schemas.VideoFrame
	for i := range int64(80) {
		list = append(list, at(i*3600))
		if i >= 20 {
			list[i].PTS += 8 * 3600
		}
	}
	verdicts := frames(rule.NewDroppedFrames(), "", list...)
	if v := verdicts[57]; v.State != rule.Bad || v.From != 480_000 || v.To != 800_000 || verdicts[58].State != rule.Good {
		t.Errorf("got %+v and then %v, want bad from 480 ms to 800 ms, and good", v, verdicts[58].State)
	}
}

func TestPTSError(t *testing.T) {
	var list []*schemas.VideoFrame
	for i := range 400 {
		// Breaks with pictures 260, 280 and 300; the window is full from picture 250 on, and the first break is forgotten with picture 510.
		epoch := int32(0)
		for _, at := range []int{260, 280, 300} {
			if i >= at {
				epoch++
			}
		}
		list = append(list, &schemas.VideoFrame{Session: 1, Epoch: epoch})
	}
	got := states(frames(rule.NewPTSError(), "", list...))
	for i, state := range got {
		want := 'g'
		switch {
		case i < 250:
			want = '?'
		case i >= 300:
			want = 'B'
		}
		if state != want {
			t.Fatalf("picture %d is %c, want %c", i, state, want)
		}
	}
	// A new session is no break.
	list = list[:0]
	for i := range 600 {
		list = append(list, &schemas.VideoFrame{Session: int64(i / 300), Epoch: int32(i / 300)})
	}
	if v := frames(rule.NewPTSError(), "", list...); v[599].State != rule.Good || v[599].Value != 0 || v[310].State != rule.Unknown {
		t.Errorf("a new session: got %+v at the end and %v after it began, want good and unknown", v[599], v[310].State)
	}
}

// Black and white change with every third picture: 8.3 transitions a second.
func TestFlash(t *testing.T) {
	flashing := func(period int, share int32) []*schemas.VideoFrame {
		var list []*schemas.VideoFrame
		for i := range 250 {
			f := &schemas.VideoFrame{Sampling: 1, Duration: 3600, Flash: &schemas.Flash{LuminanceChanged: number(int32(0)), RedChanged: number(int32(0))}}
			if i/period%2 == 1 {
				f.Flash.LuminanceMean = 65535
			}
			if i%period == 0 && i > 0 {
				*f.Flash.LuminanceChanged = share
				if i/period%2 == 0 {
					*f.Flash.LuminanceChanged = -share
				}
			}
			list = append(list, f)
		}
		return list
	}
	for _, test := range []struct {
		name   string
		period int
		share  int32
		want   rule.State
	}{
		{"fast", 3, 2304, rule.Bad}, {"on a fifth of the picture", 3, 460, rule.Good}, {"slowly", 6, 2304, rule.Good},
	} {
		list := flashing(test.period, test.share)
		verdicts := frames(rule.NewFlash(), "luminance", list...)
		if got := verdicts[249].State; got != test.want {
			t.Errorf("%s: %v with %v, want %v", test.name, got, verdicts[249].Value, test.want)
		}
		if got := frames(rule.NewFlash(), "red", list...)[249].State; got != rule.Good {
			t.Errorf("%s: red is %v, want good", test.name, got)
		}
	}
	// The seventh transition is with picture 21.
	if got := states(frames(rule.NewFlash(), "luminance", flashing(3, 2304)...)); got[20] != '?' || got[21] != 'B' {
		t.Errorf("states are %s, want the first bad one at 21", got[:30])
	}
	skipped := flashing(3, 2304)
	skipped[249].Skipped = 1
	if got := frames(rule.NewFlash(), "luminance", skipped...)[249].State; got != rule.Unknown {
		t.Errorf("where we skipped a picture: %v, want unknown", got)
	}
}

func TestFlatColour(t *testing.T) {
	chroma := func(std int32) func(f *schemas.VideoFrame) {
		return func(f *schemas.VideoFrame) {
			f.Chroma = &schemas.Chroma{UMean: 40000, VMean: 20000, UStd: std, VStd: 0}
		}
	}
	std := func(f *schemas.VideoFrame) { f.Luma.Std = 20 * 256 }
	for _, test := range []struct {
		name    string
		picture func(int, int) byte
		change  func(*schemas.VideoFrame)
		state   rule.State
		value   float64
	}{
		{"blue", flat(60), chroma(0), rule.Bad, 1},
		{"grey, coarsely coded", flat(60), chroma(2 * 256), rule.Bad, 1},
		// A logo of 2 of 144 cells, 142 are alike.
		{"black", flat(16), chroma(0), rule.Good, 0},
		{"dark blue", flat(20), func(f *schemas.VideoFrame) { f.Chroma = &schemas.Chroma{SaturationMean: 60 * 256} }, rule.Bad, 1},
		{"with a logo", with(flat(60), 200, 140, 0, 20, 10), chroma(0), rule.Bad, 142. / 144},
		{"of two colours", flat(60), chroma(20 * 256), rule.Good, 0},
		{"textured", flat(60), std, rule.Good, 0},
		{"half and half", with(flat(60), 100, 0, 0, 80, 90), chroma(0), rule.Good, 0},
		{"not measured", flat(60), func(f *schemas.VideoFrame) { f.Luma = nil }, rule.Unknown, 0},
	} {
		f := drawn(test.picture)
		test.change(f)
		if v := one(rule.NewFlatColour(), f); v.State != test.state || !near(v.Value, test.value) {
			t.Errorf("%s: got %v with %v, want %v with %v", test.name, v.State, v.Value, test.state, test.value)
		}
	}
}

func TestBitrate(t *testing.T) {
	bounded := func(low, high float64) rule.Rule {
		r := rule.NewBitrate()
		r.(*rule.Bitrate).Min, r.(*rule.Bitrate).Max = low, high
		return r
	}
	// 25 pictures of 5,000 bytes a second are 1,000 kbit/s.
	for _, test := range []struct {
		name      string
		low, high float64
		state     rule.State
		value     float64
	}{
		{"within", 500, 2000, rule.Good, 0.5}, {"above", 0, 800, rule.Bad, 1.25}, {"below", 1500, 0, rule.Bad, 1.5},
	} {
		var list []*schemas.VideoFrame
		for range 200 {
			list = append(list, &schemas.VideoFrame{Sampling: 1, Decode: &schemas.DecoderState{PacketSize: 5000}})
		}
		verdicts := frames(bounded(test.low, test.high), "", list...)
		if v := verdicts[199]; v.State != test.state || !near(v.Value, test.value) || verdicts[100].State != rule.Unknown {
			t.Errorf("%s: got %v with %v, want %v with %v", test.name, v.State, v.Value, test.state, test.value)
		}
	}
	unbounded := rule.NewBitrate()
	unbounded.(*rule.Bitrate).Drop = 0
	if v := frames(unbounded, "", &schemas.VideoFrame{Sampling: 1}); len(v) > 0 {
		t.Errorf("without bounds: got %v, want no verdict", v)
	}
}

// The usual rate is 1,000 kbit/s, give or take a factor: by default a tenth of it is too little, or what is three spreads below it.
func TestBitrateBelowWhatIsUsual(t *testing.T) {
	for _, test := range []struct {
		name   string
		spans  int32
		spread float64
		size   int32
		state  rule.State
		value  float64
	}{
		{"as usual", 6, 0, 5000, rule.Good, 0.1},
		{"a fifth", 6, 0, 1000, rule.Good, 0.5},
		{"a twentieth", 6, 0, 250, rule.Bad, 2},
		{"nothing", 6, 0, 0, rule.Bad, 100_000},
		// Three spreads of 1.5 are a factor of 22.6.
		{"a twentieth, where that comes and goes", 6, 1.5, 250, rule.Good, 20 / 22.627},
		{"a twentieth, but nothing is known yet", 5, 0, 250, rule.Unknown, 0},
	} {
		r := rule.NewBitrate().(*rule.Bitrate)
		*r.Baseline() = rule.Restored(math.Log2(1000)+10, test.spread, test.spans, 0)
		var list []*schemas.VideoFrame
		for range 200 {
			list = append(list, &schemas.VideoFrame{Sampling: 1, Decode: &schemas.DecoderState{PacketSize: test.size}})
		}
		verdicts, sampled := samples(r, "", list...)
		if v := verdicts[199]; v.State != test.state || !near(v.Value/max(test.value, 1), min(test.value, 1)) {
			t.Errorf("%s: got %v with %v, want %v with %v", test.name, v.State, v.Value, test.state, test.value)
		}
		// The window is full with picture 125; of the seconds that begin from then on, 5, 6 and 7, each has one sample.
		if !slices.Equal(sampled, []int{125, 150, 175}) {
			t.Errorf("%s: samples with pictures %v, want one a second", test.name, sampled)
		}
	}
}
