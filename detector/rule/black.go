package rule

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// Black judges whether the picture is black. A small logo in a corner does not make it a picture, but a title in the middle does.
type Black struct {
	Options `yaml:",inline"`
	// Level is the brightest luma that counts as black, on the 8-bit limited scale (16 black, 235 white): one of VideoFrame's CDF levels.
	Level int `yaml:"level"`
	// Colour is the mean distance from neutral chroma, in levels, from which a dark picture is a colour and not black.
	Colour float64 `yaml:"colour"`
}

// NewBlack is the rule with its documented defaults.
func NewBlack() Rule {
	return &Black{
		Options: Options{
			// As FFmpeg's blackdetect: a logo of up to two percent is still black.
			Raise: 0.98, Clear: 0.95,
			// Cuts and fades between programmes stay black for less than a second.
			For: time.Second,
			// A flash of one picture does not end it.
			KeepFiringFor: 500 * time.Millisecond,
			Severity:      "warning",
			// Nobody fades to black for ten seconds.
			CriticalAfter: 10 * time.Second,
		},
		// 3.7 % above black: codec noise lies below it, night scenes above.
		Level: 24,
		// Codecs leave a level or two on black; saturated blue has about 90.
		Colour: 24,
	}
}

// Judge reads the share of black pixels off the picture's distribution of luma.
func (b *Black) Judge(r *Record) (Verdict, bool) {
	f := r.VideoFrame
	if f == nil {
		return Verdict{}, false
	}
	from, to := r.Time, r.Time+duration(f)
	if f.Luma == nil {
		return Verdict{From: from, To: to}, true
	}
	share := darkShare(f.Luma, b.Level)
	// Below Clear it is a picture, whatever is in it.
	if share >= b.Clear && (b.coloured(f) || f.Grid != nil && litMiddle(f.Grid)) {
		share = 0
	}
	return b.verdict(share).over(from, to), true
}

// coloured tells whether the picture is a colour.
func (b *Black) coloured(f *schemas.VideoFrame) bool {
	return f.Chroma != nil && float64(f.Chroma.SaturationMean) >= b.Colour*256
}

// Describe tells what the figure is.
func (*Black) Describe() Description {
	return Description{
		Version: 1, Records: VideoFrames, Unit: "share", Area: true, Summary: "%s of the picture is black", Gap: time.Second, Parents: []string{"no_signal"},
	}
}

// Validate tells what is wrong with the options.
func (b *Black) Validate() error {
	if err := validLevel(b.Level); err != nil {
		return err
	}
	return b.Options.Validate()
}

// cdfLevels are the levels of VideoFrame.luma.cdf, in its order.
var cdfLevels = []int{8, 16, 17, 18, 20, 22, 24, 26, 28, 32, 37, 40, 48, 64, 96, 128, 160, 192, 208, 224, 235, 240, 248, 254}

func validLevel(level int) error {
	if !slices.Contains(cdfLevels, level) {
		return fmt.Errorf("level %d is not one of the measured levels %v", level, cdfLevels)
	}
	return nil
}

// darkShare is the share of pixels with luma up to level, which is one of cdfLevels.
func darkShare(l *schemas.Luma, level int) float64 {
	i := slices.Index(cdfLevels, level)
	return float64(binary.BigEndian.Uint16(l.CDF[2*i:])) / 65535
}

// duration of a picture in microseconds; 0 when the source does not tell or tells nonsense.
func duration(f *schemas.VideoFrame) int64 {
	if f.Duration < 0 || f.Duration > 90000 {
		return 0
	}
	return int64(f.Duration) * 100 / 9
}
