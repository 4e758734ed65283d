package source_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/ingest/source"
)

// initOf is an initialisation section of one track whose sample entry has this type; of its scheme, with a constant IV or one a sample.
func initOf(entry string, fields int, scheme string, ivSize byte) []byte {
	tenc := box("tenc", numbersOf(0), []byte{0, 0, 1, ivSize}, make([]byte, 16))
	sinf := box("sinf", box("schm", numbersOf(0), []byte(scheme), numbersOf(0)), box("schi", tenc))
	stsd := box("stsd", numbersOf(0, 1), box(entry, make([]byte, fields), sinf))
	return box("moov", box("mvhd", numbersOf(0)), box("trak", box("mdia", box("minf", box("stbl", stsd)))))
}

func fragment(boxes ...[]byte) []byte {
	traf := append([]byte(nil), box("traf", boxes...)...)
	return append(box("styp", []byte("msdh")), box("moof", box("mfhd", numbersOf(0, 1)), traf)...)
}

func TestSealed(t *testing.T) {
	perSample, constant := initOf("encv", 78, "cenc", 8), initOf("enca", 28, "cbcs", 0)
	plain := box("tfhd", numbersOf(0x20000, 1))
	for _, c := range []struct {
		name          string
		init, segment []byte
		want          bool
	}{
		{"clear", initOf("avc1", 78, "cenc", 8), fragment(plain, box("senc", numbersOf(0, 1))), false},
		{"IVs in the segment", perSample, fragment(plain, box("senc", numbersOf(0, 1))), true},
		{"their sizes in the segment", perSample, fragment(plain, box("saiz", numbersOf(0, 1))), true},
		{"IVs as PIFF has them", perSample, fragment(plain, box("uuid", []byte("\xa2\x39\x4f\x52\x5a\x9b\x4f\x14\xa2\x44\x6c\x42\x7c\x64\x8d\xf4"))), true},
		{"a clear segment at the beginning", perSample, fragment(plain), false},
		{"a constant IV", constant, fragment(plain), true},
		{"a constant IV, a group that is clear", constant, fragment(plain, box("sbgp", numbersOf(0), []byte("seig"))), false},
		{"a constant IV, another sample entry", constant, fragment(box("tfhd", numbersOf(0x20002, 1, 2))), false},
		{"a constant IV, the first sample entry", constant, fragment(box("tfhd", numbersOf(0x20003, 1, 0, 0, 1))), true},
		{"cut off", constant[:len(constant)-9], fragment(plain), false},
	} {
		if _, got := source.Sealed(c.init, c.segment); got != c.want {
			t.Errorf("%s: sealed %v", c.name, got)
		}
	}
	if name, _ := source.Sealed(constant, nil); name != "cbcs" {
		t.Errorf("scheme %q, want cbcs", name)
	}
}

// TestDASHEncrypted plays what FFmpeg encrypts, and the same as it was: that plays whatever the MPD says, the other is refused with a reason and
// nothing of it is written.
func TestDASHEncrypted(t *testing.T) {
	const input = "-f lavfi -i testsrc2=s=64x64:d=1 -c:v libx264 -movflags faststart "
	secret := clip(t, "secret.mp4", input+"-encryption_scheme cenc-aes-ctr -encryption_key 00112233445566778899aabbccddeeff -encryption_kid 00112233445566778899aabbccddeeff")
	protections := `<ContentProtection schemeIdUri="urn:mpeg:dash:mp4protection:2011" value="cenc"/><ContentProtection schemeIdUri="urn:uuid:EDEF8BA9-79D6-4ACE-A3C8-27DCD51D21ED"/>`
	for _, c := range []struct{ name, path, protections, want string }{
		{"clear", clip(t, "clear.mp4", input), protections, "<nil>"},
		{"encrypted", secret, protections, "fetch http://o/live.mpd: segments are encrypted (cenc, Widevine), which is not supported"},
		{"encrypted, and the MPD does not say so", secret, "", "fetch http://o/live.mpd: segments are encrypted (cenc), which is not supported"},
	} {
		content, err := os.ReadFile(c.path)
		if err != nil {
			t.Fatal(err)
		}
		mpd := mpdOf(`mediaPresentationDuration="PT1S"`, `<Period><AdaptationSet mimeType="video/mp4">`+c.protections+`<Representation><BaseURL>a.mp4</BaseURL></Representation></AdaptationSet></Period>`)
		var w sink
		_, err = fetched(t, newOrigin(files(map[string]string{"/live.mpd": mpd, "/a.mp4": string(content)})), &w, &source.Meter{}, nil, time.Minute)
		got := "<nil>"
		if err != nil {
			got = err.Error()
		}
		if clear := strings.HasPrefix(c.want, "<"); got != c.want || clear != (w.String() == string(content)) || !clear && w.String() != "" {
			t.Errorf("%s: %s, wrote %d bytes, want %s", c.name, got, len(w.String()), c.want)
		}
	}
}
