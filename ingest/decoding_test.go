package ingest_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// equal compares what pointers lead to.
func equal(a, b any) bool { return reflect.DeepEqual(a, b) }

// text is a value with what its pointers lead to.
func text(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(out)
}

// Pictures in the order in which they are shown: -1 is a distance that is not known.
func TestDecodingCountsFromCleanKey(t *testing.T) {
	const intra, predicted = 1, 2
	key := media.Frame{Key: true, PictureType: intra}
	other := media.Frame{PictureType: predicted}
	damaged := func(f media.Frame, change func(f *media.Frame)) media.Frame {
		change(&f)
		return f
	}
	var d ingest.Decoding
	for i, c := range []struct {
		name  string
		frame media.Frame
		want  int
	}{
		{"in the middle", other, -1},
		{"corrupt key", damaged(key, func(f *media.Frame) { f.Corrupt = true }), -1},
		{"after a corrupt key", other, -1},
		{"key", key, 0},
		{"first", other, 1},
		{"damage does not count", damaged(other, func(f *media.Frame) { f.Concealed, f.Ancestors = 3, 1 }), 2},
		{"key of a packet that is corrupt", damaged(key, func(f *media.Frame) { f.PacketCorrupt = true }), 3},
		{"key with an error flag", damaged(key, func(f *media.Frame) { f.ErrorFlags = 4 }), 4},
		{"concealed key", damaged(key, func(f *media.Frame) { f.Concealed = 1 }), 5},
		{"key with errors in the log", damaged(key, func(f *media.Frame) { f.Errors = 1 }), 6},
		{"key in doubt", damaged(key, func(f *media.Frame) { f.Ancestors = 1 }), 7},
		{"key after a gap", damaged(key, func(f *media.Frame) { f.Lost = 1 }), 8},
		{"intra picture that is no key", media.Frame{PictureType: intra}, 9},
		{"beginning of a wave of refreshing", media.Frame{Key: true, PictureType: predicted}, 10},
		{"key of a codec without types", media.Frame{Key: true}, 0},
		{"last", other, 1},
	} {
		var r schemas.VideoFrame
		d.Fill(&c.frame, &r)
		got := -1
		if r.Decode.SinceIDR != nil {
			got = int(*r.Decode.SinceIDR)
		}
		if got != c.want {
			t.Errorf("picture %d, %s: %d after a clean key, want %d", i, c.name, got, c.want)
		}
	}
}

func TestDecodingFillsGroups(t *testing.T) {
	number := func(n int32) *int32 { return &n }
	for _, c := range []struct {
		frame   media.Frame
		decode  schemas.DecoderState
		caption *schemas.Caption
	}{
		{
			media.Frame{ErrorFlags: 1, Concealed: 2, Lost: 3, PacketSize: 4, Errors: 5, Ancestors: 6, QPMean: 7, QPMax: 8,
				Caption: media.Caption{Attached: true, CEA608: 9, CEA708: 10, AFD: 11, Timecode: true}},
			schemas.DecoderState{ErrorFlags: 1, Concealed: 2, LostBefore: 3, PacketSize: 4, Errors: 5, Ancestors: 6, QPMean: number(7), QPMax: number(8)},
			&schemas.Caption{Cea608: 9, Cea708: 10, AFD: number(11), Timecode: true},
		},
		{
			media.Frame{QPMean: -1, QPMax: -1, Caption: media.Caption{AFD: -1}},
			schemas.DecoderState{},
			nil,
		},
	} {
		var d ingest.Decoding
		var r schemas.VideoFrame
		d.Fill(&c.frame, &r)
		if !equal(r.Decode, &c.decode) || !equal(r.Caption, c.caption) {
			t.Errorf("got %s and %s, want %s and %s", text(r.Decode), text(r.Caption), text(c.decode), text(c.caption))
		}
	}
}

// A running stream's pictures are too many to allocate for each.
func TestDecodingAllocatesNothing(t *testing.T) {
	var d ingest.Decoding
	var r schemas.VideoFrame
	f := media.Frame{Key: true, PictureType: 1}
	if n := testing.AllocsPerRun(100, func() { d.Fill(&f, &r) }); n != 0 {
		t.Errorf("%v allocations a picture", n)
	}
}
