package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/framewatch/framewatch/ingest/feature"
	"github.com/framewatch/framewatch/ingest/sandbox"
)

// exitTime is how long a worker may take to exit after its last message before it is killed.
const exitTime = 2 * time.Second

// timerSlack is how much later than it is due a worker's sleep may end. Go's runtime looks after calls of C every 20 us and more, some sixty times for each
// picture: at Linux's default of 50 us that is a tenth of what a live stream costs, at 1 ms 2 % of it.
const timerSlack = 5 * time.Millisecond

// process is one worker process as the supervisor holds it. It ends with the context it was started in.
type process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	// media is written for a job without a path, sound for one that says so.
	media, sound *os.File
	records      *os.File
	stderr       *tail
	// file tells that it reads a file.
	file bool
	// instructions that it has not been told yet. One that does not listen misses those that come then.
	instructions chan instruction
	// ended is closed when it is told nothing more, told when nobody tells it anything.
	ended, told chan struct{}
	// release lets the thread go that started it.
	release func()
}

// launcher starts workers in a sandbox.
type launcher struct {
	sandbox sandbox.Mode
	// memory in bytes that each may have.
	memory int64
}

// thisProgram is the binary that runs: when it is upgraded in place, what stands under its name is another version, which may write other records.
const thisProgram = "/proc/self/exe"

// start executes the worker with its job, of an executable or, where that is empty, of this program. Media is written to p.media unless the job names a path; Wait must be called. A file that the
// job gives remains the caller's to close. The error is a sandbox.Absent when the sandbox is required and is not to be had.
func (l launcher) start(ctx context.Context, executable string, j job) (*process, error) {
	j.Sandbox, j.Memory, j.Network = l.sandbox, l.memory, j.weights != nil
	needs := j.needs()
	if missing := sandbox.Missing(needs); l.sandbox == sandbox.Required && len(missing) > 0 {
		return nil, sandbox.Absent{Parts: missing}
	}
	task, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	name := cmp.Or(executable, os.Args[0])
	executable = cmp.Or(executable, thisProgram)
	cmd := exec.CommandContext(ctx, executable, WorkerArg)
	cmd.Args[0] = name
	p := &process{cmd: cmd, stderr: &tail{}, file: j.file(), instructions: make(chan instruction, instructionsMost), ended: make(chan struct{}), told: make(chan struct{})}
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
	cmd.ExtraFiles = []*os.File{mediaDescriptor - 3: j.opened, recordDescriptor - 3: recordsWrite}
	if j.Path == "" {
		mediaRead, mediaWrite, err := pipe()
		if err != nil {
			return abandon(err)
		}
		ours, theirs = append(ours, mediaWrite), append(theirs, mediaRead)
		p.media, cmd.ExtraFiles[mediaDescriptor-3] = mediaWrite, mediaRead
	}
	if j.Sound {
		soundRead, soundWrite, err := pipe()
		if err != nil {
			return abandon(err)
		}
		ours, theirs = append(ours, soundWrite), append(theirs, soundRead)
		p.sound, cmd.ExtraFiles = soundWrite, append(cmd.ExtraFiles, soundRead)
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return abandon(err)
	}
	p.stdin = stdin
	p.release, err = launch(func() error {
		// Where it cannot be set, a worker costs more.
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(timerSlack), 0, 0, 0)
		if l.sandbox != sandbox.Off {
			if err := sandbox.Enter(executable, needs); err != nil {
				return err
			}
		}
		return cmd.Start()
	})
	if err != nil {
		stdin.Close()
		return abandon(err)
	}
	for _, f := range theirs {
		f.Close()
	}
	sandbox.Sacrifice(cmd.Process.Pid) // one that is already dead needs none
	// A job is shorter than a pipe, so this does not wait; a worker that is already dead shows on its records.
	stdin.Write(append(task, '\n'))
	if j.weights != nil {
		p.Use(*j.weights)
	}
	go p.tell()
	return p, nil
}

