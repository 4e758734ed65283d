package window

import (
	"slices"
	"strings"
)

// surroundWeight is that of loudspeakers at the listener's sides: 1.5 dB (ITU-R BS.1770-5, Annex 1, table 3).
const surroundWeight = 1.41

// layouts are the channels of FFmpeg's named layouts of three channels and more.
var layouts = map[string]string{
	"3.0":            "FL+FR+FC",
	"3.0(back)":      "FL+FR+BC",
	"4.0":            "FL+FR+FC+BC",
	"2.1":            "FL+FR+LFE",
	"quad":           "FL+FR+BL+BR",
	"quad(side)":     "FL+FR+SL+SR",
	"3.1":            "FL+FR+FC+LFE",
	"5.0":            "FL+FR+FC+BL+BR",
	"5.0(side)":      "FL+FR+FC+SL+SR",
	"4.1":            "FL+FR+FC+LFE+BC",
	"5.1":            "FL+FR+FC+LFE+BL+BR",
	"5.1(side)":      "FL+FR+FC+LFE+SL+SR",
	"6.0":            "FL+FR+FC+BC+SL+SR",
	"6.0(front)":     "FL+FR+FLC+FRC+SL+SR",
	"3.1.2":          "FL+FR+FC+LFE+TFL+TFR",
	"hexagonal":      "FL+FR+FC+BL+BR+BC",
	"6.1":            "FL+FR+FC+LFE+BC+SL+SR",
	"6.1(back)":      "FL+FR+FC+LFE+BL+BR+BC",
	"6.1(front)":     "FL+FR+LFE+FLC+FRC+SL+SR",
	"7.0":            "FL+FR+FC+BL+BR+SL+SR",
	"7.0(front)":     "FL+FR+FC+FLC+FRC+SL+SR",
	"7.1":            "FL+FR+FC+LFE+BL+BR+SL+SR",
	"7.1(wide)":      "FL+FR+FC+LFE+BL+BR+FLC+FRC",
	"7.1(wide-side)": "FL+FR+FC+LFE+FLC+FRC+SL+SR",
	"7.1(top)":       "FL+FR+FC+LFE+BL+BR+TFL+TFR",
	"5.1.2":          "FL+FR+FC+LFE+SL+SR+TFL+TFR",
	"5.1.2(back)":    "FL+FR+FC+LFE+BL+BR+TFL+TFR",
	"7.1.2":          "FL+FR+FC+LFE+BL+BR+SL+SR+TFL+TFR",
	"7.1.4":          "FL+FR+FC+LFE+BL+BR+SL+SR+TFL+TFR+TBL+TBR",
	"octagonal":      "FL+FR+FC+BL+BR+BC+SL+SR",
	"cube":           "FL+FR+BL+BR+TFL+TFR+TBL+TBR",
}

// usual are the layouts of so many channels that come without one, as FFmpeg has them.
var usual = map[int]string{3: "2.1", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}

// ChannelWeights are the weights of a layout's channels in loudness, by ITU-R BS.1770-5: LFE 0; those at 60 to 120 degrees to the side and
// not raised 1.41; all others 1, channels at the back of 6.1 and 7.1 too (FFmpeg's ebur128 has 1.41 for these). BL and BR stand at the side
// where no SL and SR do. The layout is FFmpeg's name or its list of channels, such as "FL+FR+LFE"; one that is unknown or not of so many
// channels is taken for the usual one of that number.
//
// One channel alone weighs 1 as the Recommendation has it, and is 3.01 LU softer than both channels of a stereo pair with the same sound.
// With dualMono it weighs 2: as loud as it is when both loudspeakers play it.
func ChannelWeights(layout string, channels int, dualMono bool) []float64 {
	weights := make([]float64, channels)
	for i := range weights {
		weights[i] = 1
	}
	if channels == 1 && dualMono {
		weights[0] = 2
	}
	positions := positions(layout)
	if len(positions) != channels {
		positions = strings.Split(layouts[usual[channels]], "+")
	}
	sides := slices.Contains(positions, "SL")
	for i, p := range positions[:min(len(positions), channels)] {
		switch p {
		case "LFE", "LFE2":
			weights[i] = 0
		case "SL", "SR", "SDL", "SDR", "WL", "WR":
			weights[i] = surroundWeight
		case "BL", "BR":
			if !sides {
				weights[i] = surroundWeight
			}
		}
	}
	return weights
}

// positions are the names of a layout's channels; FFmpeg puts those of unnamed layouts in brackets: "3 channels (FL+FR+LFE)".
func positions(layout string) []string {
	if named, ok := layouts[layout]; ok {
		layout = named
	}
	if _, list, ok := strings.Cut(layout, "("); ok {
		layout = strings.TrimSuffix(list, ")")
	}
	return strings.Split(layout, "+")
}
