package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// setup is one that doctor looks at: what the file says, and what it is to find.
type setup struct {
	name string
	// make sets it up and returns the file's text.
	make func(t *testing.T) string
	args []string
	// check, status and remedy, or a part of it, of one of the findings.
	check, status, remedy string
}

// hidden is a password: it stands in no output.
const hidden = "hunter2"

// brokenSetups are those that are broken each in a way of its own.
var brokenSetups = []setup{
	{"a broker that is down", func(*testing.T) string { return onBrokers("127.0.0.1:1") }, nil, "kafka reach", statusFail, "is the broker up"},
	{"a broker of a name that there is not", func(*testing.T) string { return onBrokers("no-such-host.invalid:9092") }, nil, "kafka reach", statusFail, "DNS"},
	{"something else on the port", func(t *testing.T) string { return onBrokers(webServer(t)) }, nil, "kafka reach", statusFail, "no Kafka at all"},
	{"no brokers for one target", func(*testing.T) string { return "" }, []string{"--target", "detector"}, "kafka reach", statusFail, "set kafka.brokers"},
	{"an advertised listener that is not reached", func(t *testing.T) string {
		return onBrokers(kafkatest.Fake(t, kafkatest.Setup{Advertised: "127.0.0.1:1"})...)
	}, nil, "kafka addresses", statusFail, "advertised.listeners"},
	{"an advertised name that the certificate is not for", func(t *testing.T) string {
		a := newAuthority(t, "ours")
		return trusting(a, kafkatest.Fake(t, kafkatest.Setup{TLS: &tls.Config{Certificates: []tls.Certificate{a.issue(1000*time.Hour, "127.0.0.1")}}, Advertised: "localhost"}))
	}, nil, "kafka addresses", statusFail, "advertised.listeners of the broker to a name that its certificate is for (127.0.0.1)"},
	{"a wrong password", func(t *testing.T) string {
		return fmt.Sprintf("kafka: {brokers: %s, sasl: {mechanism: PLAIN, user: bob, password: %s}}", list(kafkatest.Fake(t, kafkatest.Setup{User: "bob", Password: "another"})), hidden)
	}, nil, "kafka reach", statusFail, "kafka.sasl.user"},
	{"no log-in where one is wanted", func(t *testing.T) string {
		return onBrokers(kafkatest.Fake(t, kafkatest.Setup{User: "bob", Password: hidden})...)
	}, nil, "kafka reach", statusFail, "may want a log-in (kafka.sasl)"},
	{"no TLS where it is wanted", func(t *testing.T) string {
		return onBrokers(encryptedBy(t, newAuthority(t, "ours"), time.Hour*1000, "127.0.0.1")...)
	}, nil, "kafka reach", statusFail, "set kafka.tls.enabled"},
	{"TLS where there is none", func(t *testing.T) string {
		return fmt.Sprintf("kafka: {brokers: %s, tls: {enabled: true}}", list(kafkatest.Fake(t, kafkatest.Setup{})))
	}, nil, "kafka reach", statusFail, "has no TLS on this port"},
	{"an authority that is not trusted", func(t *testing.T) string {
		return trusting(newAuthority(t, "ours"), encryptedBy(t, newAuthority(t, "theirs"), 1000*time.Hour, "127.0.0.1"))
	}, nil, "kafka reach", statusFail, `kafka.tls.ca to a PEM file with the authority that signed the broker's certificate: "CN=theirs"`},
	{"a certificate of the broker that has expired", func(t *testing.T) string {
		a := newAuthority(t, "ours")
		return trusting(a, encryptedBy(t, a, -time.Minute, "127.0.0.1"))
	}, nil, "kafka reach", statusFail, "renew it"},
	{"a certificate of the broker for another name", func(t *testing.T) string {
		a := newAuthority(t, "ours")
		return trusting(a, encryptedBy(t, a, 1000*time.Hour, "kafka.example"))
	}, nil, "kafka reach", statusFail, "kafka.example"},
	{"a certificate of the broker that is about to expire", func(t *testing.T) string {
		a := newAuthority(t, "ours")
		return trusting(a, encryptedBy(t, a, 100*time.Hour, "127.0.0.1"))
	}, nil, "kafka certificates", statusWarn, "renew it at the broker"},
	{"brokers that are too old", func(t *testing.T) string { return onBrokers(kafkatest.Fake(t, kafkatest.Setup{Old: true})...) }, nil, "kafka version", statusFail, "upgrade all brokers"},
	{"a clock that is wrong", func(t *testing.T) string {
		brokers := withTopics(t, kafkatest.Setup{})
		kafkatest.WriteAt(t, brokers, "framewatch.features", time.Now().Add(time.Minute))
		return onBrokers(brokers...)
	}, nil, "kafka clock", statusFail, "NTP"},
	{"topics that are missing", func(t *testing.T) string { return onBrokers(kafkatest.Fake(t, kafkatest.Setup{})...) }, nil, "kafka topics", statusFail, "framewatch topics apply"},
	{"a topic with another count of partitions", func(t *testing.T) string {
		brokers := kafkatest.Fake(t, kafkatest.Setup{})
		kafkatest.MakeTopic(t, brokers, "framewatch.defects", 3)
		layOut(t, brokers)
		return onBrokers(brokers...)
	}, nil, "kafka topics", statusFail, "make this one anew"},
	{"a topic that forgets what it is to keep", func(t *testing.T) string {
		brokers := withTopics(t, kafkatest.Setup{})
		kafkatest.SetTopic(t, brokers, "framewatch.streams", "cleanup.policy", "delete")
		return onBrokers(brokers...)
	}, nil, "kafka topics", statusFail, "framewatch topics apply"},
	{"a topic that keeps for another time", func(t *testing.T) string {
		brokers := withTopics(t, kafkatest.Setup{})
		kafkatest.SetTopic(t, brokers, "framewatch.defects", "retention.ms", "3600000")
		return onBrokers(brokers...)
	}, nil, "kafka topics", statusWarn, "framewatch topics apply"},
	{"a topic that nothing can be written to", func(t *testing.T) string {
		brokers := withTopics(t, kafkatest.Setup{})
		kafkatest.SetTopic(t, brokers, "framewatch.features", "min.insync.replicas", "2")
		return onBrokers(brokers...)
	}, nil, "kafka topics", statusFail, "set min.insync.replicas to 1"},
	{"topics with one copy on several brokers", func(t *testing.T) string {
		brokers := kafkatest.Fake(t, kafkatest.Setup{Brokers: 3})
		kafkatest.MakeTopic(t, brokers, "framewatch.features", 4)
		return onBrokers(brokers...)
	}, nil, "kafka topics", statusWarn, "give it 3 copies"},
	{"topics that are made by whoever names them", func(t *testing.T) string {
		return onBrokers(kafkatest.Fake(t, kafkatest.Setup{AutoCreates: true})...)
	}, nil, "kafka auto-create", statusWarn, "auto.create.topics.enable=false"},
	{"an ACL that is missing", func(t *testing.T) string {
		grants := slices.DeleteFunc(topology.Grants("detector", "framewatch."), func(g topology.Grant) bool { return g.String() == "Write topic framewatch.health" })
		return fmt.Sprintf("kafka: {brokers: %s, sasl: {mechanism: PLAIN, user: bob, password: %s}}",
			list(withTopics(t, kafkatest.Setup{User: "bob", Password: hidden, Limited: true, Grants: grants})), hidden)
	}, []string{"--target", "detector"}, "kafka acl", statusFail, "--add --allow-principal 'User:bob' --operation Write --topic 'framewatch.health'"},
	{"topics whose settings may not be seen", func(t *testing.T) string {
		grants := slices.DeleteFunc(topology.Grants("detector", "framewatch."), func(g topology.Grant) bool { return g.Operation == "DescribeConfigs" })
		return fmt.Sprintf("kafka: {brokers: %s, sasl: {mechanism: PLAIN, user: bob, password: %s}}",
			list(withTopics(t, kafkatest.Setup{User: "bob", Password: hidden, Limited: true, Grants: grants})), hidden)
	}, []string{"--target", "detector"}, "kafka topics", statusUnknown, "kafka acl"},
	{"another program in the group", func(t *testing.T) string {
		brokers := withTopics(t, kafkatest.Setup{})
		kafkatest.Join(t, brokers, "framewatch.detector", "framewatch.features", "reports", "", "127.0.0.1")
		return onBrokers(brokers...)
	}, nil, "kafka members", statusFail, "another kafka.prefix"},
	{"another process of the same name", func(t *testing.T) string {
		brokers := withTopics(t, kafkatest.Setup{})
		kafkatest.Join(t, brokers, "framewatch.detector", "framewatch.features", "framewatch", "pod-1", "127.0.0.2")
		return fmt.Sprintf("kafka: {brokers: %s, instance: pod-1}", list(brokers))
	}, nil, "kafka members", statusFail, "a kafka.instance of its own"},
	{"a registry that is down", func(t *testing.T) string { return withRegistry("http://127.0.0.1:1") }, nil, "registry", statusFail, "is it up"},
	{"a registry that is none", func(t *testing.T) string { return withRegistry("http://" + webServer(t)) }, nil, "registry", statusFail, "the base of its Confluent API"},
	{"a registry that refuses the password", func(t *testing.T) string {
		return withRegistry(registryThat(t, http.StatusUnauthorized, `{"error_code": 401, "message": "no"}`))
	}, nil, "registry", statusFail, "kafka.registry.user"},
	{"a registry with another schema of the name", func(t *testing.T) string {
		return withRegistry(registryThat(t, http.StatusNotFound, `{"error_code": 40403, "message": "Schema not found"}`))
	}, nil, "registry", statusFail, "a kafka.prefix of its own"},
	{"a stream that may not be read", func(t *testing.T) string { return withStream("/etc/hostname") }, nil, "streams", statusFail, "ingest.access does not permit it"},
	{"a stream that is off the air", func(t *testing.T) string { return withStream("http://127.0.0.1:1/live.ts") }, nil, "streams", statusFail, "is it on the air"},
	{"a stream of a host that there is not", func(*testing.T) string { return withStream("http://no-such-host.invalid/live.ts") }, nil, "streams", statusFail, "DNS"},
	{"a stream whose certificate is about to expire", func(t *testing.T) string {
		return withStream(secureServer(t, newAuthority(t, "ours").issue(100*time.Hour, "127.0.0.1")) + "/live.ts")
	}, nil, "streams", statusWarn, "renew it"},
	{"a stream that is not in the file", func(*testing.T) string { return "" }, []string{"--streams", "nosuch"}, "streams", statusFail, "one of the file's streams"},
	{"a receiver that is not reached", func(t *testing.T) string {
		return fmt.Sprintf("notifier: {receivers: {hook: {type: webhook, url: 'http://127.0.0.1:1/%s'}}}", hidden)
	}, nil, "receivers", statusFail, "nobody is told there"},
	{"a receiver of Alertmanager's that is not reached", func(t *testing.T) string {
		return fmt.Sprintf("notifier: {alertmanager: {route: {receiver: ops}, receivers: [{name: ops, slack_configs: [{channel: tv, api_url: 'http://127.0.0.1:1/%s'}]}]}}", hidden)
	}, nil, "receivers", statusFail, "nobody is told there"},
	{"a receiver of Alertmanager's whose authority is not trusted", func(t *testing.T) string {
		return fmt.Sprintf("notifier: {alertmanager: {route: {receiver: ops}, receivers: [{name: ops, webhook_configs: [{url: '%s/%s', http_config: {tls_config: {ca_file: '%s'}}}]}]}}",
			secureServer(t, newAuthority(t, "theirs").issue(1000*time.Hour, "127.0.0.1")), hidden, newAuthority(t, "ours").file)
	}, nil, "receivers", statusFail, "name its authority"},
	{"a port that is taken", func(t *testing.T) string { return fmt.Sprintf("console: {listen: '%s'}", webServer(t)) }, nil, "ports", statusFail, "end what listens there"},
	{"a secret that is missing", func(t *testing.T) string {
		return fmt.Sprintf("kafka: {brokers: ['127.0.0.1:1'], sasl: {mechanism: PLAIN, user: bob, password_file: '%s'}}", filepath.Join(t.TempDir(), "nothing"))
	}, nil, "secrets", statusFail, "mount the secret"},
	{"a secret that is empty", func(t *testing.T) string { return withPassword(t, "", 0o600) }, nil, "secrets", statusFail, "write the secret into it"},
	{"a secret that everybody may read", func(t *testing.T) string { return withPassword(t, hidden, 0o644) }, nil, "secrets", statusWarn, "chmod o-rwx"},
	{"a folder that cannot be written to", func(t *testing.T) string {
		file := filepath.Join(t.TempDir(), "file")
		write(t, file, "", 0o600)
		return fmt.Sprintf("data_dir: '%s/data'", file)
	}, nil, "disk", statusFail, "mount a writable folder"},
	{"no key for the pictures of several processes", func(*testing.T) string { return onBrokers("127.0.0.1:1") }, []string{"--target", "console"}, "pictures", statusFail, "openssl rand"},
	{"a short key for the pictures", func(t *testing.T) string {
		file := filepath.Join(t.TempDir(), "key")
		write(t, file, hidden, 0o600)
		return fmt.Sprintf("pictures: {key_file: '%s'}", file)
	}, []string{"--target", "console"}, "pictures", statusFail, "openssl rand"},
	{"a file with a mistake", func(*testing.T) string { return "kafka: {broker: ['127.0.0.1:1']}" }, nil, "configuration", statusFail, "config check"},
}

