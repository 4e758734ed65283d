package ingest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/framewatch/framewatch/ingest/source"
)

// WorkerArg is the argument with which a program that runs workers is executed again: it must then call Worker and exit with its result.
const WorkerArg = "__worker"

// The worker's descriptors beside stdin, which carries the job and whose end tells that the supervisor is gone.
const (
	mediaDescriptor  = 3
	recordDescriptor = 4
)

// addressSpace bounds a worker's memory map in bytes. The Go runtime alone reserves more than a gigabyte that it never touches.
const addressSpace = 16 << 30

// reasonMost bounds the reason that a worker gives, in bytes.
const reasonMost = 500

// job is what a worker is to do, as JSON on its standard input: never in its arguments or environment, which others can read.
type job struct {
	// Path to open; empty: the media comes through mediaDescriptor.
	Path string `json:"path"`
	// Format is the demuxer's name when the source is known to need one.
	Format string `json:"format"`
	// Session of the records, microseconds since the Unix epoch; 0 offline.
	Session int64 `json:"session"`
	Mode    mode  `json:"mode"`
	Loop    bool  `json:"loop"`
	// Pictures asks for a small JPEG every second.
	Pictures bool `json:"pictures"`
}

// Worker is the main of a worker process: it does the job on its standard input and returns the exit code.
func Worker() int {
	if err := work(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func work() error {
	if err := limit(); err != nil {
		return err
	}
	in := bufio.NewReader(os.Stdin)
	var j job
	line, err := in.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("read the job: %w", err)
	}
	if err := json.Unmarshal(line, &j); err != nil {
		return fmt.Errorf("read the job: %w", err)
	}
	go exitWith(in)

	elapsed := since(j.Session)
	out := newSender(os.NewFile(recordDescriptor, "records"))
	input, intake := source.Input{Path: j.Path, Format: j.Format}, (*intake)(nil)
	if j.Path == "" {
		intake = newIntake(elapsed)
		pipe, err := intake.Pipe(os.NewFile(mediaDescriptor, "media"))
		if err != nil {
			return fmt.Errorf("make the decoder's pipe: %w", err)
		}
		defer pipe.Close()
		input.Path = fmt.Sprintf("pipe:%d", pipe.Fd())
	}
	go report(out, intake)
	e := ending{Reason: "end of file"}
	if err := newWorker(j, out, elapsed, intake).Run(context.Background(), input); err != nil {
		reason := err.Error()
		if j.Path == "" {
			reason = strings.ReplaceAll(reason, input.Path, "the data")
		}
		e = ending{Reason: reason[:min(len(reason), reasonMost)], Failed: true}
	}
	return out.End(e)
}

// since counts the microseconds of wall time from session on, without the steps of the wall clock after the start.
func since(session int64) func() int64 {
	start := time.Now()
	offset := start.UnixMicro() - session
	return func() int64 { return offset + time.Since(start).Microseconds() }
}

// exitWith ends the process with its supervisor.
func exitWith(stdin io.Reader) {
	io.Copy(io.Discard, stdin)
	os.Exit(1)
}

// report sends the progress every second, also when the decoder hangs: that is how the supervisor tells.
func report(out *sender, in *intake) {
	for range time.Tick(time.Second) {
		var p progress
		if in != nil {
			p = in.Progress()
		} else {
			p.Received = bytesRead()
			p.Taken = p.Received
		}
		if out.Progress(p) != nil {
			return
		}
	}
}

// bytesRead is what this process has read from files and pipes; 0 where the kernel does not tell.
func bytesRead() (n int64) {
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0
	}
	fmt.Sscanf(string(text), "rchar: %d", &n)
	return n
}

// limit keeps a worker that has gone wrong from taking the machine with it.
func limit() error {
	for _, l := range []struct {
		resource int
		most     uint64
	}{{syscall.RLIMIT_CORE, 0}, {syscall.RLIMIT_AS, addressSpace}} {
		if err := syscall.Setrlimit(l.resource, &syscall.Rlimit{Cur: l.most, Max: l.most}); err != nil {
			return fmt.Errorf("limit the worker: %w", err)
		}
	}
	return nil
}
