package main

import (
	"bytes"
	"debug/buildinfo"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/template"
)

// install tells how what is in the archive gets onto a machine.
//
//go:embed INSTALL.md.tmpl
var install string

// shells are those whose completions are packed, and what their files are called.
var shells = map[string]string{"bash": "framewatch.bash", "zsh": "_framewatch", "fish": "framewatch.fish"}

// contents are the files of the archive.
func contents(b *build, bill []byte) ([]file, error) {
	program, err := os.ReadFile(b.binary)
	if err != nil {
		return nil, err
	}
	notice := noticeOf(b)
	guide, err := installGuide(b)
	if err != nil {
		return nil, err
	}
	all := []file{
		{name: "bin/framewatch", content: program, program: true},
		{name: "framewatch.cdx.json", content: bill}, {name: "NOTICE.md", content: notice}, {name: "INSTALL.md", content: guide},
	}
	for _, part := range []func(*build) ([]file, error){tracked, completions, texts} {
		more, err := part(b)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// leftOut is what only builds and tests, and what only they need. The compose file builds the image, so it is nothing without the sources.
func leftOut(name string) bool {
	if strings.HasPrefix(name, "deploy/examples/") {
		return false
	}
	return slices.Contains([]string{".go", ".mod", ".sum"}, path.Ext(name)) || strings.Contains(name, "/testdata/") ||
		slices.ContainsFunc([]string{"deploy/release/", "deploy/training/", "deploy/image/", "deploy/setup.sh", "deploy/secrets.sh", "deploy/healthy.sh", "deploy/Dockerfile"}, func(p string) bool { return strings.HasPrefix(name, p) })
}

// tracked are the papers and the deployment files of the source tree.
func tracked(*build) (files []file, err error) {
	list, err := output("git", "ls-files", "-z", "--", "README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE", "docs", "deploy")
	if err != nil {
		return nil, err
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		if leftOut(name) {
			continue
		}
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		files = append(files, file{name: name, content: content, program: info.Mode()&0o100 != 0})
	}
	return files, nil
}

// completions are what the program itself gives to shells.
func completions(b *build) (files []file, err error) {
	program, err := filepath.Abs(b.binary)
	if err != nil {
		return nil, err
	}
	for shell, name := range shells {
		content, err := output(program, "completion", shell)
		if err != nil {
			return nil, err
		}
		files = append(files, file{name: "completions/" + name, content: content})
	}
	return files, nil
}

// texts are the licences and notices of what the program holds, and of the packages whose libraries it names, each as it came.
func texts(b *build) (files []file, err error) {
	if files, err = textsHeld(b.modules, b.scripts); err != nil {
		return nil, err
	}
	for _, d := range b.packages {
		if !d.direct {
			continue
		}
		content, err := os.ReadFile(d.paper())
		if err != nil {
			return nil, err
		}
		files = append(files, file{name: path.Join("debian", d.Name, "copyright"), content: content})
	}
	for i := range files {
		files[i].name = "licenses/" + files[i].name
	}
	return files, nil
}

// textsHeld are those of modules, of Go, and of the scripts of the page.
func textsHeld(modules []module, scripts []script) ([]file, error) {
	files, err := textsOfGo(modules)
	if err != nil {
		return nil, err
	}
	more, err := textsOfScripts(scriptsFolder, scripts)
	return append(files, more...), err
}

// textsOfGo are those of modules and of Go.
func textsOfGo(modules []module) (files []file, err error) {
	add := func(name, from string) error {
		content, err := os.ReadFile(from)
		files = append(files, file{name: "go/" + name, content: content})
		return err
	}
	for _, m := range modules {
		names, err := papers(m.Dir)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if err := add(path.Join(m.Path, filepath.ToSlash(name)), filepath.Join(m.Dir, name)); err != nil {
				return nil, err
			}
		}
	}
	root, err := output("go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	if err := add("std/LICENSE", filepath.Join(strings.TrimSpace(string(root)), "LICENSE")); err != nil {
		return nil, fmt.Errorf("find Go's own licence, which a Go from https://go.dev/dl has: %w", err)
	}
	return files, nil
}

// licensesOnly writes the texts of what a program holds below a folder, for the image: those of the distribution's libraries come with their packages.
func licensesOnly(binary, into string) error {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return err
	}
	modules, err := licensed(info)
	if err != nil {
		return err
	}
	scripts, err := scriptsOf(scriptsFolder)
	if err != nil {
		return err
	}
	files, err := textsHeld(modules, scripts)
	if err != nil {
		return err
	}
	for _, f := range files {
		at := filepath.Join(into, f.name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(at, f.content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// noticeOf is a table of all that the program is made of and loads.
func noticeOf(b *build) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# What framewatch %s is made of\n\n", b.version)
	fmt.Fprintf(&out, "The program holds the Go modules and the scripts below and, by the distribution's loader, uses Debian's libraries, which are not in this archive.\n")
	fmt.Fprintf(&out, "Debian's FFmpeg is configured with `--enable-gpl` and is under the GPL, version 2 or later: whoever passes the program on together with it does so under the GPL.\n")
	fmt.Fprintf(&out, "`framewatch version --output json` tells the FFmpeg that is loaded, its licence and its configure line. The same in CycloneDX, with all that is loaded by others: framewatch.cdx.json.\n")
	fmt.Fprintf(&out, "\n## In the program\n\n| module | version | licences (texts: licenses/go) |\n|---|---|---|\n| Go | %s | BSD-3-Clause |\n", strings.TrimPrefix(b.info.GoVersion, "go"))
	for _, m := range b.modules {
		fmt.Fprintf(&out, "| %s | %s | %s |\n", m.Path, m.Version, strings.Join(m.licenses, ", "))
	}
	fmt.Fprintf(&out, "\n## In its page\n\n| npm package | version | licence (texts: licenses/web) |\n|---|---|---|\n")
	for _, s := range b.scripts {
		fmt.Fprintf(&out, "| %s | %s | %s |\n", s.Package, s.Version, s.Licence)
	}
	fmt.Fprintf(&out, "\n## Linked to\n\n| Debian package | version | licences of its source (texts: licenses/debian) |\n|---|---|---|\n")
	for _, d := range b.packages {
		if d.direct {
			fmt.Fprintf(&out, "| %s | %s | %s |\n", d.Name, d.Version, strings.Join(d.licenses, ", "))
		}
	}
	return out.Bytes()
}

// installGuide names the packages that this very program needs.
func installGuide(b *build) ([]byte, error) {
	t, err := template.New("INSTALL.md").Option("missingkey=error").Parse(install)
	if err != nil {
		return nil, err
	}
	var needed []string
	for _, d := range b.packages {
		if d.direct {
			needed = append(needed, d.Name)
		}
	}
	if len(needed) == 0 {
		return nil, errors.New("the program is linked to nothing: is it built with cgo?")
	}
	var out bytes.Buffer
	err = t.Execute(&out, map[string]any{"Version": b.version, "Name": b.name(), "Arch": b.arch, "Packages": needed, "Go": runtime.Version()})
	return out.Bytes(), err
}
