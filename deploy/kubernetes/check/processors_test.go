package check_test

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
)

// TestGoUsesWhatIsRequested holds GOMAXPROCS to the CPU that a pod is promised, rounded up: a detector tells its capacity for as many processors, and Go alone would take the node's.
func TestGoUsesWhatIsRequested(t *testing.T) {
	each(t, func(t *testing.T, list []runtime.Object) {
		for _, w := range workloads(list) {
			c := w.template.Spec.Containers[0]
			if want := fmt.Sprint((c.Resources.Requests.Cpu().MilliValue() + 999) / 1000); processors(w) != want {
				t.Errorf("%s requests %v and has GOMAXPROCS %q, want %s", w.name, c.Resources.Requests.Cpu(), processors(w), want)
			}
		}
	})
	for _, c := range []struct{ values, want string }{
		{"{resources: {requests: {cpu: 1001m}}}", "2"},
		{"{resources: {requests: {cpu: '1'}}}", "1"},
		{"{resources: {requests: {cpu: '2.5'}}}", "3"},
		{"{resources: {requests: {cpu: '0'}}}", "1"},
		{"{goMaxProcs: 12}", "12"},
		{"{resources: {requests: {cpu: null}}}", ""},
	} {
		for _, w := range workloads(objects(t, mustTemplate(t, "detector: "+c.values))) {
			if w.target() == "detector" && processors(w) != c.want {
				t.Errorf("a detector of %s has GOMAXPROCS %q, want %q", c.values, processors(w), c.want)
			}
		}
	}
}

// processors is GOMAXPROCS of a workload; "": Go finds out by itself.
func processors(w workload) string {
	for _, e := range w.template.Spec.Containers[0].Env {
		if e.Name == "GOMAXPROCS" {
			return e.Value
		}
	}
	return ""
}
