package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/uuid"
	"github.com/package-url/packageurl-go"
)

// own is the module that the program is built from.
const own = "github.com/framewatch/framewatch"

// billOf is the CycloneDX 1.6 document of a build: the Go modules that are in it, Go itself, the scripts of its page, and the distribution's packages whose libraries it loads.
// Nothing in it depends on when or where it is written.
func billOf(b *build) ([]byte, error) {
	root := program(b)
	components := []cdx.Component{standardLibrary(b)}
	dependencies := []cdx.Dependency{{Ref: root.BOMRef}, {Ref: components[0].BOMRef}}
	depends := []string{components[0].BOMRef}
	refs := map[string]string{}
	for _, m := range b.modules {
		refs[m.Path] = golang(m.Path, m.Version)
	}
	for _, d := range b.packages {
		refs["deb "+d.Name] = debian(d)
	}
	for _, m := range b.modules {
		c := moduleComponent(m)
		components, depends = append(components, c), append(depends, c.BOMRef)
		dependencies = append(dependencies, edge(c.BOMRef, m.requires, refs, ""))
	}
	for _, s := range b.scripts {
		c := scriptComponent(s)
		components, depends = append(components, c), append(depends, c.BOMRef)
		dependencies = append(dependencies, edge(c.BOMRef, nil, refs, ""))
	}
	for _, d := range b.packages {
		c := packageComponent(d)
		components = append(components, c)
		if d.direct {
			depends = append(depends, c.BOMRef)
		}
		dependencies = append(dependencies, edge(c.BOMRef, d.needs, refs, "deb "))
	}
	dependencies[0].Dependencies = &depends
	bom := cdx.NewBOM()
	bom.SerialNumber = "urn:uuid:" + uuid.NewSHA1(uuid.NameSpaceURL, fmt.Appendf(nil, "%s/%x", root.BOMRef, b.sum)).String()
	bom.Metadata = &cdx.Metadata{
		Timestamp:  b.made.UTC().Format(time.RFC3339),
		Lifecycles: &[]cdx.Lifecycle{{Phase: cdx.LifecyclePhaseBuild}},
		Tools:      &cdx.ToolsChoice{Components: &[]cdx.Component{{Type: cdx.ComponentTypeApplication, Group: own, Name: "deploy/release", Version: b.version}}},
		Component:  &root,
	}
	bom.Components, bom.Dependencies = &components, &dependencies
	var out bytes.Buffer
	err := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false).EncodeVersion(bom, cdx.SpecVersion1_6)
	return out.Bytes(), err
}

func edge(ref string, to []string, refs map[string]string, kind string) cdx.Dependency {
	var list []string
	for _, name := range to {
		list = append(list, refs[kind+name])
	}
	d := cdx.Dependency{Ref: ref}
	if len(list) > 0 {
		d.Dependencies = &list
	}
	return d
}

func program(b *build) cdx.Component {
	ref := golang(own, b.version)
	return cdx.Component{
		BOMRef: ref, PackageURL: ref, Type: cdx.ComponentTypeApplication, Name: "framewatch", Version: b.version,
		Description: "Watches the picture and sound of live streams. For Debian 12, " + b.arch + ".",
		Hashes:      &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: fmt.Sprintf("%x", b.sum)}},
		Properties:  properties("commit", b.setting("vcs.revision"), "goarch", b.arch, "cgo", b.setting("CGO_ENABLED")),
	}
}

func standardLibrary(b *build) cdx.Component {
	version := strings.TrimPrefix(b.info.GoVersion, "go")
	ref := packageurl.NewPackageURL(packageurl.TypeGolang, "", "std", version, nil, "").ToString()
	return cdx.Component{BOMRef: ref, PackageURL: ref, Type: cdx.ComponentTypeLibrary, Name: "std", Version: version, Description: "Go's standard library and runtime", Licenses: licenses([]string{"BSD-3-Clause"}, "")}
}

func moduleComponent(m module) cdx.Component {
	ref := golang(m.Path, m.Version)
	return cdx.Component{
		BOMRef: ref, PackageURL: ref, Type: cdx.ComponentTypeLibrary, Name: m.Path, Version: m.Version, Scope: cdx.ScopeRequired,
		Licenses: licenses(m.licenses, "see licenses/go/"+m.Path), Properties: properties("go.sum", m.sum),
	}
}

func packageComponent(d distributed) cdx.Component {
	ref := debian(d)
	c := cdx.Component{
		BOMRef: ref, PackageURL: ref, Type: cdx.ComponentTypeLibrary, Name: d.Name, Version: d.Version, Scope: cdx.ScopeRequired,
		Supplier: &cdx.OrganizationalEntity{Name: "Debian"}, Licenses: licenses(d.licenses, "see "+d.paper()),
		Properties: properties("debian.source", d.Source+" "+d.SourceVersion, "debian.linked", map[bool]string{true: "by the program", false: "by another library"}[d.direct]),
	}
	if d.Homepage != "" {
		c.ExternalReferences = &[]cdx.ExternalReference{{Type: cdx.ERTypeWebsite, URL: d.Homepage}}
	}
	return c
}

// golang is the package URL of a module.
func golang(path, version string) string {
	i := strings.LastIndexByte(path, '/')
	url := packageurl.NewPackageURL(packageurl.TypeGolang, path[:max(i, 0)], path[i+1:], version, nil, "")
	_ = url.Normalize() // in small letters, as those who look for vulnerabilities want them; every module has a name
	return url.ToString()
}

// debian is the package URL of a package.
func debian(d distributed) string {
	return packageurl.NewPackageURL(packageurl.TypeDebian, "debian", d.Name, d.Version, packageurl.QualifiersFromMap(map[string]string{"arch": d.Arch, "distro": "debian-12"}), "").ToString()
}

// properties are name and value in turn; those without a value are left out.
func properties(pairs ...string) *[]cdx.Property {
	var list []cdx.Property
	for p := range slices.Chunk(pairs, 2) {
		if p[1] != "" {
			list = append(list, cdx.Property{Name: "framewatch:" + p[0], Value: p[1]})
		}
	}
	return &list
}

// licenses are those declared: SPDX's by identifier, others by name, and otherwise where the text is.
func licenses(names []string, otherwise string) *cdx.Licenses {
	if len(names) == 0 {
		names = []string{otherwise}
	}
	var list cdx.Licenses
	for _, name := range names {
		l := &cdx.License{Name: name, Acknowledgement: cdx.LicenseAcknowledgementDeclared}
		if known[name] {
			l.Name, l.ID = "", name
		}
		list = append(list, cdx.LicenseChoice{License: l})
	}
	return &list
}

// known are SPDX's identifiers among the names that occur; one of the schema's list that is not here only stands there as a name.
var known = func() map[string]bool {
	all := map[string]bool{}
	for _, id := range slices.Concat(slices.Collect(maps.Values(identifiers)), strings.Fields(`0BSD BSD-4-Clause-UC Beerware CC-BY-3.0 CC-BY-4.0 FSFAP FSFULLR GPL-2.0
		ICU NTP OFL-1.1 OLDAP-2.8 PostgreSQL Qhull TCL Unlicense`)) {
		all[id] = true
	}
	for _, version := range []string{"GPL-1.0", "GPL-2.0", "GPL-3.0", "LGPL-2.0", "LGPL-2.1", "LGPL-3.0", "AGPL-3.0"} {
		all[version+"-only"], all[version+"-or-later"] = true, true
	}
	return all
}()
