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
			all = append(all, told{e.Offset, out.Stream, string(bytes), out.Defect})
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
				words("video", "moving", "black", "corner", "logo", "still", "pulsing", "ticker", "drift", "skipping", "none",
					"boxed", "combed", "fields", "reversed", "stuttering", "gaps", "unpublished", "damaged", "news", "late", "sport", "bars"))
			fmt.Fprintf(&text, "audio %s%s\n", name, words("audio", "tone", "silent", "clicks", "left", "none"))
			fmt.Fprintf(&text, "heartbeat %s%s\n", name, words("heartbeat", "up", "up", "up", "down", "empty", "fault", "none", "ours", "network", "break", "cue"))
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
		return rapid.SampledFrom([]string{"{}", "black: {for: 5s, raise: 0.97, clear: 0.9, keep_firing_for: 8s}", "freeze: {for: 12s}\nblack: {disabled: true}",
			"no_signal: {for: 20s, keep_firing_for: 20s}",
			"black: {flaps: 1, flap_window: 2m, flap_hold: 50s}\nfreeze: {flaps: 2, flap_window: 1m, flap_hold: 90s}"}).Draw(t, label)
	}
	log, err := readLog(text.String(), rules("rules"))
	if err != nil {
		t.Fatalf("%v", err)
	}
	drawSettings(t, log, total, rules("later rules"))
	return log
}

// drawSettings draws what is expected of each stream, and from when on the rules are others.
func drawSettings(t *rapid.T, log []entry, total int, later string) {
	change := epochStart + int64(rapid.IntRange(1, 2*total).Draw(t, "rules change at"))*1_000_000
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
		}
	}
}

// TestRebuiltEqualsUncut cuts the log anywhere: a new Partition that is given the latest events and folds the lookback again tells from
// there on what one tells that never stopped, byte for byte.
func TestRebuiltEqualsUncut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		log := drawLog(t)
		uncut := fold(t, detector.New(detector.Config{}), log)
		cut := rapid.IntRange(1, len(log)-1).Draw(t, "cut")
		before, after := split(uncut, int64(cut))

		rebuilt := detector.New(detector.Config{})
		start := log[cut].time - rebuilt.Lookback().Microseconds()
		first, _ := slices.BinarySearchFunc(log, start, func(e entry, t int64) int { return int(min(max(e.time-t, -1), 1)) })
		rebuilt.Restore(latest(before))
		fold(t, rebuilt, log[first:cut])
		same(t, fold(t, rebuilt, log[cut:]), after)
	})
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

func same(t *rapid.T, got, want []told) {
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
	events, _ := tellStory(p, log)
	compare(t, "events", events, `
		8.00s a black opened warning onset 7.00s end 8.04s
		10.52s a black closed warning onset 7.00s end 10.00s resolved`)
}
