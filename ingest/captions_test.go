package ingest_test

import (
	"testing"
	"time"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/schemas"
)

// Captions are counted in the second in which their pictures come; padding is none, and the silence since the last is told.
func TestCaptions(t *testing.T) {
	begin := time.Unix(1000, 0)
	s := ingest.NewStatus("", begin)
	picture := func(at int64, flags int32, c *schemas.Caption) {
		f := frame(0, 0, 0, at)
		f.VideoFrame.Flags, f.VideoFrame.Caption = flags, c
		s.Media(f, begin, false)
	}
	const attached = 1 << 6
	for i, c := range []struct {
		happens func()
		want    string
	}{
		{func() { picture(0, 0, nil) }, "null"},
		{func() { picture(1_000_000, 0, &schemas.Caption{Timecode: true}) }, "null"},
		{func() { picture(2_000_000, attached, &schemas.Caption{}) }, `{"cea608":0,"cea708":0,"webvtt":0}`},
		{func() {
			picture(3_000_000, attached, &schemas.Caption{Cea608: 2, Cea708: 10})
			picture(3_250_000, attached, &schemas.Caption{Cea608: 1})
			picture(3_500_000, attached, &schemas.Caption{})
		}, `{"cea608":3,"cea708":10,"webvtt":0,"since_ms":750}`},
		{func() { picture(4_000_000, 0, nil) }, `{"cea608":0,"cea708":0,"webvtt":0,"since_ms":1750}`},
	} {
		c.happens()
		if got := text(s.Second(begin.Add(time.Duration(i+1) * time.Second)).Cues); got != c.want {
			t.Errorf("second %d: %s, want %s", i, got, c.want)
		}
	}
	s.Begin(begin.Add(time.Minute))
	if got := s.Second(begin.Add(61 * time.Second)).Cues; got != nil {
		t.Errorf("a new session knows of captions: %s", text(got))
	}
}
