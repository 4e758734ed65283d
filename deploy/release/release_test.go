package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// sample is a build with the Go modules of this test and the libraries of Debian's ffmpeg, which are most of the program's own.
func sample(t *testing.T) *build {
	t.Helper()
	info, ok := debug.ReadBuildInfo()
	if !ok {
		t.Fatal("the test has no build information")
	}
	b := &build{version: "v1.2.3", arch: "amd64", made: time.Unix(1_700_000_000, 0), binary: "/usr/bin/ffmpeg", info: info}
	var err error
	if b.modules, err = modulesOf(info); err != nil {
		t.Fatal(err)
	}
	if b.scripts, err = scriptsOf(filepath.Join(sources(t), scriptsFolder)); err != nil {
		t.Fatal(err)
	}
	if b.packages, err = packagesOf(b.binary); err != nil {
		t.Fatal(err)
	}
	return b
}

// sources is the root of the source tree.
func sources(t *testing.T) string {
	t.Helper()
	file, err := output("go", "env", "GOMOD")
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(strings.TrimSpace(string(file)))
}

func TestBillIsValidCycloneDX(t *testing.T) {
	b := sample(t)
	bill, err := billOf(b)
	if err != nil {
		t.Fatal(err)
	}
	schema := official(t)
	if err := schema.Validate(parse(t, bill)); err != nil {
		t.Errorf("%v", err)
	}
	for what, spoilt := range map[string]string{
		"a licence that SPDX does not know": strings.Replace(string(bill), `"id": "Apache-2.0"`, `"id": "Apache-2.O"`, 1),
		"a component without a name":        strings.Replace(string(bill), `"name": "std",`, "", 1),
	} {
		if spoilt == string(bill) || schema.Validate(parse(t, []byte(spoilt))) == nil {
			t.Errorf("%s is valid too", what)
		}
	}
	if again, err := billOf(sample(t)); err != nil || !bytes.Equal(again, bill) {
		t.Errorf("written again it is another (%v)", err)
	}
}

func TestBillHoldsWhatIsLinked(t *testing.T) {
	bill, err := billOf(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	bom := new(cdx.BOM)
	if err := cdx.NewBOMDecoder(bytes.NewReader(bill), cdx.BOMFileFormatJSON).Decode(bom); err != nil {
		t.Fatal(err)
	}
	byName, refs := map[string]cdx.Component{}, map[string]bool{bom.Metadata.Component.BOMRef: true}
	for _, c := range *bom.Components {
		if refs[c.BOMRef] {
			t.Errorf("%s is there twice", c.BOMRef)
		}
		byName[c.Name], refs[c.BOMRef] = c, true
	}
	version, err := output("dpkg-query", "--show", "--showformat", "${Version}", "libavcodec59")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct{ version, license, purl string }{
		"github.com/CycloneDX/cyclonedx-go": {"v0.12.0", "Apache-2.0", "pkg:golang/github.com/cyclonedx/cyclonedx-go@v0.12.0"},
		"github.com/google/uuid":            {"v1.6.0", "BSD-3-Clause", "pkg:golang/github.com/google/uuid@v1.6.0"},
		"preact":                            {"", "MIT", "pkg:npm/preact@"}, // of the page
		"@preact/signals":                   {"", "MIT", "pkg:npm/%40preact/signals@"},
		"htm":                               {"", "Apache-2.0", "pkg:npm/htm@"},
		"libavcodec59":                      {string(version), "GPL-2.0-or-later", "pkg:deb/debian/libavcodec59@"},
		"libx264-164":                       {"", "GPL-2.0-or-later", "pkg:deb/debian/libx264-164@"}, // which libavcodec loads
	} {
		c, there := byName[name]
		if !there {
			t.Errorf("%s is not there", name)
			continue
		}
		if want.version != "" && c.Version != want.version || !strings.HasPrefix(c.PackageURL, want.purl) {
			t.Errorf("%s is %s of version %s, want %s of %s", name, c.PackageURL, c.Version, want.purl, want.version)
		}
		if !slices.ContainsFunc(*c.Licenses, func(l cdx.LicenseChoice) bool { return l.License.ID == want.license }) {
			t.Errorf("%s is not under %s", name, want.license)
		}
	}
	direct := edges(t, bom, refs)
	if root := direct[bom.Metadata.Component.BOMRef]; !slices.Contains(root, byName["libavcodec59"].BOMRef) || slices.Contains(root, byName["libx264-164"].BOMRef) {
		t.Errorf("the program needs %v, want libavcodec59 and not what that loads", root)
	}
	if of := direct[byName["libavcodec59"].BOMRef]; !slices.Contains(of, byName["libx264-164"].BOMRef) {
		t.Errorf("libavcodec59 needs %v, want libx264-164 among them", of)
	}
}

// edges is who needs whom; each of them is a component.
func edges(t *testing.T, bom *cdx.BOM, refs map[string]bool) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, d := range *bom.Dependencies {
		if d.Dependencies != nil {
			found[d.Ref] = *d.Dependencies
		}
		for _, ref := range append([]string{d.Ref}, found[d.Ref]...) {
			if !refs[ref] {
				t.Errorf("%q is needed or needs, and is no component", ref)
			}
		}
	}
	return found
}

