package main

import (
	"encoding/json"
	"testing"

	"github.com/framewatch/framewatch/internal/lab"
)

// TestBenchFleet carries two streams at most, so that it is over soon.
func TestBenchFleet(t *testing.T) {
	clip := transportClip(t, 5)
	code, stdout, stderr := command(t, "bench", "fleet", "--start", "2s", "--step", "1s", "--shed", "3s", "--most", "1", "-o", "json", clip)
	var b lab.FleetBench
	if err := json.Unmarshal([]byte(stdout), &b); err != nil {
		t.Fatalf("got code %d, stdout %q, stderr %q: %v", code, stdout, stderr, err)
	}
	if code != exitOK || b.DecodeStreams != 1 || b.AnalysedStreams != 1 || b.AnalysedOverDecode != 1 || b.Shed.Streams != 2 || !b.Shed.OK || b.Shed.Decoded <= 0 || b.Shed.Analysed <= 0 {
		t.Errorf("got code %d, %+v", code, b)
	}
}
