package rule_test

import (
	"testing"
	"time"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// judged are all verdicts of a rule on a record, by part.
func judged(r rule.Rule, f *schemas.Feature, at time.Duration) map[string]rule.Verdict {
	verdicts := map[string]rule.Verdict{}
	v, ok := r.Judge(&rule.Record{Time: at.Microseconds(), Feature: f})
	for ok {
		verdicts[partOf(r)] = v
		several, more := r.(rule.Several)
		if !more {
			break
		}
		v, ok = several.More()
	}
	return verdicts
}

func number[T int32 | int64](n T) *T { return &n }

// TestSecondRules gives a second to a rule and wants the parts that are bad, each with its figure. All others are good.
func TestSecondRules(t *testing.T) {
	second := func(change func(s *schemas.StreamSecond)) *schemas.StreamSecond {
		s := &schemas.StreamSecond{Session: 1, State: "up", FramesDecoded: 25, AudioBlocks: 10}
		change(s)
		return s
	}
	transport := func(change func(t *schemas.Transport)) *schemas.StreamSecond {
		return second(func(s *schemas.StreamSecond) {
			s.Transport = &schemas.Transport{Packets: 1000}
			change(s.Transport)
		})
	}
	segmented := func(s *schemas.StreamSecond) *schemas.StreamSecond {
		s.Playlist = &schemas.Playlist{TargetMS: 2000}
		return s
	}
	playlist := func(change func(p *schemas.Playlist)) *schemas.StreamSecond {
		s := segmented(second(func(*schemas.StreamSecond) {}))
		change(s.Playlist)
		return s
	}
	splice := func(since int64, unmatched *int32) *schemas.StreamSecond {
		return second(func(s *schemas.StreamSecond) { s.Splice = &schemas.Splice{SinceMS: &since, Unmatched: unmatched} })
	}
	captions := func(since *int64) *schemas.StreamSecond {
		return second(func(s *schemas.StreamSecond) { s.Cues = &schemas.Cues{SinceMS: since} })
	}
	everyMinute := rule.NewSCTE35()
	everyMinute.(*rule.SCTE35).Every = time.Minute
	ignoring := rule.NewTSError()
	ignoring.(*rule.TSError).Ignore = []string{"PAT_error"}
	for _, test := range []struct {
		name    string
		rule    rule.Rule
		second  *schemas.StreamSecond
		bad     map[string]float64
		verdict int // how many there are in all
	}{
		{"a clean transport stream", rule.NewTSError(), transport(func(*schemas.Transport) {}), nil, 12},
		{"no transport stream", rule.NewTSError(), second(func(*schemas.StreamSecond) {}), nil, 0},
		{"continuity on two kinds of PID", rule.NewTSError(), transport(func(t *schemas.Transport) { t.ContinuityErrors = map[string]int32{"video": 3, "audio": 2} }),
			map[string]float64{"Continuity_count_error": 5}, 12},
		{"tables and clocks", rule.NewTSError(), transport(func(t *schemas.Transport) {
			t.PATErrors, t.PMTErrors, t.PCRErrors, t.PTSErrors, t.PIDMissing, t.PCRDiscontinuities = number(int32(1)), number(int32(2)), number(int32(3)), number(int32(4)), 5, 6
		}), map[string]float64{"PAT_error": 1, "PMT_error": 2, "PCR_repetition_error": 3, "PTS_error": 4, "PID_error": 5, "PCR_discontinuity_indicator_error": 6}, 12},
		{"the same in segments, which come at once", rule.NewTSError(), segmented(transport(func(t *schemas.Transport) {
			t.PATErrors, t.PCRErrors, t.CRCErrors = number(int32(1)), number(int32(3)), 2
		})), map[string]float64{"CRC_error": 2}, 6},
		{"sync", rule.NewTSError(), transport(func(t *schemas.Transport) {
			t.SyncLosses, t.SyncByteErrors, t.TransportErrors, t.CATErrors = 1, 2, 3, number(int32(4))
		}),
			map[string]float64{"TS_sync_loss": 1, "Sync_byte_error": 2, "Transport_error": 3, "CAT_error": 4}, 12},
		{"ignored", ignoring, transport(func(t *schemas.Transport) { t.PATErrors = number(int32(1)) }), nil, 11},

		{"cues as expected", everyMinute, splice(59_000, nil), nil, 1},
		{"cues overdue", everyMinute, splice(90_000, nil), map[string]float64{"missing": 1.5}, 1},
		{"cues not expected", rule.NewSCTE35(), splice(90_000, nil), nil, 0},
		{"cues without a tag", rule.NewSCTE35(), splice(0, number(int32(2))), map[string]float64{"unmatched": 2}, 1},
		{"cues with their tags", rule.NewSCTE35(), splice(0, number(int32(0))), nil, 1},

		{"a sound playlist", rule.NewManifestError(), playlist(func(*schemas.Playlist) {}), nil, 4},
		{"segments not to be had", rule.NewManifestError(), playlist(func(p *schemas.Playlist) { p.SegmentErrors = 2 }), map[string]float64{"segment": 2}, 4},
		{"segments missed", rule.NewManifestError(), playlist(func(p *schemas.Playlist) { p.SegmentsMissed = number(int32(3)) }), map[string]float64{"missed": 3}, 4},
		// More than half of two seconds.
		{"shorter than it says", rule.NewManifestError(), playlist(func(p *schemas.Playlist) { p.DurationErrorMS = -1100 }), map[string]float64{"duration": 1}, 4},
		{"a little longer", rule.NewManifestError(), playlist(func(p *schemas.Playlist) { p.DurationErrorMS = 900 }), nil, 4},

		// Of a target duration of two seconds.
		{"a list that is on time", rule.NewManifestStale(), playlist(func(p *schemas.Playlist) { p.AgeMS, p.Ended = 4100, new(bool) }), nil, 1},
		{"a list that stands still", rule.NewManifestStale(), playlist(func(p *schemas.Playlist) { p.AgeMS, p.Ended = 7000, new(bool) }), map[string]float64{"": 3.5}, 1},
		{"the list of sound stands still", rule.NewManifestStale(), playlist(func(p *schemas.Playlist) { p.AgeMS, p.SoundAgeMS, p.Ended = 1000, number(int32(6000)), new(bool) }),
			map[string]float64{"sound": 3}, 2},
		{"a finished list", rule.NewManifestStale(), playlist(func(p *schemas.Playlist) { ended := true; p.AgeMS, p.Ended = 7000, &ended }), nil, 0},
		{"a list that may be finished", rule.NewManifestStale(), playlist(func(p *schemas.Playlist) { p.AgeMS = 7000 }), nil, 0},
		{"a list without segments", rule.NewManifestStale(), playlist(func(p *schemas.Playlist) { p.TargetMS, p.AgeMS, p.Ended = 0, 7000, new(bool) }), nil, 0},

		{"captions", rule.NewCaptionsMissing(), captions(number(int64(2000))), nil, 1},
		{"captions long gone", rule.NewCaptionsMissing(), captions(number(int64(200_000))), map[string]float64{"": 200}, 1},
		{"never had captions", rule.NewCaptionsMissing(), second(func(*schemas.StreamSecond) {}), nil, 0},
		{"only padding so far", rule.NewCaptionsMissing(), captions(nil), nil, 0},
	} {
		verdicts := judged(test.rule, &schemas.Feature{StreamSecond: test.second}, 100*time.Second)
		if len(verdicts) != test.verdict {
			t.Errorf("%s: %d verdicts, want %d: %v", test.name, len(verdicts), test.verdict, verdicts)
		}
		for part, v := range verdicts {
			if figure, bad := test.bad[part]; bad != (v.State == rule.Bad) || bad && v.Value != figure || v.State == rule.Unknown {
				t.Errorf("%s: %q is %v with %v, want bad %v with %v", test.name, part, v.State, v.Value, bad, figure)
			}
		}
	}
}

// What we lost ourselves is no error of the stream.
func TestTransportThatWeLost(t *testing.T) {
	second := &schemas.StreamSecond{State: "up", Dropped: 3, Transport: &schemas.Transport{ContinuityErrors: map[string]int32{"video": 3}}}
	for part, v := range judged(rule.NewTSError(), &schemas.Feature{StreamSecond: second}, time.Second) {
		if v.State != rule.Unknown {
			t.Errorf("%s is %v, want unknown", part, v.State)
		}
	}
}

// While the worker is down for our own fault nobody reloads the list.
func TestPlaylistThatWeDoNotReload(t *testing.T) {
	second := &schemas.StreamSecond{State: "fault", Playlist: &schemas.Playlist{TargetMS: 2000, AgeMS: 60_000, Ended: new(bool)}}
	v := judged(rule.NewManifestStale(), &schemas.Feature{StreamSecond: second}, time.Second)
	if len(v) != 1 || v[""].State != rule.Unknown {
		t.Errorf("got %v, want it unknown", v)
	}
}

func TestPlaylistThatGoesBack(t *testing.T) {
	r := rule.NewManifestError()
	for i, step := range []struct {
		session, sequence int64
		want              rule.State
	}{{1, 10, rule.Good}, {1, 11, rule.Good}, {1, 5, rule.Bad}, {1, 6, rule.Good}, {2, 1, rule.Good}} {
		second := &schemas.StreamSecond{Session: step.session, State: "up", Playlist: &schemas.Playlist{MediaSequence: step.sequence}}
		v := judged(r, &schemas.Feature{StreamSecond: second}, time.Duration(i)*time.Second)
		if v["sequence"].State != step.want {
			t.Errorf("step %d: %v, want %v", i, v["sequence"].State, step.want)
		}
	}
}

func TestTrackMissing(t *testing.T) {
	both, pictures := []schemas.Track{{Kind: "video"}, {Kind: "audio"}}, []schemas.Track{{Kind: "video"}}
	expecting := func() rule.Rule {
		r := rule.NewTrackMissing()
		r.(*rule.TrackMissing).Expect = []string{"audio"}
		return r
	}
	for _, test := range []struct {
		name         string
		rule         rule.Rule
		tracks       []schemas.Track
		second       schemas.StreamSecond
		after        time.Duration // since the inventory
		video, audio rule.State
	}{
		{"both there", rule.NewTrackMissing(), both, schemas.StreamSecond{State: "up", FramesDecoded: 25, AudioBlocks: 10}, time.Second, rule.Good, rule.Good},
		{"no sound", rule.NewTrackMissing(), both, schemas.StreamSecond{State: "up", FramesDecoded: 25}, time.Second, rule.Good, rule.Bad},
		{"no pictures", rule.NewTrackMissing(), both, schemas.StreamSecond{State: "up", AudioBlocks: 10}, time.Second, rule.Bad, rule.Good},
		{"neither", rule.NewTrackMissing(), both, schemas.StreamSecond{State: "up"}, time.Second, rule.Good, rule.Good},
		{"no sound by design", rule.NewTrackMissing(), pictures, schemas.StreamSecond{State: "up", FramesDecoded: 25}, time.Second, rule.Good, rule.Good},
		{"no sound, but expected", expecting(), pictures, schemas.StreamSecond{State: "up", FramesDecoded: 25}, time.Second, rule.Good, rule.Bad},
		{"our worker restarts", rule.NewTrackMissing(), both, schemas.StreamSecond{State: "fault", FramesDecoded: 3}, time.Second, rule.Unknown, rule.Unknown},
		{"we lost records", rule.NewTrackMissing(), both, schemas.StreamSecond{State: "up", FramesDecoded: 3, Dropped: 5}, time.Second, rule.Unknown, rule.Unknown},
		{"inventory out of date", rule.NewTrackMissing(), both, schemas.StreamSecond{State: "up", FramesDecoded: 25}, 13 * time.Second, rule.Good, rule.Good},
	} {
		test.rule.Judge(&rule.Record{Feature: &schemas.Feature{Inventory: &schemas.Inventory{Tracks: test.tracks}}})
		v := judged(test.rule, &schemas.Feature{StreamSecond: &test.second}, test.after)
		if v["video"].State != test.video || v["audio"].State != test.audio {
			t.Errorf("%s: video %v and audio %v, want %v and %v", test.name, v["video"].State, v["audio"].State, test.video, test.audio)
		}
	}
}
