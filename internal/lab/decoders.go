package lab

import (
	"bufio"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// decoders is a fleet of processes of ffmpeg that decode a live stream each, on one thread, and throw the pictures away.
type decoders struct {
	source *broadcast

	mu      sync.Mutex
	running []*decoderProcess
	// started counts all that ever ran.
	started int
}

// decoderProcess is one of them.
type decoderProcess struct {
	cancel context.CancelFunc
	done   chan struct{}
	// path is what it reads of the source, told when it was started.
	path string
	told time.Time

	mu sync.Mutex
	// media is how much it has decoded.
	media time.Duration
}

// Set makes it n streams. Those that go are gone when it returns.
func (d *decoders) Set(n int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.running) < n {
		d.started++
		p, err := startDecoder(d.source.url, fmt.Sprintf("/%d", d.started))
		if err != nil {
			return err
		}
		d.running = append(d.running, p)
	}
	for _, p := range d.running[n:] {
		p.cancel()
	}
	for _, p := range d.running[n:] {
		<-p.done
	}
	d.running = d.running[:n]
	return nil
}

// Late is how far behind the source each stream is.
func (d *decoders) Late(now time.Time) (late []time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range d.running {
		p.mu.Lock()
		media := p.media
		p.mu.Unlock()
		if sent, ok := d.source.sent(p.path, now); ok {
			late = append(late, sent-media)
		} else {
			late = append(late, now.Sub(p.told))
		}
	}
	return late
}

func startDecoder(url, path string) (*decoderProcess, error) {
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-nostdin", "-nostats", "-stats_period", "0.25", "-progress", "pipe:1", "-threads", "1",
		"-probesize", "2000000", "-analyzeduration", "1000000", "-i", url+path, "-threads", "1", "-f", "null", "-")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, err
	}
	p := &decoderProcess{cancel: cancel, done: make(chan struct{}), path: path, told: time.Now()}
	go func() {
		defer close(p.done)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if text, ok := strings.CutPrefix(lines.Text(), "out_time_us="); ok {
				if us, err := strconv.ParseInt(text, 10, 64); err == nil {
					p.mu.Lock()
					p.media = max(p.media, time.Duration(us)*time.Microsecond)
					p.mu.Unlock()
				}
			}
		}
		cmd.Wait()
	}()
	return p, nil
}
