package detector_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/schemas"
)

// The notation of testdata/scenario/README: lines of series become the records of one partition.

// entry is one record of the log and when it was appended, in microseconds.
type entry struct {
	time int64
	detector.Input
}

// segment is one word of a series: what was to be seen, and until when.
type segment struct {
	word       string
	from, till int64
}

// epochStart is the instant 0s of a scenario: late enough for sessions to differ.
const epochStart = int64(1_000_000_000)

// readLog makes the records of a scenario. rules is what every Setting carries.
func readLog(text, rules string) ([]entry, error) {
	b := &builder{rules: rules}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if err := b.line(fields); err != nil {
			return nil, fmt.Errorf("%q: %w", strings.TrimSpace(line), err)
		}
	}
	return b.log(), nil
}

// builder collects the records of all series.
type builder struct {
	rules   string
	entries []entry
	streams []string
	end     int64
	ticks   []segment
	removed map[string]int64
}

func (b *builder) line(fields []string) error {
	series, fields := fields[0], fields[1:]
	if series == "ticks" {
		segments, err := readSegments(fields)
		b.ticks = segments
		return err
	}
	stream, session, err := readStream(fields[0])
	if err != nil {
		return err
	}
	if !slices.Contains(b.streams, stream) {
		b.streams = append(b.streams, stream)
	}
	if series == "remove" {
		at, err := time.ParseDuration(fields[1])
		if b.removed == nil {
			b.removed = map[string]int64{}
		}
		b.removed[stream] = epochStart + at.Microseconds()
		return err
	}
	segments, err := readSegments(fields[1:])
	if err != nil {
		return err
	}
	make, ok := map[string]func(string, int64, []segment){"video": b.video, "audio": b.audio, "heartbeat": b.heartbeat, "format": b.format}[series]
	if !ok {
		return fmt.Errorf("no series is called %q", series)
	}
	make(stream, session, segments)
	b.end = max(b.end, segments[len(segments)-1].till)
	return nil
}

// readStream reads "name" or "name/session".
func readStream(field string) (stream string, session int64, err error) {
	stream, number, ok := strings.Cut(field, "/")
	if !ok {
		return stream, 1, nil
	}
	session, err = strconv.ParseInt(number, 10, 64)
	return stream, session, err
}

// readSegments reads "word*duration ...".
func readSegments(fields []string) ([]segment, error) {
	segments, at := make([]segment, len(fields)), epochStart
	for i, field := range fields {
		word, length, ok := strings.Cut(field, "*")
		d, err := time.ParseDuration(length)
		if !ok || err != nil {
			return nil, fmt.Errorf("%q is not word*duration", field)
		}
		segments[i] = segment{word, at, at + d.Microseconds()}
		at = segments[i].till
	}
	return segments, nil
}

func (b *builder) add(t int64, stream string, f *schemas.Feature) {
	b.entries = append(b.entries, entry{t, detector.Input{Stream: stream, Feature: f}})
}

// video makes 25 pictures a second.
func (b *builder) video(stream string, session int64, segments []segment) {
	seq, decoded := int64(0), int64(0)
	epoch := int32(0)
	for _, s := range segments {
		if s.word == "jump" {
			epoch++
			continue
		}
		for t := s.from; t < s.till; t += 40_000 {
			v := picture(s.word, seq, t-s.from)
			if v != nil {
				v.Session, v.Epoch, v.Seq, v.At = session, epoch, decoded, t-session
				v.Duration, v.PTS = 3600, (t-epochStart)*9/100
				b.add(t, stream, &schemas.Feature{VideoFrame: v})
			}
			if seq++; v != nil || s.word == "unpublished" || s.word == "thinned" {
				decoded++
			}
		}
	}
}

