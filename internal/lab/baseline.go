package lab

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/framewatch/framewatch/replay"
)

// FilterDetector is one of FFmpeg's detecting filters with options, and the kind of defect that it detects.
type FilterDetector struct {
	// Name of the options, Kind of defect, Filter and its options.
	Name, Kind, Filter, Options string
	// sound tells that it looks at sound.
	sound bool
	// Explained are kinds of fault by which it is right to detect this kind too: black stands still.
	Explained []string
}

// standsStill are faults whose pictures stand still.
var standsStill = []string{"black", "black_with_logo", "flat_colour", "slate"}

// FilterDetectors are FFmpeg's as they are by default, and with options nearer to our rules' own: black from one second on and only where it is nearly
// black, and a freeze in which the coder may move more, by which freezedetect does better on the tuning half (F1 0.93 against 0.91). Silence is
// found by default as well as it can be.
var FilterDetectors = []FilterDetector{
	{Name: "default", Kind: "black", Filter: "blackdetect", Options: "d=2:pic_th=0.98:pix_th=0.10"},
	{Name: "tuned", Kind: "black", Filter: "blackdetect", Options: "d=1:pic_th=0.98:pix_th=0.04"},
	{Name: "default", Kind: "freeze", Filter: "freezedetect", Options: "n=0.001:d=2", Explained: standsStill},
	{Name: "tuned", Kind: "freeze", Filter: "freezedetect", Options: "n=0.003:d=2", Explained: standsStill},
	{Name: "default", Kind: "silence", Filter: "silencedetect", Options: "n=0.001:d=2", sound: true},
}

// RunFilters runs detectors over a file, a pass for each name that their options have. The result is in their order; the defects are of stream, their
// time is since the start of the file. length is where what has not ended by the end of the file ends: some filters do not say.
func RunFilters(ctx context.Context, detectors []FilterDetector, file, stream string, length time.Duration) ([][]replay.Defect, error) {
	found := make([][]replay.Defect, len(detectors))
	passes := map[string]string{}
	for i, d := range detectors {
		said, ok := passes[d.Name]
		if !ok {
			var err error
			if said, err = runFilters(ctx, detectors, d.Name, file); err != nil {
				return nil, fmt.Errorf("run FFmpeg's filters on %s: %w", file, err)
			}
			passes[d.Name] = said
		}
		found[i] = d.Read(said, stream, length)
	}
	return found, nil
}

// runFilters runs those detectors whose options have a name, and gives what FFmpeg said: on stderr, at level info.
func runFilters(ctx context.Context, detectors []FilterDetector, name, file string) (string, error) {
	chains := map[string][]string{}
	for _, d := range detectors {
		if d.Name == name {
			chains[d.track()] = append(chains[d.track()], d.Filter+"="+d.Options)
		}
	}
	arguments := []string{"-nostdin", "-hide_banner", "-nostats", "-threads", "1", "-i", file}
	for track, chain := range chains {
		arguments = append(arguments, "-filter:"+track, strings.Join(chain, ","))
	}
	said, err := exec.CommandContext(ctx, "ffmpeg", append(arguments, "-f", "null", "-")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, lastLine(said))
	}
	return string(said), nil
}

// track is v or a, as FFmpeg calls it.
func (d FilterDetector) track() string {
	if d.sound {
		return "a"
	}
	return "v"
}

// saidBy is a line that a filter says.
var saidBy = regexp.MustCompile(`\[(\w+) @ \w+\] (.*)`)

// boundary is a start or an end that a filter tells.
var boundary = regexp.MustCompile(`(?:black|freeze|silence)_(start|end): ?(-?[0-9.]+)`)

// Read takes the filter's detections from what FFmpeg said.
func (d FilterDetector) Read(said, stream string, length time.Duration) (found []replay.Defect) {
	open := false
	for _, line := range saidBy.FindAllStringSubmatch(said, -1) {
		if line[1] != d.Filter {
			continue
		}
		for _, edge := range boundary.FindAllStringSubmatch(line[2], -1) {
			seconds, err := strconv.ParseFloat(edge[2], 64)
			at := time.UnixMicro(int64(seconds * 1e6))
			switch {
			case err != nil:
			case edge[1] == "start":
				found = append(found, replay.Defect{ID: fmt.Sprint(d.Filter, " ", seconds), Stream: stream, Kind: d.Kind, Onset: at, End: time.UnixMicro(length.Microseconds())})
				open = true
			case open:
				found[len(found)-1].End, open = at, false
			}
		}
	}
	return found
}

// lastLine of what a program said.
func lastLine(said []byte) string {
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	return lines[len(lines)-1]
}
