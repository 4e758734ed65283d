package rule_test

import (
	"testing"
	"time"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// TestWantedTracks asks an inventory for tracks, with and without a PMT that declares captions.
func TestWantedTracks(t *testing.T) {
	inventory := func(programmes *[]schemas.Programme) *schemas.Feature {
		return &schemas.Feature{Inventory: &schemas.Inventory{Programmes: programmes, Tracks: []schemas.Track{
			{Index: 0, Kind: "video"}, {Index: 1, Kind: "audio", Language: "eng"}, {Index: 2, Kind: "audio", Language: "GER"},
		}}}
	}
	declared := &[]schemas.Programme{{Streams: []schemas.ElementaryStream{{Captions: []schemas.CaptionService{{Kind: "cea608", Language: "eng"}}}}}}
	second := &schemas.Feature{StreamSecond: &schemas.StreamSecond{State: "up", FramesDecoded: 25, AudioBlocks: 10}}
	for _, test := range []struct {
		track      rule.WantedTrack
		programmes *[]schemas.Programme
		part       string
		state      rule.State
	}{
		{rule.WantedTrack{Kind: "audio", Language: "eng"}, nil, "audio eng", rule.Good},
		{rule.WantedTrack{Kind: "audio", Language: "ger"}, nil, "audio ger", rule.Good},
		{rule.WantedTrack{Kind: "audio", Language: "fra"}, nil, "audio fra", rule.Bad},
		{rule.WantedTrack{Kind: "subtitle"}, nil, "subtitle", rule.Bad},
		{rule.WantedTrack{Kind: "captions", Language: "eng"}, declared, "captions eng", rule.Good},
		{rule.WantedTrack{Kind: "captions", Language: "spa"}, declared, "captions spa", rule.Bad},
		{rule.WantedTrack{Kind: "captions"}, nil, "captions", rule.Unknown}, // no PMT tells
	} {
		r := rule.NewTrackMissing().(*rule.TrackMissing)
		r.Want(rule.Wanted{Tracks: []rule.WantedTrack{test.track}})
		if got := judged(r, second, 0)[test.part]; got.State != rule.Unknown {
			t.Errorf("%s: got %+v before an inventory", test.part, got)
		}
		judged(r, inventory(test.programmes), time.Second)
		if got := judged(r, second, 2*time.Second)[test.part]; got.State != test.state {
			t.Errorf("%s: got %+v, want %v", test.part, got, test.state)
		}
		if got := judged(r, second, 20*time.Second)[test.part]; got.State != rule.Unknown {
			t.Errorf("%s: got %+v of an inventory that is 19 s old", test.part, got)
		}
	}
}

// TestWantedCaptions: where captions must come, none since the session began are as bad as none any more.
func TestWantedCaptions(t *testing.T) {
	r := rule.NewCaptionsMissing().(*rule.CaptionsMissing)
	second := func(s int64) *schemas.Feature {
		return &schemas.Feature{StreamSecond: &schemas.StreamSecond{State: "up", At: s * 1_000_000}}
	}
	if got := judged(r, second(200), 200*time.Second); len(got) != 0 {
		t.Errorf("got %v where none are expected", got)
	}
	r.Want(rule.Wanted{Captions: true})
	if got := judged(r, second(179), 179*time.Second)[""]; got.State != rule.Good || got.Value != 179 {
		t.Errorf("got %+v, want good after 179 s", got)
	}
	if got := judged(r, second(180), 180*time.Second)[""]; got.State != rule.Bad || got.From != 179_000_000 {
		t.Errorf("got %+v, want the 180th second bad", got)
	}
}
