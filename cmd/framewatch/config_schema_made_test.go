package main

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/notifier"
	"github.com/framewatch/framewatch/notifier/receiver"
)

// object is a piece of JSON Schema.
type object = map[string]any

// schemaMaker makes the schema of the configuration file of what reads it: the types with their defaults, the catalogues, and the comments in the source.
type schemaMaker struct {
	t *testing.T
	// docs are the comments on types and, by Type.Field, on fields, by the package's path.
	docs map[string]map[string]string
	// enums are the values of the keys that have few, by the path of the key, * for any name.
	enums map[string][]string
}

// module is what the paths of our packages begin with.
const module = "github.com/framewatch/framewatch/"

// The patterns of texts.
const (
	referencePattern = `\$\{(env|file):[^}]*\}`
	durationPattern  = `^[+-]?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`
)

// verbatim says of a path that references below it are followed at the edge, so that other values than texts hold none.
func verbatim(path string) bool { return strings.HasPrefix(path, "streams") }

func makeConfigSchema(t *testing.T) object {
	m := &schemaMaker{t: t, docs: map[string]map[string]string{}, enums: map[string][]string{}}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, file := range map[string]string{
		"log.level": "log: {level: '?'}", "log.format": "log: {format: '?'}", "kafka.sasl.mechanism": "kafka: {sasl: {mechanism: '?'}}", "ingest.sandbox": "ingest: {sandbox: '?'}",
		"ingest.shedding":      "ingest: {shedding: '?'}",
		"console.users.*.role": "console: {users: {x: {role: '?'}}}", "console.tokens.*.role": "console: {tokens: {x: {role: '?'}}}",
		"console.oidc.roles.*":             "console: {oidc: {issuer: 'https://i', client_id: c, client_secret_file: " + secret + ", redirect_url: 'https://c/auth/callback', roles: {g: '?'}}}",
		"notifier.receivers.*(log).format": "notifier: {receivers: {x: {type: log, format: '?'}}}",
		"notifier.receivers.*(email).tls":  "notifier: {receivers: {x: {type: email, server: 'h:25', from: a@b.c, to: [a@b.c], tls: '?'}}}",
	} {
		m.enums[path] = m.refused(path, file)
	}
	root := m.of(reflect.ValueOf(defaultConfig()), "")
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "Framewatch configuration file"
	root["$defs"] = object{
		"reference": object{"type": "string", "pattern": referencePattern, "description": "What stands in an environment variable or a file, put in place once when the configuration is read."},
		"duration":  object{"type": "string", "pattern": durationPattern, "description": "A duration such as 1m30s: numbers with ns, us, ms, s, m or h."},
		"receiver":  m.receiver(),
	}
	rules, common := m.rules()
	root["$defs"].(object)["rules"], root["$defs"].(object)["option"] = rules, object{"$defs": common}
	return root
}

var choices = regexp.MustCompile(`(?:is none of|is neither|it must be) ([^:\n]*)`)

// refused are the values that the program names when it refuses one that there is not.
func (m *schemaMaker) refused(path, file string) []string {
	config := defaultConfig()
	err := decodeStrict([]byte(file), &config)
	if err == nil {
		err = config.Validate()
	}
	if err == nil {
		m.t.Fatalf("%s: a value that there is not is taken", path)
	}
	found := choices.FindStringSubmatch(err.Error())
	if found == nil {
		m.t.Errorf("%s: %v names no values", path, err)
		return nil
	}
	values := strings.FieldsFunc(strings.NewReplacer(" and ", ",", " nor ", ",", " or ", ",").Replace(found[1]), func(r rune) bool { return r == ',' || r == ' ' })
	if len(values) < 2 {
		m.t.Fatalf("%s: %v names the values %q", path, err, values)
	}
	return values
}

