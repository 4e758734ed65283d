// Package lab is what the demo and the benchmarks need: natural clips played as live streams, labelled faults injected into them,
// the score of what was found, simulated fleets, and measurements of our cost.
package lab

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Clip is a stretch of natural footage with motion and sound that becomes one live stream.
type Clip struct {
	// Name is the stream's id.
	Name string
	// Path of the file within the folder of clips.
	Path string
	// From is where the stretch starts in the file, seconds.
	From float64
	// Pieces is how long the stretch is.
	Pieces int
	// Width and Height of the live stream, pixels; the footage is fitted into them.
	Width, Height int
	// Gain brings the sound near a broadcast's level, decibels.
	Gain float64
	// Protocol by which it is served: MPEGTS or HLS.
	Protocol Protocol
}

// Protocol is a way of serving a live stream.
type Protocol string

// The protocols of the lab.
const (
	MPEGTS Protocol = "mpegts"
	HLS    Protocol = "hls"
)

// Clips are the streams of the demo. None is black, still or silent by itself for half a second within its stretch, nor begins with silence, which
// would be a hole in the sound each time around.
var Clips = []Clip{
	{Name: "bunny", Path: "bbb_720p25_h264_aac51.mp4", Pieces: 2, Width: 848, Height: 480, Gain: 11, Protocol: MPEGTS},
	{Name: "frog", Path: "mdn_frog_480p30_h264_aac.mp4", From: 0.3, Pieces: 4, Width: 720, Height: 480, Gain: 18, Protocol: MPEGTS},
	{Name: "crystal", Path: "mdn_crystal_480p30_vp8_vorbis.webm", From: 0.3, Pieces: 5, Width: 720, Height: 480, Gain: 14, Protocol: MPEGTS},
	{Name: "graphics", Path: "graphics_1080p30_hevc_aac.mp4", Pieces: 5, Width: 640, Height: 360, Gain: 16, Protocol: HLS},
	{Name: "train", Path: "train/manifest.mpd", Pieces: 5, Width: 640, Height: 360, Gain: -3, Protocol: HLS},
	{Name: "trailer", Path: "sintel_trailer_720p24_h264_aac.mp4", From: 33.3, Pieces: 3, Width: 640, Height: 360, Gain: -10, Protocol: HLS},
}

// sum adds the clip's content and options to h. A clip in a folder of its own is the whole folder.
func (c Clip) sum(h hash.Hash, folder string) error {
	fmt.Fprintf(h, "%+v\n", c)
	root := filepath.Join(folder, c.Path)
	if own := filepath.Dir(c.Path); own != "." {
		root = filepath.Join(folder, own)
	}
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(h, f)
		return err
	})
}

// key names what recipe makes of the clip in the cache.
func (c Clip) key(folder string, recipe []string) (string, error) {
	h := sha256.New()
	if err := c.sum(h, folder); err != nil {
		return "", fmt.Errorf("read clip %s: %w", c.Name, err)
	}
	fmt.Fprintf(h, "%q", recipe)
	return fmt.Sprintf("%s-%x", c.Name, h.Sum(nil)[:12]), nil
}
