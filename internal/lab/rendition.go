package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A piece is what streams are cut and joined at: the time near 2 s that holds a whole number of pictures (48 at 25/s) and of AAC
// frames (90 of 1024 samples at 48 kHz), so that any piece may follow any other without a gap in either track.
const (
	FrameRate     = 25
	PieceFrames   = 48
	PieceDuration = PieceFrames * time.Second / FrameRate
)

// encoder is how every rendition is encoded: closed groups of one piece without B-frames, one AAC frame in a PES packet.
const encoder = "-c:v libx264 -preset veryfast -threads 2 -bf 0 -g 48 -keyint_min 48 -sc_threshold 0 -flags +cgop" +
	" -b:v 900k -maxrate 1200k -bufsize 1200k -pix_fmt yuv420p -c:a aac -b:a 128k -ar 48000 -ac 2" +
	" -f mpegts -muxdelay 0 -muxpreload 0 -pes_payload_size 0 -mpegts_pmt_start_pid 4096 -streamid 0:256 -streamid 1:257"

// renderer encodes clips with faults and keeps the renditions in a folder, so that each is encoded once for ever.
type renderer struct {
	// clips is the folder of the clips, cache that of the renditions.
	clips, cache string
	// progress is told what DemoConfig says; may be nil.
	progress  func(done, all int)
	done, all int
}

// renditionsPerClip: the footage and each fault but the outage.
var renditionsPerClip = 1 + len(slices.DeleteFunc(slices.Clone(Faults), Fault.Outage))

// channel renders all that the clip needs to be a live stream.
func (r *renderer) channel(ctx context.Context, clip Clip) (*channel, error) {
	c := &channel{clip: clip, broken: map[string]*rendition{}}
	for _, fault := range append([]Fault{{}}, Faults...) {
		if fault.Kind != "" && fault.Outage() {
			continue
		}
		made, err := r.render(ctx, clip, fault)
		if err != nil {
			return nil, err
		}
		if fault.Kind == "" {
			c.footage = made
		} else {
			c.broken[fault.Kind] = made
		}
	}
	return c, nil
}

// render makes or finds the rendition of c with what fault breaks. The zero fault gives the clip as it is.
func (r *renderer) render(ctx context.Context, c Clip, fault Fault) (*rendition, error) {
	recipe := recipe(c, fault)
	key, err := c.key(r.clips, recipe)
	if err != nil {
		return nil, err
	}
	data, err := r.read(ctx, c, recipe, filepath.Join(r.cache, key+".ts"))
	if err != nil {
		return nil, fmt.Errorf("render %s of clip %s: %w", cmp.Or(fault.Kind, "footage"), c.Name, err)
	}
	return cut(data)
}

// read gives what recipe makes of c, from file when it is there, and makes it otherwise.
func (r *renderer) read(ctx context.Context, c Clip, recipe []string, file string) ([]byte, error) {
	r.done++
	data, err := os.ReadFile(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return data, err
	}
	if err := r.encode(ctx, c, recipe, file); err != nil {
		return nil, err
	}
	if r.progress != nil {
		r.progress(r.done, r.all)
	}
	return os.ReadFile(file)
}

// recipe is FFmpeg's arguments between input and output. A track that the fault leaves alone is filled with nothing and not used.
func recipe(c Clip, fault Fault) []string {
	pieces := int64(FaultPieces)
	if fault.Kind == "" {
		fault.Picture, fault.Sound, pieces = picture, sound, int64(c.Pieces)
	}
	if fault.Picture == nil {
		fault.Picture = black
	}
	if fault.Sound == nil {
		fault.Sound = silent
	}
	return append([]string{"-filter_complex", fault.Picture(c) + "[v];" + fault.Sound(c) + "[a]", "-map", "[v]", "-map", "[a]",
		"-t", fmt.Sprintf("%.3f", duration(pieces).Seconds())}, strings.Fields(encoder)...)
}

// encode makes what recipe makes of the clip.
func (r *renderer) encode(ctx context.Context, c Clip, recipe []string, file string) error {
	input, err := filepath.Abs(filepath.Join(r.clips, c.Path))
	if err != nil {
		return err
	}
	return encode(ctx, append([]string{"-ss", fmt.Sprint(c.From), "-i", input}, recipe...), file)
}

// encode runs FFmpeg and puts its output at file, an MPEG transport stream, in one step, so that half an encoding is never found in a cache.
func encode(ctx context.Context, arguments []string, file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	part, err := os.CreateTemp(filepath.Dir(file), "encoding-*.ts")
	if err != nil {
		return err
	}
	part.Close()
	defer os.Remove(part.Name())
	ffmpeg := exec.CommandContext(ctx, "ffmpeg", slices.Concat([]string{"-v", "error", "-nostdin"}, arguments, []string{"-y", part.Name()})...)
	var said strings.Builder
	ffmpeg.Stderr = &said
	if err := ffmpeg.Run(); err != nil {
		return fmt.Errorf("ffmpeg: %w: %s", err, strings.TrimSpace(said.String()))
	}
	return os.Rename(part.Name(), file)
}
