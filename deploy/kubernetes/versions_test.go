// Package kubernetes_test holds the rendered manifests to the versions of Kubernetes that they are for.
package kubernetes_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/internal/venv"
)

// versions are the oldest of the chart's kubeVersion, the newest of which the schemas are to be had without a network, and some between.
const versions = "1.29,1.32,1.35,1.37"

// validate runs the validator, which tells on its standard error what is wrong and how many objects it has looked at.
func validate(t *testing.T, files ...string) (looked int, problems string, err error) {
	t.Helper()
	command := exec.Command(venv.Python(t, "testdata/requirements.txt"), append([]string{"testdata/validate.py", versions}, files...)...)
	var out, complaints bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaints
	err = command.Run()
	looked, _ = strconv.Atoi(strings.TrimSpace(out.String()))
	return looked, complaints.String(), err
}

func TestManifestsFitEveryVersion(t *testing.T) {
	looked, problems, err := validate(t, "default.yaml", "everything.yaml")
	if err != nil {
		t.Errorf("%v\n%s", err, problems)
	}
	if least := 40 * (strings.Count(versions, ",") + 1); looked < least {
		t.Errorf("%d objects were looked at, fewer than %d: are they all there?", looked, least)
	}
}

func TestVersionsRefuseMistakes(t *testing.T) {
	text, err := os.ReadFile("default.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ right, wrong, want string }{
		{"podManagementPolicy: Parallel", "podManagementPolicies: Parallel", "podManagementPolicies"},
		{"replicas: 2", `replicas: "2"`, "is not of type"},
	} {
		file := filepath.Join(t.TempDir(), "wrong.yaml")
		if err := os.WriteFile(file, bytes.Replace(text, []byte(c.right), []byte(c.wrong), 1), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, problems, err := validate(t, file); err == nil || strings.Count(problems, c.want) < strings.Count(versions, ",") {
			t.Errorf("%s: %v\n%s\nwant every version to refuse it: %s", c.wrong, err, problems, c.want)
		}
	}
}
