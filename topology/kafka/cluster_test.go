package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

func TestMain(m *testing.M) {
	if os.Getenv(childBrokers) != "" {
		os.Exit(child())
	}
	os.Exit(kafkatest.Main(m))
}

// guard is how long a test waits for what must happen before it calls it a hang.
const guard = 60 * time.Second

var prefixes atomic.Int32

// configFor is the configuration of a test: topics of its own on brokers that it may share, four partitions each.
func configFor(brokers []string) kafka.Config {
	config := kafka.Defaults()
	config.Brokers, config.Partitions = brokers, 4
	config.Prefix = fmt.Sprintf("test%d-%d.", os.Getpid(), prefixes.Add(1))
	return config
}

// dial reaches the brokers and closes at the test's end.
func dial(t *testing.T, config kafka.Config) *kafka.Cluster {
	t.Helper()
	c, err := kafka.Dial(within(t), config, schemas.Baked(), quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// laidOut is a dialled cluster with its topics.
func laidOut(t *testing.T, config kafka.Config) *kafka.Cluster {
	t.Helper()
	c := dial(t, config)
	if _, err := c.Apply(within(t)); err != nil {
		t.Fatal(err)
	}
	return c
}

// raw is a bare client, for what the room itself would never write, and its administration.
func raw(t *testing.T, brokers []string, options ...kgo.Opt) (*kgo.Client, *kadm.Client) {
	t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner())}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client, kadm.NewClient(client)
}

// within is a context with the guard.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), guard)
	t.Cleanup(cancel)
	return ctx
}

// quiet logs when the tests are run with FRAMEWATCH_TEST_LOG set.
func quiet() *slog.Logger {
	if os.Getenv("FRAMEWATCH_TEST_LOG") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	return slog.New(slog.DiscardHandler)
}

// eventually waits until ok, and says what it has waited for if that never comes.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx := within(t)
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// The hashes are those of Kafka's own UtilsTest.testMurmur2; a partition is (hash & 0x7fffffff) % 24.
func TestPartitionIsJavas(t *testing.T) {
	config := configFor(kafkatest.Embedded(t))
	config.Partitions = 24
	c := dial(t, config)
	for lane, hash := range map[string]int32{
		"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536, "a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971, "abc": 479470107,
	} {
		if got, want := c.Partition(lane), (hash&0x7fffffff)%24; got != want {
			t.Errorf("lane %q: partition %d, want %d", lane, got, want)
		}
	}
}

func TestClusterDecidesOnPartitions(t *testing.T) {
	brokers := kafkatest.Embedded(t)
	config := configFor(brokers)
	laidOut(t, config)
	config.Partitions = 24
	if got := dial(t, config).Partitions(); got != 4 {
		t.Errorf("the features topic has 4 partitions and the configuration says 24: %d in use, want 4", got)
	}
}

func TestDialSaysWhatItCouldNotReach(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	// Port 1 is nobody's.
	_, err := kafka.Dial(ctx, configFor([]string{"127.0.0.1:1"}), schemas.Baked(), quiet())
	if err == nil || !strings.Contains(err.Error(), "dial [127.0.0.1:1]") {
		t.Errorf("dial a closed port: %v, want an error that names it", err)
	}
}

// TestDialWaitsForABroker: one that hangs up, as what is on its way down does, is asked again until one answers at its address.
func TestDialWaitsForABroker(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	broker := kafkatest.Embedded(t)[0]
	var asked atomic.Int32
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if asked.Add(1) <= 3 {
				conn.Close()
				continue
			}
			to, err := net.Dial("tcp", broker)
			if err != nil {
				conn.Close()
				continue
			}
			go func() { io.Copy(to, conn); to.Close() }()
			go func() { io.Copy(conn, to); conn.Close() }()
		}
	}()
	config := configFor([]string{listener.Addr().String()})
	config.Patience = guard
	cluster, err := kafka.Dial(within(t), config, schemas.Baked(), quiet())
	if err != nil {
		t.Fatal(err)
	}
	cluster.Close()
	if asked.Load() <= 3 {
		t.Errorf("%d connections, want more than the three that were hung up", asked.Load())
	}
}

// TestDialLosesPatience: without an answer the last failure is told.
func TestDialLosesPatience(t *testing.T) {
	config := configFor([]string{"127.0.0.1:1"})
	config.Patience = 3 * time.Second // the client itself tries for a while
	if _, err := kafka.Dial(within(t), config, schemas.Baked(), quiet()); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") || !strings.Contains(err.Error(), "refused") {
		t.Errorf("got %v, want an error that names the broker and says that it refuses the connection", err)
	}
}

// TestPatientlyTellsWhatWaitingDoesNotMend: whatever is not the log's silence is returned at once.
func TestPatientlyTellsWhatWaitingDoesNotMend(t *testing.T) {
	config := configFor(kafkatest.Embedded(t))
	config.Patience = time.Hour
	c := dial(t, config)
	for _, want := range []error{errors.New("no such profile"), kerr.TopicAuthorizationFailed, &fs.PathError{Op: "open", Path: "token", Err: syscall.ENOENT}} {
		times := 0
		if err := c.Patiently(within(t), func(context.Context) error { times++; return want }); err != want || times != 1 {
			t.Errorf("got %v after %d times, want %v after 1", err, times, want)
		}
	}
	times := 0
	err := c.Patiently(within(t), func(context.Context) error {
		if times++; times == 1 {
			return fmt.Errorf("ask: %w", kerr.NotLeaderForPartition)
		}
		return nil
	})
	if err != nil || times != 2 {
		t.Errorf("got %v after %d times, want nil after 2", err, times)
	}
}
