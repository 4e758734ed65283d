package topology

import (
	"fmt"
	"strings"
	"time"
)

// Describe is the topology as text: the stages, and under them the topics.
func Describe() string {
	var b strings.Builder
	b.WriteString("Stages\n\n")
	for _, s := range Stages() {
		fmt.Fprintf(&b, "  %-9s %s\n", s.Name, s.Doc)
		fmt.Fprintf(&b, "            reads %s%s\n", names(s.Reads), membership(s))
		if len(s.Writes) > 0 {
			fmt.Fprintf(&b, "            writes %s\n", names(s.Writes))
		}
	}
	b.WriteString("\nTopics\n\n")
	for _, s := range Topics() {
		fmt.Fprintf(&b, "  %-15s %s\n", s.Name, s.Doc)
		fmt.Fprintf(&b, "                  %s by %s; %s; written by %s\n", strings.Join(s.Values, ", "), s.Key, Cleanup(s), strings.Join(s.WrittenBy, ", "))
	}
	return b.String()
}

// Picture is the data's way through the stages, one line a stage.
func Picture() string {
	var b strings.Builder
	for _, s := range Stages() {
		fmt.Fprintf(&b, "%40s => %-8s", names(s.Reads), s.Name)
		if len(s.Writes) > 0 {
			fmt.Fprintf(&b, " => %s", names(s.Writes))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// Table is the topics as a Markdown table, ending in a line break.
func Table() string {
	var b strings.Builder
	b.WriteString("| topic | key | value | cleanup | written by |\n|---|---|---|---|---|\n")
	for _, s := range Topics() {
		fmt.Fprintf(&b, "| `%s` | %s | %s: %s | %s | %s |\n",
			s.Name, s.Key, strings.Join(s.Values, ", "), s.Doc, Cleanup(s), strings.Join(s.WrittenBy, ", "))
	}
	return b.String()
}

// Cleanup says what becomes of a topic's records: "compact", "delete 24 h", "compact, delete 14 d"; single topics say so.
func Cleanup(s *Spec) string {
	var parts []string
	if s.Compact {
		parts = append(parts, "compact")
	}
	if s.Delete {
		parts = append(parts, "delete "+span(s.Retention))
	}
	if s.Single {
		parts = append(parts, "one partition")
	}
	return strings.Join(parts, ", ")
}

// span is a retention in the largest unit that people use for it.
func span(d time.Duration) string {
	if d > day && d%day == 0 {
		return fmt.Sprintf("%d d", d/day)
	}
	return fmt.Sprintf("%d h", d/time.Hour)
}

func membership(s Stage) string {
	switch {
	case s.Group == "":
		return ", each for itself"
	case s.ExactlyOnce:
		return ", as group " + s.Group + ", exactly once"
	}
	return ", as group " + s.Group
}

func names(specs []*Spec) string {
	var all []string
	for _, s := range specs {
		all = append(all, s.Name)
	}
	return strings.Join(all, ", ")
}
