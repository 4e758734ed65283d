package rule_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/detector/rule"
)

// manual is that of a kind.
func manual(t *testing.T, kind string) rule.Manual {
	t.Helper()
	all := rule.Manuals()
	i := slices.IndexFunc(all, func(m rule.Manual) bool { return m.Kind == kind })
	if i < 0 {
		t.Fatalf("there is no manual of %s", kind)
	}
	return all[i]
}

// Every option that a rule prints stands in its manual, with its default and with what it means.
func TestManualsAreWhole(t *testing.T) {
	for _, m := range rule.Manuals() {
		if len(m.Doc) < 40 || !strings.HasSuffix(m.Doc, ".") {
			t.Errorf("%s: doc %q", m.Kind, m.Doc)
		}
		text, err := yaml.Marshal(rule.Catalogue[m.Kind]())
		if err != nil {
			t.Fatal(err)
		}
		var printed map[string]any
		if err := yaml.Unmarshal(text, &printed); err != nil {
			t.Fatal(err)
		}
		for _, o := range m.Options {
			value, ok := printed[o.Name]
			if !ok || fmt.Sprint(value) != fmt.Sprint(o.Default) {
				t.Errorf("%s.%s: the default is %v, printed is %v", m.Kind, o.Name, o.Default, value)
			}
			if len(o.Doc) < 10 || strings.Contains(o.Doc, "MaxF") {
				t.Errorf("%s.%s: doc %q", m.Kind, o.Name, o.Doc)
			}
			delete(printed, o.Name)
		}
		if len(printed) > 0 {
			t.Errorf("%s: not in the manual: %v", m.Kind, printed)
		}
	}
}

func TestManual(t *testing.T) {
	black := manual(t, "black")
	if black.Options[0].Name != "level" || black.Options[0].Type != "integer" || black.Options[0].Default != 24 || !strings.HasPrefix(black.Options[0].Doc, "level is the brightest luma that counts as black") {
		t.Errorf("black's first option is %+v", black.Options[0])
	}
	got := map[string]rule.Option{}
	for _, o := range manual(t, "freeze").Options {
		got[o.Name] = o
	}
	if got["drift_cells"].Doc != got["drift"].Doc || !strings.Contains(got["drift"].Doc, "and drift_cells the number of cells") {
		t.Errorf("fields in one line: %q and %q", got["drift"].Doc, got["drift_cells"].Doc)
	}
	if o := got["raise"]; o.Unit != "share" || o.Default != 0.98 || o.Type != "number" {
		t.Errorf("raise is %+v", o)
	}
	if o := got["severity"]; !reflect.DeepEqual(o.Choices, rule.Severities) || o.Type != "text" {
		t.Errorf("severity is %+v", o)
	}
	if o := got["for"]; o.Default != "2s" || o.Type != "duration" || o.Most != "20s" || o.Doc != "for is how long the verdict must be bad before the defect opens; at most 20s." {
		t.Errorf("for is %+v", o)
	}
}

// The bounds in the manual are those that are enforced: at them an option is taken, just beyond it is not.
func TestManualsBoundWhatIsEnforced(t *testing.T) {
	taken := func(name string, value any) bool {
		_, err := rule.Catalogue.New("black", fmt.Appendf(nil, "%s: %v", name, value))
		return err == nil
	}
	beyond := func(bound any, by int) any {
		if n, ok := bound.(int); ok {
			return n + by
		}
		d, err := time.ParseDuration(bound.(string))
		if err != nil {
			t.Fatal(err)
		}
		return d + time.Duration(by)
	}
	bounded := 0
	for _, o := range manual(t, "black").Options {
		for by, bound := range map[int]any{-1: o.Least, 1: o.Most} {
			if bound == nil {
				continue
			}
			bounded++
			if !taken(o.Name, bound) || taken(o.Name, beyond(bound, by)) {
				t.Errorf("%s: %v is taken: %v, and %v: %v", o.Name, bound, taken(o.Name, bound), beyond(bound, by), taken(o.Name, beyond(bound, by)))
			}
		}
	}
	if bounded != 11 {
		t.Errorf("there are %d bounds, want 11", bounded)
	}
}
