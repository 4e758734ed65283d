package lab_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/schemas"
)

// tape is four seconds with a picture each half second, a sound each quarter of one and what comes every second, and half a second more.
func tape() (records []*schemas.Feature) {
	records = append(records, &schemas.Feature{Inventory: &schemas.Inventory{Version: 1}})
	for at := int64(0); at < 4_500_000; at += 250_000 {
		if at > 0 && at%1_000_000 == 0 {
			records = append(records, &schemas.Feature{StreamSecond: &schemas.StreamSecond{At: at, State: "up"}})
		}
		if at%500_000 == 0 {
			records = append(records, &schemas.Feature{VideoFrame: &schemas.VideoFrame{At: at, PTS: 9000 + at*9/100, Arrival: 7, Duration: int32(at)}})
		}
		records = append(records, &schemas.Feature{AudioBlock: &schemas.AudioBlock{At: at, PTS: at * 9 / 100, Track: 1}})
	}
	return records
}

func TestFleetPlaysEachStreamWithoutAJoint(t *testing.T) {
	fleet, err := lab.NewFleet(tape())
	if err != nil {
		t.Fatal(err)
	}
	type last struct{ pictures, sounds, seconds, inventories int64 }
	streams := map[string]*last{}
	const start = 1_700_000_000_000_000
	for id, f := range fleet.Records(3, start, 10*time.Second) {
		s := streams[id]
		if s == nil {
			s = &last{}
			streams[id] = s
		}
		switch {
		case f.VideoFrame != nil:
			v := f.VideoFrame
			// The n-th picture of every stream comes at n half seconds.
			if v.Session != start || v.Seq != s.pictures || v.At != s.pictures*500_000 || v.Arrival != 7 {
				t.Errorf("%s: picture %d is %+v", id, s.pictures, *v)
			}
			s.pictures++
		case f.AudioBlock != nil:
			if b := f.AudioBlock; b.Session != start || b.Seq != s.sounds || b.At != s.sounds*250_000 {
				t.Errorf("%s: sound %d has seq %d and at %d", id, s.sounds, b.Seq, b.At)
			}
			s.sounds++
		case f.StreamSecond != nil:
			if b := f.StreamSecond; b.Session != start || b.Seq != s.seconds || b.At != (s.seconds+1)*1_000_000 {
				t.Errorf("%s: second %d has seq %d and ends at %d", id, s.seconds, b.Seq, b.At)
			}
			s.seconds++
		case f.Inventory != nil:
			s.inventories++
		}
	}
	if len(streams) != 3 {
		t.Fatalf("%d streams, want 3", len(streams))
	}
	for id, s := range streams {
		// 10 s: two pictures, four sounds a second; the second that ends with them is still to come.
		if s.pictures != 20 || s.sounds != 40 || s.seconds != 9 || s.inventories < 2 {
			t.Errorf("%s: %+v, want 20 pictures, 40 sounds, 9 seconds and 2 inventories at least", id, *s)
		}
	}
}

func TestFleetStreamsAreOutOfPhase(t *testing.T) {
	fleet, err := lab.NewFleet(tape())
	if err != nil {
		t.Fatal(err)
	}
	// Four streams over a tape of four seconds start a second apart on it; there each picture's duration is its time.
	want := map[string]int32{"stream-00000": 0, "stream-00001": 1_000_000, "stream-00002": 2_000_000, "stream-00003": 3_000_000}
	first := map[string]int32{}
	for id, f := range fleet.Records(4, 0, time.Second) {
		if _, ok := first[id]; f.VideoFrame != nil && !ok {
			first[id] = f.VideoFrame.Duration
		}
	}
	for id, at := range want {
		if first[id] != at {
			t.Errorf("%s starts with the picture at %d, want %d", id, first[id], at)
		}
	}
}

func TestFleetNeedsASecond(t *testing.T) {
	if _, err := lab.NewFleet(tape()[:3]); err == nil {
		t.Error("a tape of half a second is accepted")
	}
}

func TestFleetSpoilsOneStreamInSome(t *testing.T) {
	fleet, err := lab.NewFleet(tape())
	if err != nil {
		t.Fatal(err)
	}
	spoilt := tape()
	for _, r := range spoilt {
		if r.VideoFrame != nil {
			r.VideoFrame.Arrival = 13
		}
	}
	// Of the four seconds of the tape the second and the fourth are faulty.
	if err := fleet.Spoil(3, spoilt, []lab.Wrong{{Kind: "black", From: 1_000_000, To: 2_000_000}, {Kind: "freeze", From: 3_000_000, To: 4_000_000}}); err != nil {
		t.Fatal(err)
	}
	pictures := map[string]map[int64]int{}
	for id, f := range fleet.Records(6, 0, 4*time.Second) {
		if f.VideoFrame != nil {
			if pictures[id] == nil {
				pictures[id] = map[int64]int{}
			}
			pictures[id][f.VideoFrame.Arrival]++
		}
	}
	for i := range 6 {
		want := int64(7)
		if i%3 == 2 {
			want = 13
		}
		if got := pictures[lab.StreamID(i)]; len(got) != 1 || got[want] != 8 {
			t.Errorf("stream %d: pictures by tape are %v, want 8 of %d", i, got, want)
		}
	}
	if share := fleet.Faulty(6); share < 0.16 || share > 0.18 {
		t.Errorf("%.3f of the records are faulty, want half of a third", share)
	}
}

// Six streams over a tape of four seconds begin 0, 0, 1, 2, 2 and 3 s into it; the third and the sixth play what is spoilt: black from 1 to 2 s, still from 3 to 4 s.
func TestFleetKnowsItsFaults(t *testing.T) {
	fleet, err := lab.NewFleet(tape())
	if err != nil {
		t.Fatal(err)
	}
	if err := fleet.Spoil(3, tape(), []lab.Wrong{{Kind: "black", From: 1_000_000, To: 2_000_000}, {Kind: "freeze", From: 2_500_000, To: 4_200_000}}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range fleet.Faults(6, 100_000_000, 4*time.Second) {
		got = append(got, fmt.Sprintf("%s %s %d-%d %v", f.Stream, f.Kind, f.Start.UnixMilli(), f.End.UnixMilli(), f.Optional))
	}
	want := []string{
		"stream-00002 black 100000-101000 false", "stream-00002 freeze 101500-103000 false", // from 1 s on the tape, which ends at 4 s
		"stream-00005 freeze 99500-101000 true", "stream-00005 black 102000-103000 false", "stream-00005 freeze 103500-105000 false", // from 3 s on
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
