package kafka_test

import (
	"encoding/binary"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// registered is a dialled cluster with topics and a registry.
func registered(t *testing.T, registry *srfake.Registry) (*kafka.Cluster, kafka.Config) {
	t.Helper()
	config := configFor(kafkatest.Embedded(t))
	config.Registry.URL = registry.URL()
	return laidOut(t, config), config
}

// answers makes a registry, the count of requests for the schema ids 471x, and a switch that makes those fail.
func answers(t *testing.T) (*srfake.Registry, *atomic.Int32, *atomic.Bool) {
	t.Helper()
	registry := srfake.New()
	t.Cleanup(registry.Close)
	var asked atomic.Int32
	var down atomic.Bool
	registry.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.URL.Path, "/schemas/ids/471") {
			return false
		}
		asked.Add(1)
		if down.Load() {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return true
		}
		return false
	})
	return registry, &asked, &down
}

// raised writes a value to the streams topic under a schema id.
func raised(t *testing.T, config kafka.Config, id uint32, body []byte) {
	t.Helper()
	client, _ := raw(t, config.Brokers)
	value := append(binary.BigEndian.AppendUint32([]byte{0}, id), body...)
	if err := client.ProduceSync(within(t), &kgo.Record{Topic: config.Prefix + "streams", Key: []byte("k"), Value: value}).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

func TestRegistryGivesTheIDs(t *testing.T) {
	registry, _, _ := answers(t)
	registry.SeedSchema("somebody-else", 1, 41, sr.Schema{Schema: `"string"`})
	c, config := registered(t, registry)
	client, err := sr.NewClient(sr.URLs(registry.URL()))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]int{}
	for _, s := range topology.Topics() {
		subject := config.Prefix + s.Name + "-value"
		found, err := client.SchemaByVersion(within(t), subject, -1)
		if err != nil {
			t.Fatalf("%s: %v", subject, err)
		}
		ids[s.Name] = found.ID
		if level := client.Compatibility(within(t), subject)[0]; level.Level.String() != s.Compatibility {
			t.Errorf("%s has the level %v (%v), want %s", subject, level.Level, level.Err, s.Compatibility)
		}
	}
	publishStreams(t, c, "a")
	if got, want := readAll(t, c, kafka.ReadOptions{}), 1; len(got) != want {
		t.Errorf("read %q", got)
	}
	reader, _ := raw(t, config.Brokers, kgo.ConsumeTopics(config.Prefix+"streams"))
	record := reader.PollFetches(within(t)).Records()[0]
	if id, err := schemas.WireID(record.Value); err != nil || int(id) != ids["streams"] || id <= 41 {
		t.Errorf("the value has the schema id %d (%v), want the registry's %d", id, err, ids["streams"])
	}
	// The second process finds them there.
	dial(t, config)
	if versions, err := client.SubjectVersions(within(t), config.Prefix+"streams-value"); err != nil || !slices.Equal(versions, []int{1}) {
		t.Errorf("after a second process the versions are %v (%v), want the first alone", versions, err)
	}
}

// Who only looks leaves the registry as it is.
func TestWhoLooksRegistersNothing(t *testing.T) {
	registry, _, _ := answers(t)
	client, err := sr.NewClient(sr.URLs(registry.URL()))
	if err != nil {
		t.Fatal(err)
	}
	config := configFor(kafkatest.Embedded(t))
	config.LooksOnly = true
	config.Registry.URL = registry.URL()
	dial(t, config)
	if subjects, err := client.Subjects(within(t)); err != nil || len(subjects) != 0 {
		t.Errorf("the registry has %v, %v, want nothing", subjects, err)
	}
}

