package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology/kafka"
)

// benchRig is the processes of this program that a bench measures, on a log that they reach at one address.
type benchRig struct {
	stderr io.Writer
	// dir holds the configuration of the processes and what they keep.
	dir string
	// partitions of each topic; 0: as many as a deployment has by default.
	partitions int32
	// config is how the bench itself reaches the log.
	config Config
}

// configure writes the configuration of the processes: that of a deployment whose topics begin with the prefix, and more sections.
func (r *benchRig) configure(address, prefix string, more map[string]any) error {
	r.config = defaultConfig()
	r.config.Embedded.Listen = address
	r.config.Kafka.Brokers = []string{address}
	r.config.Log.Level = "warn"
	r.config.DataDir = r.dir
	partitions := cmp.Or(r.partitions, kafka.Defaults().Partitions)
	r.config.Kafka.Partitions, r.config.Kafka.Prefix = partitions, prefix
	sections := map[string]any{
		"data_dir": r.dir, "embedded": map[string]string{"listen": address}, "kafka": map[string]any{"partitions": partitions, "prefix": prefix},
		"log": map[string]string{"level": "info", "format": "json"},
	}
	for name, section := range more {
		sections[name] = section
	}
	text, err := yaml.Marshal(sections)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.dir, "framewatch.yaml"), text, 0o600)
}

// dial reaches the log.
func (r *benchRig) dial(ctx context.Context) (*kafka.Cluster, error) {
	log, err := newLogger(r.config.Log, r.stderr)
	if err != nil {
		return nil, err
	}
	return kafka.Dial(ctx, r.config.Kafka, schemas.Baked(), log)
}

// unusedAddress is one of loopback at which nothing listens.
func unusedAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

// start runs a target in a process of its own. Its log goes to the writer.
func (r *benchRig) start(target string, log io.Writer, arguments ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	process := exec.Command(self, append([]string{"run", "-c", filepath.Join(r.dir, "framewatch.yaml"), "--target", target}, arguments...)...)
	process.Stderr = log
	return process, process.Start()
}

// lines hands on what is written to it line by line.
type lines struct {
	each func(line []byte)
	rest []byte
}

func (l *lines) Write(text []byte) (int, error) {
	l.rest = append(l.rest, text...)
	for {
		end := bytes.IndexByte(l.rest, '\n') + 1
		if end == 0 {
			return len(text), nil
		}
		l.each(l.rest[:end])
		l.rest = append(l.rest[:0], l.rest[end:]...)
	}
}

// complain passes on lines of a log in JSON that warn or tell of errors.
func (r *benchRig) complain(line []byte) {
	if bytes.Contains(line, []byte(`"level":"WARN"`)) || bytes.Contains(line, []byte(`"level":"ERROR"`)) {
		fmt.Fprintf(r.stderr, "%s", line)
	}
}

// stopPatience is how long a process may take to end by itself.
const stopPatience = 20 * time.Second

// stopProcess ends a process that we started, and waits for it; doing so twice does nothing.
func stopProcess(process *exec.Cmd) error {
	if process.ProcessState != nil {
		return nil
	}
	defer time.AfterFunc(stopPatience, func() { process.Process.Kill() }).Stop()
	if err := process.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return process.Wait()
}

// benchFleetOf measures a file, a clip of the demo when it is not named, and what is spoilt, and makes streams of them.
func benchFleetOf(ctx context.Context, file string, stderr io.Writer) (*lab.Fleet, error) {
	clips, err := findClips("")
	if err != nil {
		return nil, usage(err)
	}
	if file == "" {
		file = filepath.Join(clips, lab.Clips[0].Path)
	}
	cache, err := clipCache()
	if err != nil {
		return nil, err
	}
	spoilt, err := lab.SpoiltClip(ctx, clips, cache, func(what string) { fmt.Fprintln(stderr, what) })
	if err != nil {
		return nil, err
	}
	good, err := measured(ctx, file)
	if err != nil {
		return nil, err
	}
	bad, err := measured(ctx, spoilt.File)
	if err != nil {
		return nil, err
	}
	fleet, err := lab.NewFleet(good)
	if err != nil {
		return nil, err
	}
	return fleet, fleet.Spoil(spoiltEvery, bad, spoilt.Wrong)
}

// measured are the records of a file.
func measured(ctx context.Context, file string) (records []*schemas.Feature, err error) {
	err = measureFile(ctx, file, func(f *schemas.Feature) error {
		records = append(records, f)
		return nil
	})
	return records, err
}