// of is the schema of a value with its default.
func (m *schemaMaker) of(v reflect.Value, path string) object {
	t := v.Type()
	switch {
	case t == reflect.TypeFor[time.Duration]():
		s := m.scalar(object{"$ref": "#/$defs/duration"}, path)
		if d := v.Interface().(time.Duration); d != 0 {
			s["default"] = d.String()
		}
		return s
	case t == reflect.TypeFor[time.Time]():
		return m.scalar(object{"type": "string", "pattern": `^\d{4}-\d\d-\d\d`}, path)
	case t == reflect.TypeFor[notifier.Alertmanager]():
		return object{"type": []string{"object", "null"}}
	case t == reflect.TypeFor[notifier.Receivers]():
		one := object{"$ref": "#/$defs/receiver"}
		return object{"anyOf": []any{one, object{"type": "array", "items": one}}}
	case t == reflect.TypeFor[receiver.Secrets]():
		return object{"type": []string{"string", "array"}, "items": object{"type": "string"}}
	case path == "profiles.*.rules":
		return object{"$ref": "#/$defs/rules"}
	}
	switch t.Kind() {
	case reflect.Struct:
		return m.structure(v, path)
	case reflect.Pointer:
		return m.of(reflect.Zero(t.Elem()), path)
	case reflect.Map:
		return object{"type": []string{"object", "null"}, "additionalProperties": m.of(reflect.Zero(t.Elem()), path+".*")}
	case reflect.Slice:
		s := object{"type": []string{"array", "null"}, "items": m.of(reflect.Zero(t.Elem()), path+".*")}
		if v.Len() > 0 {
			s["default"] = v.Interface()
		}
		return s
	case reflect.Bool:
		return withDefault(m.scalar(object{"type": "boolean"}, path), v)
	case reflect.String:
		if values, ok := m.enums[path]; ok {
			// An empty text leaves the choice to the program where it may be left out.
			return withDefault(m.scalar(object{"enum": append(slices.Clone(values), "")}, path), v)
		}
		return withDefault(object{"type": []string{"string", "number", "boolean"}}, v)
	case reflect.Float64:
		return withDefault(m.scalar(object{"type": "number"}, path), v)
	case reflect.Int, reflect.Int16, reflect.Int32, reflect.Int64:
		return withDefault(m.scalar(object{"type": "integer"}, path), v)
	}
	m.t.Fatalf("%s: nobody knows what %s looks like in YAML", path, t)
	return nil
}

// scalar is s or a reference, where one may stand in its place.
func (m *schemaMaker) scalar(s object, path string) object {
	if verbatim(path) {
		return s
	}
	return object{"anyOf": []any{s, object{"$ref": "#/$defs/reference"}}}
}

func withDefault(s object, v reflect.Value) object {
	if !v.IsZero() {
		s["default"] = v.Interface()
	}
	return s
}

// structure is the schema of a struct: its fields are its keys.
func (m *schemaMaker) structure(v reflect.Value, path string) object {
	s := object{"type": []string{"object", "null"}, "additionalProperties": false, "properties": m.properties(v, path)}
	if path == "streams.*" {
		s["required"] = []string{"id", "url"}
	}
	return s
}

func (m *schemaMaker) properties(v reflect.Value, path string) object {
	t, properties, doc := v.Type(), object{}, ""
	for i := range t.NumField() {
		field := t.Field(i)
		key, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		switch {
		case options == "inline":
			for name, s := range m.properties(v.Field(i), path) {
				properties[name] = s
			}
			continue
		case !field.IsExported() || key == "-":
			doc = ""
			continue
		case key == "":
			m.t.Fatalf("%s: %s.%s has no key", path, t, field.Name)
		}
		if text := m.comments(t.PkgPath())[t.Name()+"."+field.Name]; text != "" {
			doc = text // fields in one line have one comment
		} else if of := field.Type; of.Kind() == reflect.Struct && strings.HasPrefix(of.PkgPath(), module) {
			doc = m.comments(of.PkgPath())[of.Name()]
		}
		s := m.of(v.Field(i), strings.TrimPrefix(path+"."+key, "."))
		if doc == "" {
			m.t.Errorf("%s.%s has no comment, which is what editors show", t, field.Name)
		}
		s["description"] = doc
		properties[key] = s
	}
	return properties
}

