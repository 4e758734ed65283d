package detector_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/schemas"
)

// told is what one record has caused, encoded as on the wire.
type told struct {
	offset int64
	stream string
	bytes  string
	event  *schemas.DefectEvent
	health *schemas.Health
}

// fold folds the log and returns all that it causes.
func fold(t fataler, p *detector.Partition, log []entry) []told {
	var all []told
	contract := schemas.Baked()
	for _, e := range log {
		p.Fold(e.Input, func(out detector.Output) {
			var bytes []byte
			var err error
			if out.Defect != nil {
				bytes, err = schemas.Append(contract, schemas.DefectEvents, nil, out.Defect)
			} else {
				bytes, err = schemas.Append(contract, schemas.Healths, nil, out.Health)
			}
			if err != nil {
				t.Fatalf("offset %d: %v", e.Offset, err)
			}
			all = append(all, told{e.Offset, out.Stream, string(bytes), out.Defect, out.Health})
		})
	}
	return all
}

type fataler interface{ Fatalf(string, ...any) }

// latest are the last events of each defect among what was told, as the compacted topic keeps them.
func latest(all []told) []schemas.DefectEvent {
	byID := map[string]schemas.DefectEvent{}
	var ids []string
	for _, a := range all {
		if a.event == nil {
			continue
		}
		if _, ok := byID[a.event.ID]; !ok {
			ids = append(ids, a.event.ID)
		}
		byID[a.event.ID] = *a.event
	}
	slices.Sort(ids) // any order but that of the log
	events := make([]schemas.DefectEvent, len(ids))
	for i, id := range ids {
		events[i] = byID[id]
	}
	return events
}

// drawLog draws a log of one to three streams over one to four minutes, with faults of the sources and of ours.
func drawLog(t *rapid.T) []entry {
	total := rapid.IntRange(60, 240).Draw(t, "seconds")
	words := func(label string, words ...string) string {
		var b strings.Builder
		for left := total * 1000; left > 0; {
			ms := min(left, rapid.SampledFrom([]int{40, 200, 600, 1000, 1800, 3000, 7000, 15_000, 40_000}).Draw(t, label+" ms"))
			fmt.Fprintf(&b, " %s*%dms", rapid.SampledFrom(words).Draw(t, label), ms)
			left -= ms
		}
		return b.String()
	}
	var text strings.Builder
	for i := range rapid.IntRange(1, 3).Draw(t, "streams") {
		for session := range rapid.IntRange(1, 2).Draw(t, "sessions") {
			name := fmt.Sprintf("s%d/%d", i, session+1)
			fmt.Fprintf(&text, "video %s%s\n", name,
				words("video", "moving", "moving", "shown", "scarred", "starved", "blurred", "noisy", "black", "corner", "logo", "still", "pulsing", "room", "coarse", "ticker", "drift", "skipping", "none",
					"boxed", "combed", "fields", "reversed", "stuttering", "gaps", "unpublished", "damaged", "joined", "news", "late", "sport", "bars", "keys", "posterised", "lounge"))
			fmt.Fprintf(&text, "format %s%s\n", name, words("format", "640x360", "640x360", "640x360", "1280x720"))
			fmt.Fprintf(&text, "audio %s%s\n", name, words("audio", "tone", "garbled", "spoilt", "crackle", "lagging", "silent", "clicks", "left", "none"))
			fmt.Fprintf(&text, "heartbeat %s%s\n", name, words("heartbeat", "up", "up", "up", "down", "empty", "fault", "none", "ours", "network", "break", "cue", "cues", "cancel"))
		}
		if rapid.IntRange(0, 4).Draw(t, "remove") == 0 {
			fmt.Fprintf(&text, "remove s%d %ds\n", i, rapid.IntRange(1, total).Draw(t, "removed at"))
		}
	}
	text.WriteString("ticks")
	for left := total; left > 0; {
		on, off := min(left, rapid.IntRange(13, 60).Draw(t, "on")), rapid.SampledFrom([]int{0, 0, 2, 5, 15}).Draw(t, "off")
		fmt.Fprintf(&text, " on*%ds off*%ds", on, off)
		left -= on + off
	}
	text.WriteByte('\n')
	rules := func(label string) string {
		return rapid.SampledFrom([]string{"{}", "black: {dry_run: true, for: 3s}", "black: {for: 5s, raise: 0.97, clear: 0.9, keep_firing_for: 8s}", "freeze: {for: 12s}\nblack: {disabled: true}",
			"no_signal: {for: 20s, keep_firing_for: 20s}", "error_seconds: {raise: 3, clear: 1, within: 1m}", "error_seconds: {raise: 9, clear: 9, within: 3m, kinds: [silence, black, loudness]}",
			"black: {flaps: 1, flap_window: 2m, flap_hold: 50s}\nfreeze: {flaps: 2, flap_window: 1m, flap_hold: 90s}"}).Draw(t, label)
	}
	log, err := readLog(text.String(), rules("rules"))
	if err != nil {
		t.Fatalf("%v", err)
	}
	drawSettings(t, log, total, rules("later rules"))
	return log
}

