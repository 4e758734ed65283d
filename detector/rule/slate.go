package rule

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// Slate judges whether what is shown is no programme: a picture of the catalogue (part: its name), colour bars (part "colour bars") or another test
// card (part "test card"). The figure is the likeness.
type Slate struct {
	Options `yaml:",inline"`
	// Slates are the perceptual hashes of still pictures by name, 16 hexadecimal digits each: `framewatch slate FILE` prints them.
	Slates map[string][]string `yaml:"slates"`

	queue `yaml:"-"`
	known []knownSlate // in order of name
	// tone is until when a line-up tone has been heard, in microseconds.
	tone int64
}

// knownSlate is a name and its pictures' hashes.
type knownSlate struct {
	name   string
	hashes []uint64
}

const (
	// hashBits are the bits of a perceptual hash.
	hashBits = 64
	// leastSet is how many of them must be set, and how many not, to say anything: a picture of one colour has none.
	leastSet = 6
	// detailed is the standard deviation of luma, in levels, below which a picture has nothing to be known by.
	detailed = 4
	// toneLasts is how long a tone counts, in microseconds: that of stereo line-up pauses for a quarter of a second.
	toneLasts = 500_000
	// maxSlates bounds the catalogue.
	maxSlates = 256
)

// The parts that need no catalogue.
const (
	colourBars = "colour bars"
	testCard   = "test card"
)

// NewSlate is the rule with its documented defaults.
func NewSlate() Rule {
	return &Slate{Options: Options{
		// Six of 64 bits: stills of five clips at 100 kb/s to 1 Mb/s, 320x180 and 640x360, differ by up to 2, of one that is nearly black by 9, those of two clips
		// by 25 and more.
		Raise: 0.9, Clear: 0.85,
		// Idents and title cards stand for two seconds.
		For: 3 * time.Second, KeepFiringFor: time.Second,
		Severity: "warning", CriticalAfter: time.Minute,
	}, tone: never}
}

// Judge looks at the picture's hash, and at its hues and columns.
func (s *Slate) Judge(r *Record) (Verdict, bool) {
	if r.AudioBlock != nil {
		if lineUp(r.AudioBlock) {
			s.tone = blockEnd(r.Time, r.AudioBlock)
		}
		return Verdict{}, false
	}
	f := r.VideoFrame
	if f == nil {
		return Verdict{}, false
	}
	s.begin()
	end := r.Time + duration(f)
	for i := range s.known {
		s.tell(s.known[i].name, s.likeness(f, s.known[i].hashes), r.Time, end)
	}
	bars, card := s.test(f, end-s.tone <= toneLasts)
	s.tell(colourBars, bars, r.Time, end)
	s.tell(testCard, card, r.Time, end)
	return s.More()
}

func (s *Slate) tell(part string, figure float64, from, to int64) {
	s.say(part, s.verdict(figure).over(from, to))
}

// likeness is the share of the bits that the picture's hash has in common with the nearest of the hashes; no number where there is none.
func (s *Slate) likeness(f *schemas.VideoFrame, hashes []uint64) float64 {
	switch {
	case f.Hash == nil || f.Luma == nil:
		return math.NaN()
	case f.Luma.Std < detailed*256:
		return 0
	}
	seen, best := binary.BigEndian.Uint64(f.Hash.Perceptual[:]), hashBits
	for _, hash := range hashes {
		best = min(best, bits.OnesCount64(seen^hash))
	}
	return 1 - float64(best)/hashBits
}

// test is the likeness to colour bars and to another test card. A test card has the six colours of bars and stands still but for a clock; and it has upright
// stripes, or its left is like its right, or there is a tone with it.
func (s *Slate) test(f *schemas.VideoFrame, tone bool) (bars, card float64) {
	switch {
	case f.Grid == nil || f.Chroma == nil || f.Grid.Difference == nil:
		return math.NaN(), math.NaN()
	case !sixColours(f.Chroma), !mostlyStill(f.Grid):
		return 0, 0
	case columnsFall(f.Grid, 0, columns), columnsFall(f.Grid, 2, columns-2):
		return 1, 0
	case striped(f.Grid), mirrored(f.Grid), tone:
		return 0, 1
	}
	return 0, 0.5
}

// Describe tells what the figure is.
func (*Slate) Describe() Description {
	return Description{
		Version: 1, Records: VideoFrames | AudioBlocks, Unit: "share", Summary: "The picture is %s like a slate or test card", Window: time.Second, Gap: time.Second, Parents: []string{"no_signal", "black"},
	}
}