// Each broken set-up is found by the check for it, which says what to do; a check that fails ends the command with exit code 1; and no secret is told.
func TestDoctorFindsBrokenSetups(t *testing.T) {
	for _, s := range brokenSetups {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			code, found := examine(t, s.make(t), append(s.args, "--only", s.check)...)
			i := slices.IndexFunc(found, func(f finding) bool {
				return f.Check == s.check && f.Status == s.status && strings.Contains(f.Remedy, s.remedy)
			})
			if i < 0 {
				t.Fatalf("got %+v, want one of %s with %s and a remedy like %q", found, s.check, s.status, s.remedy)
			}
			if fails := slices.ContainsFunc(found, func(f finding) bool { return f.Status == statusFail }); code != exitOK && !fails || code != exitFailure && fails {
				t.Errorf("exit code %d of %+v", code, found)
			}
		})
	}
}

// examine runs doctor on a file of this text.
func examine(t *testing.T, text string, args ...string) (code int, found []finding) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "framewatch.yaml")
	if !strings.Contains(text, "data_dir") {
		text = strings.TrimSpace(fmt.Sprintf("data_dir: '%s'\n%s", t.TempDir(), text))
	}
	write(t, file, text+"\n", 0o600)
	if slices.Contains(args, "configuration") {
		args = nil
	}
	code, stdout, stderr := command(t, append([]string{"doctor", "-o", "json", "-c", file}, args...)...)
	if strings.Contains(stdout+stderr, hidden) {
		t.Errorf("a secret is told: %s%s", stdout, stderr)
	}
	for line := range strings.Lines(stdout) {
		var f finding
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		found = append(found, f)
	}
	return code, found
}

