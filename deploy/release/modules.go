package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// module is a Go module of which the program holds something.
type module struct {
	Path, Version, Dir string
	sum                string   // of go.sum
	licenses           []string // SPDX identifiers, of the texts at its root
	requires           []string // paths of other modules that the program holds
}

// modulesOf lists what the build says it took in, by path.
func modulesOf(info *debug.BuildInfo) ([]module, error) {
	all, err := licensed(info)
	if err != nil {
		return nil, err
	}
	held := map[string]bool{}
	for _, m := range all {
		held[m.Path] = true
	}
	requires, err := requirements(held)
	for i := range all {
		all[i].requires = requires[all[i].Path]
	}
	return all, err
}

// licensed are the modules with where they lie and their licences; what they require is not asked for.
func licensed(info *debug.BuildInfo) ([]module, error) {
	sums := map[string]string{}
	arguments := []string{"list", "-m", "-json"}
	for _, d := range info.Deps {
		if d.Replace != nil {
			return nil, fmt.Errorf("%s is replaced by %s: what is released is made of published modules", d.Path, d.Replace.Path)
		}
		sums[d.Path] = d.Sum
		arguments = append(arguments, d.Path)
	}
	if len(sums) == 0 {
		return nil, errors.New("the program knows no modules: build it in module mode")
	}
	text, err := output("go", arguments...)
	if err != nil {
		return nil, err
	}
	var all []module
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var m module
		if err := d.Decode(&m); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("read what go list says: %w", err)
		}
		m.sum = sums[m.Path]
		if m.licenses, err = licensesOf(m.Dir); err != nil {
			return nil, fmt.Errorf("%s: %w", m.Path, err)
		}
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	return all, nil
}

// requirements tells of each of the modules which others of them its go.mod names.
func requirements(of map[string]bool) (map[string][]string, error) {
	text, err := output("go", "mod", "graph")
	if err != nil {
		return nil, err
	}
	found := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		from, to, _ := strings.Cut(strings.TrimSpace(line), " ")
		from, _, _ = strings.Cut(from, "@")
		to, _, _ = strings.Cut(to, "@")
		if of[from] && of[to] && !slices.Contains(found[from], to) {
			found[from] = append(found[from], to)
		}
	}
	for _, list := range found {
		slices.Sort(list)
	}
	return found, nil
}

// paper is a file that tells under which conditions something may be passed on.
var paper = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)([.-].*)?$`)

// papers are the paths of those below a folder, from there.
func papers(dir string) (found []string, err error) {
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if name := e.Name(); path != dir && (name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")) {
				return fs.SkipDir
			}
			return nil
		}
		if e.Type().IsRegular() && paper.MatchString(e.Name()) && !strings.HasSuffix(e.Name(), ".go") {
			inside, err := filepath.Rel(dir, path)
			found = append(found, inside)
			return err
		}
		return nil
	})
	return found, err
}

// licensesOf are the SPDX identifiers of the texts at a module's root. One whose words are of no known licence has none.
func licensesOf(dir string) (ids []string, err error) {
	all, err := papers(dir)
	if err != nil {
		return nil, err
	}
	atRoot := false
	for _, name := range all {
		if strings.ContainsRune(name, filepath.Separator) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		atRoot = true
		for _, m := range licensecheck.Scan(text).Match {
			if !m.IsURL && !slices.Contains(ids, m.ID) {
				ids = append(ids, m.ID)
			}
		}
	}
	if !atRoot {
		return nil, errors.New("there is no licence at its root: what has none must not be passed on")
	}
	slices.Sort(ids)
	return ids, nil
}

// output is what a command prints; what it complains of is in the error.
func output(name string, arguments ...string) ([]byte, error) {
	var complaint bytes.Buffer
	c := exec.Command(name, arguments...)
	c.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	c.Stderr = &complaint
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w: %s", name, strings.Join(arguments[:min(2, len(arguments))], " "), err, bytes.TrimSpace(complaint.Bytes()))
	}
	return out, nil
}
