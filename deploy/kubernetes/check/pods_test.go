package check_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// workload is what has pods.
type workload struct {
	name     string
	selector *metav1.LabelSelector
	template corev1.PodTemplateSpec
	replicas int32
}

// target is which part of Framewatch it runs.
func (w workload) target() string { return w.template.Labels["app.kubernetes.io/component"] }

// workloads are those among objects.
func workloads(list []runtime.Object) (found []workload) {
	for _, o := range list {
		switch o := o.(type) {
		case *appsv1.Deployment:
			w := workload{o.Name, o.Spec.Selector, o.Spec.Template, 1}
			if o.Spec.Replicas != nil {
				w.replicas = *o.Spec.Replicas
			}
			found = append(found, w)
		case *appsv1.StatefulSet:
			found = append(found, workload{o.Name, o.Spec.Selector, o.Spec.Template, *o.Spec.Replicas})
		case *batchv1.Job:
			found = append(found, workload{o.Name, &metav1.LabelSelector{MatchLabels: o.Spec.Template.Labels}, o.Spec.Template, 1})
		}
	}
	return found
}

// each runs a test over what each rendering has.
func each(t *testing.T, test func(t *testing.T, list []runtime.Object)) {
	for _, r := range renderings {
		t.Run(r.file, func(t *testing.T) {
			text, err := os.ReadFile(r.file)
			if err != nil {
				t.Fatal(err)
			}
			list := objects(t, text)
			if len(workloads(list)) < 5 {
				t.Fatalf("%d workloads: is it all there?", len(workloads(list)))
			}
			test(t, list)
		})
	}
}

// TestPodSecurity holds every pod to the standard called restricted, of each version.
func TestPodSecurity(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, list []runtime.Object) {
		for _, w := range workloads(list) {
			for _, version := range []api.Version{api.MajorMinorVersion(1, 29), api.LatestVersion()} {
				level := api.LevelVersion{Level: api.LevelRestricted, Version: version}
				for _, result := range evaluator.EvaluatePod(level, &w.template.ObjectMeta, &w.template.Spec) {
					if !result.Allowed {
						t.Errorf("%s: %s: %s", w.name, result.ForbiddenReason, result.ForbiddenDetail)
					}
				}
			}
		}
	})
}

// TestContainersAreShut holds them to more than the standard asks for.
func TestContainersAreShut(t *testing.T) {
	each(t, func(t *testing.T, list []runtime.Object) {
		for _, w := range workloads(list) {
			pod, c := w.template.Spec, w.template.Spec.Containers[0]
			if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
				t.Errorf("%s gets its account's token", w.name)
			}
			if c.SecurityContext.ReadOnlyRootFilesystem == nil || !*c.SecurityContext.ReadOnlyRootFilesystem {
				t.Errorf("%s may write to its root", w.name)
			}
			for _, e := range c.Env {
				if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
					t.Errorf("%s has a secret in its environment: %s", w.name, e.Name)
				}
			}
			if len(c.EnvFrom) > 0 {
				t.Errorf("%s takes its environment from elsewhere", w.name)
			}
			for _, v := range pod.Volumes {
				if v.EmptyDir != nil && v.EmptyDir.SizeLimit == nil {
					t.Errorf("%s: the volume %s has no bound", w.name, v.Name)
				}
				if v.Secret != nil && v.Secret.DefaultMode != nil && *v.Secret.DefaultMode&0o007 != 0 {
					t.Errorf("%s: the secret %s is for everybody", w.name, v.Name)
				}
			}
			if c.Resources.Limits.Memory().IsZero() || w.target() == "ingest" && !c.Resources.Limits.Memory().Equal(*c.Resources.Requests.Memory()) {
				t.Errorf("%s: memory is promised %v and bounded by %v", w.name, c.Resources.Requests.Memory(), c.Resources.Limits.Memory())
			}
			if probes := c.StartupProbe != nil && c.LivenessProbe != nil && c.ReadinessProbe != nil; probes != (w.target() != "topics") {
				t.Errorf("%s: is it probed? %v", w.name, probes)
			}
		}
	})
}

var secretPath = regexp.MustCompile(`/run/secrets/framewatch/([a-z0-9-]+)/`)

// TestConfigurationAndSecretsMeet has each pod get the secrets that its configuration names, and no others than those.
func TestConfigurationAndSecretsMeet(t *testing.T) {
	each(t, func(t *testing.T, list []runtime.Object) {
		texts := map[string]string{}
		for _, o := range list {
			if m, ok := o.(*corev1.ConfigMap); ok {
				for _, text := range m.Data {
					texts[m.Name] += text
				}
			}
		}
		for _, w := range workloads(list) {
			var configured, mounted []string
			for _, v := range w.template.Spec.Volumes {
				if v.ConfigMap == nil {
					continue
				}
				text, there := texts[v.ConfigMap.Name]
				if !there {
					t.Errorf("%s: the configuration %s is nowhere", w.name, v.ConfigMap.Name)
				}
				for _, m := range secretPath.FindAllStringSubmatch(text, -1) {
					configured = append(configured, m[1])
				}
			}
			for _, m := range w.template.Spec.Containers[0].VolumeMounts {
				if name, ok := strings.CutPrefix(m.MountPath, "/run/secrets/framewatch/"); ok {
					mounted = append(mounted, name)
				}
			}
			for _, name := range configured {
				if !slices.Contains(mounted, name) {
					t.Errorf("%s: its configuration names the secret %s, which it does not have", w.name, name)
				}
			}
			// What streams name in their URLs is read where they are decoded, and stands in the console's configuration alone.
			for _, name := range mounted {
				if !slices.Contains(configured, name) && name != "streams" {
					t.Errorf("%s has the secret %s, which its configuration does not name", w.name, name)
				}
			}
		}
	})
}

