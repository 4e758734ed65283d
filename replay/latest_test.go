package replay_test

import (
	"testing"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
)

func TestLatestOfEachDefectInOrder(t *testing.T) {
	var l replay.Latest
	for revision, id := range []string{"a", "b", "a", "c", "b"} {
		l.Add(&schemas.DefectEvent{ID: id, Revision: int32(revision)})
	}
	got := ""
	for _, ev := range l.List() {
		got += string(rune('0'+ev.Revision)) + ev.ID + " "
	}
	if want := "2a 3c 4b "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