// starved is what Go, C++ and libav say when they get no memory.
var starved = regexp.MustCompile(`(?i)out of memory|cannot allocate memory|bad_alloc|insufficient memory|failed to allocate`)

// hint says what may be behind an error of a worker, when that can be told from its text; else it is empty.
func (l launcher) hint(text string) string {
	if !starved.MatchString(text) {
		return ""
	}
	return fmt.Sprintf(": it needed more memory than ingest.worker_memory, %d MiB", l.memory>>20)
}

// count completes the progress of a worker that reads a file: the sandbox shows it nothing of itself.
func (p *process) count(told *progress) {
	if p.file {
		told.Received = bytesRead(p.cmd.Process.Pid)
		told.Taken = told.Received
	}
}

// instructionsMost is how many instructions wait for a worker to listen.
const instructionsMost = 16

// tell tells the worker what it is instructed, which may take it as long as it likes.
func (p *process) tell() {
	defer close(p.told)
	for {
		select {
		case o := <-p.instructions:
			if line, err := json.Marshal(o); err == nil {
				p.stdin.Write(append(line, '\n')) // one that has ended does not hear it
			}
		case <-p.ended:
			return
		}
	}
}

// instruct has the worker told, and does not wait for it.
func (p *process) instruct(o instruction) {
	select {
	case p.instructions <- o:
	default:
	}
}

// Sample tells the worker how to thin its pictures.
func (p *process) Sample(sampling int32) { p.instruct(instruction{Sampling: &sampling}) }

// Use tells the worker what to look at pictures with.
func (p *process) Use(w feature.Weights) { p.instruct(instruction{Network: &w}) }

// Wait waits for the worker after its records have ended, and lets go of all that belongs to it. The error says how it died.
func (p *process) Wait() error {
	p.records.Close()
	p.stdin.Close()
	close(p.ended)
	<-p.told
	for _, f := range []*os.File{p.media, p.sound} {
		if f != nil {
			f.Close()
		}
	}
	late := time.AfterFunc(exitTime, func() { p.cmd.Process.Kill() })
	defer late.Stop()
	defer p.release()
	return p.cmd.Wait()
}

// environment is what a worker gets of ours: where libraries are, nothing else. How many processors it may use it cannot find out by
// itself; its libraries are to start no threads, each of which would take memory.
func environment() []string {
	env := []string{fmt.Sprint("GOMAXPROCS=", runtime.GOMAXPROCS(0)), "OPENBLAS_NUM_THREADS=1", "OMP_NUM_THREADS=1"}
	for _, name := range []string{"LD_LIBRARY_PATH", "TZ"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// bytesRead is what a process has read from files and pipes; 0 where the kernel does not tell.
func bytesRead(pid int) (n int64) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		return 0
	}
	fmt.Sscanf(string(text), "rchar: %d", &n)
	return n
}

// launch calls start on an operating system thread of its own, which lives until release is called: what the sandbox lays on a thread its
// children inherit and it never loses, and Linux kills a child with Pdeathsig when the thread that started it ends, not the process.
func launch(start func() error) (release func(), err error) {
	started, released, ended := make(chan error), make(chan struct{}), make(chan struct{})
	go ownThread(func() {
		defer close(ended)
		err := start()
		started <- err
		if err == nil {
			<-released
		}
	})
	release = sync.OnceFunc(func() {
		close(released)
		<-ended
	})
	return release, <-started
}

// ownThread calls f on a thread that ends with it. It is not the main thread, which does not end and stands for the process where others
// look at it or send it signals, nor one that others have started a process on, which might be killed then.
func ownThread(f func()) {
	runtime.LockOSThread()
	if unix.Gettid() != unix.Getpid() && !isParent() {
		f()
		return // The thread ends with the goroutine, since it is still locked.
	}
	moved := make(chan struct{})
	go ownThread(func() {
		close(moved)
		f()
	})
	<-moved
	runtime.UnlockOSThread()
}

// isParent tells whether this thread has started a process that has not been waited for.
func isParent() bool {
	children, err := os.ReadFile("/proc/thread-self/children") // not there in every kernel
	return err == nil && len(children) > 0
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
