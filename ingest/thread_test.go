package ingest_test

import (
	"bufio"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/framewatch/framewatch/ingest"
)

// TestThreadsThatEndTakeNobodyAlong: a process that is to end with ours lives on when a worker's thread ends, although it was started where that was to be.
func TestThreadsThatEndTakeNobodyAlong(t *testing.T) {
	if _, err := os.ReadFile("/proc/thread-self/children"); err != nil {
		t.Skip("this kernel does not tell what a thread has started: ", err)
	}
	cat := exec.Command("cat")
	cat.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cat.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cat.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	started, ended := make(chan error), make(chan string)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cat.Start()
		started <- err
		if err == nil {
			ingest.OwnThread(func() { ended <- "/proc/self/task/" + strconv.Itoa(unix.Gettid()) })
		}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	defer cat.Wait()
	defer cat.Process.Kill()
	for thread := <-ended; ; runtime.Gosched() {
		if _, err := os.Stat(thread); err != nil {
			break
		}
	}
	if _, err := in.Write([]byte("still here\n")); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "still here\n" {
		t.Errorf("got %q, %v, want an echo", line, err)
	}
}
