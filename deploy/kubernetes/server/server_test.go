package server_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	// version of Kubernetes as go.mod pins it.
	version   = "v1.35.4"
	namespace = "framewatch"
	// patience is how long the server may take to start on a busy machine.
	patience = 2 * time.Minute
)

// cluster is an API server with its store: no scheduler, no nodes, so what it is given never runs.
type cluster struct {
	tools, config string
}

// tools builds what go.mod names, once; it takes some ten minutes and is kept in the user's cache.
func tools(t *testing.T) string {
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(cache, "framewatch", "kubernetes-"+version)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-p", "1", "-trimpath", "-ldflags", "-X k8s.io/component-base/version.gitVersion="+version, "-o", folder+"/", "k8s.io/kubernetes/cmd/kube-apiserver", "k8s.io/kubernetes/cmd/kubectl", "./etcd")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the API server: %v\n%s", err, out)
	}
	return folder
}

// start runs etcd and the API server until the test ends.
func start(t *testing.T) *cluster {
	c := &cluster{tools: tools(t)}
	home := t.TempDir()
	key, token := filepath.Join(home, "accounts.key"), rand.Text()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	write(t, key, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey)}))
	write(t, filepath.Join(home, "tokens"), []byte(token+",admin,1,system:masters\n"))
	store, peers, port := free(t), free(t), free(t)
	c.config = filepath.Join(home, "kubeconfig")
	write(t, c.config, fmt.Appendf(nil, `{apiVersion: v1, kind: Config, current-context: it, contexts: [{name: it, context: {cluster: it, user: it, namespace: %s}}],
clusters: [{name: it, cluster: {server: "https://127.0.0.1:%s", insecure-skip-tls-verify: true}}], users: [{name: it, user: {token: %s}}]}`, namespace, port, token))

	at := func(port string) string { return "http://127.0.0.1:" + port }
	c.run(t, "etcd", "--data-dir", filepath.Join(home, "etcd"), "--listen-client-urls", at(store), "--advertise-client-urls", at(store),
		"--listen-peer-urls", at(peers), "--initial-advertise-peer-urls", at(peers), "--initial-cluster", "default="+at(peers), "--log-level", "error")
	c.run(t, "kube-apiserver", "--etcd-servers", at(store), "--bind-address", "127.0.0.1", "--secure-port", port, "--cert-dir", filepath.Join(home, "certificates"),
		"--token-auth-file", filepath.Join(home, "tokens"), "--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.96.0.0/16",
		"--service-account-issuer", "https://127.0.0.1", "--service-account-key-file", key, "--service-account-signing-key-file", key, "--endpoint-reconciler-type", "none", "-v", "0")
	for deadline := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		out, err := c.kubectl("", "get", "--raw", "/readyz")
		if err == nil {
			return c
		}
		if time.Now().After(deadline) {
			t.Fatalf("the API server does not become ready: %v\n%s", err, out)
		}
	}
}

// run starts a program and ends it with the test, whose log it is told in when the test fails.
func (c *cluster) run(t *testing.T, program string, arguments ...string) {
	var log bytes.Buffer
	command := exec.Command(filepath.Join(c.tools, program), arguments...)
	command.Stdout, command.Stderr = &log, &log
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
		if t.Failed() {
			t.Logf("%s:\n%s", program, log.Bytes()[max(0, log.Len()-4000):])
		}
	})
}

// kubectl runs it with some input; what it prints is on both of its outputs, so warnings are among it.
func (c *cluster) kubectl(stdin string, arguments ...string) (string, error) {
	command := exec.Command(filepath.Join(c.tools, "kubectl"), arguments...)
	command.Env = []string{"KUBECONFIG=" + c.config, "HOME=" + filepath.Dir(c.config)}
	command.Stdin = strings.NewReader(stdin)
	out, err := command.CombinedOutput()
	return string(out), err
}