// picture is what is measured of the seq-th picture, age microseconds into its segment.
func picture(word string, seq, age int64) *schemas.VideoFrame {
	group := int64(12)
	if word == "lounge" {
		group = 50
	}
	sinceIDR := int32(seq % group)
	v := &schemas.VideoFrame{Sampling: 1, Luma: &schemas.Luma{}, Grid: &schemas.Grid{Difference: &[72]byte{}}}
	v.Decode = &schemas.DecoderState{SinceIDR: &sinceIDR, PacketSize: 20_000 + int32(seq%7)*1000}
	if seq%group == 0 {
		v.Flags = 1
	}
	luma, level := byte(100), int32(100*256)
	switch word {
	case "none":
		return nil
	case "black", "logo", "corner":
		luma, level = 16, 16*256
	}
	for i := range v.Grid.Mean {
		v.Grid.Mean[i] = luma
	}
	if luma > 16 {
		v.Luma.Std = 40 * 256
	}
	still, red := int32(0), int32(0)
	v.Border = &schemas.Border{Bottom24: 719, Right24: 1279, Bottom40: 719, Right40: 1279}
	v.Field = &schemas.Field{Alpha0: 1500, Alpha1: 1500, Delta: 500}
	v.Hash = &schemas.PictureHash{}
	v.Macroblock = &schemas.Macroblock{RowStd: 20, EdgeShare: 30, DifferenceShare: new(int32(20))}
	v.Block = &schemas.Block{H8: 10}
	v.Difference = &schemas.Difference{Low: moves(word, seq)}
	v.Flash = &schemas.Flash{LuminanceMean: 20_000, LuminanceChanged: &still, RedChanged: &red}
	black := uint16(0)
	switch word {
	case "black":
		black = 65535
	case "corner": // a logo of one percent of the picture
		v.Grid.Mean[14], black = 200, 64880
	case "logo": // a logo of six cells in the upper right corner
		black = 62800
		for _, cell := range []int{13, 14, 15, 29, 30, 31} {
			v.Grid.Mean[cell] = 180
		}
	case "moving", "starved", "stuttering", "twos", "blurred", "shallow", "defocused", "noisy", "textured", "blocky", "drawn", "banded", "sky", "posterised":
		differ(v, 9, func(int) bool { return true })
		v.Grid.Mean[70] = byte(100 + seq%40)
		quality(v, word, seq)
		switch word {
		case "shallow": // another scene
			binary.BigEndian.PutUint64(v.Hash.Perceptual[:], math.MaxUint32)
		case "defocused":
			v.Detail.LaplacianFull -= int32(min(age*150/1_000_000, 300))
		}
	case "news", "late", "sport": // two programmes, one of them also two seconds later: half a second a shot
		differ(v, 9, func(int) bool { return true })
		shot, salt := uint64(seq/12), uint64(1)
		switch word {
		case "late":
			shot = uint64(max(0, seq-50) / 12)
		case "sport":
			salt = 2
		}
		v.Hash, v.Difference, v.Chroma = &schemas.PictureHash{}, &schemas.Difference{Low: 8192}, &schemas.Chroma{UMean: 32768, VMean: 32768}
		binary.BigEndian.PutUint64(v.Hash.Perceptual[:], (shot<<2+salt)*0x9e3779b97f4a7c15) // any bits, but others for each shot
	case "still":
	case "pulsing":
		pulse(v)
	case "room", "lounge": // a still shot in front of a camera: its light wanders, each cell's as the whole picture's
		pulse(v)
		wander(v, &level, float64(age)/1e6)
	case "coarse": // a still picture encoded again with few bits: a key picture differs from the last by a level in one cell of ten
		pulse(v)
		key := int(seq / 12)
		level, v.Luma.Std = level+int32(key%2*8), v.Luma.Std+int32(key%3*6)
		for i := range v.Grid.Mean {
			if i%20 == key%3 {
				v.Grid.Mean[i]++
			}
		}
	case "ticker": // still but for the two bottom rows
		differ(v, 10, func(cell int) bool { return cell >= 112 })
	case "drift": // half a level a second, too slow for the differences
		level += int32(age * 128 / 1_000_000)
	case "grain": // a static scene with live noise
		differ(v, 5, func(int) bool { return true })
	case "thinned": // one picture in four is measured
		if v.Sampling, v.Skipped = 4, 3; seq%4 != 0 {
			return nil
		}
	case "keys": // key pictures only, each by itself
		if v.Sampling, v.Grid.Difference = 0, nil; v.Flags&1 == 0 {
			return nil
		}
	case "skipping": // we are too slow and skip pictures
		v.Skipped = 3
	case "damaged": // the decoder complains of one picture in twelve
		differ(v, 9, func(int) bool { return true })
		if v.Decode.Errors = 0; seq%12 == 5 {
			v.Decode.Errors = 2
		}
	case "broken", "mosaic": // macroblocks are out of place, each picture others; or always the same
		differ(v, 9, func(int) bool { return true })
		v.Macroblock = &schemas.Macroblock{RowStd: 160, EdgeShare: 300, DifferenceShare: new(int32(400))}
		v.Block.H8 = 40
		if word == "mosaic" {
			*v.Macroblock.DifferenceShare = 0
		}
	case "shown", "scarred", "captioned": // moving, and the edge's network is shown a picture a second: it sees nothing, damage as texture grows, or the same all along
		v = picture("moving", seq, age)
		if v.Sampled = nil; seq%25 == 0 {
			v.Sampled = &schemas.Sampled{Model: new(int32(1)), Tiles: []byte{20, 30, 10, 25}, TileCells: []byte{0, 36, 72, 108}}
			if word != "shown" {
				v.Sampled.Tiles = []byte{250, 245, 30, 25}
			}
		}
		if word == "scarred" {
			v.Macroblock.RowStd = 100
		}
		return v
	case "lost": // as broken, since three packets have been lost before; one picture in eight lacks most of itself
		v = picture("broken", seq, age)
		v.Decode.Ancestors, v.Flags = 3, 2<<8
		*v.Decode.SinceIDR = int32(12 + age/40_000)
		v.Detail = picture("moving", seq, age).Detail
		if age%320_000 == 0 {
			v.Detail.TI = new(int32(640))
			v.Decode.Concealed = 900
			differ(v, 12, func(cell int) bool { return cell >= 40 })
		}
		return v
	case "unseen": // three packets have been lost, and nobody sees it
		v = picture("moving", seq, age)
		v.Decode.Ancestors = 3
		return v
	case "joined": // nothing but what hangs on pictures that came before
		differ(v, 9, func(int) bool { return true })
		v.Decode.SinceIDR, v.Decode.Errors = nil, 3
	case "gaps", "unpublished": // eight pictures are missing each second
		differ(v, 9, func(int) bool { return true })
		if seq%25 >= 10 && seq%25 < 18 {
			return nil
		}
	case "flashing", "blinking": // black and white change place 8.3 times a second, or 3 times
		period, white := int64(3), int32(0)
		if word == "blinking" {
			period = 8
		}
		differ(v, 14, func(int) bool { return true })
		changed := int32(0)
		if seq/period%2 == 1 {
			white = 65535
		}
		if seq%period == 0 {
			changed = 2304 * (2*(white/65535) - 1)
		}
		v.Flash = &schemas.Flash{LuminanceMean: white, LuminanceChanged: &changed, RedChanged: &red}
	case "boxed": // black borders above and below leave 2.39:1
		differ(v, 9, func(int) bool { return true })
		v.Border = &schemas.Border{Top24: 92, Bottom24: 627, Right24: 1279, Top40: 92, Bottom40: 627, Right40: 1279}
		black = 184 * 65535 / 720
	case "night": // dark above and below, and softly so
		differ(v, 9, func(int) bool { return true })
		v.Border = &schemas.Border{Top24: 92, Bottom24: 627, Right24: 1279, Top40: 200, Bottom40: 500, Right40: 1279}
		black = 30000
	case "titles": // a few words in the middle of black
		differ(v, 9, func(int) bool { return true })
		v.Border = &schemas.Border{Top24: 300, Bottom24: 419, Left24: 400, Right24: 879, Top40: 300, Bottom40: 419, Left40: 400, Right40: 879}
		black = 64000
	case "combed", "film": // of two fields, the top one first, and told to be of one; film is so in two pictures of five
		differ(v, 9, func(int) bool { return true })
		if word == "combed" || seq%5 > 2 {
			v.Field = &schemas.Field{Alpha0: 2500, Alpha1: 900, Delta: 900}
		}
	case "fields", "reversed": // told to be of two fields, the top one first, as they are or not
		differ(v, 9, func(int) bool { return true })
		v.Flags |= 6
		v.Field = &schemas.Field{Alpha0: 2500, Alpha1: 900, Delta: 900}
		if word == "reversed" {
			v.Field.Alpha0, v.Field.Alpha1 = 900, 2500
		}
	case "bars", "quiz": // the six colours of bars, which stand still: in columns that fall; anyhow
		v.Chroma = &schemas.Chroma{UMean: 32768, VMean: 32768, UStd: 60 * 256, VStd: 60 * 256, SaturationMean: 60 * 256, Hue: [8]byte{0, 42, 42, 42, 0, 42, 42, 42}}
		v.Difference = &schemas.Difference{}
		for i := range v.Grid.Mean {
			v.Grid.Mean[i] = [...]byte{235, 162, 131, 112, 84, 65, 35, 16}[i%16/2]
			if word == "quiz" {
				v.Grid.Mean[i] = byte(60 + i%16*7*(i/16%3))
			}
		}
	case "blue": // one colour
		v.Luma.Std, v.Chroma = 0, &schemas.Chroma{UMean: 60000, VMean: 30000}
	case "card": // letters on one colour
		v.Chroma = &schemas.Chroma{UMean: 60000, VMean: 30000}
	default:
		panic("no picture is called " + word)
	}
	for i := 6; i < 24; i++ { // levels from 24 on
		binary.BigEndian.PutUint16(v.Luma.CDF[2*i:], black)
	}
	v.Luma.Mean = level
	return v
}

