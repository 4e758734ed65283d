package check_test

import (
	"maps"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
)

// TestOnlyWhatMustIsRestarted has a change of values replace the pods that read what has changed at their start, and no others.
func TestOnlyWhatMustIsRestarted(t *testing.T) {
	before := pods(objects(t, mustTemplate(t, "{}")))
	for _, c := range []struct {
		name, values string
		want         []string
	}{
		{"streams", "config: {streams: [{id: a, url: http://a/}]}", nil},
		{"a profile", "config: {profiles: {default: {rules: {silence: {for: 5s}}}}}", nil},
		{"who is told", "config: {notifier: {receivers: {ops: {type: log}}}}", nil},
		{"who may look", "config: {console: {users: {eve: {password_file: /run/secrets/framewatch/console/eve}}}}", nil},
		{"how much is logged", "config: {log: {level: debug}}", nil},
		{"how it is logged", "config: {log: {format: text}}", []string{"console", "detector", "ingest", "notifier", "topics"}},
		{"the edge", "config: {ingest: {quarantine: 2m}}", []string{"console", "ingest"}},
		{"transactions", "config: {detector: {interval: 200ms}}", []string{"detector"}},
		{"the brokers", "config: {kafka: {brokers: ['other:9092']}}", []string{"console", "detector", "ingest", "notifier", "topics"}},
		{"a detector's memory", "detector: {goMemoryLimit: 800MiB}", []string{"detector"}},
		{"a detector's own user", "detector: {config: {kafka: {sasl: {mechanism: PLAIN, user: detector}}}}", []string{"detector"}},
		{"how many", "detector: {replicas: 5}", nil},
	} {
		after := pods(objects(t, mustTemplate(t, c.values)))
		var changed []string
		for _, target := range slices.Sorted(maps.Keys(after)) {
			if after[target] != before[target] {
				changed = append(changed, target)
			}
		}
		if !slices.Equal(changed, c.want) {
			t.Errorf("%s: the pods of %v are replaced, want %v", c.name, changed, c.want)
		}
	}
}

// pods are the templates of the pods of each target, as text.
func pods(list []runtime.Object) map[string]string {
	found := map[string]string{}
	for _, w := range workloads(list) {
		found[w.target()] = w.template.String()
	}
	return found
}
