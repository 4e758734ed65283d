// Package peer is the programs that are not ours at the other end of a connection: what tests of protocols have send and serve.
package peer

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Peer is a running program. It ends with the test.
type Peer struct {
	cmd *exec.Cmd
	t   testing.TB

	mu      sync.Mutex
	changed chan struct{}
	text    strings.Builder
	ended   bool
}

// Start runs a program; stdin may be nil.
func Start(t testing.TB, stdin io.Reader, name string, arguments ...string) *Peer {
	t.Helper()
	p := &Peer{cmd: exec.Command(name, arguments...), t: t, changed: make(chan struct{})}
	p.cmd.Stdin, p.cmd.SysProcAttr = stdin, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = w, w
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer r.Close()
		for lines := bufio.NewScanner(r); lines.Scan(); {
			p.tell(lines.Text() + "\n")
		}
		p.mu.Lock()
		p.ended = true
		close(p.changed)
		p.mu.Unlock()
	}()
	t.Cleanup(func() {
		p.Kill()
		<-read
		if t.Failed() {
			t.Logf("%s: %s", name, p.text.String())
		}
	})
	return p
}

// FFmpeg has ffmpeg send a clip in real time, its packets as they are, to where the output options say.
func FFmpeg(t testing.TB, clip string, output ...string) *Peer {
	t.Helper()
	return Start(t, nil, "ffmpeg", append([]string{"-v", "error", "-nostdin", "-re", "-i", clip, "-c", "copy"}, output...)...)
}

func (p *Peer) tell(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text.WriteString(text)
	close(p.changed)
	p.changed = make(chan struct{})
}

// Silence stops the program without ending its connections.
func (p *Peer) Silence() { p.cmd.Process.Signal(syscall.SIGSTOP) }

// Kill ends it at once, also when it was killed before.
func (p *Peer) Kill() {
	p.cmd.Process.Signal(syscall.SIGCONT)
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// Says waits until it has said something, and returns all that it has said.
func (p *Peer) Says(what string) string {
	p.t.Helper()
	guard := time.After(30 * time.Second)
	for {
		p.mu.Lock()
		text, changed, ended := p.text.String(), p.changed, p.ended
		p.mu.Unlock()
		if strings.Contains(text, what) {
			return text
		}
		if ended {
			p.t.Fatalf("%s ended without saying %q: %s", p.cmd.Path, what, text)
		}
		select {
		case <-changed:
		case <-guard:
			p.t.Fatalf("%s never said %q: %s", p.cmd.Path, what, text)
		}
	}
}
