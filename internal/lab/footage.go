package lab

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Footage is a stretch of a natural clip that faults are put into: with motion and, by itself or by another clip of the same half, sound. Nothing in
// it is black, still or silent for half a second.
type Footage struct {
	// Name by which it is told of; its first letter says which half it is of.
	Name string
	// Path of the file within the folder of clips.
	Path string
	// From is where the stretch starts in the file, Length how long it is at most; seconds.
	From, Length float64
	// Track of the pictures among those of the file.
	Track int
	// Sound is the path of the file whose sound it has; empty: its own.
	Sound string
	// Later is how much of the sound is left out at its beginning, seconds: some files begin with silence, and so do some decoders in the middle of a file,
	// which is a hole each time around.
	Later float64
}

// The halves of the footage: thresholds are chosen on one, figures come from the other.
const (
	TuneHalf = "tune"
	TestHalf = "test"
)

// Half is that of names from a to m, or from n to z.
func (f Footage) Half() string {
	if f.Name < "n" {
		return TuneHalf
	}
	return TestHalf
}

// AllFootage is what the evaluation set is made from: animation, film, phone and broadcast cameras, a talking head, graphics.
var AllFootage = []Footage{
	{Name: "bikes", Path: "bikes_272p25_h264.mp4", Length: 10, Sound: "chaplin_360p25_h264_mp3.mp4"},
	{Name: "bunny", Path: "bbb_720p25_h264_aac51.mp4", Length: 5.2},
	{Name: "chaplin", Path: "chaplin_360p25_h264_mp3.mp4", Length: 9.5},
	{Name: "crystal", Path: "mdn_crystal_480p30_vp8_vorbis.webm", From: 0.3, Length: 11},
	{Name: "flower", Path: "flower_540p2997_h264_aac.mp4", Length: 5, Sound: "mdn_crystal_480p30_vp8_vorbis.webm", Later: 0.1},
	{Name: "frog", Path: "mdn_frog_480p30_h264_aac.mp4", From: 0.3, Length: 7.5},
	{Name: "graphics", Path: "graphics_1080p30_hevc_aac.mp4", Length: 9.8},

	{Name: "nasa", Path: "nasa_13013_h264_aac.mp4", From: 1.7, Length: 11, Track: 1},
	{Name: "room", Path: "room_240p30_theora_vorbis.ogg", Length: 19},
	{Name: "seagull", Path: "seagull_400p24_mpeg4_mp3.avi", From: 0.7, Length: 3.3, Later: 0.1},
	{Name: "train", Path: "train/manifest.mpd", Length: 9.8},
	{Name: "trailer", Path: "sintel_trailer_720p24_h264_aac.mp4", From: 33.3, Length: 6.5},
	{Name: "webcam", Path: "webcam_360p30_h264_aac.flv", From: 4.7, Length: 11.5},
}

// FootageIn is the footage whose files are in a folder of clips.
func FootageIn(clips string) []Footage { return footageIn(clips, slices.Clone(AllFootage)) }

func footageIn(clips string, all []Footage) []Footage {
	return slices.DeleteFunc(all, func(f Footage) bool {
		return slices.ContainsFunc([]string{f.Path, f.sound()}, func(path string) bool {
			_, err := os.Stat(filepath.Join(clips, path))
			return err != nil
		})
	})
}

func (f Footage) sound() string {
	if f.Sound == "" {
		return f.Path
	}
	return f.Sound
}

// The format of the evaluation set.
const setWidth, setHeight = 512, 288

// masterEncoder keeps nearly all of the footage. The sound is not coded: an encoder would put silence before and after it, a hole each time around.
const masterEncoder = "-c:v libx264 -preset ultrafast -crf 8 -g 25 -threads 2 -pix_fmt yuv420p -c:a pcm_s16le -ar 48000 -ac 2 -f matroska"

// master is the footage in the format of the set: every picture of it, 25 a second, with sound at a broadcast's level. It is made once and kept.
func (f Footage) master(ctx context.Context, clips, cache string) (string, error) {
	clips, err := filepath.Abs(clips)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, path := range []string{f.Path, f.sound()} {
		if err := (Clip{Path: path}).sum(h, clips); err != nil {
			return "", fmt.Errorf("read footage %s: %w", f.Name, err)
		}
	}
	fmt.Fprintf(h, "%q", f.arguments(""))
	file := filepath.Join(cache, fmt.Sprintf("master-%s-%x.mkv", f.Name, h.Sum(nil)[:12]))
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		return file, err
	}
	if err := encode(ctx, f.arguments(clips), file); err != nil {
		return "", fmt.Errorf("prepare footage %s: %w", f.Name, err)
	}
	return file, nil
}

// leftOut leaves out the beginning of the sound.
func (f Footage) leftOut() string {
	if f.Later == 0 {
		return ""
	}
	return fmt.Sprintf("atrim=start=%g,asetpts=PTS-STARTPTS,", f.Later)
}

// arguments are FFmpeg's up to the output.
func (f Footage) arguments(clips string) []string {
	graph := fmt.Sprintf("[0:v:%d]setpts=N/%d/TB,scale=%d:%d:force_original_aspect_ratio=increase:flags=lanczos:out_range=tv,"+
		"crop=%[3]d:%[4]d,setsar=1,format=yuv420p[v];", f.Track, FrameRate, setWidth, setHeight) +
		"[1:a:0]" + f.leftOut() + "aresample=48000:async=1:first_pts=0,aformat=channel_layouts=stereo,loudnorm=I=-23:TP=-3:LRA=7,aresample=48000[a]"
	from, length := fmt.Sprint(f.From), fmt.Sprint(f.Length)
	return append([]string{"-ss", from, "-t", length, "-i", filepath.Join(clips, f.Path), "-ss", from, "-t", length, "-i", filepath.Join(clips, f.sound()),
		"-filter_complex", graph, "-map", "[v]", "-map", "[a]", "-r", fmt.Sprint(FrameRate), "-shortest"}, strings.Fields(masterEncoder)...)
}
