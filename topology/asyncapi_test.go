package topology_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/topology"
)

func TestAsyncAPIIsFresh(t *testing.T) {
	text, err := os.ReadFile("../deploy/asyncapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != topology.AsyncAPI() {
		t.Error("deploy/asyncapi.yaml is not what topics and schemas say: run go generate ./schemas")
	}
}

// asyncAPI is the document as JSON has it.
func asyncAPI(t *testing.T) map[string]any {
	t.Helper()
	var document map[string]any
	if err := yaml.Unmarshal([]byte(topology.AsyncAPI()), &document); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return parsed(t, text).(map[string]any)
}

func parsed(t *testing.T, text []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// official is the schema of all AsyncAPI 3.0.0 documents: testdata/asyncapi tells where it is from.
func official(t *testing.T) *jsonschema.Schema {
	t.Helper()
	file, err := os.Open("testdata/asyncapi/3.0.0.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jsonschema.UnmarshalJSON(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	const id = "http://asyncapi.com/definitions/3.0.0/asyncapi.json"
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(id, text); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile(id)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestAsyncAPIIsValid(t *testing.T) {
	schema := official(t)
	if err := schema.Validate(asyncAPI(t)); err != nil {
		t.Errorf("%#v", err)
	}
	// What the schema would say of mistakes in each part of the document.
	for name, spoil := range map[string]func(d map[string]any){
		"no title":          func(d map[string]any) { delete(at(d, "info"), "title") },
		"unknown action":    func(d map[string]any) { at(d, "operations", "send.defects")["action"] = "publish" },
		"unknown key":       func(d map[string]any) { at(d, "channels", "defects")["topic"] = "defects" },
		"binding of others": func(d map[string]any) { at(d, "channels", "defects", "bindings", "kafka")["bindingVersion"] = "7" },
		"cleanup policy": func(d map[string]any) {
			at(d, "channels", "defects", "bindings", "kafka", "topicConfiguration")["cleanup.policy"] = []any{"never"}
		},
		"field without type": func(d map[string]any) {
			delete(at(d, "components", "schemas", "DefectEvent", "schema")["fields"].([]any)[0].(map[string]any), "type")
		},
	} {
		document := asyncAPI(t)
		spoil(document)
		if schema.Validate(document) == nil {
			t.Errorf("%s: the document is still valid", name)
		}
	}
}

func at(d map[string]any, path ...string) map[string]any {
	for _, name := range path {
		d = d[name].(map[string]any)
	}
	return d
}

// The JSON schema does not follow references.
func TestAsyncAPIPointsAtWhatIsThere(t *testing.T) {
	document, count := asyncAPI(t), 0
	var look func(v any)
	look = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				look(x)
			}
		case map[string]any:
			for name, x := range v {
				look(x)
				if name == "$ref" {
					count++
					find(t, document, x.(string))
				}
			}
		}
	}
	look(document)
	// Of each channel three: its value, and that of its operation with its message.
	if want := 3 * len(at(document, "channels")); count != want {
		t.Errorf("%d references, want %d", count, want)
	}
}

func find(t *testing.T, document map[string]any, pointer string) {
	t.Helper()
	var here any = document
	for _, name := range strings.Split(strings.TrimPrefix(pointer, "#/"), "/") {
		o, ok := here.(map[string]any)
		if here = o[name]; !ok || here == nil {
			t.Errorf("%s: there is no %s", pointer, name)
			return
		}
	}
}

// What others may read is there in full: name, value, key, settings.
func TestAsyncAPITellsOfThePublicTopics(t *testing.T) {
	document := asyncAPI(t)
	var told []string
	for _, s := range topology.Topics() {
		if s.Promise == "" {
			continue
		}
		told = append(told, s.Name)
		c := at(document, "channels", s.Name)
		if c["address"] != "framewatch."+s.Name || c["x-compatibility"] != s.Compatibility {
			t.Errorf("%s: address %v, compatibility %v", s.Name, c["address"], c["x-compatibility"])
		}
		m := at(c, "messages", s.Type)
		if key := at(m, "bindings", "kafka", "key")["description"].(string); !strings.HasPrefix(key, s.Key) {
			t.Errorf("%s: the key is %q, want the %s", s.Name, key, s.Key)
		}
		if got, want := at(document, "components", "schemas", s.Type)["schema"], parsed(t, []byte(s.Schema)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the schema is\n%v\nwant\n%v", s.Name, got, want)
		}
	}
	if got, want := strings.Join(told, " "), "features health defects defects.latest evidence verdicts"; got != want {
		t.Errorf("it tells of %s, want %s", got, want)
	}
	if got := len(at(document, "channels")); got != len(told) {
		t.Errorf("%d channels, want %d", got, len(told))
	}
}