// A set-up in which all is well: every check finds that it is, and the command ends with exit code 0.
func TestDoctorFindsAllWell(t *testing.T) {
	brokers := kafkatest.Real(t)
	prefix := fmt.Sprintf("well-%d.", time.Now().UnixNano())
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.schemaregistry.v1+json")
		fmt.Fprint(w, `{"subject": "s", "id": 1, "version": 1, "schema": "\"string\""}`)
	}))
	defer registry.Close()
	key, clip := filepath.Join(t.TempDir(), "key"), "../../testdata/clips/bbb_720p25_h264_aac51.mp4"
	write(t, key, strings.Repeat("k", leastKey), 0o600)
	clip, err := filepath.Abs(clip)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("kafka: {brokers: %s, prefix: '%s', partitions: 4, registry: {url: '%s'}}\npictures: {key_file: '%s'}\ningest: {access: {directories: ['%s']}}\n"+
		"notifier: {receivers: {hook: {type: webhook, url: 'http://%s/'}}}\nconsole: {listen: '127.0.0.1:0'}\nstreams: [{id: clip, url: '%s'}]\n",
		list(brokers), prefix, registry.URL, key, filepath.Dir(clip), webServer(t), clip)
	file := filepath.Join(t.TempDir(), "topics.yaml")
	write(t, file, fmt.Sprintf("kafka: {brokers: %s, prefix: '%s', partitions: 4}\n", list(brokers), prefix), 0o600)
	if code, _, stderr := command(t, "topics", "apply", "-c", file); code != exitOK {
		t.Fatalf("topics apply: %s", stderr)
	}
	code, found := examine(t, text)
	seen := map[string]bool{}
	for _, f := range found {
		seen[strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(f.Check, " landlock"), " seccomp"), " limits")] = true
		// What the machine of the test has is not what is set up here.
		if f.Status != statusOK && !slices.Contains([]string{"descriptors", "disk", "limits"}, f.Check) {
			t.Errorf("%+v, want all well", f)
		}
	}
	if code != exitOK {
		t.Errorf("exit code %d, want 0", code)
	}
	for _, c := range checks {
		if !seen[c.name] && c.name != "kafka certificates" {
			t.Errorf("%s has found nothing", c.name)
		}
	}
}

