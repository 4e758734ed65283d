package catalogue_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/internal/catalogue"
)

type shared struct {
	For time.Duration `yaml:"for"`
}

type bell struct {
	shared `yaml:",inline"`
	Loud   int `yaml:"loud"`
}

func (b *bell) Validate() error {
	if b.Loud > 11 {
		return errors.New("loud: 11 is the most")
	}
	return nil
}

func TestNew(t *testing.T) {
	units := catalogue.Catalogue[*bell]{"bell": func() *bell { return &bell{Loud: 3} }, "buzzer": func() *bell { return &bell{} }}
	for _, test := range []struct {
		name, options string
		want          bell
		wrong         string
	}{
		{name: "bell", want: bell{Loud: 3}},
		{name: "bell", options: "loud: 5", want: bell{Loud: 5}},
		{name: "bell", options: `{"for": "2s"}`, want: bell{shared: shared{For: 2 * time.Second}, Loud: 3}},
		{name: "bel", wrong: `"bel" is unknown, did you mean "bell"?`},
		{name: "trumpet", wrong: `"trumpet" is unknown (known: bell, buzzer)`},
		{name: "bell", options: "lod: 5", wrong: `options of bell: line 1: unknown key "lod", did you mean "loud"?`},
		{name: "bell", options: "fro: 5s", wrong: `unknown key "fro", did you mean "for"?`},
		{name: "bell", options: "loud: 12", wrong: "options of bell: loud: 11 is the most"},
		{name: "bell", options: "loud: much", wrong: "options of bell: line 1: cannot unmarshal"},
	} {
		got, err := units.New(test.name, []byte(test.options))
		if test.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), test.wrong) {
				t.Errorf("%s with %q: got error %v, want one with %q", test.name, test.options, err, test.wrong)
			}
			continue
		}
		if err != nil || *got != test.want {
			t.Errorf("%s with %q: got %+v, %v, want %+v", test.name, test.options, got, err, test.want)
		}
	}
}

func TestSuggest(t *testing.T) {
	for _, test := range []struct{ name, want string }{
		{"freez", `, did you mean "freeze"?`},
		{"BLACK", `, did you mean "black"?`},
		{"x", " (known: black, freeze)"},
	} {
		if got := catalogue.Suggest(test.name, []string{"black", "freeze"}); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}
