package lab

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/framewatch/framewatch/ingest/feature"
	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/ingest/source"
	"github.com/framewatch/framewatch/schemas"
)

// ExtractorCost is what one part of the edge's work costs on a file.
type ExtractorCost struct {
	// Name of an extractor; "scan" is the pass over luma that gathers what most of them need, and "scan hash" a part of it; "sound" is all
	// that is measured on sound, "decode" the decoding of pictures.
	Name string `json:"name"`
	// MicrosPerPicture is time on the wall of the one thread that does it, microseconds.
	MicrosPerPicture float64 `json:"us_per_picture"`
	// OverDecode is the same as a part of decode.
	OverDecode float64 `json:"over_decode"`
}

// BenchExtractors decodes and measures the file once, in this process, and tells what each part costs, the dearest first.
func BenchExtractors(ctx context.Context, file string) ([]ExtractorCost, error) {
	decoder, err := source.Open(ctx, source.Input{Path: file})
	if err != nil {
		return nil, err
	}
	defer decoder.Close()
	video := feature.NewVideo()
	defer video.Close()
	video.Scorer, video.Account = feature.NewDamage(), feature.Account{}
	sounds := map[int]*feature.Audio{}
	var record schemas.VideoFrame
	pictures := int64(0)
	for unit, err := range decoder.Units() {
		switch {
		case err != nil:
			return nil, err
		case unit.Frame != nil:
			video.Account["decode"] += unit.Frame.DecodeTime
			record.At = unit.Frame.PTS * 100 / 9
			video.Measure(unit.Frame, &record)
			pictures++
		case unit.Samples != nil:
			began := time.Now()
			hear(sounds, unit.Samples)
			video.Account["sound"] += time.Since(began)
		}
	}
	if pictures == 0 {
		return nil, fmt.Errorf("measure %s: no pictures", file)
	}
	var costs []ExtractorCost
	decode := float64(max(video.Account["decode"], 1))
	for name, spent := range video.Account {
		costs = append(costs, ExtractorCost{name, float64(spent.Nanoseconds()) / 1000 / float64(pictures), float64(spent) / decode})
	}
	slices.SortFunc(costs, func(a, b ExtractorCost) int {
		return cmp.Or(cmp.Compare(b.MicrosPerPicture, a.MicrosPerPicture), cmp.Compare(a.Name, b.Name))
	})
	return costs, nil
}

// hear measures samples of one of the tracks.
func hear(tracks map[int]*feature.Audio, s *media.Samples) {
	if tracks[s.Track] == nil {
		tracks[s.Track] = feature.NewAudio(s.Format)
	}
	tracks[s.Track].Add(s, func(*schemas.AudioBlock, int) {})
}