// drawSettings draws what is expected of each stream, and from when on the rules are others, and perhaps nothing is expected any more.
func drawSettings(t *rapid.T, log []entry, total int, later string) {
	change := epochStart + int64(rapid.IntRange(1, 2*total).Draw(t, "rules change at"))*1_000_000
	ends := rapid.Bool().Draw(t, "expectations end")
	drawn := map[string]string{}
	expect(log, func(stream string) string {
		text, ok := drawn[stream]
		if !ok {
			text = rapid.SampledFrom([]string{
				"", "", "{silent_tracks: [1]}", "same_as: s0", "same_as: s1", "{captions: true, tracks: [{kind: audio, language: eng}, {kind: video}]}",
				"ad_breaks: {}", "ad_breaks: {kinds: [freeze, no_signal, silence], pre_roll: 3s, post_roll: 9s}",
				"planned: [{kinds: [all], from: 1970-01-01T00:17:10Z, to: 1970-01-01T00:17:50Z}]",
				"planned: [{kinds: [black, silence], from: 1970-01-01T00:17:20Z, to: 1970-01-01T00:18:00Z}, {kinds: [freeze], from: 1970-01-01T00:17:40Z, to: 1970-01-01T00:18:20Z}]",
			}).Draw(t, "expectations of "+stream)
			drawn[stream] = text
		}
		return text
	})
	for _, e := range log {
		if s := e.Feature.Setting; s != nil && e.time >= change {
			s.Rules = later
			if ends {
				s.Expectations = nil
			}
		}
	}
}

// TestRebuiltEqualsUncut cuts the log anywhere: a new Partition that is given the latest events and folds the lookback again tells from
// there on what one tells that never stopped, byte for byte.
func TestRebuiltEqualsUncut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		log := drawLog(t)
		rebuild(t, log, rapid.IntRange(1, len(log)-1).Draw(t, "cut"))
	})
}

