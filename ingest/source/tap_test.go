package source_test

import (
	"context"
	"crypto/md5"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/ingest/source"
)

// packetsByFFprobe is what ffprobe finds of packets in a file: track, key, PTS and DTS in 90 kHz, MD5 of the data.
func packetsByFFprobe(t *testing.T, path string) (all []string) {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-show_packets", "-show_streams", "-show_data_hash", "md5", "-of", "json", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	var found struct {
		Streams []struct {
			TimeBase string `json:"time_base"`
		}
		Packets []struct {
			Track int    `json:"stream_index"`
			PTS   int64  `json:"pts"`
			DTS   *int64 `json:"dts"`
			Flags string `json:"flags"`
			Hash  string `json:"data_hash"`
		}
	}
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatal(err)
	}
	for _, p := range found.Packets {
		var num, den int64
		fmt.Sscanf(found.Streams[p.Track].TimeBase, "%d/%d", &num, &den)
		scale := media.Clock * num / den
		dts := media.NoTime
		if p.DTS != nil {
			dts = *p.DTS * scale
		}
		all = append(all, fmt.Sprintf("%d %v %d %d %s", p.Track, strings.HasPrefix(p.Flags, "K"), p.PTS*scale, dts, strings.ToLower(strings.TrimPrefix(p.Hash, "MD5:"))))
	}
	return all
}

// The packets are yielded as FFmpeg's own program finds them, bit for bit, each before what is decoded of it and after its coding.
func TestPackets(t *testing.T) {
	const sources = "-f lavfi -i testsrc2=s=160x90:r=25:d=2 -f lavfi -i sine=r=48000:d=2 "
	for _, c := range []struct{ name, arguments string }{
		{"h264.ts", "-c:v libx264 -g 25 -bf 2 -c:a mp2"},
		{"hevc.mkv", "-c:v libx265 -x265-params log-level=none -g 25 -c:a ac3"},
		{"vp8.webm", "-c:v libvpx -g 25 -b:v 200k -c:a libvorbis"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := clip(t, c.name, sources+c.arguments)
			d, err := source.Open(context.Background(), source.Input{Path: path, Packets: true})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			var got []string
			var codings []media.Coding
			pictures := 0
			for u, err := range d.Units() {
				switch {
				case err != nil:
					t.Fatal(err)
				case u.Codings != nil:
					codings = append(codings, u.Codings...)
				case u.Packet != nil:
					p := u.Packet
					if p.Video != (p.Track == 0) || len(codings) != 2 {
						t.Fatalf("packet %d of track %d: video %v, after %d codings", len(got), p.Track, p.Video, len(codings))
					}
					got = append(got, fmt.Sprintf("%d %v %d %d %x", p.Track, p.Key, p.PTS, p.DTS, md5.Sum(p.Data)))
				case u.Frame != nil:
					if pictures++; pictures > len(got) {
						t.Fatalf("picture %d comes before its packet", pictures)
					}
				}
			}
			want := packetsByFFprobe(t, path)
			if len(want) < 100 || len(got) != len(want) {
				t.Fatalf("%d packets, want %d", len(got), len(want))
			}
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("packet %d: got %s, want %s", i, got[i], want[i])
				}
			}
			v, a := codings[0], codings[1]
			if !v.Video || v.Width != 160 || v.Height != 90 || v.FrameRateNum != 25*v.FrameRateDen || a.Video || a.SampleRate != 48000 || a.Channels != 1 {
				t.Errorf("codings %+v", codings)
			}
			if c.name != "vp8.webm" && len(v.ExtraData) == 0 {
				t.Error("no parameter sets")
			}
		})
	}
}
