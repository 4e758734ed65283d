package ingest_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/schemas"
)

// sum adds up what the seconds of a stream tell of its transport.
func sum(of []published) (total schemas.Transport, told int) {
	total.ContinuityErrors = map[string]int32{}
	for _, p := range seconds(of) {
		t := p.StreamSecond.Transport
		if t == nil {
			continue
		}
		told++
		total.Packets += t.Packets
		total.TransportErrors += t.TransportErrors
		total.SyncLosses += t.SyncLosses
		total.Duplicates += t.Duplicates
		total.CRCErrors += t.CRCErrors
		total.PCRDiscontinuities += t.PCRDiscontinuities
		total.PIDMissing += t.PIDMissing
		for class, n := range t.ContinuityErrors {
			total.ContinuityErrors[class] += n
		}
	}
	return total, told
}

// video is the indices of packets of pictures with payload and without PES header, in the middle of a clip by ffmpeg.
func video(clip []byte) (at []int) {
	for i := 188 * 200; i+188 <= len(clip); i += 188 {
		if p := clip[i:]; p[1] == 0x01 && p[2] == 0x00 && p[3]&0x30 == 0x10 {
			at = append(at, i)
		}
	}
	return at
}

// What is wrong with a live MPEG-TS over HTTP is told once, in the second in which it comes, and the programmes with the inventory.
func TestTransportOverHTTP(t *testing.T) {
	t.Parallel()
	content := must(os.ReadFile(clip(t, 3, "clip.ts")))
	at := video(content)
	packets := len(content) / 188
	content[at[50]+1] |= 0x80                                                                                // a damaged packet
	twice := bytes.Clone(content[at[40] : at[40]+188])                                                       // a legal repetition
	content = slices.Concat(content[:at[40]+188], twice, content[at[40]+188:at[100]], content[at[100]+188:]) // and one packet is lost
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) > 1 {
			http.NotFound(w, r)
			return
		}
		for tick, begin := 0, time.Now(); tick < 75; tick++ { // 3 s in 75 pieces
			time.Sleep(time.Until(begin.Add(time.Duration(tick) * 40 * time.Millisecond)))
			w.Write(content[len(content)*tick/75 : len(content)*(tick+1)/75])
			w.(http.Flusher).Flush()
		}
	}))
	defer server.Close()
	edge, r := run(t, ingest.Defaults(), quiet())
	edge.Set("s", &schemas.StreamSpec{URL: server.URL + "/live"})
	r.second(t, "s", ingest.Down, "404")
	of := r.all("s")
	total, _ := sum(of)
	if total.Packets != int32(packets) || total.TransportErrors != 1 || total.Duplicates != 1 || total.SyncLosses != 0 || total.CRCErrors != 0 ||
		total.PCRDiscontinuities != 0 || total.PIDMissing != 0 || len(total.ContinuityErrors) != 1 || total.ContinuityErrors["video"] != 1 {
		t.Errorf("in all %s, want %d packets, 1 damaged, 1 repeated, 1 picture packet lost", text(total), packets)
	}
	whole := 0
	for _, p := range seconds(of) {
		s := p.StreamSecond.Transport
		if s == nil || s.Packets < int32(packets)/6 {
			continue
		}
		whole++
		// ffmpeg sends tables every 100 ms, PCR with every picture or two and a PTS every 40 ms.
		if *s.PATErrors != 0 || *s.PMTErrors != 0 || *s.PCRErrors != 0 || *s.PTSErrors != 0 ||
			*s.PATIntervalMax < 50 || *s.PATIntervalMax > 200 || *s.PTSGapMax > 200 || *s.BitRate < 100_000 || !*s.InSync {
			t.Errorf("a second of it: %s", text(s))
		}
	}
	if whole == 0 {
		t.Error("no second holds half a second of it")
	}
	want := `[{"number":1,"pmt_pid":4096,"pcr_pid":256,"ca_systems":null,"streams":[` +
		`{"pid":256,"stream_type":27,"kind":"video","registration":"","language":"","captions":null},` +
		`{"pid":257,"stream_type":3,"kind":"audio","registration":"","language":"","captions":null}]}]`
	for _, p := range of {
		if p.Inventory != nil {
			if got := text(p.Inventory.Programmes); got != want {
				t.Errorf("programmes %s\nwant %s", got, want)
			}
			return
		}
	}
	t.Error("there is no inventory")
}