// pulse makes a still picture one that is encoded again: every key picture pulses, in the others some cells tremble.
func pulse(v *schemas.VideoFrame) {
	if v.Flags == 1 {
		differ(v, 10, func(int) bool { return true })
	} else {
		v.Flags = 2 << 8 // AV_PICTURE_TYPE_P
	}
	differ(v, 4, func(cell int) bool { return cell%20 == 5 })
	v.Difference.Low = 30
}

// wander lets the light of a picture be what it is after so many seconds: up and down by less than a fifth of a level, its spread at other times.
func wander(v *schemas.VideoFrame, level *int32, seconds float64) {
	slow, fast := 2*math.Pi*seconds/7, 2*math.Pi*seconds/3
	light := 0.09 * (math.Sin(slow) + math.Sin(fast))
	*level += int32(256 * light)
	v.Luma.Std += int32(256 * 0.09 * (math.Cos(slow) + math.Cos(fast)))
	for i := range v.Grid.Mean {
		v.Grid.Mean[i] = byte(100.2 + float64(i%10)/10 + light)
	}
}

// moves is the difference of the seq-th picture to the one before.
func moves(word string, seq int64) int32 {
	const motion = 20_000
	switch word {
	case "still", "pulsing", "ticker", "drift", "black", "corner", "logo", "blue", "card":
		return 0
	case "stuttering": // one picture of five is held, and the next comes by a jump
		return [5]int32{motion, motion, motion, 0, 2 * motion}[seq%5]
	case "twos": // each picture is shown twice
		return [2]int32{motion, 0}[seq%2]
	}
	return motion
}

