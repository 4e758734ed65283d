package ingest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/ingest/evidence"
	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/ingest/source"
)

// taped is what a ring has of a file that was played at the session's start, PTS by PTS.
func taped(t *testing.T, path string, session int64) *evidence.Packets {
	t.Helper()
	d, err := source.Open(context.Background(), source.Input{Path: path, Packets: true})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	ring := evidence.NewPackets(evidence.Defaults().Packets)
	first, pictures := int64(media.NoTime), false
	for u, err := range d.Units() {
		if err != nil {
			t.Fatal(err)
		}
		var pipe bytes.Buffer
		s := ingest.NewSender(&pipe)
		switch {
		case u.Codings != nil:
			must(0, s.Codings(u.Codings))
			m := must(ingest.NewReceiver(&pipe).Next())
			ring.Begin("s", m.Codings.Body, m.Codings.Video)
		case u.Packet != nil:
			if first == media.NoTime || u.Packet.Video && !pictures {
				first, pictures = u.Packet.PTS, u.Packet.Video
			}
			must(0, s.Packet((u.Packet.PTS-first)*100/9, u.Packet))
			must(0, s.Flush())
			ring.Add("s", must(ingest.NewReceiver(&pipe).Next()).Packet.Kept(session))
		}
	}
	return ring
}

// raw is what FFmpeg finds in a file of one track, free of its container: NAL units, ADTS frames or, of what has no such form, the packets'
// MD5 sums.
func raw(t *testing.T, path, track, format string) (pieces []string) {
	t.Helper()
	arguments := []string{"-v", "error", "-i", path, "-map", "0:" + track, "-c", "copy"}
	switch format {
	case "h264", "hevc":
		arguments = append(arguments, "-bsf", format+"_mp4toannexb")
	}
	out, err := exec.Command("ffmpeg", append(arguments, "-f", format, "-")...).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %.300s", err, out)
	}
	if format == "framemd5" {
		for line := range strings.Lines(string(out)) {
			if !strings.HasPrefix(line, "#") {
				pieces = append(pieces, strings.TrimSpace(strings.Split(line, ",")[5])) // track, DTS, PTS, duration, size, sum
			}
		}
		return pieces
	}
	if format == "adts" {
		for len(out) > 6 { // ISO/IEC 14496-3, 1.A.2.2: the length of a frame is 13 bits
			n := int(out[3]&3)<<11 | int(out[4])<<3 | int(out[5])>>5
			pieces, out = append(pieces, string(out[:n])), out[n:]
		}
		return pieces
	}
	for unit := range strings.SplitSeq(string(out), "\x00\x00\x01") {
		unit = strings.TrimRight(unit, "\x00")
		// Only coded slices: containers keep parameter sets and delimiters in their own ways.
		if slice := unit != "" && (format == "h264" && unit[0]&31 >= 1 && unit[0]&31 <= 5 || format == "hevc" && unit[0]>>1&63 < 32); slice {
			pieces = append(pieces, unit)
		}
	}
	return pieces
}

// wantStretch wants got to be a stretch of all, byte by byte, at least so long.
func wantStretch(t *testing.T, what string, got, all []string, least int) {
	t.Helper()
	if len(got) < least {
		t.Errorf("%s: %d pieces, want at least %d", what, len(got), least)
		return
	}
	for i := 0; i+len(got) <= len(all); i++ {
		if slices.Equal(got, all[i:i+len(got)]) {
			return
		}
	}
	t.Errorf("%s: the %d pieces are not among the %d of the source as they were", what, len(got), len(all))
}