// Where everything takes connections and nothing ever answers, doctor comes to its end all the same, and tells of each.
func TestDoctorEndsWhereNobodyAnswers(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts: the kernel connects
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	at := silent.Addr().String()
	code, found := examine(t, fmt.Sprintf("kafka: {brokers: ['%[1]s'], tls: {enabled: true}, registry: {url: 'http://%[1]s'}}\n"+
		"notifier: {receivers: {hook: {type: webhook, url: 'https://%[1]s/'}}}\nstreams: [{id: one, url: 'http://%[1]s/live.ts'}]\n", at), "--only", "kafka,registry,receivers,streams")
	for _, name := range []string{"kafka reach", "registry", "receivers", "streams"} {
		if !slices.ContainsFunc(found, func(f finding) bool { return f.Check == name && f.Status == statusFail }) {
			t.Errorf("%s has not failed: %+v", name, found)
		}
	}
	for _, f := range found {
		if f.Status == statusOK {
			t.Errorf("%+v, though nobody answers", f)
		}
	}
	if code != exitFailure {
		t.Errorf("exit code %d, want 1", code)
	}
}

// A stream that nobody had the time to open may be well.
func TestDoctorBlamesNoStreamForItsOwnTime(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	write(t, file, "streams: [{id: one, url: 'http://127.0.0.1:1/live.ts'}, {id: two, url: 'http://127.0.0.1:1/live.ts'}]\n", 0o600)
	config, err := loadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	over, end := context.WithCancel(t.Context())
	end()
	found := checkStreams(over, newPatient(config, []string{allTargets}, []string{"all"}))
	if len(found) != 1 || found[0].Status != statusUnknown || !strings.Contains(found[0].Detail, "for 2 of 2 streams there was no time left") {
		t.Errorf("%+v, want that there was no time for two", found)
	}
}