// TestRebuiltKnowsWhatIsUsual does the same with streams of which more is learned than the lookback holds: they are good most of the time, and
// ticks are there. What is usual stands in the health that is compared.
func TestRebuiltKnowsWhatIsUsual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.IntRange(130, 240).Draw(t, "seconds")
		var text strings.Builder
		series := func(name string, often, seldom []string) {
			fmt.Fprint(&text, name)
			for left := total; left > 0; {
				long, short := min(left, rapid.IntRange(5, 60).Draw(t, name)), rapid.IntRange(0, 12).Draw(t, name)
				fmt.Fprintf(&text, " %s*%ds", rapid.SampledFrom(often).Draw(t, name), long)
				fmt.Fprintf(&text, " %s*%ds", rapid.SampledFrom(seldom).Draw(t, name), min(left-long, short))
				left -= long + short
			}
			text.WriteByte('\n')
		}
		series("video a", []string{"moving", "moving", "blurred"}, []string{"moving", "starved", "blurred", "noisy", "blocky", "sky", "black", "skipping", "none"})
		series("format a", []string{"640x360"}, []string{"640x360", "640x360", "640x360", "1280x720"})
		series("heartbeat a", []string{"up"}, []string{"up", "up", "none"})
		if rapid.Bool().Draw(t, "restarts") {
			at := rapid.IntRange(1, total-1).Draw(t, "restarts at")
			fmt.Fprintf(&text, "video a/2 none*%ds moving*%ds\nheartbeat a/2 none*%ds up*%ds\n", at, total-at, at, total-at)
		}
		away := rapid.IntRange(20, total).Draw(t, "away at")
		fmt.Fprintf(&text, "ticks on*%ds off*%ds on*%ds\n", away, rapid.IntRange(0, 10).Draw(t, "away"), total)
		log, err := readLog(text.String(), "{}")
		if err != nil {
			t.Fatalf("%v", err)
		}
		rebuild(t, log, rapid.IntRange(len(log)/2, len(log)-1).Draw(t, "cut"))
	})
}