// A clip is its stream's packets, not one bit encoded anew, from the key picture before its start to its end, in a file that FFmpeg decodes.
func TestRemux(t *testing.T) {
	config := ingest.Defaults()
	config.Executable = must(os.Executable())
	edge, _ := run(t, config, quiet())
	const pictures = "-f lavfi -i testsrc2=s=160x90:r=25:d=5 "
	const sound = "-f lavfi -i sine=r=48000:d=5 "
	for _, c := range []struct{ name, arguments, extension, video, audio string }{
		{"h264.ts", pictures + sound + "-c:v libx264 -preset ultrafast -g 25 -bf 2 -c:a aac", "mp4", "h264", "adts"},
		{"hevc.ts", pictures + sound + "-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=25 -c:a aac", "mp4", "hevc", "adts"},
		{"h264.mkv", pictures + sound + "-c:v libx264 -preset ultrafast -g 25 -bf 2 -c:a ac3", "mp4", "h264", "framemd5"},
		{"vp9.webm", pictures + sound + "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 25 -c:a libopus", "webm", "framemd5", "framemd5"},
		{"vp8.webm", pictures + sound + "-c:v libvpx -deadline realtime -cpu-used 8 -g 25 -c:a libvorbis", "webm", "framemd5", "framemd5"},
		{"mpeg2.ts", pictures + sound + "-c:v mpeg2video -g 25 -bf 2 -c:a mp2", "ts", "framemd5", "framemd5"},
		{"mpeg4.mkv", pictures + sound + "-c:v msmpeg4v3 -g 25 -c:a mp2", "mkv", "framemd5", "framemd5"},
		{"silent.mp4", pictures + "-c:v libx264 -preset ultrafast -g 25 -bf 0", "mp4", "h264", ""},
		{"sound.ts", sound + "-c:a aac", "mp4", "", "adts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := encode(t, c.name, c.arguments)
			const session = 1_700_000_000_000_000
			clip, ok := taped(t, path, session).Cut("s", session+1_500_000, session+2_500_000, session+4_000_000)
			if !ok {
				t.Fatal("there is no clip")
			}
			if c.video != "" && (clip.Start < session+1_000_000 || clip.Start > session+1_100_000 || clip.End < session+4_000_000 || clip.End > session+4_100_000) {
				t.Errorf("the clip is from %d to %d us, want from 1 s to 4 s", clip.Start-session, clip.End-session)
			}
			file, extension, err := ingest.Remux(t.Context(), edge, clip)
			if err != nil || extension != c.extension {
				t.Fatalf("%v, extension %q, want %q", err, extension, c.extension)
			}
			made := filepath.Join(t.TempDir(), "clip."+extension)
			if err := os.WriteFile(made, file, 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command("ffmpeg", "-v", "warning", "-xerror", "-i", made, "-f", "null", "-").CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("decoding: %v: %s", err, out)
			}
			wantProbed(t, made, path)
			if c.video != "" {
				wantStretch(t, "pictures", raw(t, made, "v", c.video), raw(t, path, "v", c.video), 70)
			}
			if c.audio != "" {
				wantStretch(t, "sound", raw(t, made, "a", c.audio), raw(t, path, "a", c.audio), 90)
			}
			if extension == "mp4" && bytes.Index(file, []byte("moov")) > bytes.Index(file, []byte("mdat")) {
				t.Error("the index stands behind the data")
			}
		})
	}
}

// encode makes a media file with the ffmpeg binary; arguments are separated by spaces.
func encode(t *testing.T, name, arguments string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if out, err := exec.Command("ffmpeg", append(append([]string{"-v", "error", "-nostdin"}, strings.Fields(arguments)...), path)...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, out)
	}
	return path
}

// probed is what ffprobe tells of a file.
type probed struct {
	Streams []struct {
		Codec  string `json:"codec_name"`
		Width  int    `json:"width"`
		Height int    `json:"height"`
		Rate   string `json:"sample_rate"`
		Sound  int    `json:"channels"`
		Start  string `json:"start_time"`
	}
	Format struct {
		Duration string `json:"duration"`
	}
}

func probe(t *testing.T, path string) (p probed) {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", path).Output()
	if err == nil {
		err = json.Unmarshal(out, &p)
	}
	if err != nil {
		t.Fatalf("ffprobe %s: %v", path, err)
	}
	return p
}

// wantProbed wants the same tracks in a clip of 3 s as in its source, and the sound to begin within 50 ms of the picture.
func wantProbed(t *testing.T, made, from string) {
	t.Helper()
	got, want := probe(t, made), probe(t, from)
	if len(got.Streams) != len(want.Streams) {
		t.Fatalf("%d tracks, want %d", len(got.Streams), len(want.Streams))
	}
	var starts []float64
	for i, s := range got.Streams {
		start, _ := strconv.ParseFloat(s.Start, 64)
		starts = append(starts, start)
		s.Start, want.Streams[i].Start = "", ""
		if s != want.Streams[i] {
			t.Errorf("track %d: %+v, want %+v", i, s, want.Streams[i])
		}
	}
	if spread := slices.Max(starts) - slices.Min(starts); spread > 0.05 {
		t.Errorf("the tracks begin at %v s", starts)
	}
	if d, _ := strconv.ParseFloat(got.Format.Duration, 64); d < 2.4 || d > 3.2 {
		t.Errorf("it is %v s long, want about 3", d)
	}
}