// What was seen of a stream that there was no time to open is told all the same.
func TestDoctorTellsTheCertificateOfAStreamThatItDidNotOpen(t *testing.T) {
	over, end := context.WithCancel(t.Context())
	defer end()
	var connected atomic.Int32
	certificate := newAuthority(t, "anyone").issue(time.Hour, "127.0.0.1")
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		if connected.Add(1) == 2 { // who opens it: the certificate has been looked at
			end()
		}
		return nil, nil
	}, Certificates: []tls.Certificate{certificate}}
	server.StartTLS()
	defer server.Close()
	file := filepath.Join(t.TempDir(), "config.yaml")
	write(t, file, "streams: [{id: one, url: '"+server.URL+"/live.ts'}]\n", 0o600)
	config, err := loadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	found := checkStreams(over, newPatient(config, []string{allTargets}, nil))
	if len(found) != 2 || found[0].Status != statusWarn || !strings.Contains(found[0].Detail, "certificate of stream") || found[1].Status != statusUnknown {
		t.Errorf("%+v, want that the certificate expires soon, and that there was no time for the stream", found)
	}
}

// Of more receivers than are looked at the rest is named as such, and those are among the first whose failure nobody else tells.
func TestDoctorSaysWhichReceiversItLeftOut(t *testing.T) {
	text := "notifier:\n  heartbeat: {url: 'http://127.0.0.1:1/', stream: canary}\n  receivers:\n"
	for n := range mostReceivers + 1 {
		text += fmt.Sprintf("    hook%d: {type: webhook, url: 'http://127.0.0.1:1/'}\n", n)
	}
	file := filepath.Join(t.TempDir(), "config.yaml")
	write(t, file, text, 0o600)
	config, err := loadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	found := checkReceivers(t.Context(), newPatient(config, []string{allTargets}, nil))
	last := found[len(found)-1]
	if len(found) != mostReceivers+1 || !strings.Contains(found[0].Detail, "notifier.heartbeat") || last.Status != statusUnknown || !strings.Contains(last.Detail, "2 of 66 ") {
		t.Errorf("%d findings, from %+v to %+v, want 65, from the heartbeat to two that were not looked at", len(found), found[0], last)
	}
}

