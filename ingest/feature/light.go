package feature

// #include "kernel.h"
import "C"

import (
	"math"
	"strings"

	"github.com/framewatch/framewatch/ingest/media"
)

const (
	// wholeLight is the light of reference white.
	wholeLight = 65535
	// codes is the largest value of a mean of 8-bit samples, and of R', G' and B'.
	codes = 255 * C.FW_MEAN_UNIT
	// weightBits is the binary point of the factors below.
	weightBits = 14
)

// lightTable turns what is coded into light, in whole numbers, so that every processor has the same.
type lightTable struct {
	format media.VideoFormat
	// linear is the light of a code of R', G' or B', of wholeLight.
	linear [codes + 1]int32
	// black is taken from Y, then luma weighs it; redV to blueU weigh chroma.
	black, luma, redV, greenU, greenV, blueU int32
	// lights weigh R, G and B in luminance.
	lights [3]int32
}

// adopt prepares t for a format.
func (t *lightTable) adopt(format media.VideoFormat) {
	if t.format == format {
		return
	}
	t.format = format
	weight := func(x float64) int32 { return int32(math.Round(x * (1 << weightBits))) }
	black, luma, chroma := 16.0, 255.0/219, 255.0/224
	if fullRange(format) {
		black, luma, chroma = 0, 1, 1
	}
	kr, kb := matrix(&format)
	kg := 1 - kr - kb
	t.black, t.luma = int32(black*C.FW_MEAN_UNIT), weight(luma)
	t.redV, t.blueU = weight(2*(1-kr)*chroma), weight(2*(1-kb)*chroma)
	t.greenV, t.greenU = weight(-2*(1-kr)*kr/kg*chroma), weight(-2*(1-kb)*kb/kg*chroma)

	t.lights = [3]int32{weight(0.2126), weight(0.7152), weight(0.0722)}
	if strings.HasPrefix(format.Primaries, "bt2020") {
		t.lights = [3]int32{weight(0.2627), weight(0.6780), weight(0.0593)}
	}
	for i := range t.linear {
		t.linear[i] = int32(math.Round(wholeLight * min(1, light(format.Transfer, float64(i)/codes))))
	}
}

// glow is what a cell of such means shines.
func (t *lightTable) glow(y, u, v int32) glow {
	y, u, v = t.luma*(y-t.black)+1<<(weightBits-1), u-neutral, v-neutral
	code := func(x int32) int32 { return max(0, min(codes, x>>weightBits)) }
	r, g, b := t.linear[code(y+t.redV*v)], t.linear[code(y+t.greenU*u+t.greenV*v)], t.linear[code(y+t.blueU*u)]
	luminance := int32((int64(t.lights[0])*int64(r) + int64(t.lights[1])*int64(g) + int64(t.lights[2])*int64(b)) >> weightBits)
	if r == 0 || r < 4*(g+b) { // r / (r+g+b) < 0.8
		return glow{luminance: luminance}
	}
	return glow{luminance: luminance, red: r - g - b}
}

// light is the light of a code of 0 to 1, relative to reference white: 203 cd/m2 where the transfer has an absolute scale (BT.2408).
func light(transfer string, code float64) float64 {
	const white = 203
	switch {
	case transfer == "smpte2084": // BT.2100, PQ EOTF
		const m1, m2, c1, c2, c3 = 2610.0 / 16384, 2523.0 / 32, 3424.0 / 4096, 2413.0 / 128, 2392.0 / 128
		p := math.Pow(code, 1/m2)
		return 10000.0 / white * math.Pow(max(0, p-c1)/(c2-c3*p), 1/m1)
	case transfer == "arib-std-b67": // BT.2100, inverse HLG OETF, then a system gamma of 1.2
		const a, b, c = 0.17883277, 0.28466892, 0.55991073
		scene := code * code / 3
		if code > 0.5 {
			scene = (math.Exp((code-c)/a) + b) / 12
		}
		return 1000.0 / white * math.Pow(scene, 1.2)
	case code <= 0.04045: // IEC 61966-2-1
		return code / 12.92
	}
	return math.Pow((code+0.055)/1.055, 2.4)
}
