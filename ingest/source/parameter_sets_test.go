package source_test

import (
	"bytes"
	"testing"

	"github.com/asticode/go-astiav"

	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/ingest/source"
)

// A clip's parameter sets are those of its own first key picture, where that brings some.
func TestRefresh(t *testing.T) {
	const code = "\x00\x00\x00\x01"
	for _, c := range []struct {
		name       string
		codec      astiav.CodecID
		extra      string
		key        string
		want       string
		afterwards bool // the key picture is of another track
	}{
		// 7 and 8 are H.264's parameter sets, 9 is a delimiter, 6 SEI, 5 the slice of a key picture; zeros belong to the next start code.
		{"H.264", astiav.CodecIDH264, code + "\x67old" + code + "\x68old", code + "\x09\xf0" + code + "\x67new" + code + "\x68new\x00" + "\x00\x00\x01" + "\x06sei" + "\x00\x00\x01" + "\x65slice",
			code + "\x67new" + code + "\x68new", false},
		{"H.264 that has had none", astiav.CodecIDH264, "", code + "\x67new" + code + "\x65slice", code + "\x67new", false},
		{"H.264 whose key picture brings none", astiav.CodecIDH264, code + "\x67old", code + "\x65slice", code + "\x67old", false},
		{"H.264 of an MP4: its sets stand apart", astiav.CodecIDH264, "\x01avcC", code + "\x67new", "\x01avcC", false},
		// 32, 33 and 34, shifted by one, are HEVC's: 0x40, 0x42, 0x44; 0x26 is the slice of a key picture.
		{"HEVC", astiav.CodecIDHevc, code + "\x40\x01old", code + "\x40\x01a" + code + "\x42\x01b" + code + "\x44\x01c" + code + "\x26\x01slice", code + "\x40\x01a" + code + "\x42\x01b" + code + "\x44\x01c", false},
		{"another track's", astiav.CodecIDH264, code + "\x67old", code + "\x67new", code + "\x67old", true},
		{"MPEG-2 has none", astiav.CodecIDMpeg2Video, "\x00\x00\x01\xb3old", "\x00\x00\x01\x67new", "\x00\x00\x01\xb3old", false},
	} {
		coding := media.Coding{Track: 1, Codec: int(c.codec), ExtraData: []byte(c.extra)}
		track := 1
		if c.afterwards {
			track = 2
		}
		source.Refresh(&coding, []media.Packet{
			{Track: 1, Data: []byte(code + "\x67of no key picture")}, {Track: track, Key: true, Data: []byte(c.key)}, {Track: 1, Key: true, Data: []byte(code + "\x65later")},
		})
		if !bytes.Equal(coding.ExtraData, []byte(c.want)) {
			t.Errorf("%s: got %q, want %q", c.name, coding.ExtraData, c.want)
		}
	}
}