// quality is how well a moving picture is made: 4.5 octaves of softness, half a level of noise, hardly a grid and no banding, but for what the word says.
func quality(v *schemas.VideoFrame, word string, seq int64) {
	v.Detail = &schemas.Detail{SI: 40 * 64, LaplacianFull: 1573, Noise: 128 + int32(seq%5)}
	v.Block.H8, v.Block.V8 = 6, 8
	banding := int32(128)
	switch word {
	case "starved": // a fiftieth of the bit rate
		v.Decode.PacketSize /= 50
	case "blurred", "shallow": // 1.2 octaves of the finest detail are gone
		v.Detail.LaplacianFull -= 300
	case "noisy": // eight levels everywhere
		v.Detail.Noise = 8 * 256
		differ(v, 10, func(int) bool { return true })
	case "textured": // the same at the finest scale, but still in a quarter of the picture
		v.Detail.Noise = 8 * 256
		differ(v, 5, func(cell int) bool { return cell%4 == 0 })
	case "blocky", "drawn": // steps on the grid are twice those off it; so are those of lines that are drawn on flat ground
		v.Block.H8, v.Block.V8 = 64, 70
		if word == "drawn" {
			v.Macroblock.Flat = 2500
		}
	case "banded": // an index of 30
		banding = 30 * 256
	case "sky": // an index of 14
		banding = 14 * 256
	}
	if version := int32(1); seq%25 == 0 {
		v.Sampled = &schemas.Sampled{Banding: &banding, BandingVersion: &version, Posterised: new(int32(200))}
		if word == "posterised" && seq%100 == 0 { // a third of the picture stands on even levels in key pictures, which come each four seconds
			*v.Sampled.Posterised = 1365
		}
	}
}

