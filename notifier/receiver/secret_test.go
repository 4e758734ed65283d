package receiver_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/notifier/receiver"
)

func TestSecretNeverPrints(t *testing.T) {
	s := receiver.Secret("hunter2")
	asJSON, err := json.Marshal(map[string]any{"s": s, "list": receiver.Secrets{s}})
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(map[string]any{"s": s, "list": receiver.Secrets{s}})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q %x %d", s, s, s, s, s, s, s), string(asJSON), string(asYAML), s.LogValue().String()} {
		if strings.Contains(text, "hunter2") || strings.Contains(text, "68756e74657232") || !strings.Contains(text, "secret") {
			t.Errorf("a secret prints as %q", text)
		}
	}
}
