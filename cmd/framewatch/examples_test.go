package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/internal/venv"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// exampleGuard is how long the examples are waited for before it is called a hang.
const exampleGuard = 90 * time.Second

// The examples are what others begin with: in three languages, with other clients and codecs than ours, they print each committed event once, in
// order, and no other; go on where they were stopped; and stop at what they cannot read.
func TestExamplesPrintWhatIsCommitted(t *testing.T) {
	built := buildExamples(t)
	kafkatest.Each(t, func(t *testing.T, brokers []string) { examplesPrintWhatIsCommitted(t, brokers, built) })
}

func examplesPrintWhatIsCommitted(t *testing.T, brokers []string, built []reader) {
	l := newEventLog(t, brokers)
	readers := l.readers(built)
	eachReader(readers, func(r *reader) { r.start() })

	for p := range int32(partitions) {
		l.write(p, true, l.event(p, 1, "opened", 1))
		l.write(p, false, l.event(p, 1, "updated", 2), l.event(p, 2, "opened", 1))
		l.write(p, true, l.event(p, 1, "updated", 2), l.event(p, 2, "opened", 1), l.event(p, 1, "closed", 3))
	}
	eachReader(readers, func(r *reader) { r.await(len(l.want)) })
	// Now partition 0 holds what may still be committed, and the others go on.
	open := l.begin(0)
	open.write(l.event(0, 3, "opened", 1))
	for p := range int32(partitions - 1) {
		l.write(p+1, true, l.event(p+1, 2, "retracted", 2))
		l.write(p+1, false, l.event(p+1, 4, "opened", 1))
	}
	eachReader(readers, func(r *reader) { r.await(len(l.want)) })
	eachReader(readers, func(r *reader) { r.terminate() })
	open.end(false)

	for p := range int32(partitions) {
		l.write(p, true, l.event(p, 5, "opened", 1), l.event(p, 5, "closed", 2))
	}
	eachReader(readers, func(r *reader) { r.start() })
	eachReader(readers, func(r *reader) { r.await(len(l.want)) })
	l.writeUnreadable(2)
	complaint := fmt.Sprintf("%s/2 at offset %d: schema id 9", l.topic, l.next[2]-2)
	eachReader(readers, func(r *reader) { r.complains(complaint) })
	// What was not printed is not passed over the next time.
	eachReader(readers, func(r *reader) { r.start() })
	eachReader(readers, func(r *reader) { r.complains(complaint) })
	eachReader(readers, func(r *reader) { r.compare(l.want) })
}

func eachReader(readers []*reader, do func(*reader)) {
	for _, r := range readers {
		do(r)
	}
}

// eventLog is a topic of defects with its ledger.
type eventLog struct {
	t       *testing.T
	app     *app
	brokers []string
	topic   string
	// next offset of each partition.
	next [partitions]int64
	// want are the lines to be printed.
	want []shownEvent
}

func newEventLog(t *testing.T, brokers []string) *eventLog {
	t.Helper()
	a := laidOut(t, brokers, fmt.Sprintf("examples%d.", os.Getpid()))
	return &eventLog{t: t, app: a, brokers: brokers, topic: a.config.Kafka.Prefix + topology.Defects.Name}
}

