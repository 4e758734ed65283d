package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/package-url/packageurl-go"
)

// scriptsFolder is where the console's page has the code of others, from the root of the source tree. It is embedded in the program.
const scriptsFolder = "console/web/vendor"

// script is a package of npm of which the page has a file.
type script struct {
	Package, Version string
	Licence          string // SPDX identifier
	Notice           string // its text, in the same folder
	Integrity        string // of the package as npm gives it
}

// scriptsOf lists the packages that VENDOR.json of a folder tells of, each once, by name.
func scriptsOf(folder string) ([]script, error) {
	text, err := os.ReadFile(filepath.Join(folder, "VENDOR.json"))
	if err != nil {
		return nil, err
	}
	var all []script
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("%s/VENDOR.json: %w", folder, err)
	}
	slices.SortFunc(all, func(a, b script) int { return strings.Compare(a.Package, b.Package) })
	all = slices.Compact(all)
	for _, s := range all {
		if s.Package == "" || s.Version == "" || s.Licence == "" || s.Notice == "" {
			return nil, fmt.Errorf("%s/VENDOR.json: %q lacks its version, licence or notice: what has none must not be passed on", folder, s.Package)
		}
	}
	return all, nil
}

// textsOfScripts are the licences of a folder's packages, each as it came.
func textsOfScripts(folder string, packages []script) (files []file, err error) {
	for _, s := range packages {
		content, err := os.ReadFile(filepath.Join(folder, s.Notice))
		if err != nil {
			return nil, err
		}
		files = append(files, file{name: path.Join("web", s.Package, s.Notice), content: content})
	}
	return files, nil
}

func scriptComponent(s script) cdx.Component {
	scope, name := path.Split(s.Package)
	ref := packageurl.NewPackageURL(packageurl.TypeNPM, strings.TrimSuffix(scope, "/"), name, s.Version, nil, "").ToString()
	return cdx.Component{
		BOMRef: ref, PackageURL: ref, Type: cdx.ComponentTypeLibrary, Name: s.Package, Version: s.Version, Scope: cdx.ScopeRequired,
		Licenses: licenses([]string{s.Licence}, ""), Properties: properties("npm.integrity", s.Integrity),
	}
}
