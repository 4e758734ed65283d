package lab_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/notifier/receiver"
	"github.com/framewatch/framewatch/schemas"
)

func TestDemoTakesNotifications(t *testing.T) {
	d, err := lab.NewDemo(t.Context(), lab.DemoConfig{Clips: clips, Cache: t.TempDir(), Streams: []lab.Clip{small(lab.MPEGTS)}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(d.Handler())
	defer server.Close()
	webhook := receiver.NewWebhook()
	webhook.URL = receiver.Address(server.URL + "/alert")
	ev := &schemas.DefectEvent{ID: "a", State: "opened", Stream: "frog", Kind: "black", Onset: after(20).UnixMicro(), End: after(21).UnixMicro()}
	d.Score.Event(ev, time.Now())
	if status, err := webhook.Tell(t.Context(), &receiver.Message{ID: "message", Changes: []receiver.Change{{ID: "message", What: ev.State, Event: ev}}, Remote: map[string]string{}}); err != nil || status != http.StatusNoContent {
		t.Fatalf("status %d, error %v", status, err)
	}
	report := d.Score.Report([]lab.Injected{{Stream: "frog", Kind: "black", Start: after(20), End: after(28)}}, after(30))
	if len(report.Found) != 1 || report.Found[0].Alerted.IsZero() {
		t.Errorf("the notification is not in the report: %+v", report)
	}
	if spec := d.Streams()["frog"]; spec == nil || spec.URL == "" {
		t.Errorf("streams are %+v", d.Streams())
	}
}

func TestDemoEncodesOnce(t *testing.T) {
	config := lab.DemoConfig{Clips: clips, Cache: t.TempDir(), Streams: []lab.Clip{small(lab.MPEGTS)}}
	encoded := 0
	config.Progress = func(done, all int) {
		encoded++
		if all != 5 || done > all {
			t.Errorf("progress is %d of %d, want of 5", done, all)
		}
	}
	for range 2 {
		if _, err := lab.NewDemo(t.Context(), config); err != nil {
			t.Fatal(err)
		}
	}
	// The clip, black, black with a logo and a freeze; silence is what lies under black.
	if encoded != 4 {
		t.Errorf("%d renditions were encoded, want 4", encoded)
	}
}
