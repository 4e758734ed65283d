package notifier_test

import (
	"testing"

	"github.com/framewatch/framewatch/notifier"
	"github.com/framewatch/framewatch/schemas"
)

func TestScope(t *testing.T) {
	ev := &schemas.DefectEvent{ID: "d1", Stream: "news", Kind: "black", Severity: "critical", Part: "track 1", Labels: []schemas.Label{{Name: "site", Value: "north"}, {Name: "kind", Value: "sport"}}}
	labels := map[string]string{"site": "north", "kind": "sport"}
	for _, test := range []struct {
		matchers       []string
		stream, defect bool
	}{
		{[]string{`stream="news"`}, true, true},
		{[]string{`stream="new"`}, false, false},
		{[]string{`stream=~"new.*"`, `site!="south"`}, true, true},
		{[]string{`stream=~"new"`}, false, false},
		{[]string{`site="north"`, `kind="black"`}, true, true},
		{[]string{`site="north"`, `kind="freeze"`}, true, false},
		{[]string{`site="south"`, `kind="black"`}, false, false},
		{[]string{`severity=~"info|warning"`}, true, false},
		{[]string{`stream_kind="sport"`}, true, true},
		{[]string{`stream_kind="films"`}, false, false},
		{[]string{`cdn=""`, `stream="news"`}, true, true},
		{[]string{`part!="track 1"`, `stream="news"`}, true, false},
	} {
		s, err := notifier.NewScope(test.matchers)
		if err != nil {
			t.Fatal(err)
		}
		if stream, defect := s.Stream("news", labels), s.Defect(ev); stream != test.stream || defect != test.defect {
			t.Errorf("%q matches the stream: %v, the defect: %v, want %v and %v", test.matchers, stream, defect, test.stream, test.defect)
		}
	}
	for _, wrong := range [][]string{nil, {`stream`}, {`stream=~".*"`, `kind=""`}, {`stream=~"("`}} {
		if _, err := notifier.NewScope(wrong); err == nil {
			t.Errorf("%q are taken", wrong)
		}
	}
}
