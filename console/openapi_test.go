package console_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/framewatch/framewatch/console"
)

// answered are the answers of the API that the tests of this package have had.
var answered struct {
	sync.Mutex
	list []answer
}

type answer struct {
	method, path string
	status       int
	body         []byte
}

// answersKept bounds how many are validated.
const answersKept = 1000

// keep keeps an answer of the API, to be validated when all tests have run.
func keep(r *http.Request, w *httptest.ResponseRecorder) {
	if !strings.HasPrefix(r.URL.Path, "/api/v1/") || w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Content-Encoding") != "" || w.Body.Len() > 64<<10 {
		return
	}
	answered.Lock()
	defer answered.Unlock()
	if len(answered.list) < answersKept {
		answered.list = append(answered.list, answer{r.Method, r.URL.EscapedPath(), w.Code, bytes.Clone(w.Body.Bytes())})
	}
}

// TestMain validates, after all tests, the answers that they have had.
func TestMain(m *testing.M) {
	code := m.Run()
	d := document()
	var problems []string
	for _, a := range answered.list {
		if err := d.check(a); err != nil {
			problems = append(problems, fmt.Sprintf("%s %s %d: %v: %.200s", a.method, a.path, a.status, err, a.body))
		}
	}
	if code == 0 && len(problems) > 0 {
		fmt.Fprintf(os.Stderr, "--- FAIL: %d answers are not as openapi.yaml says:\n%s\n", len(problems), strings.Join(problems[:min(len(problems), 10)], "\n"))
		code = 1
	}
	os.Exit(code)
}

// apiDocument is the API's document as it is served.
type apiDocument struct {
	root     map[string]any
	compiler *jsonschema.Compiler
}

func document() *apiDocument {
	w := httptest.NewRecorder()
	console.New(console.Defaults(), deps()).Handler().ServeHTTP(w, httptest.NewRequest("GET", "http://localhost/api/v1/openapi.json", nil))
	text, err := jsonschema.UnmarshalJSON(w.Body)
	d := &apiDocument{compiler: jsonschema.NewCompiler()}
	if err == nil {
		d.root = text.(map[string]any)
		err = d.compiler.AddResource("openapi.json", text)
	}
	if err != nil {
		panic(err)
	}
	return d
}

// pathOf is the path of the document that a path is one of.
func (d *apiDocument) pathOf(path string) (string, error) {
	segments := strings.Split(path, "/")
	best := ""
	for template := range d.root["paths"].(map[string]any) {
		parts := strings.Split(template, "/")
		fits := len(parts) == len(segments)
		for i := 0; fits && i < len(parts); i++ {
			fits = parts[i] == segments[i] || strings.HasPrefix(parts[i], "{")
		}
		if fits && (best == "" || !strings.Contains(template, "{")) {
			best = template
		}
	}
	if best == "" {
		return "", errors.New("there is no such path")
	}
	return best, nil
}

// check tells in what an answer is not as the document says.
func (d *apiDocument) check(a answer) error {
	path, err := d.pathOf(a.path)
	if err != nil && a.status == http.StatusNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	operation, ok := d.root["paths"].(map[string]any)[path].(map[string]any)[strings.ToLower(a.method)].(map[string]any)
	if !ok {
		return errors.New("there is no such method")
	}
	at := "components/responses/Error"
	if _, ok := operation["responses"].(map[string]any)[fmt.Sprint(a.status)]; ok {
		at = fmt.Sprintf("paths/%s/%s/responses/%d", strings.ReplaceAll(path, "/", "~1"), strings.ToLower(a.method), a.status)
	} else if a.status < 400 {
		return errors.New("there is no such status")
	}
	schema, err := d.compiler.Compile("openapi.json#/" + strings.NewReplacer("{", "%7B", "}", "%7D").Replace(at) + "/content/application~1json/schema")
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.body))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

func TestOpenAPIIsValid(t *testing.T) {
	file, err := os.Open("testdata/openapi/3.1.json.gz")
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
	const id = "https://spec.openapis.org/oas/3.1/schema/2022-10-07"
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(id, text); err != nil {
		t.Fatal(err)
	}
	official, err := compiler.Compile(id)
	if err != nil {
		t.Fatal(err)
	}
	d := document()
	if err := official.Validate(d.root); err != nil {
		t.Errorf("it is no document of OpenAPI 3.1: %v", err)
	}
	for name := range d.root["components"].(map[string]any)["schemas"].(map[string]any) {
		if _, err := d.compiler.Compile("openapi.json#/components/schemas/" + name); err != nil {
			t.Errorf("schema %s: %v", name, err)
		}
	}
	delete(d.root["info"].(map[string]any), "title")
	if official.Validate(d.root) == nil {
		t.Error("a document without a title is taken for one")
	}
}

// Every route of the API stands in the document with its role, and every one of the document is served.
func TestOpenAPIHasTheRoutes(t *testing.T) {
	var documented, served []string
	for path, item := range document().root["paths"].(map[string]any) {
		for method, operation := range item.(map[string]any) {
			role := "?"
			for _, r := range []console.Role{console.Viewer, console.Operator, console.Admin} {
				if text, _ := operation.(map[string]any)["description"].(string); strings.Contains(text, "Needs the role "+string(r)) {
					role = string(r)
				}
			}
			documented = append(documented, fmt.Sprintf("%s %s for %s", strings.ToUpper(method), path, role))
		}
	}
	for _, r := range console.New(console.Defaults(), deps()).Routes() {
		if strings.Contains(r.Pattern, "/api/") {
			served = append(served, fmt.Sprintf("%s for %s", r.Pattern, r.Least))
		}
	}
	slices.Sort(documented)
	slices.Sort(served)
	if len(served) < 15 || !slices.Equal(documented, served) {
		t.Errorf("documented are\n%s\nserved are\n%s", strings.Join(documented, "\n"), strings.Join(served, "\n"))
	}
}

// What TestMain does with the answers finds one that has a field too many, one too few, and one of another type.
func TestAnswersAreValidated(t *testing.T) {
	d := document()
	for _, test := range []struct {
		path, body string
		status     int
		want       bool
	}{
		{"/api/v1/me", `{"name":"ann","role":"admin","way":"token"}`, 200, true},
		{"/api/v1/me", `{"name":"ann","role":"admin","way":"token","age":5}`, 200, false},
		{"/api/v1/me", `{"name":"ann","role":"admin"}`, 200, false},
		{"/api/v1/me", `{"name":7,"role":"admin","way":"token"}`, 200, false},
		{"/api/v1/me", `{"name":"ann","role":"boss","way":"token"}`, 200, false},
		{"/api/v1/me", `{"error":"no"}`, 401, true},
		{"/api/v1/me", `{"reason":"no"}`, 401, false},
		{"/api/v1/me", `{"name":"ann","role":"admin","way":"token"}`, 201, false},
		{"/api/v1/you", `{}`, 200, false},
	} {
		if err := d.check(answer{"GET", test.path, test.status, []byte(test.body)}); (err == nil) != test.want {
			t.Errorf("%s %d %s: %v", test.path, test.status, test.body, err)
		}
	}
}

// checkSchema tells in what a value is not as one of the document's schemas says.
func (d *apiDocument) checkSchema(name string, text []byte) error {
	schema, err := d.compiler.Compile("openapi.json#/components/schemas/" + name)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}