// Another program writes with a schema of its own. Its id is asked for once; one that nobody knows is poison, and asked for once as well.
func TestUnknownIDsAreAskedFor(t *testing.T) {
	registry, asked, _ := answers(t)
	c, config := registered(t, registry)
	// Only the URL: the other fields have defaults. In Avro a string is its length, zig-zag, and its bytes: 4 is 8.
	registry.SeedSchema("other", 1, 4711, sr.Schema{Schema: `{"type":"record","name":"StreamSpec","namespace":"framewatch","fields":[{"name":"url","type":"string"}]}`})
	for range 3 {
		raised(t, config, 4711, append([]byte{8}, "rtsp"...))
		raised(t, config, 4712, append([]byte{8}, "rtsp"...))
	}
	if got, want := readAll(t, c, kafka.ReadOptions{Owner: true}), []string{"0 k rtsp", "0 k rtsp", "0 k rtsp"}; !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
	if got := letters(t, c); len(got) != 3 || !strings.Contains(got[0].Value.Reason, "4712 is unknown") {
		t.Errorf("dead letters %+v, want 3 of the id 4712", got)
	}
	if got := asked.Load(); got != 2 {
		t.Errorf("the registry was asked %d times, want once for each id", got)
	}
}

// An id that the registry did not know is asked for again when records come that were written since: its schema may have been registered.
func TestIDsThatAreGivenOutLaterAreRead(t *testing.T) {
	registry, _, _ := answers(t)
	c, config := registered(t, registry)
	raised(t, config, 4711, append([]byte{8}, "rtsp"...))
	if got := readAll(t, c, kafka.ReadOptions{}); len(got) != 0 {
		t.Fatalf("read %q by a schema that nobody knows", got)
	}
	registry.SeedSchema("other", 1, 4711, sr.Schema{Schema: `{"type":"record","name":"StreamSpec","namespace":"framewatch","fields":[{"name":"url","type":"string"}]}`})
	hanging := time.Now().Add(20 * time.Second)
	for len(readAll(t, c, kafka.ReadOptions{})) == 0 {
		if time.Now().After(hanging) {
			t.Fatal("the schema is not asked for")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// slowRegistry knows no schema, and takes two seconds to say so.
type slowRegistry struct{ asked atomic.Int32 }

func (s *slowRegistry) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked.Add(1)
	time.Sleep(2 * time.Second)
	return &http.Response{Status: "404 Not Found", StatusCode: http.StatusNotFound, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
}

// A registry that takes longer to answer than its answer counts is not asked again for each record that comes under an id that it does not know, but after the answer has counted.
func TestASlowRegistrysAnswerCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var registry slowRegistry
		learn, err := kafka.Learning(&registry)
		if err != nil {
			t.Fatal(err)
		}
		want := func(what string, asked int32) {
			t.Helper()
			if known, err := learn(t.Context(), binary.BigEndian.AppendUint32([]byte{0}, 4711), time.Now()); known || err != nil {
				t.Errorf("%s: known %t, %v", what, known, err)
			}
			if got := registry.asked.Load(); got != asked {
				t.Errorf("%s: the registry was asked %d times, want %d", what, got, asked)
			}
		}
		want("the first record", 1)
		time.Sleep(time.Millisecond)
		want("one that came after the answer", 1)
		time.Sleep(time.Second)
		want("one that came a second later", 2)
	})
}

// What cannot be read because the registry is away is not poison.
func TestReadingWaitsForTheRegistry(t *testing.T) {
	registry, asked, down := answers(t)
	c, config := registered(t, registry)
	registry.SeedSchema("other", 1, 4711, sr.Schema{Schema: `{"type":"record","name":"StreamSpec","namespace":"framewatch","fields":[{"name":"url","type":"string"}]}`})
	raised(t, config, 4711, append([]byte{8}, "rtsp"...))
	down.Store(true)
	read := make(chan []string)
	go func() { read <- readAll(t, c, kafka.ReadOptions{}) }()
	eventually(t, "the registry to be asked", func() bool { return asked.Load() > 0 })
	if got := letters(t, c); len(got) != 0 {
		t.Errorf("%d dead letters while the registry is away, want none", len(got))
	}
	down.Store(false)
	if got, want := <-read, []string{"0 k rtsp"}; !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
}

func TestDialNamesTheRegistryThatIsAway(t *testing.T) {
	config := configFor(kafkatest.Embedded(t))
	config.Registry.URL, config.Patience = "http://127.0.0.1:1", time.Second
	if _, err := kafka.Dial(within(t), config, schemas.Baked(), quiet()); err == nil || !strings.Contains(err.Error(), "registry: subject") {
		t.Errorf("dial: %v, want an error of the registry", err)
	}
}