// laidOut is an app that has dialled the brokers, with the topics of the prefix made.
func laidOut(t *testing.T, brokers []string, prefix string) *app {
	t.Helper()
	config := defaultConfig()
	config.Kafka.Brokers, config.Kafka.Partitions, config.Kafka.Prefix = brokers, partitions, prefix
	a, err := newApp(config, io.Discard)
	if err == nil {
		err = a.dial(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.cluster.Close)
	if _, err := a.cluster.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a
}

// shownEvent is an event as the examples print it.
type shownEvent struct {
	Partition int32           `json:"partition"`
	Offset    int64           `json:"offset"`
	EventID   string          `json:"ce_id"`
	EventType string          `json:"ce_type"`
	ID        string          `json:"id"`
	Revision  int32           `json:"revision"`
	State     string          `json:"state"`
	Stream    string          `json:"stream"`
	Labels    []schemas.Label `json:"labels"`
	Kind      string          `json:"kind"`
	Part      string          `json:"part"`
	Severity  string          `json:"severity"`
	Onset     int64           `json:"onset"`
	End       int64           `json:"end"`
	Value     float64         `json:"value"`
	Unit      string          `json:"unit"`
	Reason    string          `json:"reason"`
	Summary   string          `json:"summary"`
}

// event is one of the number-th defect of a partition, with text and figures that a language might write in another way.
func (l *eventLog) event(partition int32, number int, state string, revision int32) *schemas.DefectEvent {
	onset := int64(1_764_136_800_000_000) + int64(number)*1_000_003
	values := []float64{0.1, 1e-9, 123456789.25, -3, 1e22}
	return &schemas.DefectEvent{
		ID: fmt.Sprintf("%032x", int(partition)<<8|number), Revision: revision, State: state, Stream: fmt.Sprintf("nörd/%d", partition),
		Labels: []schemas.Label{{Name: "region", Value: `"<é & \ü>"`}, {Name: "site", Value: "\u2028"}}[:number%3], Kind: "black", Part: "",
		Severity: "warning", RuleVersion: 1, Profile: "default", Session: 1, Onset: onset, End: onset + int64(revision)*40_000, Detected: onset + int64(revision)*1_000_000,
		Value: values[number%len(values)], Threshold: 0.98, Unit: "share", Summary: "99 % of the picture is black", Offset: int64(number),
	}
}

// pending is a transaction that is open.
type pending struct {
	*kafkatest.Transaction
	log       *eventLog
	partition int32
	events    []shownEvent
}

func (l *eventLog) begin(partition int32) *pending {
	return &pending{kafkatest.Begin(l.t, l.brokers, l.topic, partition), l, partition, nil}
}

// write writes the events as the detector does.
func (x *pending) write(events ...*schemas.DefectEvent) {
	x.log.t.Helper()
	var records []kafkatest.Record
	for _, e := range events {
		m := topology.Event(topology.EventSource(x.log.app.config.Kafka.Prefix), e)[0]
		value, err := m.Encode(x.log.app.contract, nil)
		if err != nil {
			x.log.t.Fatal(err)
		}
		records = append(records, kafkatest.Record{Key: m.Key, Value: value, Headers: m.Headers})
		x.events = append(x.events, shownEvent{
			x.partition, x.log.next[x.partition], fmt.Sprintf("%s-%d", e.ID, e.Revision), "framewatch.defect." + e.State + ".v1",
			e.ID, e.Revision, e.State, e.Stream, slices.Concat([]schemas.Label{}, e.Labels), e.Kind, e.Part, e.Severity, e.Onset, e.End, e.Value, e.Unit, e.Reason, e.Summary,
		})
		x.log.next[x.partition]++
	}
	x.WriteRecords(records...)
}

// end writes the transaction's marker, and its events into the ledger when they are committed.
func (x *pending) end(commit bool) {
	x.log.t.Helper()
	x.log.next[x.partition]++
	if !commit {
		x.Abort()
		return
	}
	x.Commit()
	x.log.want = append(x.log.want, x.events...)
}

// write is a whole transaction.
func (l *eventLog) write(partition int32, commit bool, events ...*schemas.DefectEvent) {
	l.t.Helper()
	x := l.begin(partition)
	x.write(events...)
	x.end(commit)
}

// writeUnreadable writes what nobody has a schema for.
func (l *eventLog) writeUnreadable(partition int32) {
	l.t.Helper()
	x := l.begin(partition)
	x.WriteRecords(kafkatest.Record{Key: "k", Value: []byte{0, 0, 0, 0, 9, 0}})
	l.next[partition]++
	x.end(true)
}

// buildExamples are the readers of deploy/examples without their options.
func buildExamples(t *testing.T) []reader {
	t.Helper()
	const home = "../../deploy/examples/"
	built := t.TempDir()
	must(t, exec.Command("go", "build", "-o", built, "./"+home+"go"))
	jars := kafkatest.Jars(t, home+"java/pom.xml") + "/*"
	must(t, exec.Command("javac", "-Xlint:all,-processing,-serial", "-Werror", "-cp", jars, "-d", built, home+"java/Defects.java"))
	return []reader{
		{name: "go", command: []string{filepath.Join(built, "go")}},
		{name: "python", command: []string{venv.Python(t, home+"python/requirements.txt"), home + "python/defects.py"}},
		// A JVM that is told to end says so with 128 and the signal, however well it ended.
		{name: "java", command: []string{"java", "-XX:TieredStopAtLevel=1", "-cp", built + ":" + jars, "Defects"}, ended: 128 + int(syscall.SIGTERM)},
	}
}

// readers are the examples ready to be started on the log, against a registry that asks for a password: the console's.
func (l *eventLog) readers(built []reader) (readers []*reader) {
	l.t.Helper()
	password := filepath.Join(l.t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("rosebud\n"), 0o600); err != nil {
		l.t.Fatal(err)
	}
	config := console.Config{Users: map[string]console.User{"reader": {PasswordFile: password}}}
	registry := httptest.NewServer(console.New(config, console.Deps{Schemas: l.app.subjects, Metrics: http.NotFoundHandler(), Log: l.app.log}).Handler())
	l.t.Cleanup(registry.Close)
	for _, r := range built {
		command := append(slices.Clip(r.command), "--brokers", strings.Join(l.brokers, ","), "--topic", l.topic, "--group", l.app.config.Kafka.Prefix+r.name,
			"--registry", registry.URL, "--registry-user", "reader", "--registry-password-file", password)
		readers = append(readers, &reader{t: l.t, name: r.name, command: command, ended: r.ended})
	}
	return readers
}

func must(t *testing.T, command *exec.Cmd) {
	t.Helper()
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", command, err, out)
	}
}

