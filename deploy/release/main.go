// Command release makes of a built framewatch what is given to others: an archive of it with its papers, the bill of what it is made of, and their checksums.
//
//	go run ./deploy/release -version v1.2.3 -binary bin/framewatch -out dist
//	go run ./deploy/release -binary bin/framewatch -licenses /licenses
//
// The same commit, built and packed twice on the same packages, gives the same bytes.
package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"time"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("release: ")
	version := flag.String("version", "", "what git describe calls the commit")
	binary := flag.String("binary", "bin/framewatch", "the program, built with -trimpath")
	out := flag.String("out", "dist", "the folder that gets the files")
	licenses := flag.String("licenses", "", "the folder that gets the licences and notices of what the program holds, and nothing else is made; of any build")
	flag.Parse()
	run := func() error { return release(*version, *binary, *out) }
	if *licenses != "" {
		run = func() error { return licensesOnly(*binary, *licenses) }
	}
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

// release runs at the root of the source tree.
func release(version, binary, out string) error {
	if !regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$`).MatchString(version) {
		return fmt.Errorf("-version %q: give what git describe --tags --always --dirty says", version)
	}
	b, err := readBuild(binary)
	if err != nil {
		return err
	}
	b.version = version
	bill, err := billOf(b)
	if err != nil {
		return err
	}
	files, err := contents(b, bill)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	packed, err := pack(b.name(), b.made, files)
	if err != nil {
		return err
	}
	return publish(out, b.name(), packed, bill)
}

// publish writes the files and says what they are.
func publish(out, name string, packed, bill []byte) error {
	var sums strings.Builder
	for _, f := range []struct {
		name    string
		content []byte
	}{{name + ".tar.gz", packed}, {name + ".cdx.json", bill}} {
		if err := os.WriteFile(filepath.Join(out, f.name), f.content, 0o644); err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(f.content), f.name)
	}
	if err := os.WriteFile(filepath.Join(out, "SHA256SUMS"), []byte(sums.String()), 0o644); err != nil {
		return err
	}
	fmt.Printf("%s has, for Debian 12:\n%s", out, sums.String())
	return nil
}

// build is a program that was built, and what it says of itself.
type build struct {
	version  string // of the release
	arch     string // as Debian and Go name it
	made     time.Time
	binary   string // its path
	sum      [sha256.Size]byte
	info     *debug.BuildInfo
	modules  []module
	scripts  []script
	packages []distributed
}

// name is that of the archive and of the folder in it.
func (b *build) name() string {
	return fmt.Sprintf("framewatch_%s_linux_%s_debian12", b.version, b.arch)
}

// setting is one of the build's, "" when it has none of the name.
func (b *build) setting(key string) string {
	for _, s := range b.info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// readBuild reads a program and what it is linked to on this machine.
func readBuild(binary string) (*build, error) {
	content, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	b := &build{binary: binary, sum: sha256.Sum256(content), info: info}
	if b.arch = b.setting("GOARCH"); b.setting("GOOS") != "linux" || b.arch == "" {
		return nil, fmt.Errorf("%s is built for %s/%s: releases are of Linux", binary, b.setting("GOOS"), b.arch)
	}
	if b.made, err = time.Parse(time.RFC3339, b.setting("vcs.time")); err != nil {
		return nil, fmt.Errorf("%s does not know its commit: build it from a clone, with git installed and without -buildvcs=false", binary)
	}
	if b.modules, err = modulesOf(info); err != nil {
		return nil, err
	}
	if b.scripts, err = scriptsOf(scriptsFolder); err != nil {
		return nil, err
	}
	b.packages, err = packagesOf(binary)
	return b, err
}
