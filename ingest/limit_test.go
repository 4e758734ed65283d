package ingest_test

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/schemas"
)

// vp8 is an IVF file of 25 grey key pictures, which say that they have this size. VP8 has 14 bits for each: RFC 6386, 9.1.
func vp8(width, height uint16) []byte {
	file := append([]byte("DKIF\x00\x00\x20\x00VP80"), make([]byte, 20)...)
	binary.LittleEndian.PutUint16(file[12:], width)
	binary.LittleEndian.PutUint16(file[14:], height)
	binary.LittleEndian.PutUint32(file[16:], 25)
	binary.LittleEndian.PutUint32(file[20:], 1)
	const first = 32 // bytes of the first partition
	for i := range uint64(25) {
		picture := []byte{1<<4 | first<<5&0xff, first >> 3, 0, 0x9d, 0x01, 0x2a} // a key picture that is shown
		picture = binary.LittleEndian.AppendUint16(picture, width)
		picture = binary.LittleEndian.AppendUint16(picture, height)
		picture = append(picture, make([]byte, 2*first)...)
		file = binary.LittleEndian.AppendUint32(file, uint32(len(picture)))
		file = append(binary.LittleEndian.AppendUint64(file, i), picture...)
	}
	return file
}

// crowded is MPEG-TS of one programme with so many tracks of data before the video of a second of clip.
func crowded(t *testing.T, tracks int) []byte {
	t.Helper()
	const pmt, video = 0x1000, 0x100 // ffmpeg's own
	table := []byte{2, 0xb0, 0, 0, 1, 0xc1, 0, 0, 0xe0 | video>>8, video & 0xff, 0xf0, 0}
	for i := range tracks {
		table = append(table, 6, 0xe2|byte(i>>8), byte(i), 0xf0, 0)
	}
	table = append(table, 0x1b, 0xe0|video>>8, video&0xff, 0xf0, 0)
	file := append(section(0, []byte{0, 0xb0, 0, 0, 1, 0xc1, 0, 0, 0, 1, 0xe0 | pmt>>8, pmt & 0xff}), section(pmt, table)...)
	content := must(os.ReadFile(clip(t, 1, "clip.ts")))
	for ; len(content) > 0; content = content[188:] {
		if binary.BigEndian.Uint16(content[1:])&0x1fff == video {
			file = append(file, content[:188]...)
		}
	}
	return file
}

// section is the packets of a table of PSI, whose length and sum it adds.
func section(pid uint16, table []byte) (packets []byte) {
	length := len(table) - 3 + 4
	table[1] |= byte(length >> 8)
	table[2] = byte(length)
	table = append([]byte{0}, binary.BigEndian.AppendUint32(table, checksum(table))...) // a pointer to its first byte
	for n := byte(0); len(table) > 0; n++ {
		packet := bytes.Repeat([]byte{0xff}, 188)
		copy(packet, []byte{0x47, byte(pid >> 8), byte(pid), 0x10 | n&15})
		if n == 0 {
			packet[1] |= 0x40
		}
		table = table[copy(packet[4:], table):]
		packets = append(packets, packet...)
	}
	return packets
}

// checksum is CRC-32/MPEG-2, bit by bit.
func checksum(b []byte) uint32 {
	sum := ^uint32(0)
	for _, v := range b {
		sum ^= uint32(v) << 24
		for range 8 {
			sum = sum<<1 ^ sum>>31*0x04c11db7
		}
	}
	return sum
}

// undescribed is MPEG-TS of so many packets of a track of data without time stamps, which come before the first picture tells its format.
func undescribed(packets int) []byte {
	file := append(section(0, []byte{0, 0xb0, 0, 0, 1, 0xc1, 0, 0, 0, 1, 0xf0, 0}), section(0x1000, []byte{2, 0xb0, 0, 0, 1, 0xc1, 0, 0, 0xe1, 0, 0xf0, 0,
		0x1b, 0xe1, 0, 0xf0, 0, 6, 0xe2, 0, 0xf0, 0})...)
	for n := range packets {
		packet := append([]byte{0x47, 0x42, 0, 0x10 | byte(n&15), 0, 0, 1, 0xbd, 0, 178, 0x80, 0, 0}, bytes.Repeat([]byte{0xff}, 175)...)
		file = append(file, packet...)
	}
	return file
}

