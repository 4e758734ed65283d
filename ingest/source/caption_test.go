package source_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/ingest/source"
)

func TestCaptionBytes(t *testing.T) {
	for _, c := range []struct {
		name           string
		data           string
		cea608, cea708 int
	}{
		{"nothing", "", 0, 0},
		{"both fields", "\xfc\x94\x20\xfd\x43\x80", 3, 0},
		{"padding of 608", "\xfc\x80\x80\xfd\x00\x80", 0, 0},
		{"a packet of 708 without its header", "\xff\x02\x21\xfe\x41\x00", 0, 2},
		{"a packet of 708 whose service is null", "\xff\xc1\x00", 0, 0},
		{"not valid", "\xf8\x94\x20\xfa\x41\x42\xfb\x41\x42", 0, 0},
		{"cut short", "\xfc\x94\x20\xfc\x94", 2, 0},
		{"one byte", "\xfc", 0, 0},
	} {
		if cea608, cea708 := source.CaptionBytes([]byte(c.data)); cea608 != c.cea608 || cea708 != c.cea708 {
			t.Errorf("%s: got %d and %d, want %d and %d", c.name, cea608, cea708, c.cea608, c.cea708)
		}
	}
}

// Whatever the bytes are, no more count than there are in whole triplets.
func TestCaptionBytesOfAnything(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		data := make([]byte, random.IntN(200))
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		if cea608, cea708 := source.CaptionBytes(data); cea608 < 0 || cea708 < 0 || cea608+cea708 > len(data)/3*2 {
			t.Fatalf("%x: %d and %d bytes of captions", data, cea608, cea708)
		}
	}
}

// TestPictureCaption decodes ten pictures each of which has been given an SEI message.
func TestPictureCaption(t *testing.T) {
	encode := "-f lavfi -i testsrc2=s=64x48:r=25:d=0.4 -bf 0 -pix_fmt yuv420p "
	h264, hevc := encode+"-c:v libx264 -x264-params slices=1:sliced-threads=0", encode+"-c:v libx265 -x265-params log-level=none"
	// Clock time stamp of 01:20:10:05 (ITU-T H.265 D.2.27): how many, flag, units_field_based, counting_type, full, discontinuity,
	// dropped, n_frames, seconds, minutes, hours, time_offset_length, and the padding of the payload.
	clock := bits("01 1 0 00000 1 0 0 000000101 001010 010100 00001 00000 10000")
	for _, c := range []struct {
		name, arguments string
		payload         byte
		message         string
		want            media.Caption
	}{
		{"plain.h264", h264, 0, "", media.Caption{AFD: -1}},
		// Two bytes of field 1, padding in field 2, two bytes of CEA-708 beside a header and a zero, two triplets that are not valid.
		{"captions.h264", h264, 4, "\xb5\x00\x31GA94\x03\x46\xff\xfc\x94\x20\xfd\x80\x80\xff\x02\x21\xfe\x41\x00\xfa\x00\x00\xf8\x94\x20\xff",
			media.Caption{Attached: true, CEA608: 2, CEA708: 2, AFD: -1}},
		{"padding.h264", h264, 4, "\xb5\x00\x31GA94\x03\x42\xff\xfc\x80\x80\xfa\x00\x00\xff", media.Caption{Attached: true, AFD: -1}},
		// It announces 31 triplets and has one.
		{"liar.h264", h264, 4, "\xb5\x00\x31GA94\x03\x5f\xff\xfc\x94\x20\xff", media.Caption{AFD: -1}},
		{"format.h264", h264, 4, "\xb5\x00\x31DTG1\x41\xfa", media.Caption{AFD: 10}},
		{"captions.hevc", hevc, 4, "\xb5\x00\x31GA94\x03\x41\xff\xfc\x94\x20\xff", media.Caption{Attached: true, CEA608: 2, AFD: -1}},
		{"clock.hevc", hevc, 136, clock, media.Caption{AFD: -1, Timecode: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := clip(t, c.name, c.arguments)
			if c.message != "" {
				path = tell(t, path, c.payload, c.message)
			}
			got := decode(t, source.Input{Path: path})
			if got.err != nil || len(got.frames) != 10 {
				t.Fatalf("got %d frames, %v, want 10", len(got.frames), got.err)
			}
			for i, f := range got.frames {
				if f.Caption != c.want || f.Errors != 0 || f.Ancestors != 0 {
					t.Errorf("frame %d: %+v, %d errors, %d ancestors, want %+v and none", i, f.Caption, f.Errors, f.Ancestors, c.want)
				}
			}
		})
	}
}

// MPEG-2 has a time code at the head of each group of pictures, here of five. FFmpeg gives it to the picture that comes out when it is
// read: the first, and later one that the decoder had held back.
func TestPictureTimecodeOfGroup(t *testing.T) {
	got := decode(t, source.Input{Path: clip(t, "a.m2v", "-f lavfi -i testsrc2=s=64x48:r=25:d=0.6 -c:v mpeg2video -bf 0 -g 5")})
	if got.err != nil || len(got.frames) != 15 {
		t.Fatalf("got %d frames, %v, want 15", len(got.frames), got.err)
	}
	for i, f := range got.frames {
		if f.Caption.Timecode != (i == 0 || i == 4 || i == 9) {
			t.Errorf("frame %d: time code %v", i, f.Caption.Timecode)
		}
	}
}

// tell puts an SEI message in front of each slice of an Annex B stream of one slice a picture; its name says whether it is H.264 or HEVC.
func tell(t *testing.T, path string, payload byte, message string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head := "\x06"
	slice := func(b byte) bool { return b&31 == 1 || b&31 == 5 }
	if strings.HasSuffix(path, ".hevc") {
		head = "\x4e\x01"
		slice = func(b byte) bool { return b>>1&63 < 32 }
	}
	const start = "\x00\x00\x01"
	sei := start + head + string([]byte{payload, byte(len(message))}) + message + "\x80"
	var out []byte
	for i, unit := range bytes.Split(data, []byte(start)) {
		if i > 0 {
			if len(unit) > 0 && slice(unit[0]) {
				out = append(out, sei...)
			}
			out = append(out, start...)
		}
		out = append(out, unit...)
	}
	told := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(told, out, 0o600); err != nil {
		t.Fatal(err)
	}
	return told
}

// bits packs a string of 0 and 1, and blanks between them, into bytes.
func bits(text string) string {
	text = strings.ReplaceAll(text, " ", "")
	var out []byte
	for ; len(text) >= 8; text = text[8:] {
		b, err := strconv.ParseUint(text[:8], 2, 8)
		if err != nil {
			panic(err)
		}
		out = append(out, byte(b))
	}
	return string(out)
}