// Where brokers do not answer the only check that is made, all is not well.
func TestDoctorFailsUnanswered(t *testing.T) {
	t.Parallel()
	code, found := examine(t, onBrokers("127.0.0.1:1"), "--target", "detector", "--only", "kafka acl")
	if code != exitFailure || len(found) != 1 || found[0].Status != statusUnknown {
		t.Errorf("exit code %d of %+v, want 1 of one that is not known", code, found)
	}
}

// Limits that the environment sets are compared with the machine's.
func TestDoctorFindsLimits(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ variable, status, remedy string }{
		{"GOMEMLIMIT=64TiB", statusFail, "set GOMEMLIMIT to at most"}, {"GOMAXPROCS=999", statusWarn, "GOMAXPROCS out of the environment"},
	} {
		cmd := exec.CommandContext(t.Context(), self, "doctor", "-o", "json", "--only", "limits")
		cmd.Env = append(os.Environ(), asProgram+"=1", c.variable)
		out, _ := cmd.Output()
		var f finding
		if err := json.Unmarshal(out, &f); err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		if f.Check != "limits" || f.Status != c.status || !strings.Contains(f.Remedy, c.remedy) {
			t.Errorf("%s: %+v, want %s", c.variable, f, c.status)
		}
	}
}

func TestControlGroupLimits(t *testing.T) {
	root := t.TempDir()
	pod := filepath.Join(root, "pod", "container")
	if err := os.MkdirAll(pod, 0o755); err != nil {
		t.Fatal(err)
	}
	membership := filepath.Join(root, "membership")
	write(t, membership, "0::/pod/container\n", 0o600)
	write(t, filepath.Join(pod, "memory.max"), "max\n", 0o600)
	write(t, filepath.Join(pod, "cpu.max"), "150000 100000\n", 0o600)
	write(t, filepath.Join(root, "pod", "memory.max"), "536870912\n", 0o600)
	memory, cpus := controlGroup(root, membership)
	if memory != 512<<20 || cpus != 1.5 {
		t.Errorf("got %d bytes and %v CPUs, want 512 MiB of the pod and 1.5 of the container", memory, cpus)
	}
	found := limits{memory: memory, cpus: cpus, goMemory: 256 << 20, processors: 2, streams: 7}.judge("limits") // 7 * 75 MiB = 525 MiB
	if len(found) != 1 || found[0].Status != statusFail || !strings.Contains(found[0].Remedy, "more edges") {
		t.Errorf("%+v, want that seven streams take more", found)
	}
	found = limits{memory: memory, cpus: cpus, goMemory: 256 << 20, processors: 2, streams: 700, shared: true}.judge("limits") // 52,500 MiB
	if len(found) != 1 || found[0].Status != statusWarn || !strings.Contains(found[0].Remedy, "at least 103 edges") {
		t.Errorf("%+v, want that 103 edges of 512 MiB share 700 streams", found)
	}
	if found := (limits{memory: memory, cpus: cpus, goMemory: 256 << 20, processors: 2, streams: 6}).judge("limits"); found[0].Status != statusOK { // 450 MiB
		t.Errorf("%+v, want all well with six", found)
	}
}