// differ sets the difference of the chosen cells to a level.
func differ(v *schemas.VideoFrame, level byte, chosen func(cell int) bool) {
	for i := range 144 {
		if chosen(i) {
			shift := 4 * (1 - i%2)
			v.Grid.Difference[i/2] = v.Grid.Difference[i/2]&^(15<<shift) | level<<shift
		}
	}
}

// audio makes blocks of 100 ms of a stereo track.
func (b *builder) audio(stream string, session int64, segments []segment) {
	seq := int64(0)
	for _, s := range segments {
		for t := s.from; t < s.till; t += 100_000 {
			if seq%100 == 0 {
				b.add(t, stream, &schemas.Feature{Inventory: &schemas.Inventory{Session: session, At: t - session, Tracks: []schemas.Track{
					{Index: 1, Kind: "audio", Audio: &schemas.AudioFormat{SampleRate: 48000, Channels: 2, Layout: "stereo"}},
				}}})
			}
			if s.word != "none" {
				left, right := sound(s.word, seq)
				block := &schemas.AudioBlock{Session: session, Track: 1, Seq: seq, At: t - session, Samples: 4800, Channels: []schemas.Channel{left, right}}
				// Of the words lagging and nudged the time stamps are 300 and 60 ms late.
				block.PTS = (t - epochStart + map[string]int64{"lagging": 300_000, "nudged": 60_000}[s.word]) * 9 / 100
				block.Pairs = &[]float32{correlated[s.word] * loud}
				if s.word == "garbled" && seq%10 == 0 || s.word == "spoilt" {
					block.Flags = 1
				}
				b.add(t+100_000, stream, &schemas.Feature{AudioBlock: block})
			}
			seq++
		}
	}
}

// sound is what is measured of both channels of the seq-th block.
// loud is the mean square of a tone.
const loud = 0.01

// correlated is the correlation of the channels of each word that is about that.
var correlated = map[string]float32{"swapped": -0.95, "wide": -0.2}

func sound(word string, seq int64) (left, right schemas.Channel) {
	const quiet = 1e-10
	left, right = channel(loud, 0), channel(loud, 0)
	hum := int32(10_000)
	switch word {
	case "swapped", "wide": // the channels are opposite to each other, or nearly have nothing in common
		return left, right
	case "holes": // 60 ms are missing in each tenth block
		if seq%10 == 0 {
			for i := range 6 {
				binary.BigEndian.PutUint32(left.KEnergy[4*i+8:], 0)
			}
			right = left
		}
		return left, right
	case "garbled": // one block in ten came damaged, and of it a decoder has made a burst
		if seq%10 == 0 {
			peak := int32(2900)
			left = channel(1, 0)
			left.Detail.ClipRuns, left.Detail.TruePeak, left.Detail.Step, left.Detail.Impulse = 60, &peak, 1<<21, new(int32(3500))
		}
		return left, right
	case "pauses": // silent for four of ten blocks
		if seq%10 < 4 {
			return channel(0, 0), channel(0, 0)
		}
		return left, right
	case "crackle", "beats": // a click in each tenth block; something is struck in it
		if seq%10 == 0 {
			impulse := int32(3500)
			if word == "beats" {
				impulse = 900
			}
			left.Detail.Step, left.Detail.Impulse = 500_000, &impulse
		}
		return left, right
	case "overdriven", "mastered": // 60 runs of clipped samples a second and peaks of 4 dBTP; 5 and 1
		runs, peak := int32(6), int32(400)
		if word == "mastered" {
			runs, peak = int32(seq%2), 100
		}
		left.Detail.ClipRuns, left.Detail.TruePeak = runs, &peak
		return left, right
	case "shout": // -10.7 LUFS
		return channel(0.05, 0), channel(0.05, 0)
	case "hum", "bass": // mains at -40 dBFS all the time; the same lines, but coming and going
		level := byte(255 - 2*40)
		if word == "bass" && seq%5 > 1 {
			level -= 2 * 30
		}
		for _, c := range []*schemas.Channel{&left, &right} {
			c.Detail.Hum = &hum
			for i := range c.Energy {
				c.Energy[i] = level
			}
		}
		return left, right
	}
	switch word {
	case "tone", "spoilt", "lagging", "nudged": // of spoilt every block came damaged
		return channel(loud, 0), channel(loud, 0)
	case "silent":
		return channel(0, 0), channel(0, 0)
	case "hiss": // the noise of a converter, -100 dB
		return channel(quiet, 0), channel(quiet, 0)
	case "offset": // digital silence on a DC of a hundredth of full scale: K-weighting sees nothing of it
		return channel(quiet, 10486), channel(quiet, 10486)
	case "left":
		return channel(loud, 0), channel(0, 0)
	case "clicks": // one in two blocks has a click of 10 ms
		left = channel(0, 0)
		if seq%2 == 0 {
			binary.BigEndian.PutUint32(left.KEnergy[12:], math.Float32bits(loud))
		}
		return left, channel(0, 0)
	}
	panic("no sound is called " + word)
}

