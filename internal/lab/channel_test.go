package lab

import (
	"testing"
	"time"
)

// A client of HLS that joins anew after an outage may be given the last segments from before it once more, and presents them first: the outage stays when it was, and what follows comes later.
func TestOutageStaysWhereAClientJoinsAnew(t *testing.T) {
	const outage, back, dark = 14, 20, 30
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, again := range map[string][]int64{"with what is new": nil, "with the last segment": {13}, "with two": {12, 13}} {
		c := &channel{plans: []Plan{{Fault: Fault{Kind: "no_signal"}, From: outage, To: back}, {Fault: Fault{Kind: "black", Picture: black}, From: dark, To: dark + 5}}}
		for n := range int64(outage) {
			c.delivered(n, start.Add(duration(n)))
		}
		joined := start.Add(duration(back) + 300*time.Millisecond)
		for _, n := range again {
			c.delivered(n, joined)
		}
		for n := int64(back); n < dark+10; n++ {
			c.delivered(n, joined.Add(duration(n-back)))
		}
		resumed := joined.Add(duration(int64(len(again))))
		got := c.injected(start.Add(time.Hour))
		if len(got) != 2 || !got[0].Start.Equal(start.Add(duration(outage))) || !got[0].End.Equal(resumed) || !got[1].Start.Equal(resumed.Add(duration(dark-back))) {
			t.Errorf("%s: injected are %+v", name, got)
		}
	}
}

// A client that was restarted is shown a fault again, and its defect is of then.
func TestFaultPresentedAgainCountsAsOfThen(t *testing.T) {
	const dark = 10
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := &channel{plans: []Plan{{Fault: Fault{Kind: "black", Picture: black}, From: dark, To: dark + 5}}}
	for n := range int64(13) {
		c.delivered(n, start.Add(duration(n)))
	}
	joined := start.Add(duration(14))
	for n := int64(9); n < 20; n++ {
		c.delivered(n, joined.Add(duration(n-9)))
	}
	if got := c.injected(start.Add(time.Hour)); len(got) != 1 || !got[0].Start.Equal(joined.Add(duration(1))) {
		t.Errorf("injected are %+v", got)
	}
}
