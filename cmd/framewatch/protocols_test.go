package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/internal/lab/peer"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// station is a way for a stream to come, sent and served by programs that are not ours.
type station struct {
	name string
	// begin gives the URL, and send, which sends the clip from its beginning, time and again, until what it returns is called. nil: it is there already.
	begin func(s *studio) (url string, send send)
	// stored tells that it is a file, or may have been fetched whole: it does not go away.
	stored bool
	// joins tells that who begins to watch gets what is on, and not the clip's beginning.
	joins bool
	// first is by how much the first picture's time stamp may be off, 90 kHz: libav gets to know RTSP's only after it, and has it off by as many frames of sound as came before,
	// the more the busier the machine.
	first int64
}

// rtspFirst is half a second. Seen were 0, 1, 3 and 5 frames of 1024 samples, 107 ms.
const rtspFirst = 45_000

type send func(t *testing.T) (end func())

// The rows of the table of protocols.
var stations = []station{
	{name: "file", stored: true, begin: func(s *studio) (string, send) { return s.clip, nil }},
	{name: "MPEG-TS over HTTP", begin: func(s *studio) (string, send) {
		at := fmt.Sprintf("127.0.0.1:%d", peer.Port(s.t))
		return fmt.Sprintf("http://bob:%s@%s/live.ts?token=%[1]s", s.secret, at), s.ffmpeg("-f", "mpegts", "-listen", "1", "http://"+at)
	}},
	{name: "HLS, live", joins: true, begin: func(s *studio) (string, send) { return s.hls("hls", "index.m3u8") }},
	{name: "HLS, live, encrypted", joins: true, begin: func(s *studio) (string, send) {
		key := s.write("hls-key/key", strings.Repeat("k", 16))
		return s.hls("hls-key", "index.m3u8", "-hls_key_info_file", s.write("key.info", "key\n"+key+"\n"))
	}},
	{name: "HLS, live, sound apart", joins: true, begin: func(s *studio) (string, send) {
		return s.hls("hls-apart", "%v.m3u8", "-map", "v", "-map", "a", "-tag:v", "avc1", "-tag:a", "mp4a", "-hls_segment_type", "fmp4",
			"-var_stream_map", "v:0,agroup:sound a:0,agroup:sound,default:yes", "-master_pl_name", "index.m3u8")
	}},
	{name: "HLS, files", stored: true, begin: func(s *studio) (string, send) {
		return s.finished("files.m3u8", "-f", "hls", "-hls_time", "1", "-hls_playlist_type", "vod"), nil
	}},
	{name: "HLS, parts of a file", stored: true, begin: func(s *studio) (string, send) {
		return s.finished("parts.m3u8", "-f", "hls", "-hls_time", "1", "-hls_playlist_type", "vod", "-hls_flags", "single_file"), nil
	}},
	{name: "HLS, fragments", stored: true, begin: func(s *studio) (string, send) {
		return s.finished("fragments.m3u8", "-f", "hls", "-hls_time", "1", "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4", "-hls_flags", "single_file"), nil
	}},
	{name: "DASH, live", joins: true, begin: func(s *studio) (string, send) {
		return s.served("dash/index.mpd"), s.ffmpeg("-f", "dash", "-seg_duration", "1", s.path("dash/index.mpd"))
	}},
	{name: "DASH, finished", stored: true, begin: func(s *studio) (string, send) {
		return s.finished("dash-file/index.mpd", "-f", "dash", "-seg_duration", "1"), nil
	}},
	{name: "UDP by ffmpeg", begin: func(s *studio) (string, send) {
		return s.datagrams("udp", func(t *testing.T, to string) *peer.Peer {
			return peer.FFmpeg(t, s.long, "-f", "mpegts", "udp://"+to+"?pkt_size=1316")
		})
	}},
	{name: "UDP by multicat", begin: func(s *studio) (string, send) {
		return s.datagrams("udp", func(t *testing.T, to string) *peer.Peer { return peer.Multicat(t, s.transport, "-u", "-U", to) })
	}},
	{name: "RTP by ffmpeg", begin: func(s *studio) (string, send) {
		return s.datagrams("rtp", func(t *testing.T, to string) *peer.Peer {
			return peer.FFmpeg(t, s.long, "-f", "rtp_mpegts", "rtp://"+to)
		})
	}},
	{name: "RTP by multicat", begin: func(s *studio) (string, send) {
		return s.datagrams("rtp", func(t *testing.T, to string) *peer.Peer { return peer.Multicat(t, s.transport, "-u", to) })
	}},
	// Two seconds of latency, so that a machine that is busy loses nothing.
	{name: "SRT, called", begin: func(s *studio) (string, send) {
		at := fmt.Sprintf("srt://127.0.0.1:%d", peer.Port(s.t))
		return fmt.Sprintf("%s?passphrase=%s&pbkeylen=32&latency=2000&streamid=#!::r=%[2]s", at, s.secret),
			s.srt(at + "?mode=listener&pbkeylen=32&passphrase=" + sown)
	}},
	{name: "SRT, calling", begin: func(s *studio) (string, send) {
		at := fmt.Sprintf("srt://127.0.0.1:%d", peer.Port(s.t))
		return fmt.Sprintf("%s?mode=listener&latency=2000&passphrase=%s", at, s.secret), s.srt(at + "?passphrase=" + sown)
	}},
	{name: "RTMP", begin: func(s *studio) (string, send) {
		port := peer.Port(s.t)
		return fmt.Sprintf("rtmp://127.0.0.1:%d/live/%s", port, s.secret), s.rtmp(port)
	}},
	{name: "RTMPS", begin: func(s *studio) (string, send) {
		port := peer.Port(s.t)
		_, c := peer.Certificate(s.t)
		return fmt.Sprintf("rtmps://127.0.0.1:%d/live/%s?tls_verify=0", peer.TLS(s.t, c, port), s.secret), s.rtmp(port)
	}},
	{name: "RTSP", first: rtspFirst, begin: func(s *studio) (string, send) {
		port := peer.Port(s.t)
		return fmt.Sprintf("rtsp://bob:%s@127.0.0.1:%d/clip", s.secret, port), s.rtsp(port, "bob", sown)
	}},
	{name: "RTSP over UDP", first: rtspFirst, begin: func(s *studio) (string, send) {
		port := peer.Port(s.t)
		return fmt.Sprintf("rtsp://127.0.0.1:%d/clip?rtsp_transport=udp", port), s.rtsp(port)
	}},
	{name: "RTSPS", first: rtspFirst, begin: func(s *studio) (string, send) {
		port := peer.Port(s.t)
		path, _ := peer.Certificate(s.t)
		return fmt.Sprintf("rtsps://bob:%s@127.0.0.1:%d/clip?tls_verify=0", s.secret, port), s.rtsp(port, "bob", sown, path)
	}},
}

