package schemas

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/avro"
)

//go:embed history
var published embed.FS

// Published is one version of one of our schemas that stands on somebody's log.
type Published struct {
	Known
	// Version counts from 1.
	Version string
}

// History lists every schema ever published, in order of name.
func History() []Published {
	history, err := readHistory(published)
	if err != nil {
		panic(err) // they are part of the program
	}
	return history
}

// Versions are those of one of our schemas, given by its text of today, from the first on: what was published, and what it is today. A change
// that is none on the wire, such as of a doc, makes no version.
func Versions(text string) []Known {
	i := slices.IndexFunc(All(), func(k Known) bool { return k.Text == text })
	if i < 0 {
		panic("schemas: this is none of our schemas: " + text)
	}
	today := All()[i]
	older := slices.DeleteFunc(History(), func(p Published) bool { return p.Name != today.Name || p.ID() == today.ID() })
	slices.SortFunc(older, func(a, b Published) int { return cmp.Compare(a.number(), b.number()) })
	var versions []Known
	for _, p := range older {
		versions = append(versions, p.Known)
	}
	return append(versions, today)
}

// number is the version as one; no published file has another name.
func (p Published) number() int {
	n, err := strconv.Atoi(p.Version)
	if err != nil {
		panic(fmt.Sprintf("schemas/history/%s/%s.avsc: the version is no number", p.Name, p.Version))
	}
	return n
}

// readHistory reads history/<Name>/<version>.avsc.
func readHistory(files fs.FS) ([]Published, error) {
	names, err := fs.Glob(files, "history/*/*.avsc")
	if err != nil {
		return nil, err
	}
	var history []Published
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		parsed, err := avro.Parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("schemas/%s: %w", name, err)
		}
		known := Known{path.Base(path.Dir(name)), string(text), parsed}
		history = append(history, Published{known, strings.TrimSuffix(path.Base(name), ".avsc")})
	}
	return history, nil
}
