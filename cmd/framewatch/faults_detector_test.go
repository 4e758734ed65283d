package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/framewatch/framewatch/topology/kafka"
)

// asStruck makes the test binary be a detector that strikes itself when it is told to; it names the configuration file.
const asStruck = "FRAMEWATCH_AS_STRUCK_DETECTOR"

// struckTarget names another target that it is to be.
const struckTarget = "FRAMEWATCH_STRUCK_TARGET"

// struckDetector is the detector of `framewatch run`. It begins when it has read an order from its standard input, and takes others there later.
func struckDetector(file string) int {
	s := &striker{continued: make(chan os.Signal, 1)}
	signal.Notify(s.continued, syscall.SIGCONT)
	orders := bufio.NewScanner(os.Stdin)
	if !orders.Scan() {
		return exitUsage
	}
	s.take(orders.Text())
	go func() {
		for orders.Scan() {
			s.take(orders.Text())
		}
	}()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := s.detect(ctx, file); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitFailure
	}
	return exitOK
}

// striker ends or stops its own process at a moment.
type striker struct {
	continued chan os.Signal
	mu        sync.Mutex
	order     strike
	// held is the partition at whose moment the process was stopped, until that comes to its next moment; -1 for none.
	held int32
}

// strike is what is to happen at the count-th time that a partition comes to the moment, and how long after that.
type strike struct {
	moment kafka.Moment
	signal syscall.Signal
	count  int
	after  time.Duration
}

// none is no strike at all.
var none = strike{moment: "none"}

func (s strike) String() string {
	return fmt.Sprintf("%s %d %d %d", s.moment, s.signal, s.count, s.after)
}

func (s *striker) take(line string) {
	var order strike
	if _, err := fmt.Sscan(line, &order.moment, &order.signal, &order.count, &order.after); err != nil {
		panic(fmt.Sprintf("the order %q: %v", line, err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.order, s.held = order, -1
}

// detect runs the target as `run` does.
func (s *striker) detect(ctx context.Context, file string) error {
	config, err := loadConfig(file)
	if err != nil {
		return err
	}
	a, err := newApp(config, os.Stderr)
	if err != nil {
		return err
	}
	defer a.hear()()
	a.at = s.at
	if err := a.reach(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer a.cluster.Close()
	chosen, err := choose([]string{cmp.Or(os.Getenv(struckTarget), "detector")})
	if err != nil {
		return err
	}
	return a.supervise(ctx, chosen, nil)
}

// at tells which partitions it owns and, once it has been stopped and goes on, what its fold comes to next. There it strikes.
func (s *striker) at(partition int32, m kafka.Moment) {
	s.mu.Lock()
	if m == kafka.Fenced {
		fmt.Println("owns", partition)
	}
	if s.held == partition {
		fmt.Println("after", m)
		s.held = -1
	}
	due := m == s.order.moment
	if due {
		s.order.count--
		due = s.order.count == 0
	}
	order := s.order
	if due && order.signal == syscall.SIGSTOP {
		s.held = partition
	}
	s.mu.Unlock()
	if !due {
		return
	}
	fmt.Println("strikes", partition)
	if order.after > 0 {
		time.AfterFunc(order.after, func() { syscall.Kill(os.Getpid(), order.signal) })
		return
	}
	syscall.Kill(os.Getpid(), order.signal)
	<-s.continued
}

// struck is such a process as its test sees it.
type struck struct {
	t      *testing.T
	name   string
	cmd    *exec.Cmd
	orders io.Writer
	ended  chan struct{}
	mu     sync.Mutex
	said   []string
}

// startStruck starts one with its first order, under a name that it keeps, or none.
func startStruck(t *testing.T, file, name string, first strike) *struck {
	t.Helper()
	s := &struck{t: t, name: name, cmd: exec.Command(os.Args[0]), ended: make(chan struct{})}
	s.cmd.Env = append(os.Environ(), asStruck+"="+file, instance+"="+name)
	s.cmd.Stderr = os.Stderr
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	orders, err := s.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.orders = orders
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			s.mu.Lock()
			s.said = append(s.said, lines.Text())
			s.mu.Unlock()
		}
		s.cmd.Wait()
		close(s.ended)
	}()
	s.tell(first)
	return s
}

// tell gives an order.
func (s *struck) tell(order strike) {
	s.t.Helper()
	if _, err := fmt.Fprintln(s.orders, order); err != nil {
		s.t.Fatalf("order %v: %v", order, err)
	}
}

// lines are those that it has said since it had said so many, and begin with the word.
func (s *struck) lines(since int, word string) (found []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, line := range s.said[since:] {
		if strings.HasPrefix(line, word+" ") {
			found = append(found, line)
		}
	}
	return found
}

// spoken is how much it has said.
func (s *struck) spoken() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.said)
}

func (s *struck) signal(which syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(which); err != nil {
		s.t.Fatalf("signal %v: %v", which, err)
	}
}

// dies waits until it has been killed.
func (s *struck) dies() {
	s.t.Helper()
	waitFor(s.t, "a detector to be killed", func() bool { return isClosed(s.ended) })
	if status := s.cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGKILL {
		s.t.Fatalf("a detector that was to be killed ended with %v", s.cmd.ProcessState)
	}
}

// leaves ends it as an operator would.
func (s *struck) leaves() {
	s.t.Helper()
	s.signal(syscall.SIGTERM)
	waitFor(s.t, "a detector to end", func() bool { return isClosed(s.ended) })
	if code := s.cmd.ProcessState.ExitCode(); code != exitOK {
		s.t.Errorf("a detector ended with %v on SIGTERM, want code 0", s.cmd.ProcessState)
	}
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// waitFor waits until done. Two minutes are a guard.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	guard := time.Now().Add(2 * time.Minute)
	for !done() {
		if time.Now().After(guard) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
