package ingest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/framewatch/framewatch/ingest/feature"
	"github.com/framewatch/framewatch/ingest/sandbox"
	"github.com/framewatch/framewatch/ingest/source"
)

// WorkerArg is the argument with which a program that runs workers is executed again: it must then call Worker and exit with its result.
const WorkerArg = "__worker"

// The worker's descriptors beside stdin, which carries the job and whose end tells that the supervisor is gone.
const (
	mediaDescriptor  = 3
	recordDescriptor = 4
	soundDescriptor  = 5
)

// givenFile is the path of a file that the worker was given open: it opens that file and no other, whatever its name has come to mean.
var givenFile = fmt.Sprintf("/proc/self/fd/%d", mediaDescriptor)

// reasonMost bounds the reason that a worker gives, in bytes.
const reasonMost = 500

// job is what a worker is to do, as JSON on its standard input: never in its arguments or environment, which others can read.
type job struct {
	// Path to open; empty: the media comes through mediaDescriptor.
	Path string `json:"path"`
	// Peer is the one address that may be connected to.
	Peer source.Peer `json:"peer"`
	// opened is open already and becomes mediaDescriptor; Path is then givenFile.
	opened *os.File
	// Format is the demuxer's name when the source is known to need one.
	Format string `json:"format"`
	// Sound tells that the source's sound comes in a container of its own through soundDescriptor, whose time stamps are SoundShift (90 kHz)
	// behind those of the pictures.
	Sound      bool  `json:"sound"`
	SoundShift int64 `json:"sound_shift"`
	// Session of the records, microseconds since the Unix epoch; 0 offline.
	Session int64 `json:"session"`
	Mode    mode  `json:"mode"`
	Loop    bool  `json:"loop"`
	// Places asks to tell where in the file each record's media stands.
	Places bool `json:"places"`
	// Pictures asks for a small JPEG every second.
	Pictures bool `json:"pictures"`
	// Packets asks for the packets as they are.
	Packets bool `json:"packets"`
	// Remux tells that a clip's packets come through mediaDescriptor, to be made a file.
	Remux bool `json:"remux"`
	// Network tells that the first instruction has the weights that pictures are looked at with.
	Network bool `json:"network,omitempty"`
	// weights are those of the first instruction; nil: those that come with the program.
	weights *feature.Weights
	// Check asks whether the weights can be those of the network of this name, and nothing else.
	Check string `json:"check,omitempty"`
	// Sandbox and Memory are as Sandbox and WorkerMemory in Config.
	Sandbox sandbox.Mode `json:"sandbox"`
	Memory  int64        `json:"memory"`
	// Probe asks to try the sandbox instead; nil: do the job.
	Probe *sandbox.Target `json:"probe,omitempty"`
}

// needs is what the worker must be able to reach to do the job.
func (j job) needs() sandbox.Needs {
	if j.Probe != nil {
		return j.Probe.Needs
	}
	if j.Path == "" {
		return sandbox.Needs{}
	}
	if j.opened != nil {
		return sandbox.Needs{File: fmt.Sprintf("/proc/self/fd/%d", j.opened.Fd())}
	}
	switch at, err := source.EndpointOf(j.Path); {
	case err != nil:
		return sandbox.Needs{} // The worker says why it cannot be opened.
	case at.Network == "tcp":
		return sandbox.Needs{Network: true, Port: uint16(at.Port)}
	case at.Network != "":
		return sandbox.Needs{Network: true}
	}
	return sandbox.Needs{File: source.LocalPath(j.Path)}
}

// file tells that the worker is to open a file itself.
func (j job) file() bool {
	at, err := source.EndpointOf(j.Path)
	return err == nil && at.Network == ""
}

