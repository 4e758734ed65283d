package kafka_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// These tell the test binary that it is a member of the toy stage in a process of its own.
const (
	childBrokers = "FRAMEWATCH_TEST_CHILD_BROKERS"
	childPrefix  = "FRAMEWATCH_TEST_CHILD_PREFIX"
)

// child folds until it is killed. It prints a line for each partition that it makes a Processor of.
func child() int {
	config := kafka.Defaults()
	config.Brokers, config.Prefix = strings.Split(os.Getenv(childBrokers), ","), os.Getenv(childPrefix)
	ctx := context.Background()
	c, err := kafka.Dial(ctx, config, schemas.Baked(), quiet())
	if err != nil {
		fmt.Println(err)
		return 1
	}
	options := stage()
	options.New = func(p int32) topology.Processor[schemas.Feature, schemas.DefectEvent] {
		fmt.Println("owns", p)
		return newSums(p)
	}
	if err := kafka.Run(ctx, c, options); err != nil {
		fmt.Println(err)
	}
	return 1
}

// spawn starts a child and returns when it owns a partition.
func spawn(t *testing.T, config kafka.Config) *os.Process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childBrokers+"="+strings.Join(config.Brokers, ","), childPrefix+"="+config.Prefix)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// It may be dead already; that is what it is for.
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "owns") {
		t.Fatalf("the child says %q", lines.Text())
	}
	go func() {
		for lines.Scan() {
		}
	}()
	return cmd.Process
}

// A member dies in the middle of its work, or is stopped and comes back when its partitions have another owner: what has been said is as if nothing had
// happened.
func TestMemberDiesInTheMiddle(t *testing.T) {
	for _, fate := range []struct {
		name          string
		strikes, then syscall.Signal
	}{
		{"killed", syscall.SIGKILL, 0},
		{"stopped and continued", syscall.SIGSTOP, syscall.SIGCONT},
	} {
		t.Run(fate.name, func(t *testing.T) {
			kafkatest.Each(t, func(t *testing.T, brokers []string) {
				t.Parallel()
				config := configFor(brokers)
				c := laidOut(t, config)
				process := spawn(t, config)
				const last = 300
				fed := make(chan struct{})
				go func() {
					defer close(fed)
					count(t, c, counters, 1, last)
				}()
				eventually(t, "the child's first events", func() bool { return len(said(t, c)) > 0 })
				runs(t, c, stage())
				struck := time.Now()
				if err := process.Signal(fate.strikes); err != nil {
					t.Fatal(err)
				}
				<-fed
				check(t, c, counters, last)
				t.Logf("all is said %.1f s after the member was %s", time.Since(struck).Seconds(), fate.name)
				if fate.then != 0 {
					if err := process.Signal(fate.then); err != nil {
						t.Fatal(err)
					}
					// The one that came back is a member like any other.
					count(t, c, counters, last+1, last+50)
					check(t, c, counters, last+50)
				}
			})
		})
	}
}