func TestLicencesOfMachineReadableCopyright(t *testing.T) {
	const format = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nLicense: CC0-1.0\n\n"
	for _, test := range []struct{ text, want string }{
		{format + "Files: *\nCopyright: x\nLicense: LGPL-2.1+\n\nFiles: debian/*\nLicense: Expat\n", "LGPL-2.1-or-later MIT"},
		{format + "Files: *\nLicense: GPL-2 or BSD-3-clause, and ISC\n text\n License: WTFPL\n", "BSD-3-Clause GPL-2.0-only ISC"},
		{format + "Files: *\nLicense: GPL-3+ with GCC exception\n\nLicense: GPL-3+\n the text\n", "GPL-3.0-or-later"},
		{format + "Files: x.c\nLicense: hippocratic\n", "hippocratic"},
		{format + "Files: x.c\nLicense: " + strings.Repeat("x", 81) + "\n", ""},
		{"This package was debianized by someone.\nFiles: *\nLicense: MIT\n", ""},
	} {
		if got := strings.Join(declared(test.text), " "); got != test.want {
			t.Errorf("%q names %q, want %q", test.text, got, test.want)
		}
	}
}

func TestAModuleWithoutALicenceIsNotReleased(t *testing.T) {
	dir := t.TempDir()
	write := func(name string) {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("All rights reserved."), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	write("testdata/LICENSE")
	write("inner/LICENSE")
	if _, err := licensesOf(dir); err == nil {
		t.Error("a module whose root has no licence is taken")
	}
	write("LICENSE.md")
	if ids, err := licensesOf(dir); err != nil || len(ids) > 0 {
		t.Errorf("words of no known licence are %v (%v)", ids, err)
	}
	if got, err := papers(dir); err != nil || !slices.Equal(got, []string{"LICENSE.md", "inner/LICENSE"}) {
		t.Errorf("the papers are %v (%v)", got, err)
	}
}

func TestArchiveDependsOnItsFilesOnly(t *testing.T) {
	t.Chdir(sources(t))
	files, err := tracked(nil)
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, file{name: "bin/framewatch", content: []byte("program"), program: true})
	b := sample(t)
	more, err := texts(b)
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, more...)
	one, err := pack(b.name(), b.made, files)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(files)
	if two, err := pack(b.name(), b.made.In(time.FixedZone("elsewhere", 3600)), files); err != nil || !bytes.Equal(one, two) {
		t.Errorf("the same files in another order and time zone give another archive (%v)", err)
	}
	modes := unpack(t, one, "framewatch_v1.2.3_linux_amd64_debian12/", b.made)
	for name, want := range map[string]int64{
		"bin/framewatch": 0o755, "deploy/secrets.sh": 0, "deploy/image/test.sh": 0, "README.md": 0o644, "deploy/framewatch.yaml": 0o644, "deploy/systemd/framewatch.service": 0o644,
		"docker-compose.yml": 0, "deploy/examples/go/main.go": 0o644, "licenses/go/std/LICENSE": 0o644, "licenses/go/github.com/google/uuid/LICENSE": 0o644,
		"licenses/web/uplot/LICENSE-uplot.txt":   0o644,
		"licenses/debian/libavcodec59/copyright": 0o644, "deploy/Dockerfile": 0, "deploy/release/main.go": 0, "deploy/kubernetes/default.yaml": 0o644, "deploy/kubernetes/check/go.mod": 0, "docs/runbooks/README.md": 0o644, "deploy/secrets/pictures_key": 0,
	} {
		if modes[name] != want {
			t.Errorf("%s has mode %o, want %o (0: not there)", name, modes[name], want)
		}
	}
}

