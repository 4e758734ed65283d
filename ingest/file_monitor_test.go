package ingest_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"syscall"
	"testing"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/schemas"
)

// What is wrong with a file's packets is told in the second of the pictures that follow them, the same each time, and each packet is told once.
func TestMeasureTransport(t *testing.T) {
	path := clip(t, 3, "clip.ts")
	content := must(os.ReadFile(path))
	packets := int32(len(content) / 188)
	at := video(content)
	content[at[len(at)/2]+1] |= 0x80 // a damaged packet in the middle
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	records, err := measure(t, path)
	if err != nil {
		t.Fatal(err)
	}
	var of []published
	for _, f := range records {
		of = append(of, published{Feature: f})
	}
	total, told := sum(of)
	if total.Packets != packets || total.TransportErrors != 1 || len(total.ContinuityErrors) != 0 || told < 3 {
		t.Errorf("in %d seconds %s, want %d packets, one of them damaged", told, text(total), packets)
	}
	for i, s := range seconds(of) {
		x := s.StreamSecond.Transport
		if i < 3 && (x.Packets < packets/6 || *x.PATErrors != 0 || *x.PMTErrors != 0 || *x.PTSErrors != 0 || *x.PCRErrors != 0) || (x.TransportErrors == 1) != (i == 1) {
			t.Errorf("second %d: %s", i, text(x))
		}
	}
	if p := records[0].Inventory.Programmes; p == nil || len((*p)[0].Streams) != 2 {
		t.Errorf("the inventory has programmes %s", text(p))
	}
	if again, err := measure(t, path); err != nil || len(again) != len(records) {
		t.Errorf("again %d records of %d, %v", len(again), len(records), err)
	} else {
		for i, f := range again {
			if f.StreamSecond != nil && !reflect.DeepEqual(f, records[i]) {
				t.Errorf("again %s, was %s", text(f), text(records[i]))
			}
		}
	}
}

// A file that is played has its packets told as it is, and over the end of a loop nothing is wrong.
func TestTransportOfFile(t *testing.T) {
	t.Parallel()
	path := clip(t, 1, "clip.ts")
	packets := int32(len(must(os.ReadFile(path))) / 188)
	edge, r := run(t, ingest.Defaults(), quiet())
	edge.Set("once", &schemas.StreamSpec{URL: path})
	edge.Set("looped", &schemas.StreamSpec{URL: path, Loop: true})
	r.second(t, "once", ingest.Down, "end of file")
	if total, _ := sum(r.all("once")); total.Packets != packets || total.SyncLosses != 0 || len(total.ContinuityErrors) != 0 {
		t.Errorf("once: %s, want %d packets", text(total), packets)
	}
	of := r.wait(t, "looped", "three rounds", func(of []published) bool {
		total, _ := sum(of)
		return total.Packets > 3*packets
	})
	total, _ := sum(of)
	if rounds := frames(of)[len(frames(of))-1].VideoFrame.Epoch; total.SyncLosses != 0 || len(total.ContinuityErrors) != 0 || total.PCRDiscontinuities != 0 || total.Packets > (rounds+2)*packets {
		t.Errorf("looped: in %d rounds of %d packets %s", rounds+1, packets, text(total))
	}
	for _, p := range of {
		if i := p.Inventory; i != nil && i.Programmes == nil {
			t.Errorf("an inventory without programmes: %s", text(i))
		}
	}
}

// A worker cannot have the file looked at in places where it cannot have come, nor what is no file.
func TestFileMonitor(t *testing.T) {
	packet := append([]byte{0x47, 0x01, 0x00, 0x10}, make([]byte, 184)...)
	path := filepath.Join(t.TempDir(), "a.ts")
	content := bytes.Repeat(packet, 100)
	for i := range 100 {
		content[i*188+3] |= byte(i & 0xf)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, monitor := ingest.OpenMonitor("file://" + path)
	if f == nil {
		t.Fatal("it is no MPEG-TS")
	}
	defer f.Close()
	packets := func() int32 {
		second, _ := monitor.Second(false, nil)
		if second == nil {
			return 0
		}
		if len(second.ContinuityErrors) > 0 {
			t.Errorf("continuity errors %v", second.ContinuityErrors)
		}
		return second.Packets
	}
	for i, c := range []struct {
		at      ingest.Place
		wrong   bool
		packets int32
	}{
		{ingest.Place{Offset: 0}, false, 0},
		{ingest.Place{Offset: 40 * 188}, false, 40},
		{ingest.Place{Offset: 10 * 188}, false, 0},
		{ingest.Place{Offset: 60 * 188}, false, 20},
		{ingest.Place{Offset: -1}, true, 0},
		{ingest.Place{Round: 2, Offset: 0}, true, 0},
		{ingest.Place{Round: 1, Offset: 50 * 188}, false, 40 + 50},
		{ingest.Place{Round: 0, Offset: 60 * 188}, true, 0},
		{ingest.Place{Round: 1, Offset: 1 << 62}, false, 0}, // beyond the end, and too far to look at what is in between
		{ingest.Place{Round: 2, Offset: 188 * 1000}, false, 100},
	} {
		err := f.To(c.at)
		if got := packets(); (err != nil) != c.wrong || got != c.packets {
			t.Errorf("%d: at %+v %d packets, want %d; %v", i, c.at, got, c.packets, err)
		}
	}
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other.ts")
	if err := os.WriteFile(other, bytes.Repeat([]byte("no transport stream at all "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{fifo, other, "/nonexistent.ts", "http://127.0.0.1:1/a.ts", filepath.Dir(other)} {
		f, _ := ingest.OpenMonitor(path)
		if f.Close(); f != nil {
			t.Errorf("%s is watched", path)
		}
		if err := f.To(ingest.Place{}); err == nil {
			t.Errorf("%s: a place in no file is taken", path)
		}
		f.End()
	}
}
