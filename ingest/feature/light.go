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
)

// lightTable turns what is coded into light, in whole numbers, so that every processor has the same. It is struct fw_light.
type lightTable struct {
	// linear is the light of a code of R', G' or B', of wholeLight.
	linear [codes + 1]int32
	// black is taken from Y, then luma weighs it; redV to blueU weigh chroma.
	black, luma, redV, greenU, greenV, blueU int32
	// lights weigh R, G and B in luminance.
	lights [3]int32
}

// prepare fills t for a format.
func (t *lightTable) prepare(format media.VideoFormat) {
	weight := func(x float64) int32 { return int32(math.Round(x * (1 << C.FW_WEIGHT_BITS))) }
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