// must is kubectl without complaint.
func (c *cluster) must(t *testing.T, stdin string, arguments ...string) string {
	t.Helper()
	out, err := c.kubectl(stdin, arguments...)
	if err != nil || strings.Contains(out, "Warning:") {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
	return out
}

func write(t *testing.T, file string, text []byte) {
	t.Helper()
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// free is a port that nobody has.
func free(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

// around is what is there before Framewatch is: the namespace, which lets in nothing but restricted pods, and what manifests name.
const around = `
apiVersion: v1
kind: Namespace
metadata:
  name: framewatch
  labels:
    pod-security.kubernetes.io/enforce: restricted
    pod-security.kubernetes.io/warn: restricted
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: default, namespace: framewatch}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: monitoring-critical}
value: 1000000
`

func TestAPIServerTakesTheManifests(t *testing.T) {
	c := start(t)
	c.must(t, around, "apply", "-f", "-")
	c.must(t, "", "apply", "--server-side", "-f", "../check/testdata/crds")
	c.must(t, "", "wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
	for _, file := range []string{"../default.yaml", "../everything.yaml"} {
		t.Run(file, func(t *testing.T) {
			t.Logf("%s", c.must(t, "", "apply", "--dry-run=server", "--validate=strict", "-f", file))
			c.must(t, "", "apply", "--validate=strict", "-f", file)
			t.Cleanup(func() { c.must(t, "", "delete", "--wait=false", "-f", file) })
			c.pods(t, file)
		})
	}
	t.Run("mistakes", c.refuses)
	t.Run("helm", c.helm)
}

// refuses has the server find mistakes, each of which another part of it looks for.
func (c *cluster) refuses(t *testing.T) {
	for _, m := range []struct{ file, right, wrong, want string }{
		{"../default.yaml", "minReadySeconds:", "minReadySecond:", `unknown field "spec.minReadySecond"`},
		{"../default.yaml", "type: RollingUpdate", "type: Rolling", "spec.strategy: Unsupported value"},
		{"../default.yaml", "imagePullPolicy: IfNotPresent", "imagePullPolicy: Sometimes", `Unsupported value: "Sometimes"`},
		{"../default.yaml", "- 169.254.0.0/16", "- 0.0.0.0/0", "strict subset"},
		{"../default.yaml", "replicas: 2", `replicas: "2"`, "cannot unmarshal string"},
		{"../everything.yaml", "pollingInterval: 15", "pollingInterval: soon", "spec.pollingInterval"},
		{"../everything.yaml", "relabelings:", "relabeling:", `unknown field "spec.endpoints[0].relabeling"`},
	} {
		text, err := os.ReadFile(m.file)
		if err != nil {
			t.Fatal(err)
		}
		out, err := c.kubectl(strings.Replace(string(text), m.right, m.wrong, 1), "apply", "--dry-run=server", "--validate=strict", "-f", "-")
		if err == nil || !strings.Contains(out, m.want) {
			t.Errorf("%q for %q: %v\n%s\nwant a refusal that says %s", m.wrong, m.right, err, out, m.want)
		}
	}
}

// helm installs the chart, turns everything on that an installed one can be given, and goes back. Hooks are left out: nothing here runs their job.
func (c *cluster) helm(t *testing.T) {
	find := exec.Command("go", "tool", "-n", "helm")
	find.Dir = "../check"
	path, err := find.Output()
	if err != nil {
		t.Fatalf("build helm: %v", err)
	}
	for _, arguments := range [][]string{
		{"install", "framewatch", "../../helm/framewatch", "--no-hooks"},
		{"upgrade", "framewatch", "../../helm/framewatch", "--no-hooks", "--values", "../check/testdata/everything.yaml", "--set", "ingest.persistence.enabled=false"},
		{"rollback", "framewatch", "1", "--no-hooks"},
		{"uninstall", "framewatch", "--no-hooks"},
	} {
		command := exec.Command(strings.TrimSpace(string(path)), append(arguments, "--namespace", namespace)...)
		command.Env = []string{"KUBECONFIG=" + c.config, "HOME=" + t.TempDir()}
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("helm %s: %v\n%s", strings.Join(arguments, " "), err, out)
		}
	}
}

// pods has the server take a pod of each workload, as a controller would make it, and refuse the same with more than the namespace lets in.
func (c *cluster) pods(t *testing.T, file string) {
	var list struct {
		Items []struct {
			Kind     string
			Metadata struct{ Name string }
			Spec     struct {
				Template map[string]any
			}
		}
	}
	if err := json.Unmarshal([]byte(c.must(t, "", "get", "-o", "json", "-f", file)), &list); err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, o := range list.Items {
		if o.Spec.Template == nil {
			continue
		}
		tried++
		pod := o.Spec.Template
		pod["apiVersion"], pod["kind"] = "v1", "Pod"
		pod["metadata"].(map[string]any)["name"] = o.Metadata.Name + "-0"
		spec := pod["spec"].(map[string]any)
		spec["volumes"] = withData(spec["volumes"].([]any))
		if out, err := c.create(t, pod); err != nil || strings.Contains(out, "Warning:") {
			t.Errorf("a pod of %s: %v\n%s", o.Metadata.Name, err, out)
		}
		spec["hostNetwork"] = true
		if out, err := c.create(t, pod); err == nil || !strings.Contains(out, "violates PodSecurity") {
			t.Errorf("a pod of %s on the node's network: %v\n%s", o.Metadata.Name, err, out)
		}
	}
	if tried < 5 {
		t.Errorf("%d workloads were tried: is it all there?", tried)
	}
}

// create has the server take one object without keeping it.
func (c *cluster) create(t *testing.T, object map[string]any) (string, error) {
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return c.kubectl(string(text), "create", "--dry-run=server", "--validate=strict", "-f", "-")
}

// withData is volumes with the one that a claim of the workload's would be.
func withData(volumes []any) []any {
	for _, v := range volumes {
		if v.(map[string]any)["name"] == "data" {
			return volumes
		}
	}
	return append(volumes, map[string]any{"name": "data", "emptyDir": map[string]any{}})
}