// reader is one example, started again and again.
type reader struct {
	t       *testing.T
	name    string
	command []string
	// ended is its exit code when it was asked to end.
	ended int

	process *exec.Cmd
	lines   chan string
	stderr  bytes.Buffer
	printed []string
}

func (r *reader) start() {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r.t.Cleanup(cancel)
	r.process = exec.CommandContext(ctx, r.command[0], r.command[1:]...)
	r.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	r.stderr.Reset()
	r.process.Stderr = &r.stderr
	out, err := r.process.StdoutPipe()
	if err == nil {
		err = r.process.Start()
	}
	if err != nil {
		r.t.Fatalf("%s: %v", r.name, err)
	}
	r.lines = make(chan string, 1000)
	go func(lines chan<- string) {
		defer close(lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}(r.lines)
}

// await waits until it has printed so many lines since it was first started.
func (r *reader) await(lines int) {
	r.t.Helper()
	for len(r.printed) < lines {
		if !r.next() {
			_ = r.process.Wait()
			r.t.Fatalf("%s ended after %d of %d lines: %s", r.name, len(r.printed), lines, &r.stderr)
		}
	}
}

// next takes the next line; false: there is none, since the process has closed its output.
func (r *reader) next() bool {
	r.t.Helper()
	select {
	case line, more := <-r.lines:
		if more {
			r.printed = append(r.printed, line)
		}
		return more
	case <-time.After(exampleGuard):
		r.t.Fatalf("%s prints nothing more after %d lines: %s", r.name, len(r.printed), r.command)
	}
	return false
}

// wait is the exit code, when everything that it printed has been taken.
func (r *reader) wait() int {
	r.t.Helper()
	for r.next() {
	}
	_ = r.process.Wait()
	return r.process.ProcessState.ExitCode()
}

func (r *reader) terminate() {
	r.t.Helper()
	if err := r.process.Process.Signal(syscall.SIGTERM); err != nil {
		r.t.Fatalf("%s: %v", r.name, err)
	}
	if code := r.wait(); code != r.ended || r.stderr.Len() > 0 {
		r.t.Errorf("%s: asked to end it ends with code %d, want %d, and says %q", r.name, code, r.ended, &r.stderr)
	}
}

// complains waits until the process gives up by itself.
func (r *reader) complains(of string) {
	r.t.Helper()
	if code := r.wait(); code != 1 || !strings.Contains(r.stderr.String(), of) || strings.Contains(r.stderr.String(), "rosebud") {
		r.t.Errorf("%s: it ends with code %d and says %q, want 1 and %q", r.name, code, &r.stderr, of)
	}
}

// compare wants the lines to be these, those of each partition in their order.
func (r *reader) compare(want []shownEvent) {
	r.t.Helper()
	var got [partitions][]any
	for _, line := range r.printed {
		var place shownEvent
		if err := json.Unmarshal([]byte(line), &place); err != nil || place.Partition < 0 || place.Partition >= partitions {
			r.t.Fatalf("%s prints %s (%v)", r.name, line, err)
		}
		got[place.Partition] = append(got[place.Partition], tokens(r.t, []byte(line)))
	}
	var wanted [partitions][]any
	for _, e := range want {
		line, err := json.Marshal(e)
		if err != nil {
			r.t.Fatal(err)
		}
		wanted[e.Partition] = append(wanted[e.Partition], tokens(r.t, line))
	}
	for p := range wanted {
		if len(got[p]) != len(wanted[p]) {
			r.t.Errorf("%s prints %d lines of partition %d, want %d", r.name, len(got[p]), p, len(wanted[p]))
		}
		for i := range min(len(got[p]), len(wanted[p])) {
			if !reflect.DeepEqual(got[p][i], wanted[p][i]) {
				r.t.Errorf("%s prints as line %d of partition %d\n%v\nwant\n%v", r.name, i, p, got[p][i], wanted[p][i])
				break
			}
		}
	}
}

// tokens are a line's names and values in their order: how a number or a letter is written does not matter.
func tokens(t *testing.T, line []byte) (all []json.Token) {
	t.Helper()
	for decoder := json.NewDecoder(bytes.NewReader(line)); ; {
		token, err := decoder.Token()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, token)
	}
}
