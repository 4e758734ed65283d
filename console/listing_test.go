package console_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
)

type defectPage struct {
	Defects []schemas.DefectEvent
	Next    string
}

func TestDefectsAreFiltered(t *testing.T) {
	c := console.New(console.Defaults(), deps())
	h := c.Handler()
	for i, d := range []schemas.DefectEvent{
		{Stream: "news", Kind: "black", Severity: "critical", State: "opened", Labels: []schemas.Label{{Name: "site", Value: "north"}, {Name: "empty", Value: ""}}},
		{Stream: "news", Kind: "freeze", Severity: "warning", State: "closed", Labels: []schemas.Label{{Name: "site", Value: "south"}}},
		{Stream: "sport", Kind: "black", Severity: "warning", State: "opened", Labels: []schemas.Label{{Name: "site", Value: "north"}}},
	} {
		d.ID, d.Revision, d.Onset = fmt.Sprint(i), 1, int64(i+1)*10
		c.Defect(&d)
	}
	for query, want := range map[string][]string{
		"stream=news":      {"0", "1"},
		"kind=black":       {"0", "2"},
		"severity=warning": {"2", "1"},
		"label.site=north": {"0", "2"},
		"label.site=north&kind=black&state=open&stream=sport": {"2"},
		"label.empty=":     {"0"},
		"label.other=":     nil,
		"from=20":          {"2", "1"},
		"from=20&to=30":    {"1"},
		"stream=elsewhere": nil,
	} {
		if got := decode[defectList](t, get(h, "/api/v1/defects?"+query)).ids(); !slices.Equal(got, want) {
			t.Errorf("defects?%s are %q, want %q", query, got, want)
		}
	}
}

// TestDefectsStandInTheListOnce: also while they end, and what ends is never missing.
func TestDefectsStandInTheListOnce(t *testing.T) {
	c := console.New(console.Defaults(), deps())
	h := c.Handler()
	// The first is there all the while, open or ended: it is one of few, so that none is forgotten.
	event := func(revision int32, state string) {
		c.Defect(&schemas.DefectEvent{ID: idOf(0), Revision: revision, State: state, Severity: "info", Stream: "news", Labels: []schemas.Label{}, Onset: 1000, End: 5000})
	}
	event(1, "opened")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for revision := range int32(20_000) {
			event(revision+2, []string{"closed", "updated"}[revision%2])
		}
	}()
	for looking := true; looking; {
		select {
		case <-done:
			looking = false
		default:
		}
		if ids := decode[defectList](t, get(h, "/api/v1/defects")).ids(); len(ids) != 1 {
			t.Fatalf("the list has %q, want one defect once", ids)
		}
	}
}

// TestDefectsPageByPage: what is there all the while comes once, though defects begin, change and end between the pages.
func TestDefectsPageByPage(t *testing.T) {
	c := console.New(console.Defaults(), deps())
	h := c.Handler()
	event := func(n int, state, severity string, revision int32) {
		c.Defect(&schemas.DefectEvent{ID: idOf(n), Revision: revision, State: state, Severity: severity, Stream: "news", Labels: []schemas.Label{}, Onset: int64(1000 + n/2), End: 5000})
	}
	for n := range 25 { // two of each onset
		event(n, []string{"opened", "closed"}[n%2], "info", 1)
	}
	var got []string
	cursor := ""
	for pages := 0; ; pages++ {
		p := decode[defectPage](t, get(h, "/api/v1/defects?limit=4"+cursor))
		if len(p.Defects) > 4 || pages > 10 {
			t.Fatalf("page %d has %d defects", pages, len(p.Defects))
		}
		for _, d := range p.Defects {
			got = append(got, d.ID)
		}
		if p.Next == "" {
			break
		}
		cursor = "&cursor=" + p.Next
		event(100+2*pages, "opened", "critical", 1) // begins
		event(pages*2, "closed", "info", 2)         // ends
		event(pages*2+10, "updated", "critical", 2) // gets worse
	}
	// The onset falls by one with each pair; in a pair the smaller id comes first.
	var want []string
	for pair := 12; pair >= 0; pair-- {
		want = append(want, idOf(2*pair))
		if 2*pair+1 < 25 {
			want = append(want, idOf(2*pair+1))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the pages have\n%q, want\n%q", got, want)
	}
}

func TestStreamsPageByPage(t *testing.T) {
	c := console.New(console.Defaults(), deps())
	h := c.Handler()
	for n := range 10 {
		c.Stream(fmt.Sprintf("s/%d", n), &schemas.StreamSpec{Labels: map[string]string{"even": fmt.Sprint(n%2 == 0)}})
	}
	var got []string
	cursor := ""
	for range 10 {
		p := decode[struct {
			Streams []console.Stream
			Next    string
		}](t, get(h, "/api/v1/streams?limit=2&label.even=true&lamp=unknown"+cursor))
		for _, s := range p.Streams {
			got = append(got, s.ID)
		}
		if p.Next == "" {
			break
		}
		c.Stream(p.Streams[len(p.Streams)-1].ID, nil) // the cursor's own stream goes away
		cursor = "&cursor=" + p.Next
	}
	if want := []string{"s/0", "s/2", "s/4", "s/6", "s/8"}; !slices.Equal(got, want) {
		t.Errorf("the pages have %q, want %q", got, want)
	}
}

func TestListingsThatAreRefused(t *testing.T) {
	h := console.New(console.Defaults(), deps()).Handler()
	for query, want := range map[string]string{
		"/streams?limit=0":                              "from 1 to 1000",
		"/streams?limit=1001":                           "from 1 to 1000",
		"/streams?limit=x":                              "from 1 to 1000",
		"/streams?cursor=%21":                           "cursor is none",
		"/streams?cursor=e30":                           "cursor is none", // {}
		"/defects?cursor=bnVsbA":                        "cursor is none", // null
		"/defects?cursor=" + strings.Repeat("A", 1001):  "more than 1000 bytes",
		"/defects?sverity=critical":                     "no parameter of this",
		"/streams?severity=critical":                    "no parameter of this",
		"/defects?kind=black&kind=freeze":               "more than once",
		"/defects?from=yesterday":                       "from is to be microseconds",
		"/defects?label.x=" + strings.Repeat("A", 1001): "more than 1000 bytes",
	} {
		if w := get(h, "/api/v1"+query); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%.60s: status %d %s, want %s", query, w.Code, w.Body, want)
		}
	}
}
