package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write the schema of the configuration file, and what else is made of the program, anew")

// schemaFiles hold it: the first is part of the program.
var schemaFiles = []string{"framewatch.schema.json", "../../deploy/framewatch.schema.json"}

// TestConfigSchema: the schema that is shipped is the one that the types, catalogues and comments make.
func TestConfigSchema(t *testing.T) {
	var made bytes.Buffer
	encoder := json.NewEncoder(&made)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(makeConfigSchema(t)); err != nil {
		t.Fatal(err)
	}
	for _, file := range schemaFiles {
		if *update && !t.Failed() {
			if err := os.WriteFile(file, made.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if has, err := os.ReadFile(file); err != nil || !bytes.Equal(has, made.Bytes()) {
			t.Errorf("%s is not what the program makes of it (%v): go test ./cmd/framewatch -run TestConfigSchema -update", file, err)
		}
	}
	if code, stdout, _ := command(t, "config", "schema"); code != exitOK || stdout != string(configSchema) {
		t.Errorf("config schema: got code %d and %d bytes", code, len(stdout))
	}
}

// compiledSchema is the shipped schema.
func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := jsonschema.UnmarshalJSON(bytes.NewReader(configSchema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("framewatch.schema.json", text); err != nil {
		t.Fatal(err)
	}
	s, err := compiler.Compile("framewatch.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// bySchema is what the schema says of a text in YAML, as an editor reads it.
func bySchema(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	var tree any
	if err := yaml.Unmarshal([]byte(text), &tree); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(value)
}

// byProgram is what the program says of it.
func byProgram(text string) error {
	config := defaultConfig()
	if err := decodeStrict([]byte(text), &config, "streams"); err != nil {
		return err
	}
	return config.Validate()
}

// TestSchemaAgreesOnExamples: whatever is shown in this repository as a configuration is one by the schema.
func TestSchemaAgreesOnExamples(t *testing.T) {
	s := compiledSchema(t)
	known := map[string]bool{}
	for i, c := 0, reflect.TypeFor[Config](); i < c.NumField(); i++ {
		known[c.Field(i).Tag.Get("yaml")] = true
	}
	checked := 0
	check := func(where, text string) {
		var tree map[string]any
		if yaml.Unmarshal([]byte(text), &tree) != nil || len(tree) == 0 {
			return
		}
		for key := range tree {
			if !known[key] {
				return // of something else
			}
		}
		checked++
		if err := bySchema(t, s, text); err != nil {
			t.Errorf("%s: %v in\n%s", where, err, text)
		}
	}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && (d.Name() == ".git" || d.Name() == "node_modules" || d.Name() == "bin" || d.Name() == "testdata") {
				return fs.SkipDir
			}
			return err
		}
		ext := filepath.Ext(path)
		if ext != ".yaml" && ext != ".yml" && ext != ".md" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if ext != ".md" {
			check(path, string(text))
			return nil
		}
		blocks := strings.Split(string(text), "```")
		for i := 1; i < len(blocks); i += 2 {
			if block, ok := strings.CutPrefix(blocks[i], "yaml\n"); ok {
				check(path, block)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked < 5 {
		t.Errorf("%d configurations were found, want 5 at least", checked)
	}
	effective, err := yaml.Marshal(defaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	if err := bySchema(t, s, string(effective)); err != nil {
		t.Errorf("the defaults: %v", err)
	}
}

// TestSchemaAgreesOnMistakes: what the schema refuses the program refuses, and of these the other way round.
func TestSchemaAgreesOnMistakes(t *testing.T) {
	t.Setenv("SECONDS", "5s")
	s := compiledSchema(t)
	for _, sound := range []string{
		"data_dir: data",
		"log: {level: debug, format: json}\nwatch_config: false",
		"kafka: {partitions: 48, tls: {enabled: true}}",
		"kafka:\nnotifier:\n",
		"detector: {interval: 1.5s}",
		"detector: {interval: \"${env:SECONDS}\"}",
		"ingest: {shedding: 'off', retry_most: 1m, access: {directories: [/srv]}}",
		"notifier: {receivers: {a: {type: log}, b: [{type: log, format: json}, {type: webhook, url: 'https://h/', send_resolved: false}]}}",
		"notifier: {escalate: [1m, 2m], storm: {changes: 5}}",
		"profiles: {default: {selector: {tier: 1}, priority: 3, rules: {silence: {for: 5s, severity: critical}, black: {raise: 0.97}}}}",
		"streams: [{id: 7, url: 'http://h/x.ts', labels: {site: 3, hd: true}, loop: true, expectations: {ad_breaks: {pre_roll: 1s}, silent_tracks: [1]}}]",
	} {
		if err := bySchema(t, s, sound); err != nil {
			t.Errorf("the schema refuses\n%s\n%v", sound, err)
		}
		if err := byProgram(sound); err != nil {
			t.Errorf("the program refuses\n%s\n%v", sound, err)
		}
	}
	for _, mistake := range []string{
		"noise: 1",
		"kafka: {broker: [h:9092]}",
		"kafka: {partitions: many}",
		"kafka: [h:9092]",
		"kafka: {tls: {enabled: 'perhaps'}}",
		"kafka: {sasl: {mechanism: SCRAM}}",
		"log: {level: loud}",
		"log: {format: xml}",
		"detector: {interval: 5}",
		"detector: {interval: 5 seconds}",
		"ingest: {sandbox: maybe}",
		"ingest: {evidence: {store: {bucket: x}}}",
		"ingest: {access: {directories: {a: b}}}",
		"console: {users: {ann: {role: boss, password_hash: x}}}",
		"console: {tokens: {t: {role: boss}}}",
		"notifier: {receivers: {a: {type: pigeon}}}",
		"notifier: {receivers: {a: {url: 'https://h/'}}}",
		"notifier: {receivers: {a: {type: log, url: 'https://h/'}}}",
		"notifier: {receivers: {a: [{type: log}, {type: webhook, urll: x}]}}",
		"notifier: {storm: {every: often}}",
		"profiles: {default: {rules: {silense: {for: 5s}}}}",
		"profiles: {default: {rules: {silence: {four: 5s}}}}",
		"profiles: {default: {rules: {silence: {for: 5}}}}",
		"profiles: {default: {rules: {silence: {severity: awful}}}}",
		"profiles: {default: {rules: {silence: {flaps: 101}}}}",
		"profiles: {default: {priority: high}}",
		"streams: [{id: a}]",
		"streams: [{url: 'http://h/x.ts'}]",
		"streams: [{id: a, url: 'http://h/x.ts', lable: {}}]",
		"streams: [{id: a, url: 'http://h/x.ts', loop: '${env:SECONDS}'}]",
		"streams: {id: a, url: 'http://h/x.ts'}",
		"streams: [{id: a, url: 'http://h/x.ts', expectations: {silent_tracks: [one]}}]",
	} {
		if bySchema(t, s, mistake) == nil {
			t.Errorf("the schema takes\n%s", mistake)
		}
		if byProgram(mistake) == nil {
			t.Errorf("the program takes\n%s", mistake)
		}
	}
}
