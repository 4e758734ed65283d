package check_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
)

// TestAutoscalingKeepsTheDetectorsThatRun has Helm find what an autoscaler has made of the detectors, or a hand before it, and leave it so.
func TestAutoscalingKeepsTheDetectorsThatRun(t *testing.T) {
	for _, c := range []struct {
		name, values string
		live         int32 // 0: nothing is installed
		want         int32 // 0: it is not said
	}{
		{"the autoscaler's", "detector: {autoscaling: {enabled: true}}", 7, 7},
		{"fewer than the least", "detector: {autoscaling: {enabled: true, minReplicas: 3}}", 1, 3},
		{"a first install", "detector: {autoscaling: {enabled: true}}", 0, 0},
		{"by hand", "detector: {replicas: 4}", 7, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			arguments := []string{"template", release, chart, "--namespace", namespace, "--kube-version", kubernetes, "--dry-run=server", "--kubeconfig", withDetectors(t, c.live), "--values", "-"}
			out, complaints, err := helm(t, c.values, arguments...)
			if err != nil {
				t.Fatalf("helm template: %v\n%s", err, complaints)
			}
			var got int32 = -1
			for _, o := range objects(t, out) {
				if d, ok := o.(*appsv1.Deployment); ok && d.Name == release+"-detector" {
					got = 0
					if d.Spec.Replicas != nil {
						got = *d.Spec.Replicas
					}
				}
			}
			if got != c.want {
				t.Errorf("with %s and %d that run there are to be %d, want %d", c.values, c.live, got, c.want)
			}
		})
	}
}

// withDetectors is how to reach a cluster whose Deployment of detectors has so many; 0: it has none.
func withDetectors(t *testing.T, live int32) (kubeconfig string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Path == "/apis/apps/v1":
			fmt.Fprint(w, `{"kind": "APIResourceList", "groupVersion": "apps/v1", "resources": [{"name": "deployments", "kind": "Deployment", "namespaced": true, "verbs": ["get"]}]}`)
		case r.URL.Path == "/apis/apps/v1/namespaces/"+namespace+"/deployments/"+release+"-detector" && live > 0:
			fmt.Fprintf(w, `{"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "%s-detector"}, "spec": {"replicas": %d}}`, release, live)
		default:
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}`)
		}
	}))
	t.Cleanup(server.Close)
	kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	text := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: it, contexts: [{name: it, context: {cluster: it, user: it}}], clusters: [{name: it, cluster: {server: "%s"}}], users: [{name: it}]}`, server.URL)
	if err := os.WriteFile(kubeconfig, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return kubeconfig
}
