package check_test

import (
	"bytes"
	"flag"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

const (
	chart = "../../helm/framewatch"
	// release and namespace are those for which the manifests are rendered.
	release, namespace = "framewatch", "framewatch"
	// kubernetes is the version that Helm takes the cluster for: one that is built by go has none of its own.
	kubernetes = "1.35.0"
)

var update = flag.Bool("update", false, "write the rendered manifests and the chart's copies anew")

// helmPath is Helm as go.mod pins it, built on first use.
var helmPath = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "tool", "-n", "helm").Output()
	return strings.TrimSpace(string(out)), err
})

// helm runs Helm and returns what it prints and what it complains of.
func helm(t *testing.T, stdin string, arguments ...string) (stdout []byte, stderr string, err error) {
	t.Helper()
	path, err := helmPath()
	if err != nil {
		t.Fatalf("build helm: %v", err)
	}
	var out, complaints bytes.Buffer
	command := exec.Command(path, arguments...)
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(stdin), &out, &complaints
	// It is to find nobody's settings, and no cluster.
	command.Env = []string{"HOME=" + t.TempDir(), "PATH=/usr/bin:/bin", "KUBECONFIG=/dev/null"}
	err = command.Run()
	return out.Bytes(), complaints.String(), err
}

// template renders the chart with values, YAML, on top of those of files.
func template(t *testing.T, values string, files ...string) ([]byte, string, error) {
	t.Helper()
	arguments := []string{"template", release, chart, "--namespace", namespace, "--kube-version", kubernetes}
	for _, f := range files {
		arguments = append(arguments, "--values", f)
	}
	return helm(t, values, append(arguments, "--values", "-")...)
}

// mustTemplate is template of values that the chart takes.
func mustTemplate(t *testing.T, values string, files ...string) []byte {
	t.Helper()
	out, complaints, err := template(t, values, files...)
	if err != nil {
		t.Fatalf("helm template: %v\n%s", err, complaints)
	}
	return out
}

func TestLint(t *testing.T) {
	for _, r := range renderings {
		arguments := []string{"lint", "--strict", "--quiet", chart, "--namespace", namespace, "--kube-version", kubernetes}
		for _, f := range r.values {
			arguments = append(arguments, "--values", f)
		}
		if out, complaints, err := helm(t, "", arguments...); err != nil {
			t.Errorf("helm lint of %s: %v\n%s%s", r.file, err, out, complaints)
		}
	}
}