// sown is the secret of every URL that takes one.
const sown = "S0wn-S3cret"

// studio is what the stations send: ten seconds of footage with black from blackFrom to blackTo, at studioRate pictures a second.
type studio struct {
	t *testing.T
	// clip is an MP4, long the same time and again for longer than the test takes, transport that in an MPEG-TS.
	clip, long, transport string
	// directory is served by web at port.
	directory string
	port      int
	web       *peer.Peer
	// secret refers to sown.
	secret string
}

// What the black of the studio's clip covers, seconds, and what the clip looks and sounds like.
const (
	blackFrom, blackTo        = 5, 8
	studioWidth, studioHeight = 384, 256
	studioRate                = 30
	studioSoundRate           = 48000
)

func newStudio(t *testing.T) *studio {
	t.Helper()
	s := &studio{t: t, directory: t.TempDir(), port: peer.Port(t)}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(sown), 0o600); err != nil {
		t.Fatal(err)
	}
	s.secret = "${file:" + secret + "}"
	s.clip, s.long, s.transport = s.path("clip.mp4"), s.path("long.mp4"), s.path("long.ts")
	s.run("-stream_loop", "1", "-i", "../../testdata/clips/mdn_frog_480p30_h264_aac.mp4", "-t", "10",
		"-vf", fmt.Sprintf("scale=%d:%d,drawbox=c=black:t=fill:enable='between(t,%d,%d)'", studioWidth, studioHeight, blackFrom, blackTo),
		"-c:v", "libx264", "-preset", "ultrafast", "-g", fmt.Sprint(studioRate), "-bf", "2", "-c:a", "aac", "-ar", fmt.Sprint(studioSoundRate), s.clip)
	s.run("-stream_loop", "30", "-i", s.clip, "-c", "copy", s.long)
	s.run("-i", s.long, "-c", "copy", s.transport)
	for _, directory := range []string{"hls", "hls-key", "hls-apart", "dash", "dash-file"} {
		if err := os.Mkdir(s.path(directory), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s.serve()
	return s
}

// serve has the web server serve.
func (s *studio) serve() { s.web = peer.Web(s.t, s.directory, s.port) }

// run runs ffmpeg to its end.
func (s *studio) run(arguments ...string) {
	s.t.Helper()
	if out, err := exec.Command("ffmpeg", append([]string{"-v", "error", "-nostdin", "-y"}, arguments...)...).CombinedOutput(); err != nil {
		s.t.Fatalf("ffmpeg: %v: %s", err, out)
	}
}

// path is where the web server finds a file, served its URL.
func (s *studio) path(name string) string { return filepath.Join(s.directory, name) }

func (s *studio) served(name string) string {
	return fmt.Sprintf("http://bob:%s@127.0.0.1:%d/%s?token=%[1]s", s.secret, s.port, name)
}

func (s *studio) write(name, text string) (path string) {
	s.t.Helper()
	if err := os.WriteFile(s.path(name), []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
	return s.path(name)
}

// finished has ffmpeg write the clip in segments, and is where they are served.
func (s *studio) finished(name string, options ...string) (url string) {
	s.t.Helper()
	s.run(slices.Concat([]string{"-i", s.clip, "-c", "copy"}, options, []string{s.path(name)})...)
	return s.served(name)
}

// ffmpeg sends the clip.
func (s *studio) ffmpeg(output ...string) send {
	return func(t *testing.T) func() { return peer.FFmpeg(t, s.long, output...).Kill }
}

// hls writes segments in real time, their playlist under that name and the one to be watched as index.m3u8.
func (s *studio) hls(directory, name string, options ...string) (string, send) {
	return s.served(directory + "/index.m3u8"), s.ffmpeg(slices.Concat([]string{"-f", "hls", "-hls_time", "1", "-hls_list_size", "0"}, options,
		[]string{s.path(directory + "/" + name)})...)
}

// datagrams begins to send once somebody listens.
func (s *studio) datagrams(scheme string, begin func(t *testing.T, to string) *peer.Peer) (string, send) {
	port := peer.EvenPort(s.t)
	at := fmt.Sprintf("127.0.0.1:%d", port)
	return scheme + "://" + at + "?timeout=60000000", func(t *testing.T) func() {
		peer.Listening(t, port, 1)
		return begin(t, at).Kill
	}
}

func (s *studio) srt(url string) send {
	return func(t *testing.T) func() {
		p := peer.StartSRT(t, url)
		p.Play(s.long)
		return p.Kill
	}
}

// rtmp begins to send once somebody watches.
func (s *studio) rtmp(port int) send {
	return func(t *testing.T) func() {
		p := peer.RTMP(t, port)
		p.Says("play: name='" + sown + "'")
		peer.FFmpeg(t, s.long, "-f", "flv", fmt.Sprintf("rtmp://127.0.0.1:%d/live/%s", port, sown))
		return p.Kill
	}
}

func (s *studio) rtsp(port int, login ...string) send {
	return func(t *testing.T) func() {
		p, _ := peer.RTSP(t, s.long, port, login...)
		return p.Kill
	}
}

// arrival is what has come of one stream.
type arrival struct {
	// all pictures, those of the first session that had any, and the sound blocks beside them.
	all, pictures []*schemas.VideoFrame
	blocks        int
	// inventory is the last one.
	inventory *schemas.Inventory
	seconds   []*schemas.StreamSecond
}

func (a *arrival) take(f *schemas.Feature) {
	first := func(session int64) bool { return len(a.pictures) == 0 || session == a.pictures[0].Session }
	switch v, b := f.VideoFrame, f.AudioBlock; {
	case v != nil:
		a.all = append(a.all, v)
		if first(v.Session) {
			a.pictures = append(a.pictures, v)
		}
	case b != nil && first(b.Session):
		a.blocks++
	case f.Inventory != nil:
		a.inventory = f.Inventory
	case f.StreamSecond != nil:
		a.seconds = append(a.seconds, f.StreamSecond)
	}
}

// heldBack bounds the pictures at the end of what a server sends once that are decoded only when more follows.
const heldBack = 8

// TestProtocols has every kind of source all the way, from programs that are not ours to the defects: the pictures and the sound are those of the clip, one
// heartbeat follows the other, its black is found where it is and nothing else is, when the source is gone there is no signal, and when it is back there is.
// No secret is told anywhere.
func TestProtocols(t *testing.T) {
	s := newStudio(t)
	want := analysed(t, s.clip)
	config := defaultConfig()
	config.DataDir, config.Embedded.Listen, config.Console.Listen = t.TempDir(), "127.0.0.1:0", "127.0.0.1:0"
	config.Ingest.Access.Directories = []string{s.directory}
	config.Ingest.Access.Schemes = append(slices.Clone(config.Ingest.Access.Schemes), "udp", "rtp")
	config.Ingest.Shedding, config.Ingest.RetryMost, config.Ingest.StallAfter = "off", time.Second, 40*time.Second
	config.Streams = &[]StreamConfig{}
	sends, arrivals := map[string]send{}, map[string]*arrival{}
	for _, station := range stations {
		url, send := station.begin(s)
		*config.Streams = append(*config.Streams, StreamConfig{ID: station.name, URL: url, Loop: true})
		sends[station.name], arrivals[station.name] = send, &arrival{}
	}
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	w := newWatched(t)
	w.run(config)
	follow(w, t.Context(), topology.Features, func(id string, f *schemas.Feature) { arrivals[id].take(f) })
	var ends []func()
	begin := func() {
		for _, station := range stations {
			if send := sends[station.name]; send != nil {
				ends = append(ends, send(t))
			}
		}
	}
	begin()
	each(t, "clip", func(t *testing.T, station station) { station.wantClip(t, w, arrivals[station.name], want) })
	s.web.Kill()
	for _, end := range ends {
		end()
	}
	each(t, "gone", func(t *testing.T, station station) { w.signal(t, station, false) })
	s.serve()
	begin()
	each(t, "back", func(t *testing.T, station station) {
		w.signal(t, station, true)
		w.mu.Lock()
		defer w.mu.Unlock()
		wantBeats(t, arrivals[station.name].seconds)
	})
	w.wantNothingTold()
}

// each checks every row, one after the other: they play all at once.
func each(t *testing.T, what string, check func(t *testing.T, s station)) {
	t.Run(what, func(t *testing.T) {
		for _, s := range stations {
			t.Run(s.name, func(t *testing.T) { check(t, s) })
		}
	})
}

// wantClip waits until the clip has been on, and checks all of it.
func (s station) wantClip(t *testing.T, w *watched, a *arrival, want []*schemas.VideoFrame) {
	w.await(t, "the clip's pictures", func() bool { return len(a.pictures) >= len(want)-heldBack })
	var black *schemas.DefectEvent
	w.await(t, "black is closed", func() bool {
		black = w.latest(s.name, "black")
		return black != nil && black.State == "closed"
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	s.wantPictures(t, a.pictures, want)
	// Where sound is apart it may be joined later.
	if least := len(a.pictures) * 10 / studioRate / 2; a.blocks < least {
		t.Errorf("%d blocks of sound beside %d pictures, want %d", a.blocks, len(a.pictures), least)
	}
	wantTracks(t, a.inventory)
	wantBeats(t, a.seconds)
	wantReceived(t, a.seconds)
	wantBlack(t, black, a.all)
	for _, ev := range w.defects {
		// A source that was not there at first had no signal then, which error_seconds counts, and sound over UDP may come later than the pictures.
		if ev.Stream == s.name && !slices.Contains([]string{"black", "no_signal", "error_seconds", "track_missing"}, ev.Kind) {
			t.Errorf("%s is %s: %s", ev.Kind, ev.State, ev.Summary)
		}
	}
}

// wantPictures checks that they are those of the clip, one round of it.
func (s station) wantPictures(t *testing.T, got, want []*schemas.VideoFrame) {
	t.Helper()
	from := slices.IndexFunc(want, func(v *schemas.VideoFrame) bool { return v.Hash.Exact == got[0].Hash.Exact })
	if from < 0 || from > 0 && !s.joins {
		t.Fatalf("it begins with picture %d of the clip", from)
	}
	for i, v := range got[1:min(len(got), len(want))] {
		before, at := got[i], (from+i+1)%len(want)
		if v.Hash.Exact != want[at].Hash.Exact {
			t.Errorf("picture %d is another than in the clip", at)
		}
		if v.Seq != before.Seq+1 || v.At < before.At {
			t.Errorf("picture %d: seq %d after %d, at %d after %d", at, v.Seq, before.Seq, v.At, before.At)
		}
		if at == 0 || at == 1 && i > 0 {
			continue // It begins again, and ffmpeg has moved the first picture of what is repeated.
		}
		tolerance := int64(90) // RTMP's are rounded to milliseconds.
		if i == 0 {
			tolerance += s.first
		}
		step, wanted := v.PTS-before.PTS, want[at].PTS-want[at-1].PTS
		if step <= 0 && i > 0 || step < wanted-tolerance || step > wanted+tolerance || v.Epoch != before.Epoch {
			t.Errorf("picture %d comes %d after the one before, %d in the clip, in epoch %d after %d", at, step, wanted, v.Epoch, before.Epoch)
		}
	}
}

func wantTracks(t *testing.T, i *schemas.Inventory) {
	t.Helper()
	kinds := map[string]schemas.Track{}
	for _, track := range i.Tracks {
		kinds[track.Kind] = track
	}
	picture, sound := kinds["video"], kinds["audio"]
	if picture.Codec != "h264" || picture.Video == nil || picture.Video.Width != studioWidth || picture.Video.Height != studioHeight ||
		sound.Codec != "aac" || sound.Audio == nil || sound.Audio.SampleRate != studioSoundRate || sound.Audio.Channels != 2 {
		t.Errorf("its tracks are %+v", i.Tracks)
	}
}

// wantBlack checks that the defect covers a black stretch of the pictures and nothing else. Where this machine was too slow for some of it, that counts for
// nothing: then it begins later.
func wantBlack(t *testing.T, black *schemas.DefectEvent, pictures []*schemas.VideoFrame) {
	t.Helper()
	const most = time.Duration(blackTo-blackFrom) * time.Second
	if lasts := time.Duration(black.End-black.Onset) * time.Microsecond; lasts < time.Second || lasts > most+100*time.Millisecond {
		t.Errorf("black lasts %v of %v", lasts, most)
	}
	covered := 0
	for _, v := range pictures {
		if at := v.Session + v.At; at >= black.Onset && at+int64(v.Duration)*100/9 <= black.End {
			covered++
			if v.Luma.Mean >= 17<<8 {
				t.Errorf("black covers a picture %d us after its onset that is none", at-black.Onset)
			}
		}
	}
	if covered < studioRate {
		t.Errorf("black covers %d pictures", covered)
	}
}

// wantReceived checks that nothing of a transport stream or of datagrams was lost or damaged, but what this machine had no time for.
func wantReceived(t *testing.T, seconds []*schemas.StreamSecond) {
	t.Helper()
	for _, s := range seconds {
		if r := s.Transport; r != nil && (r.SyncLosses > 0 || r.TransportErrors > 0 || s.Dropped == 0 && len(r.ContinuityErrors) > 0) {
			t.Errorf("second %d tells of a damaged transport stream: %+v", s.Seq, *r)
		}
		if d := s.Datagrams; d != nil && s.Dropped == 0 && d.Rtp != nil && (d.Rtp.Lost > 0 || d.Rtp.Duplicates > 0 || d.Rtp.Ignored > 0) {
			t.Errorf("second %d tells of RTP that did not come: %+v", s.Seq, *d.Rtp)
		}
	}
}

// wantBeats checks that no heartbeat is missing, that two are never further apart than anyone may find, and that none tells of a fault of ours or of the
// secret.
func wantBeats(t *testing.T, seconds []*schemas.StreamSecond) {
	t.Helper()
	for i, s := range seconds {
		if s.Restarts != 0 || strings.Contains(s.Reason, sown) {
			t.Errorf("second %+v", *s)
		}
		if i == 0 {
			continue
		}
		before := seconds[i-1]
		if s.Session == before.Session && s.Seq != before.Seq+1 {
			t.Errorf("second %d follows %d", s.Seq, before.Seq)
		}
		const most = 5 * time.Second
		if apart := time.Duration(s.Session+s.At-before.Session-before.At) * time.Microsecond; apart > most {
			t.Errorf("second %d comes %v after the one before", s.Seq, apart)
		}
	}
}

// latest is the last event of a stream's defect; nil when there was none. The lock is held.
func (w *watched) latest(stream, kind string) (last *schemas.DefectEvent) {
	for _, ev := range w.defects {
		if ev.Stream == stream && ev.Kind == kind {
			last = ev
		}
	}
	return last
}

// signal waits until a station is known to be there, or not.
func (w *watched) signal(t *testing.T, s station, there bool) {
	t.Helper()
	if s.stored {
		return
	}
	w.await(t, fmt.Sprintf("there is a signal: %v", there), func() bool {
		last := w.latest(s.name, "no_signal")
		return (last == nil || last.State == "closed") == there
	})
}

// wantNothingTold checks that the streams' secret is told neither by the commands nor by the API nor in the log.
func (w *watched) wantNothingTold() {
	w.t.Helper()
	streams := listed(w.t, w.app.config.Kafka.Brokers)
	if len(streams) != len(stations) {
		w.t.Errorf("%d streams are listed, want %d", len(streams), len(stations))
	}
	_, page := w.get("/api/v1/streams")
	w.stop()
	for what, text := range map[string]string{"streams list": fmt.Sprint(streams), "the API": string(page), "the log": w.log.String()} {
		if !strings.Contains(text, stations[0].name) || strings.Contains(text, sown) {
			w.t.Errorf("%s: %s", what, text)
		}
	}
}

// analysed is what a file's pictures are by `analyze`.
func analysed(t *testing.T, path string) (pictures []*schemas.VideoFrame) {
	t.Helper()
	err := ingest.Measure(context.Background(), ingest.MeasureConfig{URL: path}, func(f *schemas.Feature) error {
		if f.VideoFrame != nil {
			pictures = append(pictures, f.VideoFrame)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return pictures
}