func channel(energy float32, dc int32) schemas.Channel {
	impulse := int32(400)
	c := schemas.Channel{KEnergy: make([]byte, 40), Energy: make([]byte, 10), DC: dc, Detail: &schemas.ChannelDetail{Step: 10_000, Impulse: &impulse}}
	for i := range 10 {
		if energy > 0 {
			c.Energy[i] = byte(max(1, 255+20*math.Log10(float64(energy))))
		}
		binary.BigEndian.PutUint32(c.KEnergy[4*i:], math.Float32bits(energy))
	}
	return c
}

// format makes an Inventory of the pictures every ten seconds, from the change on; the word is their size.
func (b *builder) format(stream string, session int64, segments []segment) {
	for _, s := range segments {
		video := &schemas.VideoFormat{}
		if _, err := fmt.Sscanf(s.word, "%dx%d", &video.Width, &video.Height); err != nil {
			panic("no size is called " + s.word)
		}
		for t := s.from; t < s.till; t += 10_000_000 {
			b.add(t, stream, &schemas.Feature{Inventory: &schemas.Inventory{Session: session, At: t - session,
				Tracks: []schemas.Track{{Kind: "video", Codec: "h264", Video: video}}}})
		}
	}
}

// heartbeat makes a StreamSecond at the end of each second.
func (b *builder) heartbeat(stream string, session int64, segments []segment) {
	seq := int64(0)
	for _, s := range segments {
		for t := s.from + 1_000_000; t <= s.till; t += 1_000_000 {
			second := &schemas.StreamSecond{Session: session, Seq: seq, At: t - session, State: s.word, Edge: "http://edge"}
			seq++
			switch s.word {
			case "none":
				continue
			case "up":
				second.FramesDecoded, second.FramesAnalysed, second.AudioBlocks = 25, 25, 10
			case "passing": // the source gives pictures, which we do not decode
				passed := int32(25)
				second.State, second.FramesPassed = "up", &passed
			case "empty":
				second.State = "up"
			case "soundless": // pictures and no sound, of a stream that declares both
				second.State, second.FramesDecoded, second.FramesAnalysed = "up", 25, 25
			case "clean", "lossy", "ours": // MPEG-TS; three packets are missing in it; we have lost datagrams ourselves
				second.State, second.FramesDecoded, second.FramesAnalysed, second.AudioBlocks = "up", 25, 25, 10
				second.Transport = &schemas.Transport{Packets: 2000}
				if s.word != "clean" {
					second.Transport.ContinuityErrors = map[string]int32{"video": 3}
				}
				if s.word == "ours" {
					second.Dropped = 3
				}
			case "network", "break", "cue", "cues", "cancel": // SCTE-35: in the programme; in an ad break; in it, but a cue of this second, or two, leads out in 4 s, or calls the last one off
				second.State, second.FramesDecoded, second.FramesAnalysed, second.AudioBlocks = "up", 25, 25, 10
				second.Splice = &schemas.Splice{Out: s.word == "break"}
				if strings.HasPrefix(s.word, "cue") {
					out, pts := true, (t+4_000_000-epochStart)*9/100
					second.Splice.Events = &[]schemas.SpliceEvent{{Kind: "splice_insert", EventID: new(int64(7)), Out: &out, PTS: &pts}}
					if s.word == "cues" {
						*second.Splice.Events = append([]schemas.SpliceEvent{{Kind: "splice_insert", EventID: new(int64(8)), Out: &out, PTS: &pts}}, *second.Splice.Events...)
					}
				}
				if s.word == "cancel" {
					second.Splice.Events = &[]schemas.SpliceEvent{{Kind: "splice_insert", EventID: new(int64(7)), Cancelled: true}}
				}
			case "listed", "unlisted": // HLS; segments that answer 404
				second.State, second.FramesDecoded, second.FramesAnalysed, second.AudioBlocks = "up", 25, 25, 10
				second.Playlist = &schemas.Playlist{TargetMS: 2000, MediaSequence: seq, Ended: new(bool)}
				if s.word == "unlisted" {
					second.Playlist.SegmentErrors = 1
				}
			case "captions", "speechless": // captions come; none have come since
				second.State, second.FramesDecoded, second.FramesAnalysed, second.AudioBlocks = "up", 25, 25, 10
				second.Cues = &schemas.Cues{SinceMS: new(int64)}
				if s.word == "speechless" {
					*second.Cues.SinceMS = (t - s.from) / 1000
				}
			case "cued", "uncued", "untagged": // SCTE-35 over HLS: cues come, the playlist tells each; none have come since; it does not tell one of this second
				second.State, second.FramesDecoded, second.FramesAnalysed, second.AudioBlocks = "up", 25, 25, 10
				second.Splice = &schemas.Splice{SinceMS: new(int64), Unmatched: new(int32)}
				switch s.word {
				case "uncued":
					*second.Splice.SinceMS = (t - s.from) / 1000
				case "untagged":
					*second.Splice.Unmatched = 1
				}
			case "uneven", "longer": // HLS whose segments are by two fifths of the target duration longer than they are listed with; by more than half of it
				second.State, second.FramesDecoded, second.FramesAnalysed, second.AudioBlocks = "up", 25, 25, 10
				second.Playlist = &schemas.Playlist{TargetMS: 2000, MediaSequence: seq, DurationErrorMS: 800, Ended: new(bool)}
				if s.word == "longer" {
					second.Playlist.DurationErrorMS = 1100
				}
			case "stale", "finished": // HLS whose list stands still; because all of it is there
				second.State, second.FramesDecoded, second.FramesAnalysed, second.AudioBlocks = "up", 25, 25, 10
				ended := s.word == "finished"
				second.Playlist = &schemas.Playlist{TargetMS: 2000, AgeMS: int32((t - s.from) / 1000), MediaSequence: seq - (t-s.from)/1_000_000, Ended: &ended}
			}
			b.add(t, stream, &schemas.Feature{StreamSecond: second})
		}
	}
}

