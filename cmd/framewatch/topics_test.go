package main

import (
	"testing"

	"github.com/framewatch/framewatch/topology"
)

func TestTopicsAreDescribed(t *testing.T) {
	for output, want := range map[string]string{"text": topology.Describe(), "markdown": topology.Table(), "asyncapi": topology.AsyncAPI()} {
		code, stdout, stderr := command(t, "topics", "describe", "-o", output)
		if code != exitOK || stdout != want || stderr != "" {
			t.Errorf("%s: got code %d, stdout %q, stderr %q", output, code, stdout, stderr)
		}
	}
}
