package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// exitTime is how long a worker may take to exit after its last message before it is killed.
const exitTime = 2 * time.Second

// process is one worker process as the supervisor holds it. It ends with the context it was started in.
type process struct {
	cmd     *exec.Cmd
	stdin   io.Closer
	media   *os.File
	records *os.File
	stderr  *tail
}

// start executes the worker with its job. Media is written to p.media unless the job names a path; Wait must be called.
func (l *launcher) start(ctx context.Context, executable string, j job) (*process, error) {
	task, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, executable, WorkerArg)
	p := &process{cmd: cmd, stderr: &tail{}}
	cmd.Env = environment()
	cmd.Stdout, cmd.Stderr = p.stderr, p.stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	cmd.WaitDelay = exitTime

	var ours, theirs []*os.File
	abandon := func(err error) (*process, error) {
		for _, f := range slices.Concat(ours, theirs) {
			f.Close()
		}
		return nil, fmt.Errorf("start a worker: %w", err)
	}
	pipe := func() (r, w *os.File, err error) { return os.Pipe() }
	recordsRead, recordsWrite, err := pipe()
	if err != nil {
		return abandon(err)
	}
	ours, theirs = append(ours, recordsRead), append(theirs, recordsWrite)
	p.records = recordsRead
	// A missing entry leaves the descriptor closed in the worker.
	cmd.ExtraFiles = []*os.File{mediaDescriptor - 3: nil, recordDescriptor - 3: recordsWrite}
	if j.Path == "" {
		mediaRead, mediaWrite, err := pipe()
		if err != nil {
			return abandon(err)
		}
		ours, theirs = append(ours, mediaWrite), append(theirs, mediaRead)
		p.media, cmd.ExtraFiles[mediaDescriptor-3] = mediaWrite, mediaRead
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return abandon(err)
	}
	p.stdin = stdin
	if err := l.do(cmd.Start); err != nil {
		stdin.Close()
		return abandon(err)
	}
	for _, f := range theirs {
		f.Close()
	}
	// A job is shorter than a pipe, so this does not wait; a worker that is already dead shows on its records.
	stdin.Write(append(task, '\n'))
	return p, nil
}

// Wait waits for the worker after its records have ended, and lets go of all that belongs to it. The error says how it died.
func (p *process) Wait() error {
	p.records.Close()
	p.stdin.Close()
	if p.media != nil {
		p.media.Close()
	}
	late := time.AfterFunc(exitTime, func() { p.cmd.Process.Kill() })
	defer late.Stop()
	return p.cmd.Wait()
}

// environment is what a worker gets of ours: where libraries are, nothing else.
func environment() []string {
	var env []string
	for _, name := range []string{"LD_LIBRARY_PATH", "TZ"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// launcher starts processes from one operating system thread that lives as long as Run does: Linux kills a child with Pdeathsig when the
// thread that started it ends, not the process.
type launcher struct{ work chan func() }

func newLauncher() *launcher { return &launcher{work: make(chan func())} }

// Run holds the thread until ctx is done. Whatever it started dies with it.
func (l *launcher) Run(ctx context.Context) {
	runtime.LockOSThread() // Never unlocked: the thread ends with the goroutine.
	for {
		select {
		case f := <-l.work:
			f()
		case <-ctx.Done():
			return
		}
	}
}

// do calls f on the thread. Run must be running.
func (l *launcher) do(f func() error) error {
	done := make(chan error, 1)
	l.work <- func() { done <- f() }
	return <-done
}

// tail keeps the last of what a worker writes to its standard error and output. It is safe for concurrent use.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// tailMost bounds what is kept, in bytes.
const tailMost = 16 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if over := len(t.text) - tailMost; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(b), nil
}

// String is what was kept, without the ends' white space.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.text))
}
