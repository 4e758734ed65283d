package kafkatest

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
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// clusterID is any 16 bytes in base64.
const clusterID = "ZnJhbWV3YXRjaC10ZXN0cw"

// startTimeout is a guard: three nodes took 14 s on two busy cores.
const startTimeout = 2 * time.Minute

// nodes is a running cluster of combined brokers and controllers.
type nodes struct {
	addresses []string
	dir       string
	libs      string
	nodes     []*node
}

// node is one of them.
type node struct {
	// home holds its configuration, its storage and its log.
	home    string
	process *os.Process
	// exited is closed when the process has ended; nil before it was started.
	exited chan struct{}
}

// start formats and starts n nodes and waits until each knows all of them.
func start(n int) (*nodes, error) {
	libs, err := jars()
	if err != nil {
		return nil, err
	}
	dir, err := scratch()
	if err != nil {
		return nil, err
	}
	c := &nodes{dir: dir, libs: libs}
	ports, err := freePorts(2 * n)
	if err != nil {
		return nil, err
	}
	var voters []string
	for i := range n {
		c.addresses = append(c.addresses, fmt.Sprintf("127.0.0.1:%d", ports[2*i]))
		voters = append(voters, fmt.Sprintf("%d@127.0.0.1:%d", i+1, ports[2*i+1]))
	}
	for i := range n {
		n := &node{home: filepath.Join(c.dir, fmt.Sprint(i+1))}
		c.nodes = append(c.nodes, n)
		err := c.format(n, properties(n.home, i+1, ports[2*i], ports[2*i+1], voters))
		if err == nil {
			err = c.launch(n)
		}
		if err != nil {
			c.stop()
			return nil, err
		}
	}
	if err := c.ready(); err != nil {
		err = errors.Join(err, errors.New(c.logs()))
		c.stop()
		return nil, err
	}
	return c, nil
}

// java is a Java program of Kafka's.
func (c *nodes) java(arguments ...string) *exec.Cmd {
	return exec.Command("java", append([]string{"-cp", filepath.Join(c.libs, "*"), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xms64m", "-Xmx512m"}, arguments...)...)
}

// format writes a node's configuration and makes its storage.
func (c *nodes) format(n *node, properties string) error {
	if err := os.MkdirAll(n.home, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(n.config(), []byte(properties), 0o644); err != nil {
		return err
	}
	if out, err := c.java("kafka.tools.StorageTool", "format", "-t", clusterID, "-c", n.config()).CombinedOutput(); err != nil {
		return fmt.Errorf("format the storage in %s: %w\n%s", n.home, err, out)
	}
	return nil
}

func (n *node) config() string { return filepath.Join(n.home, "server.properties") }

// launch starts a node on the storage that it has.
func (c *nodes) launch(n *node) error {
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
func (c *nodes) ready() error {
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

// kill ends a node as the kernel would.
func (n *node) kill() {
	if n.exited != nil {
		_ = n.process.Kill()
		<-n.exited
	}
}

// stop kills all nodes, whose data nobody needs, and removes it.
func (c *nodes) stop() {
	for _, n := range c.nodes {
		n.kill()
	}
	os.RemoveAll(c.dir)
}

// logs is the end of what the nodes have written.
func (c *nodes) logs() string {
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
