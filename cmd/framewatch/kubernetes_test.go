package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestKubernetesConfigurations has each target read the configuration that the manifests give it, with the secrets that its own pods have.
func TestKubernetesConfigurations(t *testing.T) {
	t.Setenv("POD_NAME", "framewatch-ingest-0")
	t.Setenv("POD_NAMESPACE", "framewatch")
	for _, manifests := range []string{"default.yaml", "everything.yaml"} {
		read := map[string]Config{}
		for name, text := range kubernetesConfigurations(t, manifests) {
			file := filepath.Join(t.TempDir(), "framewatch.yaml")
			if err := os.WriteFile(file, []byte(withSecrets(t, text)), 0o600); err != nil {
				t.Fatal(err)
			}
			config, err := loadConfig(file)
			if err != nil {
				t.Errorf("%s: %s: %v", manifests, name, err)
			}
			read[name] = config
		}
		if len(read) < 5 {
			t.Errorf("%s has %d configurations: is it all there?", manifests, len(read))
		}
		for name, config := range read {
			if want := "0.0.0.0:9394"; name != "framewatch-topics" && config.Admin.Listen != want {
				t.Errorf("%s: %s: it is asked how it is at %q, want %q", manifests, name, config.Admin.Listen, want)
			}
			if given := len(config.Console.Users) > 0; given != (name == "framewatch-console") {
				t.Errorf("%s: %s: does it know who may look? %v", manifests, name, given)
			}
			if given := config.Profiles != nil || config.Streams != nil; given && name != "framewatch-console" {
				t.Errorf("%s: %s lays streams or profiles on the log, as the console does", manifests, name)
			}
		}
		if got, want := read["framewatch-ingest"].Ingest.Advertise, "http://framewatch-ingest-0.framewatch-ingest.framewatch.svc:8090"; got != want {
			t.Errorf("%s: an edge says that it is at %q, want %q", manifests, got, want)
		}
		if got, want := read["framewatch-detector"].Kafka.Instance, "framewatch-ingest-0"; got != want {
			t.Errorf("%s: a detector is known as %q to its group, want its pod's name, %q", manifests, got, want)
		}
	}
}

// kubernetesConfigurations are the files framewatch.yaml of the ConfigMaps of manifests, by their names.
func kubernetesConfigurations(t *testing.T, manifests string) map[string]string {
	t.Helper()
	file, err := os.Open("../../deploy/kubernetes/" + manifests)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	found := map[string]string{}
	for documents := yaml.NewDecoder(file); ; {
		var object struct {
			Kind     string
			Metadata struct{ Name string }
			Data     map[string]string
		}
		if err := documents.Decode(&object); errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			t.Fatal(err)
		}
		if text, ok := object.Data["framewatch.yaml"]; ok && object.Kind == "ConfigMap" {
			found[object.Metadata.Name] = text
		}
	}
}

var mounted = regexp.MustCompile(`/run/secrets/framewatch/[a-z0-9./_-]+|/etc/framewatch/candidate.yaml`)

// withSecrets is a configuration whose mounted files are there, elsewhere.
func withSecrets(t *testing.T, text string) string {
	home := t.TempDir()
	return mounted.ReplaceAllStringFunc(text, func(path string) string {
		file := filepath.Join(home, strings.ReplaceAll(path[1:], "/", "-"))
		if err := os.WriteFile(file, []byte("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	})
}