// TestSelectorsMeet has everything that chooses pods choose those of one target.
func TestSelectorsMeet(t *testing.T) {
	each(t, func(t *testing.T, list []runtime.Object) {
		all := workloads(list)
		chosen := func(selector *metav1.LabelSelector) (names []string) {
			s, err := metav1.LabelSelectorAsSelector(selector)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range all {
				if s.Matches(labels.Set(w.template.Labels)) {
					names = append(names, w.name)
				}
			}
			return names
		}
		policies, budgets := map[string]bool{}, map[string]bool{}
		for _, w := range all {
			if got := chosen(w.selector); !slices.Equal(got, []string{w.name}) {
				t.Errorf("%s chooses the pods of %v", w.name, got)
			}
		}
		for _, o := range list {
			switch o := o.(type) {
			case *policyv1.PodDisruptionBudget:
				if got := chosen(o.Spec.Selector); !slices.Equal(got, []string{o.Name}) || o.Spec.MaxUnavailable.IntValue() != 1 {
					t.Errorf("the budget %s is for %v", o.Name, got)
				}
				budgets[o.Name] = true
			case *networkingv1.NetworkPolicy:
				if got := chosen(&o.Spec.PodSelector); !slices.Equal(got, []string{o.Name}) || len(o.Spec.PolicyTypes) != 2 {
					t.Errorf("the policy %s is for %v, of %v", o.Name, got, o.Spec.PolicyTypes)
				}
				policies[o.Name] = true
			case *corev1.Service:
				if got := chosen(&metav1.LabelSelector{MatchLabels: o.Spec.Selector}); len(got) == 0 || o.Name != "framewatch-metrics" && !slices.Equal(got, []string{o.Name}) {
					t.Errorf("the service %s leads to %v", o.Name, got)
				}
			}
		}
		for _, w := range all {
			if !policies[w.name] || budgets[w.name] == (w.target() == "topics") {
				t.Errorf("%s: has it a policy, %v, and a budget, %v?", w.name, policies[w.name], budgets[w.name])
			}
		}
	})
}

// TestMetadataServiceIsClosed holds the edge's way out: everywhere but to the machine's own services and the cluster's.
func TestMetadataServiceIsClosed(t *testing.T) {
	each(t, func(t *testing.T, list []runtime.Object) {
		for _, o := range list {
			policy, ok := o.(*networkingv1.NetworkPolicy)
			if !ok {
				continue
			}
			for _, rule := range policy.Spec.Egress {
				if len(rule.To) == 0 && len(rule.Ports) == 0 {
					t.Errorf("%s lets everything out", policy.Name)
				}
				for _, peer := range rule.To {
					if peer.IPBlock == nil || peer.IPBlock.CIDR != "0.0.0.0/0" {
						continue
					}
					closed := slices.ContainsFunc(peer.IPBlock.Except, func(cidr string) bool { return strings.HasPrefix(cidr, "169.254.") })
					if !closed || len(peer.IPBlock.Except) < 3 {
						t.Errorf("%s lets out to %v but %v", policy.Name, peer.IPBlock.CIDR, peer.IPBlock.Except)
					}
				}
			}
		}
	})
}

// TestBrokersCanBeReached lets each target out to the ports of its own brokers, and the topics' job before anything else of a release is there.
func TestBrokersCanBeReached(t *testing.T) {
	ports := map[string][]string{}
	values := "{config: {kafka: {brokers: ['a:9092', 'b:9092']}}, topics: {config: {kafka: {brokers: ['a:9095']}}}, detector: {config: {kafka: {brokers: ['a:9093', 'b:9094']}}}}"
	for _, o := range objects(t, mustTemplate(t, values)) {
		policy, ok := o.(*networkingv1.NetworkPolicy)
		if !ok {
			continue
		}
		target := policy.Labels["app.kubernetes.io/component"]
		for _, p := range policy.Spec.Egress[1].Ports {
			ports[target] = append(ports[target], p.Port.String())
		}
		if _, hook := policy.Annotations["helm.sh/hook"]; hook != (target == "topics") {
			t.Errorf("the policy %s comes before the release: %v", policy.Name, hook)
		}
	}
	for target, want := range map[string][]string{"topics": {"9095"}, "detector": {"9093", "9094"}, "ingest": {"9092"}, "notifier": {"9092"}, "console": {"9092"}} {
		if !slices.Equal(ports[target], want) {
			t.Errorf("%s is let out to the ports %v of brokers, want %v", target, ports[target], want)
		}
	}
}
