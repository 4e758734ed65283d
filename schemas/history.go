package schemas

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
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
