package source_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/framewatch/framewatch/ingest/source"
)

// apart is a writer for pictures and one for sound, each a pipe.
type apart struct {
	*os.File
	sound *os.File
	asked bool
}

func (a *apart) Sound() io.Writer { a.asked = true; return ended{a.sound} }
func (a *apart) End()             { a.File.Close() }

type ended struct{ *os.File }

func (e ended) End() { e.Close() }

// played decodes what a playlist leads to, served over HTTP, pictures and sound each from their pipe.
func played(t *testing.T, list string) decoded {
	t.Helper()
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(list))))
	defer server.Close()
	var pipes [2]*os.File
	var w apart
	for i, end := range []**os.File{&w.File, &w.sound} {
		var err error
		if pipes[i], *end, err = os.Pipe(); err != nil {
			t.Fatal(err)
		}
		defer pipes[i].Close()
	}
	fetched := make(chan error, 1)
	go func() {
		err := source.Fetch(context.Background(), source.Request{URL: server.URL + "/" + filepath.Base(list)}, &w, &source.Meter{})
		w.End()
		w.sound.Close()
		fetched <- err
	}()
	got := decode(t, source.Input{Path: fmt.Sprintf("pipe:%d", pipes[0].Fd()), Sound: fmt.Sprintf("pipe:%d", pipes[1].Fd())})
	if err := <-fetched; err != nil || !w.asked {
		t.Errorf("%s: fetched with %v, sound asked for: %v", list, err, w.asked)
	}
	return got
}