func TestLicencesOfTheImage(t *testing.T) {
	into := filepath.Join(t.TempDir(), "licenses")
	t.Chdir(sources(t))
	if err := licensesOnly(os.Args[0], into); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go/std/LICENSE", "go/github.com/google/uuid/LICENSE", "go/github.com/CycloneDX/cyclonedx-go/LICENSE", "go/github.com/CycloneDX/cyclonedx-go/NOTICE",
		"web/htm/LICENSE-htm.txt", "web/@preact/signals-core/LICENSE-preact-signals-core.txt"} {
		if info, err := os.Stat(filepath.Join(into, name)); err != nil || info.Size() == 0 || info.Mode() != 0o644 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if err := licensesOnly("/usr/bin/ffmpeg", into); err == nil {
		t.Error("a program that is not Go's has licences of Go modules")
	}
}

// unpack gives the modes of an archive's files, all of which are of root, of the time and in the folder.
func unpack(t *testing.T, packed []byte, folder string, made time.Time) map[string]int64 {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	modes := map[string]int64{}
	for archive := tar.NewReader(zip); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return modes
		}
		if err != nil {
			t.Fatal(err)
		}
		name, inside := strings.CutPrefix(h.Name, folder)
		if !inside || h.Uid != 0 || h.Gid != 0 || !h.ModTime.Equal(made) {
			t.Errorf("%s is of %d:%d at %v", h.Name, h.Uid, h.Gid, h.ModTime)
		}
		modes[name] = h.Mode
	}
}

func TestWhatIsNoBuildOfACommitIsRefused(t *testing.T) {
	for _, test := range []struct{ version, binary, want string }{
		{"", "x", "-version"}, {"v1/../..", "x", "-version"}, {"v1", "absent", "absent"}, {"v1", "/usr/bin/ffmpeg", "ffmpeg"}, {"v1", os.Args[0], "does not know its commit"},
	} {
		if err := release(test.version, test.binary, t.TempDir()); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("version %q of %s: %v, want %q in it", test.version, test.binary, err, test.want)
		}
	}
}

func parse(t *testing.T, text []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// official is the schema of CycloneDX 1.6, as the library's module has it.
func official(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := output("go", "list", "-m", "-json", "github.com/CycloneDX/cyclonedx-go")
	if err != nil {
		t.Fatal(err)
	}
	var library module
	if err := json.Unmarshal(text, &library); err != nil {
		t.Fatal(err)
	}
	const at = "http://cyclonedx.org/schema/"
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	for name, path := range map[string]string{"bom-1.6.schema.json": "bom-1.6.schema.json", "spdx.schema.json": "spdx.schema.json", "jsf-0.82.schema.json": "jsf-0.82.schemax.json"} {
		text, err := os.ReadFile(filepath.Join(library.Dir, "schema", path))
		if err != nil {
			t.Fatal(err)
		}
		if err := compiler.AddResource(at+name, parse(t, text)); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := compiler.Compile(at + "bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}