// Validate tells what is wrong with the options, and reads the catalogue.
func (s *Slate) Validate() error {
	if len(s.Slates) > maxSlates {
		return fmt.Errorf("slates: %d are more than %d", len(s.Slates), maxSlates)
	}
	s.known = nil
	for _, name := range slices.Sorted(maps.Keys(s.Slates)) {
		k := knownSlate{name: name}
		for _, text := range s.Slates[name] {
			hash, err := strconv.ParseUint(text, 16, hashBits)
			switch n := bits.OnesCount64(hash); {
			case err != nil || len(text) != hashBits/4:
				return fmt.Errorf("slates: %s: %q is not 16 hexadecimal digits", name, text)
			case n < leastSet || n > hashBits-leastSet:
				return fmt.Errorf("slates: %s: %s is the hash of a picture with next to no detail, which many pictures have", name, text)
			}
			k.hashes = append(k.hashes, hash)
		}
		switch {
		case name == "" || name == colourBars || name == testCard || len(name) > 100:
			return fmt.Errorf("slates: the name %.100q is empty, too long or taken", name)
		case len(k.hashes) == 0 || len(k.hashes) > maxSlates:
			return fmt.Errorf("slates: %s has %d hashes, not 1 to %d", name, len(k.hashes), maxSlates)
		}
		s.known = append(s.known, k)
	}
	return s.Options.Validate()
}

// sixColours tells whether hues are those of colour bars and no others: of the sectors of Chroma.hue, yellow lies in 3, cyan in 6, green in 5, magenta in 1,
// red in 2 and blue in 7, of ITU-R BT.601 as of BT.709.
func sixColours(c *schemas.Chroma) bool {
	const least, others = 255 * 5 / 100, 255 * 15 / 100
	there := 0
	for _, sector := range []int{1, 2, 3, 5, 6, 7} {
		if c.Hue[sector] >= least {
			there++
		}
	}
	return there >= 6 && int(c.Hue[0])+int(c.Hue[4]) <= others && c.SaturationMean >= colourful*256
}

// columnsFall tells whether, in the upper half and from column a up to b, luma falls from column to column by 100 levels in all, and is the same from row to
// row: bars in the order of their luma. RP 219 has grey beside them.
func columnsFall(g *schemas.Grid, a, b int) bool {
	const upper, even, whole = 5, 4, 100
	for c := a; c < b; c++ {
		top := int(g.Mean[c])
		for r := 1; r < upper; r++ {
			if d := int(g.Mean[r*columns+c]) - top; d < -even || d > even {
				return false
			}
		}
		if c > a && top > int(g.Mean[c-1])+even {
			return false
		}
	}
	return int(g.Mean[a])-int(g.Mean[b-1]) >= whole
}

// mostlyStill tells whether no more than three cells of ten move: of bars none does, and of a test card with a clock and a scrolling gradient (FFmpeg's
// testsrc at 150 kb/s to 1.5 Mb/s) at most 28 of 100.
func mostlyStill(g *schemas.Grid) bool {
	moving := 0
	for i := range columns * rows {
		if g.Difference[i/2]>>(4*(1-i%2))&15 > trembling {
			moving++
		}
	}
	return 10*moving <= 3*columns*rows
}

// striped tells whether most of the columns are the same from the second row to the sixth, and there are five borders between them.
func striped(g *schemas.Grid) bool {
	const first, last, even, border, most, borders = 1, 5, 4, 12, 9, 5
	alike, changes := 0, 0
	for c := range columns {
		top, same := int(g.Mean[first*columns+c]), true
		for r := first + 1; r <= last; r++ {
			d := int(g.Mean[r*columns+c]) - top
			same = same && d >= -even && d <= even
		}
		if same {
			alike++
		}
		if c > 0 {
			if d := top - int(g.Mean[first*columns+c-1]); d >= border || d <= -border {
				changes++
			}
		}
	}
	return alike >= most && changes >= borders
}

// mirrored tells whether the left of the picture is like its right, but for the middle, which holds bars, and there is something to be seen.
func mirrored(g *schemas.Grid) bool {
	const alike, outer = 10, 5
	low, high, sum, cells := 255, 0, 0, 0
	for r := range rows {
		for c := range outer {
			left, right := int(g.Mean[r*columns+c]), int(g.Mean[r*columns+columns-1-c])
			low, high = min(low, left, right), max(high, left, right)
			sum += max(left-right, right-left)
			cells++
		}
	}
	return sum <= alike*cells && high-low >= 4*alike
}

// lineUp tells whether a block is a tone of 1 kHz on its loudest channel: 2000 crossings of zero a second, the peak 3 dB above the mean, and as loud all the time.
func lineUp(b *schemas.AudioBlock) bool {
	var loudest *schemas.Channel
	for i := range b.Channels {
		if c := &b.Channels[i]; c.Peak != nil && (loudest == nil || *c.Peak > *loudest.Peak) {
			loudest = c
		}
	}
	if loudest == nil || loudest.Detail == nil || len(loudest.Energy) < 5 || b.Samples <= 0 {
		return false
	}
	crossings := float64(loudest.Detail.ZeroCrossings) / float64(len(loudest.Energy)) // in 10 ms
	if !(math.Abs(crossings-20) < 0.5) || slices.Max(loudest.Energy)-slices.Min(loudest.Energy) > 1 {
		return false
	}
	crest := float64(*loudest.Peak)/100 - 10*math.Log10(meanSquare(loudest))
	return math.Abs(crest-3) < 0.7
}
