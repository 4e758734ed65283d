package source_test

import (
	"context"
	"encoding/binary"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/ingest/source"
)

// clip makes a media file with the ffmpeg binary; arguments are separated by spaces.
func clip(t testing.TB, name, arguments string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	all := append([]string{"-v", "error", "-nostdin", "-y"}, strings.Fields(arguments)...)
	for i := range all {
		all[i] = strings.ReplaceAll(all[i], "@", " ") // within an argument
	}
	if out, err := exec.Command("ffmpeg", append(all, path)...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg %s: %v\n%s", arguments, err, out)
	}
	return path
}

// decoded is what the tests keep of a decoded input.
type decoded struct {
	tracks []media.Tracks
	// frames have no planes; y, u and v hold the top left sample of each.
	frames  []media.Frame
	y, u, v []int
	samples []media.Samples
	err     error
	refused int
	// distances between a stretch of sound and the picture that came out before it, 90 kHz.
	distances []int64
}

// decode opens and reads an input to its end.
func decode(t testing.TB, in source.Input) (out decoded) {
	t.Helper()
	d, err := source.Open(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for u, err := range d.Units() {
		switch {
		case err != nil:
			out.err = err
		case u.Tracks != nil:
			out.tracks = append(out.tracks, *u.Tracks)
		case u.Frame != nil:
			f := *u.Frame
			out.y, out.u, out.v = append(out.y, first(f, f.Y)), append(out.u, first(f, f.U)), append(out.v, first(f, f.V))
			f.Y.Data, f.U.Data, f.V.Data = nil, nil, nil
			out.frames = append(out.frames, f)
		case u.Samples != nil:
			s := *u.Samples
			if n := len(out.frames); n > 0 {
				out.distances = append(out.distances, max(s.PTS-out.frames[n-1].PTS, out.frames[n-1].PTS-s.PTS))
			}
			s.Channels = nil
			for _, c := range u.Samples.Channels {
				s.Channels = append(s.Channels, append([]float32(nil), c...))
			}
			out.samples = append(out.samples, s)
		}
	}
	out.refused = d.Errors()
	return out
}

func first(f media.Frame, p media.Plane) int { return sample(f, p, 0, 0) }

func sample(f media.Frame, p media.Plane, x, y int) int {
	switch {
	case len(p.Data) == 0:
		return -1
	case f.Format.Depth > 8:
		return int(binary.LittleEndian.Uint16(p.Data[y*p.Stride+2*x:]))
	}
	return int(p.Data[y*p.Stride+x])
}
