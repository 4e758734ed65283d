package check_test

import (
	"strings"
	"testing"
)

// TestValuesThatAreRefused has mistakes found before anything is installed.
func TestValuesThatAreRefused(t *testing.T) {
	for _, c := range []struct{ name, values, want string }{
		{"a misspelt key", "detector: {replica: 3}", "replica"},
		{"a key of nobody", "detectors: {replicas: 3}", "detectors"},
		{"no detector", "detector: {replicas: 0}", "/detector/replicas"},
		{"text for a number", `notifier: {replicas: "2"}`, "/notifier/replicas"},
		{"a broker without a port", "config: {kafka: {brokers: [kafka]}}", "/config/kafka/brokers/0"},
		{"no broker", "config: {kafka: {brokers: []}}", "/config/kafka/brokers"},
		{"an unknown section", "config: {detectors: {}}", "detectors"},
		{"an instance for all", "config: {kafka: {instance: one}}", "/config/kafka/instance"},
		{"an instance for a target", "detector: {config: {kafka: {instance: one}}}", "/detector/config/kafka/instance"},
		{"an address of the chart's", "config: {ingest: {advertise: http://edge}}", "/config/ingest/advertise"},
		{"a shadow in the wrong place", "config: {detector: {shadow: {name: x}}}", "/config/detector/shadow"},
		{"a secret for nobody", "secrets: {kafka: {secretName: kafka, targets: [detectors]}}", "/secrets/kafka"},
		{"a secret by value", "secrets: {kafka: {secretName: kafka, targets: [all], value: hunter2}}", "/secrets/kafka"},
		{"a path as a secret's name", `secrets: {"../kafka": {secretName: kafka, targets: [all]}}`, "../kafka"},
		{"memory without a bound", "ingest: {resources: {limits: null}}", "limits"},
		{"memory by the byte", "ingest: {resources: {requests: {memory: 100}}}", "/ingest/resources/requests/memory"},
		{"more memory than promised", "ingest: {resources: {requests: {memory: 2Gi}}}", "ingest.resources: limits.memory"},
		{"Go's heap in Kubernetes' units", "ingest: {goMemoryLimit: 2Gi}", "/ingest/goMemoryLimit"},
		{"no time to hand over", "detector: {terminationGracePeriodSeconds: 5}", "/detector/terminationGracePeriodSeconds"},
		{"scaled to nothing", "detector: {autoscaling: {enabled: true, minReplicas: 0}}", "/detector/autoscaling/minReplicas"},
		{"more detectors than partitions", "detector: {autoscaling: {enabled: true, maxReplicas: 25}}", "25 detectors share 24 partitions"},
		{"more detectors than partitions, by hand", "detector: {replicas: 25}", "detector.replicas: 25 detectors share 24 partitions"},
		{"more edges than partitions", "{ingest: {replicas: 9}, config: {kafka: {partitions: 8}}}", "ingest.replicas: 9 edges share 8 partitions"},
		{"more evidence than disk", "ingest: {diskSize: 8Gi}", "retain.bytes: 8589934592 (0: without bound) is to be less than 8Gi"},
		{"evidence without a bound", "config: {ingest: {evidence: {retain: {bytes: 0}}}}", "less than 10Gi"},
		{"evidence of the program's own bound", "config: {ingest: {evidence: {retain: null}}}", "53687091200"},
		{"more evidence than a volume", "ingest: {persistence: {enabled: true, size: 4Gi}}", "less than 4Gi"},
		{"an API for everybody", "notifier: {api: {enabled: true}}", "config.notifier.token_file is missing"},
		{"processors by halves", "detector: {goMaxProcs: 1.5}", "/detector/goMaxProcs"},
		{"the least above the most", "detector: {autoscaling: {enabled: true, minReplicas: 9, maxReplicas: 8}}", "9 is more than maxReplicas, 8"},
		{"a candidate without a name", "shadow: {enabled: true, profiles: {default: {}}}", "shadow.name"},
		{"a candidate of nothing", "shadow: {enabled: true, name: louder}", "shadow.profiles"},
		{"an open door", "networkPolicy: {console: []}", "/networkPolicy/console"},
		{"ingress of everybody", "networkPolicy: {extraIngress: {ingest: [{ports: [{port: 9000}]}]}}", "from"},
		{"egress of an unknown target", "networkPolicy: {extraEgress: {edge: []}}", "edge"},
		{"a service that is none", "console: {service: {type: ExternalName}}", "/console/service/type"},
		{"a tag with a space", `image: {tag: "v1 "}`, "/image/tag"},
		{"a short digest", "image: {digest: sha256:abc}", "/image/digest"},
		{"an interval without a unit", `monitoring: {serviceMonitor: {interval: "15"}}`, "/monitoring/serviceMonitor/interval"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, complaints, err := template(t, c.values)
			if err == nil || !strings.Contains(complaints, c.want) {
				t.Errorf("helm template with %s: %v, %s\nwant a refusal that names %s", c.values, err, complaints, c.want)
			}
		})
	}
}

// TestEvidenceThatNeedsNoDisk lets as much be kept as one likes where it is not on the pod's disk, or nothing is.
func TestEvidenceThatNeedsNoDisk(t *testing.T) {
	for _, store := range []string{"{s3: {bucket: evidence}}", "{directory: ''}"} {
		mustTemplate(t, "config: {ingest: {evidence: {retain: {bytes: 0}, store: "+store+"}}}")
	}
}