// log puts all records in order, with ticks and settings, and numbers them.
func (b *builder) log() []entry {
	ticks := b.ticks
	if ticks == nil {
		ticks = []segment{{"on", epochStart, b.end}}
	}
	for _, s := range ticks {
		for t := s.from; t <= s.till && s.word == "on"; t += 1_000_000 {
			b.add(t, "", &schemas.Feature{Tick: &schemas.Tick{Time: t, Generation: 1}})
			for _, stream := range b.streams {
				b.setting(t, stream, (t-epochStart)%10_000_000 == 0)
			}
		}
	}
	slices.SortStableFunc(b.entries, func(x, y entry) int {
		if x.time != y.time {
			return int(min(max(x.time-y.time, -1), 1))
		}
		return rank(x) - rank(y)
	})
	for i := range b.entries {
		b.entries[i].Offset = int64(i)
	}
	return b.entries
}

// setting appends a stream's Setting when it is due.
func (b *builder) setting(t int64, stream string, due bool) {
	at, removed := b.removed[stream]
	if !due && !(removed && t == at) {
		return
	}
	b.add(t, "", &schemas.Feature{Setting: &schemas.Setting{
		Time: t, Generation: 1, Stream: stream, Labels: map[string]string{"site": "lab"}, Profile: "default", Rules: b.rules,
		Removed: removed && t >= at,
	}})
}

// rank orders records of one instant: settings first, then what was measured, then the tick.
func rank(e entry) int {
	switch {
	case e.Feature.Setting != nil:
		return 0
	case e.Feature.Tick != nil:
		return 2
	}
	return 1
}
