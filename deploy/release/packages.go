package main

import (
	"debug/elf"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// distributed is a package of the distribution that has libraries which the program loads.
type distributed struct {
	Name, Version, Arch   string
	Source, SourceVersion string
	Homepage              string
	direct                bool     // the program itself names a library of it; the others are loaded by those
	licenses              []string // as its copyright file names them, SPDX identifiers where there is one
	needs                 []string // names of others whose libraries its own load
}

// paper is where the distribution keeps a package's copyright file.
func (d distributed) paper() string { return filepath.Join("/usr/share/doc", d.Name, "copyright") }

// packagesOf lists the packages of everything that a program loads when it starts, by name.
func packagesOf(binary string) ([]distributed, error) {
	paths, err := loaded(binary)
	if err != nil {
		return nil, err
	}
	owner, err := owners(slices.Sorted(maps.Values(paths)))
	if err != nil {
		return nil, err
	}
	needs := map[string][]string{}
	for _, path := range append(slices.Sorted(maps.Values(paths)), binary) {
		libraries, err := imported(path)
		if err != nil {
			return nil, err
		}
		for _, l := range libraries {
			if p := owner[paths[l]]; p != "" && p != owner[path] && !slices.Contains(needs[owner[path]], p) {
				needs[owner[path]] = append(needs[owner[path]], p)
			}
		}
	}
	return describe(slices.Compact(slices.Sorted(maps.Values(owner))), needs)
}

// loaded are the paths of the libraries that a program loads by their names, as the loader of this machine finds them.
func loaded(binary string) (map[string]string, error) {
	text, err := output("ldd", binary)
	if err != nil {
		return nil, err
	}
	paths := map[string]string{}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		switch {
		case strings.Contains(line, "not found"):
			return nil, fmt.Errorf("%s: the library %s is missing here: run deploy/setup.sh", binary, fields[0])
		case len(fields) >= 3 && fields[1] == "=>" && filepath.IsAbs(fields[2]):
			paths[fields[0]] = fields[2]
		case len(fields) >= 1 && filepath.IsAbs(fields[0]): // the loader itself
			paths[filepath.Base(fields[0])] = fields[0]
		}
	}
	return paths, nil
}

// imported are the names of the libraries that a program or library asks for itself.
func imported(path string) ([]string, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	defer f.Close()
	return f.ImportedLibraries()
}

// owners tells of each path which package brought it. The same file has several paths: /lib is /usr/lib, and alternatives are links.
func owners(paths []string) (map[string]string, error) {
	asked := map[string]string{} // what dpkg is asked for, and for which path
	for _, path := range paths {
		real, err := filepath.EvalSymlinks(path)
		if err != nil {
			return nil, err
		}
		for _, form := range []string{path, real} {
			short := strings.TrimPrefix(form, "/usr")
			asked[short], asked["/usr"+short] = path, path
		}
	}
	// It fails when one of several forms is unknown to it, which is usual.
	text, _ := output("sh", append([]string{"-c", `dpkg-query --search -- "$@" 2>/dev/null || :`, "sh"}, slices.Sorted(maps.Keys(asked))...)...)
	owner := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, file, _ := strings.Cut(strings.TrimSpace(line), ": ")
		name, _, _ = strings.Cut(name, ":") // of several architectures
		if path, ok := asked[file]; ok && !strings.HasPrefix(line, "diversion ") {
			owner[path] = name
		}
	}
	for _, path := range paths {
		if owner[path] == "" {
			return nil, fmt.Errorf("%s is of no package of this machine: releases are linked to the distribution's libraries only", path)
		}
	}
	return owner, nil
}

// describe asks the distribution for the packages. The needs of "" are the program's own.
func describe(names []string, needs map[string][]string) ([]distributed, error) {
	const format = "${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\t${Homepage}\n"
	if len(names) == 0 {
		return nil, nil
	}
	text, err := output("dpkg-query", append([]string{"--show", "--showformat", format}, names...)...)
	if err != nil {
		return nil, err
	}
	var all []distributed
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 6 {
			return nil, fmt.Errorf("dpkg-query says %q: not the six fields that were asked for", line)
		}
		d := distributed{Name: f[0], Version: f[1], Arch: f[2], Source: f[3], SourceVersion: f[4], Homepage: f[5]}
		d.direct, d.needs = slices.Contains(needs[""], d.Name), slices.Sorted(slices.Values(needs[d.Name]))
		copyright, err := os.ReadFile(d.paper())
		if err != nil {
			return nil, fmt.Errorf("%s says nothing of its licence: %w", d.Name, err)
		}
		d.licenses = declared(string(copyright))
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b distributed) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(all, func(a, b distributed) bool { return a.Name == b.Name }), nil
}

// declared are the licences that a machine-readable copyright file names for files of the package
// (https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/); none when it is only for people.
func declared(copyright string) (names []string) {
	if !strings.HasPrefix(copyright, "Format:") {
		return nil
	}
	of := false // the paragraph is about files
	for line := range strings.Lines(copyright) {
		switch name, value, _ := strings.Cut(line, ":"); {
		case strings.TrimSpace(line) == "":
			of = false
		case name == "Files":
			of = true
		case of && name == "License":
			for _, one := range between.Split(strings.TrimSpace(value), -1) {
				if one = spdx(one); one != "" && len(one) <= 80 && !slices.Contains(names, one) {
					names = append(names, one)
				}
			}
		}
	}
	slices.Sort(names)
	return names
}

// between stands between the licences of one paragraph.
var between = regexp.MustCompile(`(?i)\s*(?:,|\band\b|\bor\b|\band/or\b)\s*`)

// gnu is a licence of GNU with its version, "or later" with a plus, and an exception that allows more.
var gnu = regexp.MustCompile(`^(A?GPL|LGPL)-(\d)(?:\.(\d))?(\+?)(?: with .*)?$`)

// spdx is the identifier of a licence that Debian names otherwise; any other stays as it is.
func spdx(name string) string {
	if m := gnu.FindStringSubmatch(name); m != nil {
		minor, later := m[3], "only"
		if minor == "" {
			minor = "0"
		}
		if m[4] == "+" {
			later = "or-later"
		}
		return fmt.Sprintf("%s-%s.%s-%s", m[1], m[2], minor, later)
	}
	if id, ok := identifiers[strings.ToLower(name)]; ok {
		return id
	}
	return name
}

var identifiers = map[string]string{
	"apache-2": "Apache-2.0", "apache-2.0": "Apache-2.0", "bsd-2-clause": "BSD-2-Clause", "bsd-3-clause": "BSD-3-Clause", "bsd-4-clause": "BSD-4-Clause",
	"boost": "BSL-1.0", "boost-1.0": "BSL-1.0", "bsl-1": "BSL-1.0", "bsl-1.0": "BSL-1.0", "cc0": "CC0-1.0", "cc0-1.0": "CC0-1.0", "curl": "curl", "expat": "MIT",
	"ftl": "FTL", "ijg": "IJG", "isc": "ISC", "mit": "MIT", "mpl-1.1": "MPL-1.1", "mpl-2.0": "MPL-2.0", "openssl": "OpenSSL", "wtfpl": "WTFPL", "x11": "X11", "zlib": "Zlib",
}