// usualLog is of two streams without a fault over three minutes.
func usualLog(t *testing.T, ticks string) []entry {
	t.Helper()
	var text strings.Builder
	for _, stream := range []string{"a", "b"} {
		fmt.Fprintf(&text, "video %s moving*180s\nformat %[1]s 640x360*180s\nheartbeat %[1]s up*180s\n", stream)
	}
	log, err := readLog(text.String()+"ticks "+ticks, "{}")
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// after is the offset of the first record so many seconds after the beginning.
func after(log []entry, seconds int64) int {
	return slices.IndexFunc(log, func(e entry) bool { return e.time >= epochStart+seconds*1_000_000 })
}

// TestUsualOutlastsAnOutage: a minute without ticks leaves no roll-up in the lookback, and what was usual is still so: ten spans before it,
// and two after.
func TestUsualOutlastsAnOutage(t *testing.T) {
	log := usualLog(t, "on*100s off*60s on*20s")
	cut := after(log, 165)
	before, _ := split(fold(t, detector.New(detector.Config{}), log), int64(cut))
	spans := map[string]int32{}
	for _, a := range fold(t, rebuilt(t, log, cut, before), log[cut:]) {
		if a.health != nil && a.health.Usual != nil {
			spans[a.stream] = a.health.Usual.Baselines[0].Spans
		}
	}
	if spans["a"] != 12 || spans["b"] != 12 {
		t.Errorf("spans learned from are %v, want 12 each", spans)
	}
}

// TestStreamAddedAgainIsAnother: a stream that was removed, and added again when nothing in the lookback tells of that, has nothing that is usual.
func TestStreamAddedAgainIsAnother(t *testing.T) {
	const gone, again = epochStart + 60_000_000, epochStart + 155_000_000
	log := slices.DeleteFunc(usualLog(t, "on*180s"), func(e entry) bool {
		s := e.Feature.Setting
		return s != nil && s.Stream == "b" && e.time > gone && e.time < again
	})
	for i := range log {
		if s := log[i].Feature.Setting; s != nil && s.Stream == "b" && log[i].time == gone {
			s.Removed = true
		}
	}
	added := *log[after(log, 160)].Feature.Setting
	added.Stream, added.Time = "b", again
	log = slices.Insert(log, after(log, 155), entry{again, detector.Input{Feature: &schemas.Feature{Setting: &added}}})
	for i := range log {
		log[i].Offset = int64(i)
	}
	rebuild(t, log, after(log, 157))
}

// TestUsualOutlastsOtherOptions: the options of the rule itself or of another change after 70 s, or the worker starts again, and what was usual
// before still tells that the bit rate falls.
func TestUsualOutlastsOtherOptions(t *testing.T) {
	for _, test := range []struct{ name, features, rules string }{
		{"another rule's", "video a moving*75s starved*20s\nheartbeat a up*95s", "black: {for: 5s}"},
		{"the rule's own", "video a moving*75s starved*20s\nheartbeat a up*95s", "bitrate: {for: 4s}"},
		{"a new session", "video a moving*70s\nheartbeat a up*70s\nvideo a/2 none*70s moving*5s starved*20s\nheartbeat a/2 none*70s up*25s", "{}"},
	} {
		log, err := readLog(test.features, "{}")
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range log {
			if s := e.Feature.Setting; s != nil && e.time >= epochStart+70_000_000 {
				s.Rules = test.rules
			}
		}
		spans, fell := int32(0), false
		for _, a := range fold(t, detector.New(detector.Config{}), log) {
			if a.health != nil && a.health.SpanMS > 0 {
				if spans = 0; a.health.Usual != nil {
					spans = a.health.Usual.Baselines[0].Spans
				}
			}
			fell = fell || a.event != nil && a.event.Kind == "bitrate"
		}
		if spans < 6 || !fell {
			t.Errorf("%s: %d spans are known and the fall is told: %v, want 6 at least and true", test.name, spans, fell)
		}
	}
}

// TestRebuiltWithARuleInDryRun: black, which is only recorded, and the standing still, of which people are told, go on side by side, whichever was told of last.
func TestRebuiltWithARuleInDryRun(t *testing.T) {
	log, err := readLog("video a moving*3s black*90s moving*5s\nheartbeat a up*98s", "black: {dry_run: true}")
	if err != nil {
		t.Fatal(err)
	}
	for seconds := int64(60); seconds < 97; seconds++ {
		rebuild(t, log, after(log, seconds))
	}
}

// rebuild cuts the log at an offset.
func rebuild(t fataler, log []entry, cut int) {
	before, after := split(fold(t, detector.New(detector.Config{}), log), int64(cut))
	same(t, fold(t, rebuilt(t, log, cut, before), log[cut:]), after)
}

// rebuilt is a new Partition as one must be that goes on at an offset when so much has been told before.
func rebuilt(t fataler, log []entry, cut int, before []told) *detector.Partition {
	p := detector.New(detector.Config{})
	start := log[cut].time - p.Lookback().Microseconds()
	first, _ := slices.BinarySearchFunc(log, start, func(e entry, t int64) int { return int(min(max(e.time-t, -1), 1)) })
	p.Restore(latest(before))
	recall(p, before, start)
	fold(t, p, log[first:cut])
	return p
}

// recall gives a Partition back what was told of streams since start, and as much before as it wants.
func recall(p *detector.Partition, all []told, start int64) {
	for _, a := range all {
		if a.health != nil && a.health.Time >= start-p.Recall().Microseconds() {
			p.Recalled(a.stream, a.health)
		}
	}
}

// TestTimeInBadVerdictsBeginsWithAVerdict: what was known of a stream before its pictures stopped, longer ago than the lookback, leaves no
// trace in the health of those that come later.
func TestTimeInBadVerdictsBeginsWithAVerdict(t *testing.T) {
	log, err := readLog("video a moving*1s none*49160ms black*20s\nheartbeat a up*71s", "{}")
	if err != nil {
		t.Fatal(err)
	}
	uncut := fold(t, detector.New(detector.Config{}), log)
	for _, a := range uncut {
		var h schemas.Health
		if a.event == nil && schemas.Decode(schemas.Baked(), schemas.Healths, []byte(a.bytes), &h) == nil && h.Time == epochStart+60_000_000 && h.SpanMS > 0 {
			if want := []schemas.ErrorTime{{Kind: "black", MS: 9840}}; !slices.Equal(h.ErrorMS, want) { // from the picture at 50.16 s to that at 60 s
				t.Errorf("got %v, want %v", h.ErrorMS, want)
			}
			return
		}
	}
	t.Fatal("no roll-up at 60 s")
}

// TestSameLogSameBytes folds one log twice.
func TestSameLogSameBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		log := drawLog(t)
		same(t, fold(t, detector.New(detector.Config{}), log), fold(t, detector.New(detector.Config{}), log))
	})
}