// confine lays on the process what the supervisor cannot lay on it. No media has been seen yet.
func (j job) confine() error {
	if j.Sandbox == sandbox.Off {
		return nil
	}
	err := sandbox.Confine(j.needs())
	if err != nil && j.Sandbox == sandbox.Required {
		return sandbox.Absent{Parts: []string{fmt.Sprintf("seccomp (%v)", err)}}
	}
	return nil
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
	in := bufio.NewReader(os.Stdin)
	var j job
	line, err := in.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("read the job: %w", err)
	}
	if err := json.Unmarshal(line, &j); err != nil {
		return fmt.Errorf("read the job: %w", err)
	}
	if err := sandbox.Limit(uint64(j.Memory)); err != nil {
		return err
	}
	var first instruction
	if j.Network {
		if first, err = hearken(in); err != nil {
			return err
		}
	}
	thin, damage := newThinning(), feature.NewDamage()
	first.obey(thin, damage)
	go obey(in, thin, damage)

	source.Confine(j.Peer)
	elapsed := since(j.Session)
	out := newSender(os.NewFile(recordDescriptor, "records"))
	if j.Probe != nil {
		return probe(j, out)
	}
	if err := j.confine(); err != nil {
		return out.End(ending{Reason: err.Error(), Failed: true, Unfit: true})
	}
	if j.Check != "" {
		return checkNetwork(j, first, out)
	}
	if j.Remux {
		return remux(os.NewFile(mediaDescriptor, "media"), out)
	}
	input, pipes := source.Input{Path: j.Path, Format: j.Format, Packets: j.Packets, SoundShift: j.SoundShift}, intakes{}
	if j.Path == "" {
		if pipes.media, err = takeIn(mediaDescriptor, elapsed); err != nil {
			return err
		}
		defer pipes.media.pipe.Close()
		input.Path = pipes.media.Path()
	}
	if j.Sound {
		if pipes.sound, err = takeIn(soundDescriptor, elapsed); err != nil {
			return err
		}
		defer pipes.sound.pipe.Close()
		input.Sound = pipes.sound.Path()
	}
	e := ending{Reason: "end of file"}
	if j.Path != "" {
		pipes.direct = &reception{elapsed: elapsed, file: j.file()}
		input.Read = pipes.direct.Read
		if !pipes.direct.file {
			e = ending{Reason: "the source has ended the stream", Failed: true}
		}
	}
	w := newWorker(j, out, elapsed, pipes, thin, damage)
	input.Refused = w.refusal.Take
	go report(out, pipes, w)
	if err := w.Run(context.Background(), input); err != nil {
		reason := err.Error()
		if j.Path == "" || j.Path == givenFile {
			reason = strings.ReplaceAll(reason, input.Path, "the data")
		}
		e = ending{Reason: reason[:min(len(reason), reasonMost)], Failed: true}
	}
	e.Refused = w.refusal.Tell()
	return out.End(e)
}

// takeIn starts an intake of what comes through one of our descriptors.
func takeIn(descriptor uintptr, elapsed func() int64) (*intake, error) {
	i := newIntake(elapsed)
	if _, err := i.Pipe(os.NewFile(descriptor, "media")); err != nil {
		return nil, fmt.Errorf("make the decoder's pipe: %w", err)
	}
	return i, nil
}

// since counts the microseconds of wall time from session on, without the steps of the wall clock after the start.
func since(session int64) func() int64 {
	start := time.Now()
	offset := start.UnixMicro() - session
	return func() int64 { return offset + time.Since(start).Microseconds() }
}

// instruction is what the supervisor tells a worker after its job, as a line of JSON on its standard input.
type instruction struct {
	// Sampling as in VideoFrame; nil: as before.
	Sampling *int32 `json:"sampling,omitempty"`
	// Network is what pictures are looked at with; nil: as before.
	Network *feature.Weights `json:"network,omitempty"`
}

// hearken takes one instruction.
func hearken(stdin *bufio.Reader) (o instruction, err error) {
	line, err := stdin.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &o)
	}
	if err != nil {
		err = fmt.Errorf("read an instruction: %w", err)
	}
	return o, err
}

// obey does as it says.
func (o instruction) obey(t *thinning, d *feature.Damage) {
	if o.Sampling != nil {
		t.Ask(*o.Sampling)
	}
	if o.Network != nil {
		d.Use(*o.Network)
	}
}

// obey takes instructions, and ends the process with its supervisor.
func obey(stdin *bufio.Reader, t *thinning, d *feature.Damage) {
	for {
		o, err := hearken(stdin)
		if err != nil {
			os.Exit(1)
		}
		o.obey(t, d)
	}
}

// reportEvery is how often a worker tells its progress: so that no second of the supervisor's goes without.
const reportEvery = 500 * time.Millisecond

// report sends the progress, also when the decoder hangs: that is how the supervisor tells.
func report(out *sender, in intakes, w *worker) {
	for range time.Tick(reportEvery) {
		p := in.Progress()
		p.Lag, p.Passed, p.Refused = w.lag.Tell(w.elapsed()), w.thin.passed.Load(), w.refusal.Tell()
		p.Network = bounded(w.damage.Refused())
		if out.Progress(p) != nil {
			return
		}
	}
}
