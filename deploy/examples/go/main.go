// An example: it prints each event of Framewatch's topic of defects as one line of JSON, once its transaction is committed.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
)

// event is what is printed of a record.
type event struct {
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
	EventID   string `json:"ce_id"`
	EventType string `json:"ce_type"`
	defect
}

// defect has the fields of DefectEvent that we want.
type defect struct {
	ID       string  `avro:"id" json:"id"`
	Revision int32   `avro:"revision" json:"revision"`
	State    string  `avro:"state" json:"state"`
	Stream   string  `avro:"stream" json:"stream"`
	Labels   []Label `avro:"labels" json:"labels"`
	Kind     string  `avro:"kind" json:"kind"`
	Part     string  `avro:"part" json:"part"`
	Severity string  `avro:"severity" json:"severity"`
	// Onset and End are microseconds since the Unix epoch.
	Onset   int64   `avro:"onset" json:"onset"`
	End     int64   `avro:"end" json:"end"`
	Value   float64 `avro:"value" json:"value"`
	Unit    string  `avro:"unit" json:"unit"`
	Reason  string  `avro:"reason" json:"reason"`
	Summary string  `avro:"summary" json:"summary"`
}

// Label is called as the schema calls it.
type Label struct {
	Name  string `avro:"name" json:"name"`
	Value string `avro:"value" json:"value"`
}

// wanted is the reader's schema: fields of the writer's that it lacks are passed over.
var wanted = avro.MustSchemaFor[defect](avro.WithName("DefectEvent"), avro.WithNamespace("framewatch"))

func main() {
	log.SetFlags(0)
	brokers := flag.String("brokers", "127.0.0.1:9392", "brokers, host:port, comma-separated")
	topic := flag.String("topic", "framewatch.defects", "topic of defects")
	group := flag.String("group", "defects-go", "consumer group, which remembers what was printed")
	registry := flag.String("registry", "http://127.0.0.1:8080", "URL of the Schema Registry, or of Framewatch's console")
	user := flag.String("registry-user", "", "user of the registry; empty: none")
	password := flag.String("registry-password-file", "", "file that holds the user's password")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	schemas, err := newRegistry(*registry, *user, *password)
	if err == nil {
		err = follow(ctx, strings.Split(*brokers, ","), *topic, *group, schemas)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// follow prints what is committed on the topic until ctx ends.
func follow(ctx context.Context, brokers []string, topic, group string, schemas *registry) error {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(topic), kgo.ConsumerGroup(group),
		// The contract: what is not committed, or was aborted, is not for us.
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		// A group that was never seen begins with the oldest event.
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		// An event is committed when it has been printed, and no partition is given away in between.
		kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll(),
	)
	if err != nil {
		return err
	}
	defer client.CloseAllowingRebalance()
	out := bufio.NewWriter(os.Stdout)
	for {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("read %s: %w", topic, err)
		}
		printed, err := printAll(ctx, out, fetches, schemas)
		if err := errors.Join(err, out.Flush(), commit(client, printed)); err != nil {
			return err
		}
		client.AllowRebalance()
	}
}

// printAll returns the records that it has printed, also when it fails over the next.
func printAll(ctx context.Context, out io.Writer, fetches kgo.Fetches, schemas *registry) (printed []*kgo.Record, err error) {
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for r := range fetches.RecordsAll() {
		e := event{Partition: r.Partition, Offset: r.Offset, EventID: header(r, "ce_id"), EventType: header(r, "ce_type")}
		if err := schemas.decode(ctx, r.Value, &e.defect); err != nil {
			return printed, fmt.Errorf("%s/%d at offset %d: %w", r.Topic, r.Partition, r.Offset, err)
		}
		if err := lines.Encode(e); err != nil {
			return printed, err
		}
		printed = append(printed, r)
	}
	return printed, nil
}

// commit goes through also when we have just been asked to end.
func commit(client *kgo.Client, printed []*kgo.Record) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return client.CommitRecords(ctx, printed...)
}

func header(r *kgo.Record, name string) string {
	for _, h := range r.Headers {
		if h.Key == name {
			return string(h.Value)
		}
	}
	return ""
}

// registry decodes values by the schemas that they were written with.
type registry struct {
	url    string
	client *sr.Client
	known  map[uint32]*avro.Schema
}

func newRegistry(url, user, passwordFile string) (*registry, error) {
	options := []sr.ClientOpt{sr.URLs(url)}
	if user != "" {
		password, err := os.ReadFile(passwordFile)
		if err != nil {
			return nil, err
		}
		options = append(options, sr.BasicAuth(user, strings.TrimSpace(string(password))))
	}
	client, err := sr.NewClient(options...)
	return &registry{url, client, map[uint32]*avro.Schema{}}, err
}

// decode reads a value in Confluent's wire format: a zero byte, the schema's id in four bytes, Avro.
func (g *registry) decode(ctx context.Context, value []byte, d *defect) error {
	if len(value) < 5 || value[0] != 0 {
		return errors.New("the value is not in Confluent's wire format")
	}
	id := binary.BigEndian.Uint32(value[1:])
	schema, err := g.schema(ctx, id)
	if err != nil {
		return fmt.Errorf("schema id %d: %w", id, err)
	}
	rest, err := schema.Decode(value[5:], d)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes are left over", len(rest))
	}
	if err != nil {
		return fmt.Errorf("decode with schema id %d: %w", id, err)
	}
	return nil
}

func (g *registry) schema(ctx context.Context, id uint32) (*avro.Schema, error) {
	if schema := g.known[id]; schema != nil {
		return schema, nil
	}
	found, err := g.client.SchemaByID(ctx, int(id))
	if unknown := new(sr.ResponseError); errors.As(err, &unknown) && unknown.StatusCode == 404 {
		return nil, fmt.Errorf("unknown to the registry at %s", g.url)
	}
	if err != nil {
		return nil, fmt.Errorf("ask the registry: %w", err)
	}
	writer, err := avro.Parse(found.Schema)
	if err != nil {
		return nil, err
	}
	schema, err := avro.Resolve(writer, wanted)
	if err == nil {
		g.known[id] = schema
	}
	return schema, err
}