// TestOrderBetweenStreamsDoesNotMatter folds the log in which, between two ticks, the streams follow one another.
func TestOrderBetweenStreamsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		log := drawLog(t)
		sorted := slices.Clone(log)
		for i := 0; i < len(sorted); {
			end := i
			for end < len(sorted) && sorted[end].Stream != "" {
				end++
			}
			slices.SortStableFunc(sorted[i:end], func(a, b entry) int { return strings.Compare(b.Stream, a.Stream) })
			i = max(end, i+1)
		}
		inLog, inSorted := fold(t, detector.New(detector.Config{}), log), fold(t, detector.New(detector.Config{}), sorted)
		for _, list := range [][]told{inLog, inSorted} {
			slices.SortStableFunc(list, func(a, b told) int { return strings.Compare(a.stream, b.stream) })
		}
		same(t, inSorted, inLog)
	})
}

func split(all []told, offset int64) (before, after []told) {
	i := slices.IndexFunc(all, func(a told) bool { return a.offset >= offset })
	if i < 0 {
		i = len(all)
	}
	return all[:i], all[i:]
}

func same(t fataler, got, want []told) {
	for i := range min(len(got), len(want)) {
		if got[i].bytes != want[i].bytes {
			t.Fatalf("output %d\n got offset %d %s\nwant offset %d %s", i, got[i].offset, got[i].text(), want[i].offset, want[i].text())
		}
	}
	if len(got) != len(want) {
		t.Fatalf("got %d outputs, want %d; one of them is %s", len(got), len(want), append(got[min(len(got), len(want)):], want[min(len(got), len(want)):]...)[0].text())
	}
}

func (a told) text() string {
	if a.event != nil {
		return a.event.Stream + " " + describe(a.event)
	}
	var h schemas.Health
	if err := schemas.Decode(schemas.Baked(), schemas.Healths, []byte(a.bytes), &h); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s health %+v", a.stream, h)
}

// TestNothingOpensThatTheLogDoesNotHold: up to the last event on the log, a defect of which it holds nothing is not real, whatever the first
// records of a lookback make of it.
func TestNothingOpensThatTheLogDoesNotHold(t *testing.T) {
	log, err := readLog("video a moving*2s black*3s moving*2s black*3s moving*2s\nheartbeat a up*12s", "{}")
	if err != nil {
		t.Fatal(err)
	}
	uncut := fold(t, detector.New(detector.Config{}), log)
	second := latest(uncut)[:0]
	for _, e := range latest(uncut) {
		if e.Onset > epochStart+5_000_000 {
			second = append(second, e)
		}
	}
	p := detector.New(detector.Config{})
	p.Restore(second)
	events, _ := tellStory(t, p, log)
	compare(t, "events", events, `
		8.00s a black opened warning onset 7.00s end 8.04s
		10.52s a black closed warning onset 7.00s end 10.00s resolved`)
}

// TestRebuiltWhereALongDefectIsExplained: captions are missing for longer than the lookback when the signal goes too, just before a roll-up. The
// defect that ends with that leaves nothing pending.
func TestRebuiltWhereALongDefectIsExplained(t *testing.T) {
	for down := 275; down < 285; down++ {
		log, err := readLog(fmt.Sprintf("video a moving*%ds none*10s\nheartbeat a up*%[1]ds down*10s", down), "{}")
		if err != nil {
			t.Fatal(err)
		}
		expect(log, func(string) string { return "captions: true" })
		ended := false
		for _, a := range fold(t, detector.New(detector.Config{}), log) {
			ended = ended || a.event != nil && a.event.Kind == "captions_missing" && a.event.Reason == "suppressed"
			if ended && a.health != nil && len(a.health.Pending) > 0 {
				t.Errorf("down after %d s, offset %d: pending %+v, although the defect has ended", down, a.offset, a.health.Pending)
			}
		}
		if !ended {
			t.Fatalf("down after %d s: no signal has explained nothing", down)
		}
		rebuild(t, log, after(log, int64(down)-2))
	}
}
