package replay_test

import (
	"testing"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

func TestSelection(t *testing.T) {
	contract := schemas.Baked()
	encode := func(key string, f *schemas.Feature) replay.Record {
		value, err := schemas.Append(contract, schemas.Features, nil, f)
		if err != nil {
			t.Fatal(err)
		}
		r := replay.Record{Value: value}
		if key != "" {
			r.Key = []byte(key)
		}
		return r
	}
	setting := func(stream string, at int64) *schemas.Feature {
		return &schemas.Feature{Setting: &schemas.Setting{Time: at, Stream: stream, Labels: map[string]string{}, Models: map[string]int64{}}}
	}
	// All are about the instant 1000, but for the last two.
	records := map[string]replay.Record{
		"frame of news/a":   encode("news/a", &schemas.Feature{VideoFrame: &schemas.VideoFrame{Session: 900, At: 100}}),
		"second of news/b":  encode("news/b", &schemas.Feature{StreamSecond: &schemas.StreamSecond{Session: 900, At: 100}}),
		"sound of sport":    encode("sport", &schemas.Feature{AudioBlock: &schemas.AudioBlock{Session: 900, At: 100}}),
		"setting of news/a": encode("", setting("news/a", 1000)),
		"setting of sport":  encode("", setting("sport", 1000)),
		"tick":              encode("", &schemas.Feature{Tick: &schemas.Tick{Time: 1000}}),
		"poison of news/a":  {Key: []byte("news/a"), Value: []byte{1, 2}},
		"later of news/a":   encode("news/a", &schemas.Feature{Inventory: &schemas.Inventory{Session: 900, At: 300}}),
		"later tick":        encode("", &schemas.Feature{Tick: &schemas.Tick{Time: 1200}}),
	}
	for _, test := range []struct {
		name      string
		selection replay.Selection
		want      []string
	}{
		{"a pattern", replay.Selection{Streams: []string{"news/?"}},
			[]string{"frame of news/a", "second of news/b", "setting of news/a", "tick", "poison of news/a", "later of news/a", "later tick"}},
		{"patterns", replay.Selection{Streams: []string{"*b", "s.ort"}}, []string{"second of news/b", "tick", "later tick"}},
		{"ids", replay.Selection{Among: []string{"sport"}}, []string{"sound of sport", "setting of sport", "tick", "later tick"}},
		{"a pattern among ids", replay.Selection{Streams: []string{"news*"}, Among: []string{"news/b", "sport"}}, []string{"second of news/b", "tick", "later tick"}},
		{"no ids", replay.Selection{Among: []string{}}, []string{"tick", "later tick"}},
		{"media time of a stream", replay.Selection{Among: []string{"news/a"}, Begin: 1000, End: 1001}, []string{"frame of news/a", "setting of news/a", "tick", "poison of news/a"}},
		{"media time", replay.Selection{Begin: 1001}, []string{"poison of news/a", "later of news/a", "later tick"}},
	} {
		sieve, wanted := replay.NewSieve(test.selection, &topology.Features.Spec, contract), map[string]bool{}
		for _, name := range test.want {
			wanted[name] = true
		}
		for name, record := range records {
			if got := sieve.Wants(record); got != wanted[name] {
				t.Errorf("%s: the %s is taken: %t", test.name, name, got)
			}
		}
	}
	all := replay.NewSieve(replay.Selection{}, &topology.Features.Spec, contract)
	for name, record := range records {
		if !all.Wants(record) {
			t.Errorf("without a selection the %s is left out", name)
		}
	}
	defects := replay.NewSieve(replay.Selection{Streams: []string{"a*"}}, &topology.Defects.Spec, contract)
	for key, want := range map[string]bool{"a1": true, "b1": false} {
		if defects.Wants(replay.Record{Key: []byte(key)}) != want {
			t.Errorf("of defects the key %s is taken: %t", key, !want)
		}
	}
}