func TestRoomAndClocksAreJudged(t *testing.T) {
	for _, c := range []struct {
		free   uint64
		status string
	}{{100, statusOK}, {99, statusWarn}, {20, statusWarn}, {19, statusFail}, {0, statusFail}} {
		if f := judgeRoom("disk", "it", c.free, 1000); f.Status != c.status {
			t.Errorf("%d of 1000 free: %+v, want %s", c.free, f, c.status)
		}
	}
	if f := judgeRoom("disk", "it", 30<<30, 1<<40); f.Status != statusOK { // 2.9 % of a large disk
		t.Errorf("30 GiB of 1 TiB free: %+v, want all well", f)
	}
	for _, c := range []struct {
		ahead, within time.Duration
		status        string
	}{{time.Second, 0, statusOK}, {-1001 * time.Millisecond, 0, statusWarn}, {1001 * time.Millisecond, time.Second, statusOK}, {10 * time.Second, 0, statusWarn}, {-11 * time.Second, 0, statusFail}} {
		if f := skew("clock", "it", c.ahead, c.within); f.Status != c.status || (f.Remedy == "") != (c.status == statusOK) {
			t.Errorf("%v ahead within %v: %+v, want %s", c.ahead, c.within, f, c.status)
		}
	}
}

// list is texts as a list of YAML.
func list(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = "'" + text + "'"
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

func onBrokers(addresses ...string) string {
	return fmt.Sprintf("kafka: {brokers: %s, partitions: 4}", list(addresses))
}

// encryptedBy is brokers whose certificate the authority has signed.
func encryptedBy(t *testing.T, a *authority, holds time.Duration, names ...string) []string {
	t.Helper()
	return kafkatest.Fake(t, kafkatest.Setup{TLS: &tls.Config{Certificates: []tls.Certificate{a.issue(holds, names...)}}})
}

// trusting is a file that trusts the authority.
func trusting(a *authority, brokers []string) string {
	return fmt.Sprintf("kafka: {brokers: %s, tls: {enabled: true, ca: '%s'}}", list(brokers), a.file)
}

// withTopics is brokers with the topics that there ought to be.
func withTopics(t *testing.T, s kafkatest.Setup) []string {
	t.Helper()
	brokers := kafkatest.Fake(t, s)
	if s.Limited {
		layOutAs(t, brokers, "admin", s.Password)
	} else {
		layOut(t, brokers)
	}
	return brokers
}

func layOut(t *testing.T, brokers []string) { layOutAs(t, brokers, "", "") }

// layOutAs makes the topics, as a user if there is one.
func layOutAs(t *testing.T, brokers []string, user, password string) {
	t.Helper()
	config := kafka.Defaults()
	config.Brokers, config.Partitions = brokers, 4
	if user != "" {
		config.SASL = kafka.SASL{Mechanism: "PLAIN", User: user, Password: kafka.Secret(password)}
	}
	c, err := kafka.Dial(t.Context(), config, schemas.Baked(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// webServer is the address of a server that speaks HTTP.
func webServer(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// secureServer is the URL of a web server that has nothing, with a certificate.
func secureServer(t *testing.T, certificate tls.Certificate) string {
	t.Helper()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

func withRegistry(url string) string {
	return fmt.Sprintf("kafka: {brokers: ['127.0.0.1:1'], registry: {url: '%s', user: bob, password: %s}}", url, hidden)
}

// registryThat answers a search for a schema so, and finds no schema compatible.
func registryThat(t *testing.T, status int, answer string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.schemaregistry.v1+json")
		if strings.HasPrefix(r.URL.Path, "/compatibility/") {
			fmt.Fprint(w, `{"is_compatible": false, "messages": ["READER_FIELD_MISSING_DEFAULT_VALUE"]}`)
			return
		}
		w.WriteHeader(status)
		fmt.Fprint(w, answer)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func withStream(url string) string { return fmt.Sprintf("streams: [{id: one, url: '%s'}]", url) }

// withPassword is a file that names one with a password.
func withPassword(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "password")
	write(t, file, text, mode)
	return fmt.Sprintf("kafka: {brokers: ['127.0.0.1:1'], sasl: {mechanism: PLAIN, user: bob, password_file: '%s'}}", file)
}
