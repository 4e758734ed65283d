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
)

// Spoilt is footage in which each fault of the demo but the outage comes once, as long after footage that is sound as it lasts.
type Spoilt struct {
	// File is an MPEG-TS of one piece of footage and one fault after the other.
	File string
	// Wrong are the faults in their order.
	Wrong []Wrong
}

// spoiltClip is the clip that is spoilt: it is as long as a fault, so that a freeze holds the picture seen last.
var spoiltClip = Clips[1]

// SpoiltClip makes spoilt footage from the folder of clips and keeps it in the cache; progress is told what takes a while.
func SpoiltClip(ctx context.Context, clips, cache string, progress func(string)) (Spoilt, error) {
	r := &renderer{clips: clips, cache: cache}
	var s Spoilt
	var parts []string
	names := sha256.New()
	for _, fault := range Faults {
		if fault.Outage() {
			continue
		}
		if fault.Picture == nil {
			fault.Picture = picture
		}
		if fault.Sound == nil {
			fault.Sound = sound
		}
		for _, part := range []Fault{{}, fault} {
			recipe := recipe(spoiltClip, part)
			key, err := spoiltClip.key(clips, recipe)
			if err != nil {
				return Spoilt{}, err
			}
			file := filepath.Join(cache, key+".ts")
			if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
				progress("encoding the faulty clip of the bench, once: " + part.Kind)
				if err := r.encode(ctx, spoiltClip, recipe, file); err != nil {
					return Spoilt{}, fmt.Errorf("make the faulty clip: %w", err)
				}
			}
			parts = append(parts, file)
			fmt.Fprintln(names, key)
		}
		turn := duration(FaultPieces).Microseconds()
		to := int64(len(parts)) * turn
		s.Wrong = append(s.Wrong, Wrong{fault.Kind, to - turn, to})
	}
	s.File = filepath.Join(cache, fmt.Sprintf("spoilt-%x.ts", names.Sum(nil)[:12]))
	if _, err := os.Stat(s.File); !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	return s, joined(ctx, parts, s.File)
}

// joined puts the files one after the other into one, on one time line.
func joined(ctx context.Context, parts []string, file string) error {
	list, err := os.CreateTemp(filepath.Dir(file), "parts-*.txt")
	if err != nil {
		return err
	}
	defer os.Remove(list.Name())
	for _, part := range parts {
		fmt.Fprintf(list, "file '%s'\n", strings.ReplaceAll(part, "'", `'\''`))
	}
	if err := list.Close(); err != nil {
		return err
	}
	return encode(ctx, []string{"-f", "concat", "-safe", "0", "-i", list.Name(), "-c", "copy", "-muxdelay", "0", "-muxpreload", "0"}, file)
}