func TestRemuxRefuses(t *testing.T) {
	config := ingest.Defaults()
	config.Executable = must(os.Executable())
	edge, _ := run(t, config, quiet())
	for name, c := range map[string]struct {
		clip evidence.Clip
		want string
	}{
		"no packets":            {evidence.Clip{Codings: []byte("\x02[{}]")}, "no packets"},
		"codings that are none": {evidence.Clip{Codings: []byte("\x02{]")}, "codings"},
		"a codec that is none":  {evidence.Clip{Codings: []byte(`x[{"Codec":-7}]`), Packets: []evidence.Packet{{Body: make([]byte, 40)}}}, "remux"},
	} {
		if _, _, err := ingest.Remux(t.Context(), edge, c.clip); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, c.want)
		}
	}
	config.Executable = worker(t, "garbage")
	edge, _ = run(t, config, quiet())
	if _, _, err := ingest.Remux(t.Context(), edge, evidence.Clip{}); err == nil || !strings.Contains(err.Error(), "no message is of kind") {
		t.Errorf("a worker that says what is none: %v", err)
	}
	config.Executable = worker(t, "talker")
	edge, _ = run(t, config, quiet())
	if _, _, err := ingest.Remux(t.Context(), edge, evidence.Clip{}); err == nil || !strings.Contains(err.Error(), "the worker died") {
		t.Errorf("a worker that dies: %v", err)
	}
}

func TestRetime(t *testing.T) {
	const no = media.NoTime
	// p is a packet: track, PTS and DTS and what they become, and its instant in ms.
	type p struct {
		track    int
		pts, dts int64
		ms       int64
		wantPTS  int64
		wantDTS  int64
	}
	for _, c := range []struct {
		name    string
		packets []p
	}{
		{"from 0 at the first picture, DTS before it", []p{{0, 9000, 1800, 1000, 0, -7200}, {0, 16200, 5400, 1080, 7200, -3600}, {0, 12600, 9000, 1040, 3600, 0}}},
		{"sound keeps to its picture", []p{{0, 9000, 9000, 1000, 0, 0}, {1, 9900, 9900, 1000, 900, 900}}},
		// Restarted 20 s later in presentation, 200 s later in time stamps: 1000 + 20000 ms.
		{"a jump goes on by presentation time", []p{{0, 0, 0, 1000, 0, 0}, {1, 90, 90, 1000, 90, 90},
			{0, 18000000, 18000000, 21000, 1800000, 1800000}, {1, 18000450, 18000450, 21100, 1800450, 1800450}}},
		{"back by presentation time, but never before what was", []p{{0, 900000, 900000, 1000, 0, 0}, {0, 0, 0, 1000, 1, 1}}},
		{"missing DTS at the start are counted back", []p{{0, 3600, no, 0, 0, -7200}, {0, 14400, no, 120, 10800, -3600}, {0, 7200, 3600, 40, 3600, 0}}},
		{"no DTS at all: the PTS", []p{{0, 3600, no, 0, 0, 0}, {0, 7200, no, 40, 3600, 3600}}},
		{"no time stamps: one after the other", []p{{0, 3600, 3600, 0, 0, 0}, {0, no, no, 40, 3600, 3600}, {0, no, no, 80, 7200, 7200}}},
		{"a PTS before its DTS is moved", []p{{0, 0, 0, 0, 0, 0}, {0, 100, 3600, 40, 3600, 3600}}},
	} {
		var in []ingest.PlacedPacket
		var want []media.Packet
		for _, p := range c.packets {
			packet := media.Packet{Track: p.track, PTS: p.pts, DTS: p.dts, Duration: 3600}
			in = append(in, ingest.Placed(p.ms*1000, packet))
			packet.PTS, packet.DTS = p.wantPTS, p.wantDTS
			want = append(want, packet)
		}
		if got := ingest.Retime(in); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", c.name, got, want)
		}
	}
}