// Segments that come at once make no errors; over a discontinuity nothing is compared, and without its tag it is told.
func TestTransportOverHLS(t *testing.T) {
	t.Parallel()
	content := must(os.ReadFile(clip(t, 4, "clip.ts")))
	half := len(content) / 188 / 2 * 188
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/0.ts":
			w.Write(content[:half])
		case "/1.ts":
			w.Write(content[half:])
		default:
			between := map[string]string{"/tagged.m3u8": "#EXT-X-DISCONTINUITY\n"}[r.URL.Path]
			fmt.Fprintf(w, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n0.ts\n#EXTINF:2,\n1.ts\n%s#EXTINF:2,\n0.ts\n#EXT-X-ENDLIST\n", between)
		}
	}))
	defer server.Close()
	edge, r := run(t, ingest.Defaults(), quiet())
	edge.Set("tagged", &schemas.StreamSpec{URL: server.URL + "/tagged.m3u8"})
	edge.Set("bare", &schemas.StreamSpec{URL: server.URL + "/bare.m3u8"})
	want := int32((len(content) + half) / 188)
	for id, clean := range map[string]bool{"tagged": true, "bare": false} {
		of := r.wait(t, id, "all packets", func(of []published) bool {
			total, _ := sum(of)
			return total.Packets >= want
		})
		total, _ := sum(of)
		if total.Packets != want || total.SyncLosses != 0 || total.PIDMissing != 0 || (len(total.ContinuityErrors) == 0 && total.PCRDiscontinuities == 0) != clean {
			t.Errorf("%s: %s", id, text(total))
		}
		for _, p := range seconds(of) {
			if s := p.StreamSecond.Transport; s != nil && (*s.PATErrors != 0 || *s.PMTErrors != 0 || *s.PTSErrors != 0 || *s.PCRErrors != 0) {
				t.Errorf("%s: %s", id, text(s))
			}
		}
	}
}

// The cues stand in the second in which they come, what they say in each.
func TestCues(t *testing.T) {
	packet := func(pid byte, section string) []byte {
		p := bytes.Repeat([]byte{0xff}, 188)
		copy(p, []byte{0x47, 0x40, pid, 0x10, 0})
		copy(p[5:], must(hex.DecodeString(section)))
		return p
	}
	begin := time.Unix(1000, 0)
	s := ingest.NewStatus("", begin)
	if second := s.Second(begin.Add(time.Second)); second.Transport != nil || second.Splice != nil {
		t.Errorf("of nothing: %s", text(second))
	}
	w := s.Transport()
	w.Write(packet(0, "00b00d0001c100000001e06485412fea"))             // PAT: programme 1, PID 100
	w.Write(packet(100, "02b0120001c10000fffff00086e0c8f0002fd83697")) // PMT: cues on PID 200
	w.Write(must(os.ReadFile("transport/testdata/tsduck/027_scte35_tables.ts")))
	w.Write(bytes.Repeat(append([]byte{0x47, 0x1f, 0xff, 0x10}, make([]byte, 184)...), 5))
	for i, want := range []string{`{"count":15,"event_id":1,"kind":"splice_insert","out":true,"since_ms":0,"events":11}`, `{"count":0,"event_id":1,"kind":"splice_insert","out":true,"since_ms":0,"events":0}`} {
		second := s.Second(begin.Add(time.Duration(i+2) * time.Second))
		events := 0
		if second.Splice.Events != nil {
			events = len(*second.Splice.Events)
			second.Splice.Events = nil
		}
		if got := strings.TrimSuffix(text(second.Splice), "}") + fmt.Sprintf(`,"events":%d}`, events); got != want || (second.Transport != nil) != (i == 0) {
			t.Errorf("second %d: %s\nwant %s", i, got, want)
		}
	}
}

// What is no MPEG-TS has no transport.
func TestNoTransport(t *testing.T) {
	t.Parallel()
	path := clip(t, 1, "clip.ts")
	remux(t, path, path+".mp4", "-movflags", "+faststart")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, path+".mp4") }))
	defer server.Close()
	edge, r := run(t, ingest.Defaults(), quiet())
	edge.Set("s", &schemas.StreamSpec{URL: server.URL + "/clip.mp4"})
	s := r.second(t, "s", ingest.Down, "end of file")
	if _, told := sum(r.all("s")); told != 0 || s.Splice != nil {
		t.Errorf("%d seconds tell of transport", told)
	}
}