// makeHLS makes a playlist of pictures and one of sound, segments of 2 s, and tells where the master playlist is.
func makeHLS(t *testing.T, file, kind string) string {
	t.Helper()
	master := clip(t, "out%v.m3u8", "-copyts -i "+file+" -map 0 -c copy -muxdelay 0 -f hls -hls_time 2 -hls_playlist_type vod -hls_segment_type "+kind+
		" -var_stream_map v:0,agroup:s@a:0,agroup:s,default:yes -hls_fmp4_init_filename init_%v.mp4")
	path := filepath.Join(filepath.Dir(master), "all.m3u8")
	text := `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="s",NAME="other",LANGUAGE="fr",URI="none.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="s",NAME="main",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,URI="out1.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=300000,CODECS="avc1.42c00c,mp4a.40.2",AUDIO="s"
out0.m3u8
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// pack makes packed audio of a playlist's segments of MPEG-TS: the elementary stream behind an ID3 tag with its first time stamp.
func pack(t *testing.T, list, format string) {
	t.Helper()
	text, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(string(text)) {
		if strings.HasPrefix(name, "#") {
			continue
		}
		path := filepath.Join(filepath.Dir(list), name)
		at := decode(t, source.Input{Path: path}).samples[0].PTS
		frames, err := os.ReadFile(clip(t, "frames", "-i "+path+" -c copy -write_id3v2 0 -write_xing 0 -f "+format))
		if err != nil {
			t.Fatal(err)
		}
		private := binary.BigEndian.AppendUint64([]byte("com.apple.streaming.transportStreamTimestamp\x00"), uint64(at))
		tag := append([]byte("ID3\x04\x00\x00\x00\x00\x00\x3fPRIV\x00\x00\x00\x35\x00\x00"), private...)
		if err := os.WriteFile(path, append(tag, frames...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestHLSSoundApart plays pictures and sound of playlists of their own and compares them with the file that they were made of.
func TestHLSSoundApart(t *testing.T) {
	for _, c := range []struct {
		name, codec, kind string
		// packed is FFmpeg's name for the elementary stream, empty when it is in a container.
		packed string
	}{
		{"MPEG-TS", "aac", "mpegts", ""},
		{"fragmented MP4", "aac", "fmp4", ""},
		{"packed AAC", "aac", "mpegts", "adts"},
		{"packed MP3", "libmp3lame", "mpegts", "mp3"},
		{"packed AC-3", "ac3", "mpegts", "ac3"},
		{"packed E-AC-3", "eac3", "mpegts", "eac3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := clip(t, "all.mkv", "-f lavfi -i testsrc2=s=160x90:r=25:d=6 -f lavfi -i sine=r=48000:d=6 -c:v libx264 -g 50 -bf 2 -c:a "+c.codec+" -output_ts_offset 3")
			list := makeHLS(t, file, c.kind)
			if c.packed != "" {
				pack(t, filepath.Join(filepath.Dir(list), "out1.m3u8"), c.packed)
			}
			checkParted(t, c.name, played(t, list), decode(t, source.Input{Path: file}), 0, 90) // Matroska has milliseconds
		})
	}
}

// sinks is a sink for pictures and one for sound.
type sinks struct {
	marked
	sound marked
}

func (s *sinks) Sound() io.Writer { return &s.sound }

// apartFiles are a master playlist and the playlists of pictures and of sound, "p" and "s", with an initialisation section each.
func apartFiles(pictures, sound string) map[string]string {
	all := map[string]string{
		"/all.m3u8": "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"g\",NAME=\"n\",URI=\"s.m3u8\"\n#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"g\"\np.m3u8\n",
		"/p.m3u8":   pictures, "/s.m3u8": sound,
	}
	for _, name := range []string{"pi1", "p0", "p1", "pi2", "p2", "p3", "si1", "s0", "s1", "si2", "s2", "s3"} {
		all["/"+name] = "<" + name + ">"
	}
	return all
}

// TestHLSSoundApartNewInit has pictures and sound need a new decoder at the same discontinuity, whoever is first there.
func TestHLSSoundApartNewInit(t *testing.T) {
	const list = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI=\"?i1\"\n#EXTINF:4,\n?0\n#EXTINF:4,\n?1\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"?i2\"\n#EXTINF:4,\n?2\n#EXTINF:4,\n?3\n#EXT-X-ENDLIST\n"
	pictures, sound := strings.ReplaceAll(list, "?", "p"), strings.ReplaceAll(list, "?", "s")
	for _, c := range []struct {
		name, pictures, sound string
		want                  [][2]string
		// ways counts who may be late: pictures that know of nothing must not be over before the sound has begun.
		ways int
	}{
		{"both", pictures, sound, [][2]string{{"|<pi1><p0><p1>", "<si1><s0><s1>"}, {"||<pi2><p2><p3>", "|<si2><s2><s3>"}}, 2},
		{"sound alone", strings.Replace(pictures, "pi2", "pi1", 1), sound, [][2]string{{"|<pi1><p0><p1>", "<si1><s0><s1>"}, {"||<pi1><p2><p3>", "|<si2><s2><s3>"}}, 1},
	} {
		for _, late := range []string{"/p0", "/s0"}[:c.ways] {
			synctest.Test(t, func(t *testing.T) {
				serve := files(apartFiles(c.pictures, c.sound))
				o := newOrigin(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == late {
						time.Sleep(time.Second)
					}
					serve(w, r)
				})
				r := source.Request{URL: "http://o/all.m3u8", Client: o.client(), Position: &source.Position{}}
				for i, want := range c.want {
					var w sinks
					err := source.Fetch(t.Context(), r, &w, &source.Meter{})
					if last := i == len(c.want)-1; (err == nil) != last || !last && !errors.Is(err, source.ErrReopen) {
						t.Errorf("%s, %s late: fetch %d: %v", c.name, late, i, err)
					}
					if w.String() != want[0] || w.sound.String() != want[1] {
						t.Errorf("%s, %s late: fetch %d wrote %s and %s, want %v", c.name, late, i, w.String(), w.sound.String(), want)
					}
				}
			})
		}
	}
}

// TestHLSSoundApartFails has pictures go on without sound.
func TestHLSSoundApartFails(t *testing.T) {
	const list = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n?0\n#EXTINF:4,\n?1\n#EXTINF:4,\n?2\n#EXTINF:4,\n?3\n#EXT-X-ENDLIST\n"
	for _, c := range []struct {
		name    string
		missing []string
		sound   string
		errors  int64
	}{
		{"no playlist", []string{"/s.m3u8"}, "", 1},
		{"no segments", []string{"/s0", "/s1", "/s2", "/s3"}, "", 0},
		{"one segment", []string{"/s1"}, "<s0>|<s2><s3>", 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			all := apartFiles(strings.ReplaceAll(list, "?", "p"), strings.ReplaceAll(list, "?", "s"))
			for _, path := range c.missing {
				delete(all, path)
			}
			var w sinks
			var m source.Meter
			err := source.Fetch(t.Context(), source.Request{URL: "http://o/all.m3u8", Client: newOrigin(files(all)).client()}, &w, &m)
			s, _ := m.Playlist()
			if err != nil || w.String() != "|<p0><p1><p2><p3>" || w.sound.String() != c.sound || s.SoundErrors != c.errors {
				t.Errorf("%s: %v, wrote %s and %s, %d errors, want sound %s", c.name, err, w.String(), w.sound.String(), s.SoundErrors, c.sound)
			}
		})
	}
}

func TestHLSChoosesSound(t *testing.T) {
	for _, c := range []struct{ name, media, want string }{
		{"default", `NAME="a",URI="x" NAME="b",AUTOSELECT=YES,URI="y" NAME="c",DEFAULT=YES,URI="z"`, "z"},
		{"autoselect", `NAME="a",URI="x" NAME="b",AUTOSELECT=YES,URI="y"`, "y"},
		{"first", `NAME="a",URI="x" NAME="b",URI="y"`, "x"},
		{"default comes with the pictures", `NAME="a",DEFAULT=YES NAME="b",URI="y"`, ""},
		{"of another group", `NAME="a",DEFAULT=YES,URI="x",GROUP-ID="h"`, ""},
	} {
		text := "#EXTM3U\n"
		for _, m := range strings.Fields(c.media) {
			if !strings.Contains(m, "GROUP-ID") {
				m += `,GROUP-ID="g"`
			}
			text += "#EXT-X-MEDIA:TYPE=AUDIO," + m + "\n"
		}
		got, err := source.Sound(text + "#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"g\"\np\n")
		if want := strings.Replace("http://o/"+c.want, "http://o/", map[bool]string{true: "", false: "http://o/"}[c.want == ""], 1); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, want)
		}
	}
}
