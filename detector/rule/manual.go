package rule

import (
	"embed"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Manual is what there is to know of a kind of defect and of its options, for people who set them.
type Manual struct {
	Kind string
	// Doc says what the rule judges.
	Doc string
	Description
	// Options are those of the kind first, then those that every rule has.
	Options []Option
}

// Option is one option of a rule.
type Option struct {
	// Name is its key, Doc what it means.
	Name, Doc string
	// Type is number, integer, duration, switch, text, list of texts, or map of such lists.
	Type string
	// Unit is that of the rule's figure for what is compared with it; empty: it is as Doc says.
	Unit string
	// Default is a number, a bool, a string (a duration such as 1m30s, or a text), a list or a map.
	Default any
	// Choices are all that a text may be; nil: any.
	Choices []string
	// Least and Most bound it, each a number or a duration as text; nil: only Validate does.
	Least, Most any
}

// limits are the bounds of the options that every rule has.
var limits = map[string][2]any{
	"for": {"0s", MaxFor.String()}, "keep_firing_for": {"0s", MaxFor.String()}, "critical_after": {"0s", nil},
	"flaps": {0, MaxFlaps}, "flap_window": {"0s", MaxFlapping.String()}, "flap_hold": {"0s", MaxFlapping.String()},
}

// Manuals are those of all rules, in order of kind.
func Manuals() []Manual {
	var all []Manual
	for _, kind := range Catalogue.Names() {
		r := Catalogue[kind]()
		v := reflect.ValueOf(r).Elem()
		m := Manual{Kind: kind, Doc: comments()[v.Type().Name()], Description: r.Describe()}
		own, common := options(v, m.Unit)
		m.Options = append(own, common...)
		all = append(all, m)
	}
	return all
}

// options are those of a struct, its own and those of the Options in it.
func options(v reflect.Value, unit string) (own, common []Option) {
	names := keys(v.Type())
	doc := ""
	for i := range v.NumField() {
		field := v.Type().Field(i)
		key, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		switch {
		case field.Type == reflect.TypeFor[Options]():
			common, _ = options(v.Field(i), unit)
			continue
		case !field.IsExported() || key == "" || key == "-":
			continue
		}
		if text := comments()[v.Type().Name()+"."+field.Name]; text != "" {
			doc = names.replace(text) // fields in one line have one comment
		}
		o := Option{Name: key, Doc: doc, Type: typeOf(field.Type), Default: plain(v.Field(i))}
		if v.Type() == reflect.TypeFor[Options]() {
			o.Least, o.Most = limits[key][0], limits[key][1]
			switch key {
			case "raise", "clear":
				o.Unit = unit
			case "severity":
				o.Choices = Severities
			}
		}
		own = append(own, o)
	}
	return own, common
}

func typeOf(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "duration"
	case t.Kind() == reflect.Float64:
		return "number"
	case t.Kind() == reflect.Int:
		return "integer"
	case t.Kind() == reflect.Bool:
		return "switch"
	case t.Kind() == reflect.Slice:
		return "list"
	case t.Kind() == reflect.Map:
		return "map"
	}
	return "text"
}

// plain is a value as YAML writes it.
func plain(v reflect.Value) any {
	if d, ok := v.Interface().(time.Duration); ok {
		return d.String()
	}
	switch {
	case v.Kind() == reflect.Slice && v.IsNil():
		return reflect.MakeSlice(v.Type(), 0, 0).Interface()
	case v.Kind() == reflect.Map && v.IsNil():
		return reflect.MakeMap(v.Type()).Interface()
	}
	return v.Interface()
}

// written are the names of fields by the keys that people write.
type written struct {
	any *regexp.Regexp
	key map[string]string
}

// keys of a struct and of what is in it, and of the bounds by what they are.
func keys(t reflect.Type) written {
	w := written{key: map[string]string{"MaxFor": MaxFor.String(), "MaxFlapping": MaxFlapping.String(), "MaxFlaps": "100", "MaxErrorSpan": MaxErrorSpan.String()}}
	for _, s := range []reflect.Type{t, reflect.TypeFor[Options]()} {
		for i := range s.NumField() {
			if key, _, _ := strings.Cut(s.Field(i).Tag.Get("yaml"), ","); key != "" && key != "-" {
				w.key[s.Field(i).Name] = key
			}
		}
	}
	var names []string
	for name := range w.key {
		names = append(names, name)
	}
	w.any = regexp.MustCompile(`\b(` + strings.Join(names, "|") + `)\b`)
	return w
}

func (w written) replace(text string) string {
	return w.any.ReplaceAllStringFunc(text, func(name string) string { return w.key[name] })
}

//go:embed *.go
var source embed.FS

// comments on the types of this package, by name, and on their fields, by Type.Field: what stands beside a rule is what people are told of it.
var comments = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	files, err := source.ReadDir(".")
	if err != nil {
		panic(err) // it is part of the program
	}
	for _, file := range files {
		text, err := source.ReadFile(file.Name())
		if matched, _ := path.Match("*_test.go", file.Name()); matched || err != nil {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file.Name(), text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			panic(err) // it has been compiled
		}
		for _, declared := range parsed.Decls {
			if d, ok := declared.(*ast.GenDecl); ok && d.Tok == token.TYPE {
				read(d, all)
			}
		}
	}
	return all
})

// read takes the comments of a declaration of types.
func read(d *ast.GenDecl, all map[string]string) {
	for _, spec := range d.Specs {
		t := spec.(*ast.TypeSpec)
		all[t.Name.Name] = sentence(d.Doc)
		s, ok := t.Type.(*ast.StructType)
		if !ok {
			continue
		}
		for _, field := range s.Fields.List {
			for _, name := range field.Names {
				all[t.Name.Name+"."+name.Name] = sentence(field.Doc)
			}
		}
	}
}

// sentence is a comment in one line.
func sentence(c *ast.CommentGroup) string { return strings.Join(strings.Fields(c.Text()), " ") }
