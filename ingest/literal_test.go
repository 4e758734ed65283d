package ingest_test

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/schemas"
)

// A spec with a secret in it, as another program may have put it on the log, is played all the same, with one warning that does not tell the secret.
func TestLiteralSecretsAreWarnedOfOnce(t *testing.T) {
	t.Setenv("EDGE_TEST_SECRET", "hunter2hunter2")
	var logged bytes.Buffer
	t.Run("edge", func(t *testing.T) {
		edge, r := run(t, ingest.Defaults(), slog.New(slog.NewTextHandler(&logged, nil)))
		for id, url := range map[string]string{
			"literal":   "http://bob:hunter2hunter2@127.0.0.1:1/?token=hunter2hunter2",
			"reference": "http://bob:${env:EDGE_TEST_SECRET}@127.0.0.1:1/?token=${env:EDGE_TEST_SECRET}",
		} {
			edge.Set(id, &schemas.StreamSpec{URL: url})
		}
		for _, id := range []string{"literal", "reference"} {
			reconnected(t, r, id)
		}
	})
	var warnings []string
	for line := range strings.Lines(logged.String()) {
		if strings.Contains(line, "holds secrets itself") {
			warnings = append(warnings, line)
		}
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "stream=literal secrets=\"[the password the value of token]\"") {
		t.Errorf("got %q, want one warning of the stream literal, naming its password and its token", warnings)
	}
	if strings.Contains(logged.String(), "hunter2") {
		t.Errorf("the secret is logged:\n%s", &logged)
	}
}

// reconnected waits until the stream has been tried twice.
func reconnected(t *testing.T, r *recorder, id string) {
	t.Helper()
	r.wait(t, id, "a reconnect", func(p []published) bool {
		return slices.ContainsFunc(p, func(p published) bool { return p.StreamSecond != nil && p.StreamSecond.Reconnects > 0 })
	})
}
