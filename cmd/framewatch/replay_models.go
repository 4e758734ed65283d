package main

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/internal/catalogue"
	"github.com/framewatch/framewatch/schemas"
)

// triedModels are versions of models that are tried, by name. It is the value of a flag.
type triedModels map[string]int64

var triedForm = regexp.MustCompile(`^([a-z0-9_-]{1,60})@([0-9]{1,18})$`)

// Set takes one, NAME@VERSION.
func (m *triedModels) Set(text string) error {
	parts := triedForm.FindStringSubmatch(text)
	if parts == nil {
		return fmt.Errorf("%.100q is not like corruption@3", text)
	}
	version, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil {
		return err
	}
	if *m == nil {
		*m = triedModels{}
	}
	if _, again := (*m)[parts[1]]; again {
		return fmt.Errorf("%s is named twice", parts[1])
	}
	(*m)[parts[1]] = version
	return m.check()
}

// Type is for the usage text.
func (*triedModels) Type() string { return "NAME@VERSION" }

func (m *triedModels) String() string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(*m)) {
		all = append(all, modelKey(name, (*m)[name]))
	}
	return strings.Join(all, ",")
}

// check refuses models that no rule has, and networks that none heeds.
func (m triedModels) check() error {
	known := slices.AppendSeq(slices.Collect(maps.Keys(rule.Models)), maps.Keys(rule.Networks))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(known, name) {
			return fmt.Errorf("models: %.60q is no model of a rule%s", name, catalogue.Suggest(name, known))
		}
		if m[name] < 1 {
			return fmt.Errorf("models: %s: version %d: versions begin at 1", name, m[name])
		}
	}
	return nil
}

// find wants each of them to be there and to fit: a detector would go on with the one that it has.
func (m triedModels) find(ctx context.Context, a *app) error {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if _, network := rule.Networks[name]; network {
			continue // its scores are on the log, or are not
		}
		if m[name] == rule.Shipped(name).Version {
			continue
		}
		if _, err := a.modelOnLog(ctx, name, m[name]); err != nil {
			return err
		}
	}
	return nil
}

// change names them in a Setting.
func (m triedModels) change(s *schemas.Setting) {
	if len(m) == 0 || s.Removed {
		return
	}
	models := maps.Clone(s.Models)
	if models == nil {
		models = map[string]int64{}
	}
	maps.Copy(models, m)
	s.Models = models
}