// receiver is the schema of one receiver: that of its type.
func (m *schemaMaker) receiver() object {
	names := receiver.Catalogue.Names()
	var each []any
	for _, name := range names {
		v := reflect.ValueOf(receiver.Catalogue[name]()).Elem()
		properties := m.properties(v, "notifier.receivers.*("+name+")")
		properties["type"] = object{"const": name}
		properties["send_resolved"] = object{"$ref": "#/$defs/receiver/properties/send_resolved"}
		each = append(each, object{
			"if":   object{"properties": object{"type": object{"const": name}}},
			"then": object{"properties": properties, "additionalProperties": false, "description": m.comments(v.Type().PkgPath())[v.Type().Name()]},
		})
	}
	fields := m.comments(reflect.TypeFor[notifier.Receiver]().PkgPath())
	return object{
		"type": "object", "required": []string{"type"}, "allOf": each,
		"properties": object{
			"type":          object{"enum": names, "description": fields["Receiver.Type"]},
			"send_resolved": m.described(withDefault(m.scalar(object{"type": "boolean"}, ""), reflect.ValueOf(true)), fields["Receiver.SendResolved"]),
		},
	}
}

func (m *schemaMaker) described(s object, doc string) object {
	if doc == "" {
		m.t.Error("a key has no comment, which is what editors show")
	}
	s["description"] = doc
	return s
}

// rules is the schema of a profile's rules, by kind, and of the options that are the same for many of them, but for their defaults.
func (m *schemaMaker) rules() (rules, common object) {
	kinds, common := object{}, object{}
	for _, manual := range rule.Manuals() {
		properties := object{}
		for _, o := range manual.Options {
			s := m.option(o)
			byDefault, has := s["default"]
			delete(s, "default")
			if common[o.Name] == nil {
				common[o.Name] = s
			}
			if reflect.DeepEqual(common[o.Name], s) {
				s = object{"$ref": "#/$defs/option/$defs/" + o.Name}
			}
			if has {
				s["default"] = byDefault
			}
			properties[o.Name] = s
		}
		kinds[manual.Kind] = object{"type": []string{"object", "null"}, "additionalProperties": false, "properties": properties, "description": manual.Doc}
	}
	return object{"type": []string{"object", "null"}, "additionalProperties": false, "properties": kinds}, common
}

func (m *schemaMaker) option(o rule.Option) object {
	texts := object{"type": []string{"array", "null"}, "items": object{"type": []string{"string", "number", "boolean"}}}
	s := object{
		"number": object{"type": "number"}, "integer": object{"type": "integer"}, "switch": object{"type": "boolean"}, "duration": object{"$ref": "#/$defs/duration"},
		"text": object{"type": []string{"string", "number", "boolean"}}, "list": texts, "map": object{"type": []string{"object", "null"}},
	}[o.Type].(object)
	if o.Choices != nil {
		s = object{"enum": o.Choices}
	}
	if o.Type == "number" || o.Type == "integer" {
		for key, bound := range map[string]any{"minimum": o.Least, "maximum": o.Most} {
			if bound != nil {
				s[key] = bound
			}
		}
	}
	if o.Type != "list" && o.Type != "map" {
		s = m.scalar(s, "")
		s["default"] = o.Default
	}
	return m.described(s, o.Doc)
}

// comments are those on the types of a package and on their fields.
func (m *schemaMaker) comments(pkg string) map[string]string {
	if all, known := m.docs[pkg]; known {
		return all
	}
	all := map[string]string{}
	m.docs[pkg] = all
	files, err := filepath.Glob(filepath.Join("../..", strings.TrimPrefix(pkg+"/", module), "*.go"))
	if err != nil || len(files) == 0 {
		m.t.Fatal(errors.Join(err, errors.New("no source of "+pkg)))
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			m.t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.TYPE && !strings.HasSuffix(file, "_test.go") {
				readComments(d, all)
			}
		}
	}
	return all
}

func readComments(d *ast.GenDecl, all map[string]string) {
	for _, spec := range d.Specs {
		t := spec.(*ast.TypeSpec)
		all[t.Name.Name] = strings.Join(strings.Fields(d.Doc.Text()), " ")
		s, ok := t.Type.(*ast.StructType)
		if !ok {
			continue
		}
		for _, field := range s.Fields.List {
			for _, name := range field.Names {
				all[t.Name.Name+"."+name.Name] = strings.Join(strings.Fields(field.Doc.Text()), " ")
			}
		}
	}
}
