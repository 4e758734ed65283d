package main

import (
	"slices"
	"testing"
	"time"

	"github.com/framewatch/framewatch/internal/lab"
)

// TestSoak is a minute of what `bench soak` does for ten: every protocol, every kind of disturbance, nothing lost and nothing left.
func TestSoak(t *testing.T) {
	b := benchSoak{clips: "../../testdata/clips", length: time.Minute, streams: 12, seed: 1, logLevel: "error", stdout: t.Output(), stderr: t.Output()}
	report, err := b.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := b.print(report); err != nil {
		t.Error(err)
	}
	if report.Streams != b.streams || len(report.Disturbances) != 5 || report.Found == 0 {
		t.Errorf("%d streams, disturbances %v, %d outages found: want %d, five kinds and some", report.Streams, report.Disturbances, report.Found, b.streams)
	}
	if want := lab.SoakProtocols(); !slices.Equal(report.Protocols, want) {
		t.Errorf("protocols are %v, want all: %v", report.Protocols, want)
	}
	for _, failure := range report.Failures {
		t.Error(failure)
	}
}
