// Package apache runs Apache Kafka on this machine for tests and benches: from its Maven artifacts, on loopback, in processes that end with ours.
package apache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Config is what is started.
type Config struct {
	// Nodes is how many: one, or three and more, which keep three copies of each partition.
	Nodes int
	// Dir is the folder in which the cluster makes one of its own, which it removes when it stops; empty: the system's temporary one.
	Dir string
	// JVM are the options of the Java machine.
	JVM []string
	// Security, when not nil, adds a listener that is encrypted and wants a log-in.
	Security *Security
}

// Small are options of the Java machine for a node that is soon up and takes little: it compiles quickly and not well, so its costs say nothing.
var Small = []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xms64m", "-Xmx512m"}

// Served are options for a node that is measured: the collector that Kafka's own scripts choose, and their heap of 1 GiB.
var Served = []string{"-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35", "-Xms1g", "-Xmx1g"}

// clusterID is any 16 bytes in base64.
const clusterID = "ZnJhbWV3YXRjaC10ZXN0cw"

// startTimeout is a guard: three nodes took 14 s on two busy cores.
const startTimeout = 2 * time.Minute

// Nodes is a running cluster of combined brokers and controllers. One goroutine uses it.
type Nodes struct {
	config    Config
	addresses []string
	// secured are the addresses of the listeners with Security.
	secured []string
	dir     string
	libs    string
	nodes   []*node
}

// node is one of them.
type node struct {
	// home holds its configuration, its storage and its log.
	home    string
	process *os.Process
	// exited is closed when the process has ended; nil before it was started.
	exited chan struct{}
}

// Start formats and starts the nodes and waits until each knows all of them.
func Start(config Config) (*Nodes, error) {
	libs, err := jars()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(config.Dir, "framewatch-kafka-")
	if err != nil {
		return nil, err
	}
	c := &Nodes{config: config, dir: dir, libs: libs}
	ports, err := freePorts(2 * config.Nodes)
	if err != nil {
		return nil, err
	}
	var voters []string
	for i := range config.Nodes {
		c.addresses = append(c.addresses, fmt.Sprintf("127.0.0.1:%d", ports[2*i]))
		voters = append(voters, fmt.Sprintf("%d@127.0.0.1:%d", i+1, ports[2*i+1]))
	}
	secured, err := c.secure()
	if err != nil {
		return nil, err
	}
	for i := range config.Nodes {
		n := &node{home: filepath.Join(c.dir, fmt.Sprint(i+1))}
		c.nodes = append(c.nodes, n)
		text := properties(n.home, i+1, ports[2*i], ports[2*i+1], voters)
		if secured != nil {
			text = config.Security.properties(text, secured[i])
		}
		err := c.format(n, text)
		if err == nil {
			err = c.launch(n)
		}
		if err != nil {
			c.Stop()
			return nil, err
		}
	}
	if err := c.ready(); err != nil {
		err = errors.Join(err, errors.New(c.Logs()))
		c.Stop()
		return nil, err
	}
	return c, nil
}

// java is a Java program of Kafka's.
func (c *Nodes) java(arguments ...string) *exec.Cmd {
	return exec.Command("java", slices.Concat([]string{"-cp", filepath.Join(c.libs, "*")}, c.config.JVM, arguments)...)
}

// format writes a node's configuration and makes its storage.
func (c *Nodes) format(n *node, properties string) error {
	if err := os.MkdirAll(n.home, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(n.config(), []byte(properties), 0o644); err != nil {
		return err
	}
	format := []string{"kafka.tools.StorageTool", "format", "-t", clusterID, "-c", n.config()}
	if c.config.Security != nil {
		format = append(format, c.config.Security.users()...)
	}
	if out, err := c.java(format...).CombinedOutput(); err != nil {
		return fmt.Errorf("format the storage in %s: %w\n%s", n.home, err, out)
	}
	return nil
}

func (n *node) config() string { return filepath.Join(n.home, "server.properties") }

// launch starts a node on the storage that it has.
func (c *Nodes) launch(n *node) error {
	log, err := os.OpenFile(filepath.Join(n.home, "kafka.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	process := c.java("kafka.Kafka", n.config())
	process.Stdout, process.Stderr = log, log
	return n.supervise(process, log)
}

// supervise starts the process so that it ends with this one, however that ends: the kernel sends the signal when the thread that started the
// process is gone, so the thread is kept for as long.
func (n *node) supervise(process *exec.Cmd, log *os.File) error {
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started, exited := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread() // or it would end, and with it what others have started on it
		defer log.Close()
		defer close(exited)
		err := process.Start()
		started <- err
		if err == nil {
			// It is always killed in the end, so how it ended says nothing.
			_ = process.Wait()
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	n.process, n.exited = process.Process, exited
	return nil
}

// ready waits until every node answers and knows all the others.
func (c *Nodes) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for _, address := range c.addresses {
		for {
			known, err := brokers(ctx, address)
			if known == len(c.addresses) {
				break
			}
			if ctx.Err() != nil {
				return fmt.Errorf("wait for %s: it knows %d of %d nodes: %w", address, known, len(c.addresses), err)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	return nil
}

// brokers is how many nodes the one at the address knows.
func brokers(ctx context.Context, address string) (int, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.RetryTimeout(time.Second))
	if err != nil {
		return 0, err
	}
	defer client.Close()
	metadata, err := kadm.NewClient(client).BrokerMetadata(ctx)
	return len(metadata.Brokers), err
}

// Addresses are those of all nodes, whether or not they run.
func (c *Nodes) Addresses() []string { return c.addresses }

// Processes are the ids of the processes of the nodes that were started.
func (c *Nodes) Processes() (ids []int) {
	for _, n := range c.nodes {
		if n.process != nil {
			ids = append(ids, n.process.Pid)
		}
	}
	return ids
}

// Kill ends a node by its id, from 1 on, as the kernel would.
func (c *Nodes) Kill(id int32) { c.nodes[id-1].kill() }

// Launch starts a node again that was killed, on the storage that it had.
func (c *Nodes) Launch(id int32) error { return c.launch(c.nodes[id-1]) }

// kill ends a node as the kernel would.
func (n *node) kill() {
	if n.exited != nil {
		_ = n.process.Kill()
		<-n.exited
	}
}

// Stop kills all nodes, whose data nobody needs, and removes it.
func (c *Nodes) Stop() {
	for _, n := range c.nodes {
		n.kill()
	}
	os.RemoveAll(c.dir)
}

// Logs is the end of what the nodes have written.
func (c *Nodes) Logs() string {
	var all bytes.Buffer
	files, _ := filepath.Glob(filepath.Join(c.dir, "*", "kafka.log"))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		lines := strings.Split(string(text), "\n")
		fmt.Fprintf(&all, "%s:\n%s\n", file, strings.Join(lines[max(0, len(lines)-30):], "\n"))
	}
	return all.String()
}

// freePorts asks the system for n ports, all at once so that they differ.
func freePorts(n int) (ports []int, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
