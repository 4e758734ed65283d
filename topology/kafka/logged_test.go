package kafka_test

import (
	"context"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// otherVersion is the schema of streams of another version, which knows only the URL.
const otherVersion = `{"type":"record","name":"StreamSpec","namespace":"framewatch","fields":[{"name":"url","type":"string"}]}`

// declared writes down a schema as its version does before it writes with it.
func declared(t *testing.T, c *kafka.Cluster, key, text string) {
	t.Helper()
	if err := c.Publish(within(t), 0, topology.Schemas.Message(key, &schemas.WriterSchema{Text: text, Release: "v9"})); err != nil {
		t.Fatal(err)
	}
}

// Two versions share a log while a fleet is upgraded: what a newer one writes, an older one that has been running for long reads, once the newer has said how; what nobody has said is poison.
func TestVersionsReadEachOther(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		config := configFor(brokers)
		older := laidOut(t, config)
		raised(t, config, 0x7F004711, append([]byte{8}, "rtsp"...))
		if got := readAll(t, older, kafka.ReadOptions{}); len(got) != 0 {
			t.Errorf("read %q of a schema that nobody has told of", got)
		}
		declared(t, older, strconv.Itoa(0x7F004711), otherVersion)
		raised(t, config, 0x7F004711, append([]byte{8}, "rtsp"...))
		if got, want := readAll(t, older, kafka.ReadOptions{Owner: true}), []string{"0 k rtsp", "0 k rtsp"}; !slices.Equal(got, want) {
			t.Errorf("read %q, want %q", got, want)
		}
		// One that starts later knows it from the beginning.
		later := schemas.Baked()
		c, err := kafka.Dial(within(t), config, later, quiet())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if text, ok := later.Text(0x7F004711); !ok || !strings.Contains(text, "StreamSpec") {
			t.Errorf("a process that starts later knows %q (%v)", text, ok)
		}
		raised(t, config, 0x7F004712, append([]byte{8}, "rtsp"...))
		readAll(t, older, kafka.ReadOptions{Owner: true})
		if got := letters(t, older); len(got) != 1 || !strings.Contains(got[0].Value.Reason, "is unknown") {
			t.Errorf("dead letters %+v, want one of the id that nobody knows", got)
		}
	})
}

// Each version says once what it writes with; what stands there that is no schema, or another one for an id that is ours, changes nothing.
func TestVersionsDeclareThemselves(t *testing.T) {
	config := configFor(kafkatest.Embedded(t))
	config.Release = "v1"
	c := laidOut(t, config)
	declared(t, c, "x", otherVersion)
	declared(t, c, "7", "no schema")
	declared(t, c, strconv.FormatUint(uint64(schemas.All()[0].ID()), 10), otherVersion)
	dial(t, config)
	dial(t, config)
	keys := map[string]int{}
	err := kafka.Read(within(t), c, topology.Schemas, kafka.ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[schemas.WriterSchema]) error {
		keys[r.Key]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) != len(schemas.All())+2 {
		t.Errorf("%d ids stand there, want those of our %d schemas and two more: %v", len(keys), len(schemas.All()), keys)
	}
	for _, known := range schemas.All()[1:] {
		if n := keys[strconv.FormatUint(uint64(known.ID()), 10)]; n != 1 {
			t.Errorf("%s stands there %d times, want once", known.Name, n)
		}
	}
	publishStreams(t, c, "a")
	if got := readAll(t, c, kafka.ReadOptions{}); len(got) != 1 {
		t.Errorf("read %q, want one stream", got)
	}
}

// A flood of ids that nobody knows costs one look at the topic of schemas for all that came at once, however many ids these are; and what is declared later is found at once.
func TestOneLookDoesForAllThatCame(t *testing.T) {
	broker, config := fakeBroker(t)
	c := laidOut(t, config)
	var flood []*kgo.Record
	for i := range uint32(200) {
		value := append(binary.BigEndian.AppendUint32([]byte{0}, 0x7F000000+i%20), 8, 'r', 't', 's', 'p')
		flood = append(flood, &kgo.Record{Topic: config.Prefix + "streams", Key: []byte("k"), Value: value})
	}
	client, _ := raw(t, config.Brokers, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err := client.ProduceSync(within(t), flood...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	var looks atomic.Int32
	broker.ControlKey(int16(kmsg.ListOffsets), func(r kmsg.Request) (kmsg.Response, error, bool) {
		broker.KeepControl()
		for _, topic := range r.(*kmsg.ListOffsetsRequest).Topics {
			if topic.Topic == config.Prefix+topology.Schemas.Name {
				looks.Add(1)
			}
		}
		return nil, nil, false
	})
	if got := readAll(t, c, kafka.ReadOptions{}); len(got) != 0 {
		t.Errorf("read %q of schemas that nobody has told of", got)
	}
	// The records may come in more than one fetch.
	if n := looks.Load(); n < 1 || n > 20 {
		t.Errorf("the topic of schemas was looked at %d times for 200 records, want once for each fetch", n)
	}
	declared(t, c, strconv.Itoa(0x7F000007), otherVersion)
	if got := readAll(t, c, kafka.ReadOptions{}); len(got) != 10 {
		t.Errorf("read %d, want the 10 whose schema is declared now", len(got))
	}
}
