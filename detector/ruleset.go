package detector

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/internal/catalogue"
)

// judge is one rule at work on one stream, with an episode for each part that it has spoken of.
type judge struct {
	stream      *stream
	kind        string
	rule        rule.Rule
	parted      rule.Parted    // the rule, when it is one
	several     rule.Several   // the same
	baseline    *rule.Baseline // of the rule, when it is Relative
	options     *rule.Options
	description rule.Description
	parents     []*judge
	children    []*judge
	episodes    []*episode // in order of part
}

// ruleset is the options of all rules, known to be good.
type ruleset struct {
	// text as it was given, and effective with all defaults.
	text, effective string
}

// defaultRules are the documented defaults.
var defaultRules = func() ruleset {
	r, err := parseRules("")
	if err != nil {
		panic(err)
	}
	return r
}()

// EffectiveRules is every rule with all its options as YAML, once options (a YAML or JSON mapping of kind to options, or nothing) are laid
// onto the documented defaults. It is an error to name a rule or an option that does not exist, or a value that cannot be used.
func EffectiveRules(options []byte) (string, error) {
	r, err := parseRules(string(options))
	return r.effective, err
}

func parseRules(text string) (ruleset, error) {
	rules, err := configure([]byte(text))
	if err != nil {
		return ruleset{}, err
	}
	effective, err := yaml.Marshal(rules)
	if err != nil {
		return ruleset{}, fmt.Errorf("print rules: %w", err)
	}
	return ruleset{text, string(effective)}, nil
}

// configure makes every rule with its options.
func configure(options []byte) (map[string]rule.Rule, error) {
	var chosen map[string]yaml.Node
	if err := yaml.Unmarshal(options, &chosen); err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	kinds := rule.Catalogue.Names()
	for kind := range chosen {
		if !slices.Contains(kinds, kind) {
			return nil, fmt.Errorf("rules: %q is unknown%s", kind, catalogue.Suggest(kind, kinds))
		}
	}
	rules := make(map[string]rule.Rule, len(kinds))
	for _, kind := range kinds {
		var text []byte
		if node, ok := chosen[kind]; ok {
			var err error
			if text, err = yaml.Marshal(&node); err != nil {
				return nil, fmt.Errorf("rules: options of %s: %w", kind, err)
			}
		}
		r, err := rule.Catalogue.New(kind, text)
		if err != nil {
			return nil, fmt.Errorf("rules: %w", err)
		}
		rules[kind] = r
	}
	return rules, nil
}

// alike are the kinds whose rules are the same in both.
func (r ruleset) alike(other ruleset) map[string]bool {
	mine, theirs := r.each(), other.each()
	same := map[string]bool{}
	for kind, text := range mine {
		same[kind] = text == theirs[kind]
	}
	return same
}

// each is every rule with all its options as YAML.
func (r ruleset) each() map[string]string {
	var options map[string]yaml.Node
	texts := map[string]string{}
	if err := yaml.Unmarshal([]byte(r.effective), &options); err != nil {
		panic(err) // parseRules has printed it.
	}
	for kind, node := range options {
		text, err := yaml.Marshal(&node)
		if err != nil {
			panic(err)
		}
		texts[kind] = string(text)
	}
	return texts
}

// goOn has the judge go on where another one of the same options is.
func (j *judge) goOn(old *judge) {
	j.rule, j.parted, j.several, j.baseline, j.options, j.episodes = old.rule, old.parted, old.several, old.baseline, old.options, old.episodes
	for _, e := range j.episodes {
		e.judge = j
	}
}

// judges are new rules that have seen nothing, without the disabled ones; parents before children, else in order of kind.
func (r ruleset) judges() []*judge {
	rules, err := configure([]byte(r.text))
	if err != nil {
		panic(err) // parseRules has made them of the same text.
	}
	byKind := make(map[string]*judge, len(rules))
	var order []*judge
	var visit func(kind string)
	visit = func(kind string) {
		r, ok := rules[kind]
		if !ok || byKind[kind] != nil || r.Common().Disabled {
			return
		}
		j := &judge{kind: kind, rule: r, options: r.Common(), description: r.Describe()}
		j.parted, _ = r.(rule.Parted)
		j.several, _ = r.(rule.Several)
		if relative, ok := r.(rule.Relative); ok {
			j.baseline = relative.Baseline()
		}
		byKind[kind] = j
		for _, parent := range j.description.Parents {
			visit(parent)
			if p := byKind[parent]; p != nil {
				j.parents = append(j.parents, p)
				p.children = append(p.children, j)
			}
		}
		order = append(order, j)
	}
	for _, kind := range rule.Catalogue.Names() {
		visit(kind)
	}
	return order
}

// listener is a judge in the list of those that look at a kind of record, with what each record needs of it side by side.
type listener struct {
	rule     rule.Rule
	parted   rule.Parted
	several  rule.Several
	baseline *rule.Baseline
	judge    *judge
	// first is the episode of the first verdict that it gave; nil: none yet.
	first *episode
}

// part is what the rule's last verdict is about.
func (l *listener) part() string {
	if l.parted == nil {
		return ""
	}
	return l.parted.Part()
}

// more is the rule's next verdict on the record that it looked at last.
func (l *listener) more() (v rule.Verdict, ok bool) {
	if l.several == nil {
		return v, false
	}
	return l.several.More()
}

// episode is that of one part.
func (l *listener) episode(part string) *episode {
	if l.first == nil {
		l.first = l.judge.episode(part)
	}
	if l.first.part == part {
		return l.first
	}
	return l.judge.episode(part)
}

// episode finds or makes the episode of one part.
func (j *judge) episode(part string) *episode {
	for _, e := range j.episodes {
		if e.part == part {
			return e
		}
	}
	e := j.begin(part)
	j.episodes = append(j.episodes, e)
	slices.SortFunc(j.episodes, func(a, b *episode) int { return strings.Compare(a.part, b.part) })
	return e
}

// begin is an episode of a part that has no verdict yet.
func (j *judge) begin(part string) *episode {
	return &episode{judge: j, part: part, gap: j.description.Gap.Microseconds(), clear: j.options.Clear}
}

// explained says that a parent is pending or firing: what the rule sees is the parent's doing. So it is where a parent is expected, of the same part
// or of the whole. A parent that is only tried out explains nothing of which somebody is to be told.
func (j *judge) explained(part string) bool {
	for _, p := range j.parents {
		for _, e := range p.episodes {
			if e.explains() && (j.options.DryRun || !e.dry()) && (!e.run.expected || e.firing() || e.part == "" || part == "" || e.part == part) {
				return true
			}
		}
	}
	return false
}
