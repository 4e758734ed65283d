package main

import (
	"fmt"
	"regexp"
	"strconv"
)

// matcher is one condition on a stream's labels, as Prometheus writes it: name="value", name!="value", name=~"expression", name!~"expression".
// Expressions are RE2 and match the whole value. A label that is not there has the empty value.
type matcher struct {
	name, operator, value string
	// expression is set for =~ and !~.
	expression *regexp.Regexp
}

// matcherForm is a matcher's text; values may stand without quotes where they need none.
var matcherForm = regexp.MustCompile(`^\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^"\s=~!{},]+)\s*$`)

// longestMatcher bounds a matcher's text, bytes.
const longestMatcher = 1000

func parseMatcher(text string) (matcher, error) {
	parts := matcherForm.FindStringSubmatch(text)
	if parts == nil || len(text) > longestMatcher {
		return matcher{}, fmt.Errorf(`matcher %.100q is not like name="value", with = != =~ or !~`, text)
	}
	m := matcher{name: parts[1], operator: parts[2], value: parts[3]}
	if m.value[0] == '"' {
		value, err := strconv.Unquote(m.value)
		if err != nil {
			return matcher{}, fmt.Errorf("matcher %q: the value's quotes: %w", text, err)
		}
		m.value = value
	}
	if m.operator == "=~" || m.operator == "!~" {
		expression, err := regexp.Compile("^(?:" + m.value + ")$")
		if err != nil {
			return matcher{}, fmt.Errorf("matcher %q: %w", text, err)
		}
		m.expression = expression
	}
	return m, nil
}

// fits tells whether labels fulfil the condition.
func (m matcher) fits(labels map[string]string) bool {
	value := labels[m.name]
	switch m.operator {
	case "=":
		return value == m.value
	case "!=":
		return value != m.value
	case "=~":
		return m.expression.MatchString(value)
	}
	return !m.expression.MatchString(value)
}

func (m matcher) String() string { return m.name + m.operator + strconv.Quote(m.value) }
