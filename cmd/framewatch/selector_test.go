package main

import (
	"strings"
	"testing"

	"github.com/framewatch/framewatch/schemas"
)

func TestMatchers(t *testing.T) {
	labels := map[string]string{"tier": "uhd", "group-title": "News and more"}
	for text, want := range map[string]bool{
		`tier="uhd"`: true, `tier=uhd`: true, `tier = "hd"`: false, `tier!="hd"`: true, `tier=~"uhd|4k"`: true, `tier=~"u"`: false, `tier!~"u.*"`: false,
		`group-title="News and more"`: true, `missing=""`: true, `missing!=""`: false, `missing!~".+"`: true,
	} {
		m, err := parseMatcher(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := m.fits(labels); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
	for _, text := range []string{``, `tier`, `tier==hd`, `="x"`, `tier="a" b`, `tier=~"("`, `1tier=x`, `tier="\q"`, `tier=` + strings.Repeat("x", 1000)} {
		if _, err := parseMatcher(text); err == nil || !strings.Contains(err.Error(), "matcher") {
			t.Errorf("%.30s: got %v, want an error", text, err)
		}
	}
}

func TestProfileIsChosenByPriorityThenByConditions(t *testing.T) {
	high := int32(5)
	all := selectors{}
	for name, p := range map[string]*schemas.Profile{
		"sport":  {Selector: map[string]string{"genre": "sport"}},
		"finals": {Selector: map[string]string{"genre": "sport"}, Matchers: &[]string{`event=~"final.*"`, `tier!="sd"`}},
		"night":  {Matchers: &[]string{`region!=""`}, Priority: &high},
		"uhd":    {Matchers: &[]string{`tier="uhd"`}},
		"named":  {},
	} {
		s, err := newSelector(p)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = s
	}
	for _, test := range []struct {
		labels        map[string]string
		profile, tied string
	}{
		{nil, "default", ""},
		{map[string]string{"genre": "sport"}, "sport", ""},
		{map[string]string{"genre": "sport", "event": "final of May"}, "finals", ""},
		{map[string]string{"genre": "sport", "event": "final", "region": "north"}, "night", ""},
		{map[string]string{"genre": "sport", "tier": "uhd"}, "sport", "uhd"},
	} {
		c := all.choose(&schemas.StreamSpec{Labels: test.labels})
		if c.profile != test.profile || strings.Join(c.tied, " ") != test.tied || (c.conflict() != nil) != (test.tied != "") {
			t.Errorf("labels %v: got %q, tied with %v, want %q and %q", test.labels, c.profile, c.tied, test.profile, test.tied)
		}
	}
}
