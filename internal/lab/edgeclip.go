package lab

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// EdgeClip is what the edge is measured on: a file.
type EdgeClip struct {
	// Name by which it is told of.
	Name string
	// File is its path.
	File string
	// Once is the time after which its content comes again; 0: it does not.
	Once time.Duration
}

// A standardClip is made of natural footage once and kept.
type standardClip struct {
	name          string
	width, height int
	// fields: the pictures of the footage become the fields of interlaced pictures, 50 a second, so that no two fields show the same instant;
	// otherwise they become pictures, 25 a second, at their own speed.
	fields bool
	// encoder is FFmpeg's arguments.
	encoder string
	footage []stretch
}

// A stretch of natural footage with motion and sound, none of which is black, still or silent.
type stretch struct {
	// path within the folder of clips.
	path string
	// from where, and for how long, seconds of footage.
	from, length float64
	// rate is the footage's own, pictures a second.
	rate float64
}

// natural is the footage of the standard clips: animation, fine textures, fast cuts in dark and light, slow zooms.
var natural = []stretch{
	{path: "bbb_720p25_h264_aac51.mp4", length: 5, rate: 25},
	{path: "sintel_trailer_720p24_h264_aac.mp4", from: 33.3, length: 6, rate: 24},
	{path: "mdn_frog_480p30_h264_aac.mp4", length: 6, rate: 30},
	{path: "mdn_crystal_480p30_vp8_vorbis.webm", length: 7, rate: 30},
}

// quickened is the same and more, since played as fields it takes half the time.
var quickened = []stretch{
	{path: "bbb_720p25_h264_aac51.mp4", length: 5, rate: 25},
	{path: "sintel_trailer_720p24_h264_aac.mp4", from: 33.3, length: 14, rate: 24},
	{path: "mdn_frog_480p30_h264_aac.mp4", length: 8, rate: 30},
	{path: "mdn_crystal_480p30_vp8_vorbis.webm", length: 11.5, rate: 30},
	{path: "flower_540p2997_h264_aac.mp4", length: 5, rate: 29.97},
}

const (
	// standardLoops is how often a standard clip is played after the first time: a stream runs for months, so that starting up must not
	// weigh in the figures.
	standardLoops = 7
	aac           = " -c:a aac -b:a 128k"
)

// standardClips are of the codecs and sizes that channels have.
var standardClips = []standardClip{
	{"h264-720p25", 1280, 720, false, "-c:v libx264 -preset medium -b:v 3M -maxrate 4500k -bufsize 6M -g 50" + aac, natural},
	{"h264-1080p25", 1920, 1080, false, "-c:v libx264 -preset medium -b:v 6M -maxrate 9M -bufsize 12M -g 50" + aac, natural},
	{"hevc-1080p25", 1920, 1080, false, "-c:v libx265 -preset medium -x265-params log-level=error -b:v 4M -maxrate 6M -bufsize 8M -g 50" + aac, natural},
	{"mpeg2-576i25", 720, 576, true, "-c:v mpeg2video -b:v 4M -maxrate 6M -bufsize 1835k -flags +ildct+ilme -top 1 -g 12 -bf 2 -c:a mp2 -b:a 192k", quickened},
}

// StandardClips are those that the bench measures when it is given no file. The clips folder holds the footage; cache keeps what is encoded,
// which takes minutes once, told to progress; work is a folder for what can be made again at once.
func StandardClips(ctx context.Context, clips, cache, work string, progress func(string)) ([]EdgeClip, error) {
	var made []EdgeClip
	for i, c := range standardClips {
		encoding := func() {
			progress(fmt.Sprintf("encoding the clips of the bench, once: %d of %d, %s", i+1, len(standardClips), c.name))
		}
		clip, err := c.make(ctx, clips, cache, work, encoding)
		if err != nil {
			return nil, fmt.Errorf("make clip %s: %w", c.name, err)
		}
		made = append(made, clip)
	}
	return made, nil
}

// FleetClip is the standard clip of 720p25, as StandardClips gives it.
func FleetClip(ctx context.Context, clips, cache, work string, progress func(string)) (EdgeClip, error) {
	c := standardClips[0]
	return c.make(ctx, clips, cache, work, func() { progress("encoding the clip of the bench, once: " + c.name) })
}

// make encodes the clip when it is not in the cache yet, and lengthens it.
func (c standardClip) make(ctx context.Context, clips, cache, work string, encoding func()) (EdgeClip, error) {
	key, err := c.key(clips)
	if err != nil {
		return EdgeClip{}, err
	}
	once, long := filepath.Join(cache, key+".ts"), filepath.Join(work, c.name+".ts")
	if _, err := os.Stat(once); errors.Is(err, fs.ErrNotExist) {
		encoding()
		if err := encode(ctx, c.arguments(clips), once); err != nil {
			return EdgeClip{}, err
		}
	}
	repeat := []string{"-stream_loop", fmt.Sprint(standardLoops), "-i", once, "-c", "copy"}
	return EdgeClip{Name: c.name, File: long, Once: c.once()}, encode(ctx, repeat, long)
}

// once is how long the clip is by itself.
func (c standardClip) once() (length time.Duration) {
	for _, s := range c.footage {
		length += time.Duration(c.lasts(s) * float64(time.Second))
	}
	return length
}

// lasts is how long a stretch is in the clip, seconds.
func (c standardClip) lasts(s stretch) float64 {
	if c.fields {
		return s.length * s.rate / 50
	}
	return s.length
}

// key names the clip in the cache.
func (c standardClip) key(clips string) (string, error) {
	h := sha256.New()
	for _, s := range c.footage {
		if err := (Clip{Path: s.path}).sum(h, clips); err != nil {
			return "", fmt.Errorf("read clip %s: %w", s.path, err)
		}
	}
	fmt.Fprintf(h, "%q", c.arguments(""))
	return fmt.Sprintf("bench-%s-%x", c.name, h.Sum(nil)[:12]), nil
}

// arguments are FFmpeg's up to the output. The sound of a stretch is cut to its picture's time in the clip.
func (c standardClip) arguments(clips string) []string {
	rate, end := "fps=25", ""
	if c.fields {
		rate, end = "setpts=N/50/TB,fps=50", ",interlace=scan=tff:lowpass=complex"
	}
	var inputs []string
	var graph, joined strings.Builder
	for i, s := range c.footage {
		inputs = append(inputs, "-ss", fmt.Sprint(s.from), "-t", fmt.Sprint(s.length), "-i", filepath.Join(clips, s.path))
		fmt.Fprintf(&graph, "[%d:v]%s,scale=%d:%d:force_original_aspect_ratio=increase:flags=lanczos,crop=%[3]d:%[4]d,setsar=1,format=yuv420p[v%[1]d];", i, rate, c.width, c.height)
		fmt.Fprintf(&graph, "[%d:a]aformat=sample_rates=48000:channel_layouts=stereo,atrim=duration=%.3f[a%[1]d];", i, c.lasts(s))
		fmt.Fprintf(&joined, "[v%d][a%[1]d]", i)
	}
	fmt.Fprintf(&graph, "%sconcat=n=%d:v=1:a=1[joined][a];[joined]format=yuv420p%s[v]", &joined, len(c.footage), end)
	return append(append(inputs, "-filter_complex", graph.String(), "-map", "[v]", "-map", "[a]"), strings.Fields(c.encoder)...)
}
