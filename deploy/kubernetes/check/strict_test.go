package check_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

// decoder reads what Kubernetes itself has, and refuses what it does not know.
var decoder = json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme.Scheme, scheme.Scheme, json.SerializerOptions{Yaml: true, Strict: true})

// documents are the YAML documents of a file that hold something.
func documents(t *testing.T, text []byte) (list [][]byte) {
	t.Helper()
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		var value any
		if err := yaml.Unmarshal(document, &value); err != nil {
			t.Fatalf("%v\n%s", err, document)
		}
		if value != nil {
			list = append(list, document)
		}
	}
}

// object reads one document strictly: by the type that Kubernetes has for it, or by the schema of who defines it.
func object(document []byte) (runtime.Object, error) {
	decoded, _, err := decoder.Decode(document, nil, nil)
	if !runtime.IsNotRegisteredError(err) {
		return decoded, err
	}
	custom := &unstructured.Unstructured{}
	if err := yaml.UnmarshalStrict(document, &custom.Object); err != nil {
		return nil, err
	}
	definition, err := definitionOf(custom)
	if err != nil {
		return nil, err
	}
	return custom, definition.check(custom.Object)
}

// definition is one version of a kind that others define.
type definition struct {
	fields    *structural.Structural
	validator validation.SchemaValidator
}

// definitionOf finds it among testdata/crds.
func definitionOf(o *unstructured.Unstructured) (*definition, error) {
	files, err := filepath.Glob("testdata/crds/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var crd apiextensionsv1.CustomResourceDefinition
		if err := yaml.UnmarshalStrict(text, &crd); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for _, version := range crd.Spec.Versions {
			if crd.Spec.Names.Kind == o.GetKind() && crd.Spec.Group+"/"+version.Name == o.GetAPIVersion() {
				return newDefinition(version.Schema)
			}
		}
	}
	return nil, fmt.Errorf("%s of %s is defined nowhere", o.GetKind(), o.GetAPIVersion())
}

func newDefinition(text *apiextensionsv1.CustomResourceValidation) (*definition, error) {
	var schema apiextensions.CustomResourceValidation
	if err := apiextensionsv1.Convert_v1_CustomResourceValidation_To_apiextensions_CustomResourceValidation(text, &schema, nil); err != nil {
		return nil, err
	}
	fields, err := structural.NewStructural(schema.OpenAPIV3Schema)
	if err != nil {
		return nil, err
	}
	validator, _, err := validation.NewSchemaValidator(schema.OpenAPIV3Schema)
	return &definition{fields, validator}, err
}

// check tells of fields that there are not, and of values that cannot be.
func (d *definition) check(object map[string]any) error {
	var problems []error
	copied := runtime.DeepCopyJSON(object)
	unknown := pruning.PruneWithOptions(copied, d.fields, true, structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	for _, path := range unknown {
		problems = append(problems, fmt.Errorf("unknown field %q", path))
	}
	for _, problem := range validation.ValidateCustomResource(nil, object, d.validator) {
		problems = append(problems, problem)
	}
	return errors.Join(problems...)
}

// objects are those of a rendering.
func objects(t *testing.T, text []byte) (list []runtime.Object) {
	t.Helper()
	for _, document := range documents(t, text) {
		o, err := object(document)
		if err != nil {
			t.Errorf("%v in\n%s", err, document)
			continue
		}
		list = append(list, o)
	}
	return list
}

func TestManifestsAreStrict(t *testing.T) {
	for _, r := range renderings {
		text, err := os.ReadFile(r.file)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(objects(t, text)); n < 20 {
			t.Errorf("%s has %d objects: is it all there?", r.file, n)
		}
	}
}

// TestStrictnessIsStrict has mistakes of each sort found in the objects that there are.
func TestStrictnessIsStrict(t *testing.T) {
	text, err := os.ReadFile("../everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ kind, replace, by, want string }{
		{"Deployment", "minReadySeconds:", "minReadySecond:", `unknown field "spec.minReadySecond"`},
		{"StatefulSet", "serviceName:", "serviceNames:", `unknown field "spec.serviceNames"`},
		{"NetworkPolicy", "policyTypes:", "policyType:", `unknown field "spec.policyType"`},
		{"PodDisruptionBudget", "maxUnavailable: 1", "maxUnavailable: 1\n  maxUnavailable: 1", `key "maxUnavailable" already set`},
		{"ServiceMonitor", "relabelings:", "relabeling:", `unknown field "spec.endpoints[0].relabeling"`},
		{"ServiceMonitor", "interval: 15s", "interval: 15 seconds", "should match"},
		{"ScaledObject", "cooldownPeriod: 600", "cooldownPeriod: ten", "must be of type integer"},
		{"ScaledObject", "behavior: currentReplicasIfHigher", "behavior: hope", "Unsupported value"},
		{"ScaledObject", "pollingInterval:", "pollInterval:", `unknown field "spec.pollInterval"`},
		{"PrometheusRule", "groups:", "group:", `unknown field "spec.group"`},
	} {
		found := false
		for _, document := range documents(t, text) {
			if !bytes.Contains(document, []byte("\nkind: "+c.kind+"\n")) || !bytes.Contains(document, []byte(c.replace)) {
				continue
			}
			found = true
			_, err := object(bytes.Replace(document, []byte(c.replace), []byte(c.by), 1))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s with %q: %v, want %s", c.kind, c.by, err, c.want)
			}
			break
		}
		if !found {
			t.Errorf("no %s has %q", c.kind, c.replace)
		}
	}
}