// Each limit on what an input may hold is kept, and said to who analyses the input; what is just within it is taken.
func TestLimits(t *testing.T) {
	const (
		pixels = "video track 0 (vp8) cannot be decoded: pictures of 16383x16383 are over the limit of 67108864 pixels"
		tracks = "the tracks after the first 128 are left out"
	)
	for _, c := range []struct {
		name    string
		content []byte
		want    string // empty: it can be decoded
	}{
		{"pixels.ivf", vp8(16383, 16383), pixels},
		{"over.ivf", vp8(8192, 8193), strings.ReplaceAll(pixels, "16383x16383", "8192x8193")}, // which libav would take
		{"size.ivf", vp8(320, 180), ""},
		{"tracks.ts", crowded(t, 128), tracks},
		{"fewer.ts", crowded(t, 127), ""},
	} {
		path := filepath.Join(t.TempDir(), c.name)
		if err := os.WriteFile(path, c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		records, err := measure(t, path)
		pictures := 0
		for _, f := range records {
			if f.VideoFrame != nil {
				pictures++
			}
		}
		if c.want == "" && (err != nil || pictures != 25) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %d pictures, %v; want 25 and none, or an error with %q", c.name, pictures, err, c.want)
		}
	}
}

// The seconds of a stream say which limit keeps it from being presented, whether its worker reads it or is fed.
func TestLimitsOfStreams(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string][]byte{"pixels.ivf": vp8(16383, 16383), "tracks.ts": crowded(t, 150)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer server.Close()
	edge, r := run(t, ingest.Defaults(), quiet())
	for _, c := range []struct{ id, url, reason string }{
		{"file", dir + "/pixels.ivf", "end of file: video track 0 (vp8) cannot be decoded: pictures of 16383x16383 are over the limit of 67108864 pixels"},
		{"http", server.URL + "/pixels.ivf", ": video track 0 (vp8) cannot be decoded: pictures of 16383x16383 are over the limit of 67108864 pixels"},
		{"tracks", dir + "/tracks.ts", "end of file: the tracks after the first 128 are left out"},
	} {
		edge.Set(c.id, &schemas.StreamSpec{URL: c.url})
		r.second(t, c.id, ingest.Down, c.reason)
	}
}

// A live source is looked into for 2 MB at most: then its tracks are told as far as they are known, though it sends no more of them.
func TestProbeLimit(t *testing.T) {
	t.Parallel()
	over, null := make(chan struct{}), append([]byte{0x47, 0x1f, 0xff, 0x10}, make([]byte, 184)...)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write(undescribed(2_100_000 / 175))
		for {
			w.(http.Flusher).Flush()
			select {
			case <-over:
				return
			case <-time.After(100 * time.Millisecond):
				w.Write(null) // It is no source that has gone silent.
			}
		}
	}))
	defer server.Close()
	defer close(over)
	config := ingest.Defaults()
	config.StallAfter = 4 * time.Second // A worker that goes on looking is ended before it gives up by itself.
	edge, r := run(t, config, quiet())
	edge.Set("s", &schemas.StreamSpec{URL: server.URL + "/live"})
	of := r.wait(t, "s", "an inventory", func(of []published) bool { return len(inventories(of)) > 0 })
	if i := inventories(of)[0].Inventory; len(i.Tracks) != 2 || i.Tracks[0].Codec != "h264" || i.Tracks[0].Video.Width != 0 {
		t.Errorf("the tracks are %+v, want video of unknown size and data", i.Tracks)
	}
}

func inventories(of []published) (s []published) {
	for _, p := range of {
		if p.Inventory != nil {
			s = append(s, p)
		}
	}
	return s
}

// What a worker says of a refusal is bounded and redacted like all it says, while it runs and when it ends.
func TestRefusalIsBoundedAndRedacted(t *testing.T) {
	t.Setenv("EDGE_TEST_SECRET", "hunter2")
	for fake, begins := range map[string]string{
		"refuser": "no pictures and no sound in the data for 4s: [secret]   ", "quitter": "gone: [secret]   ",
	} {
		t.Run(fake, func(t *testing.T) {
			config := ingest.Defaults()
			config.Executable, config.StallAfter = worker(t, fake), 4*time.Second
			edge, r := run(t, config, quiet())
			edge.Set("s", &schemas.StreamSpec{URL: "srt://127.0.0.1:9?passphrase=${env:EDGE_TEST_SECRET}long"})
			r.second(t, "s", ingest.Down, begins)
			for _, s := range seconds(r.all("s")) {
				if v := s.StreamSecond; strings.Contains(v.Reason, "hunter2") || len(v.Reason) > 400 || strings.ContainsAny(v.Reason, "\x00\n") {
					t.Errorf("%s, %d bytes: %q", v.State, len(v.Reason), v.Reason)
				}
			}
		})
	}
}
