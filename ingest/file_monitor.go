package ingest

import (
	"fmt"
	"os"

	"github.com/framewatch/framewatch/ingest/source"
	"github.com/framewatch/framewatch/ingest/transport"
	"github.com/framewatch/framewatch/schemas"
)

const (
	// peekMost is how much of a file's beginning is looked at for what it is and carries, in bytes.
	peekMost = 1 << 20
	// leapMost is how far a worker may have come from one unit to the next, in bytes: what is in between is read here, so that a worker must not name
	// just any place. A file that is longer without a picture or sound is not looked at in between.
	leapMost = 256 << 20
)

// fileMonitor shows the monitor what a worker that opens an MPEG-TS file itself has read of it: the packets in front of what was decoded last. One
// goroutine.
type fileMonitor struct {
	file    *os.File
	owned   bool
	monitor *transport.Monitor
	// at is how far the monitor has seen the round.
	at place
	// first is what the file's beginning says of programmes.
	first  *[]schemas.Programme
	buffer [64 << 10]byte
}

// openMonitor lets the job tell its places, and is nil, on which all methods may be called, for one that reads no file with MPEG-TS, or none that can be
// read twice. The job's own file remains its own.
func openMonitor(j *job, monitor *transport.Monitor) *fileMonitor {
	file, owned := j.opened, false
	if file == nil {
		file, owned = openFile(j.Path), true
	}
	if file == nil {
		return nil
	}
	beginning := make([]byte, peekMost)
	n, _ := file.ReadAt(beginning, 0)
	if !source.IsTransport(beginning[:n]) {
		if owned {
			file.Close()
		}
		return nil
	}
	j.Places = true
	peek := transport.New()
	peek.Write(beginning[:n])
	monitor.Discontinuity()
	return &fileMonitor{file: file, owned: owned, monitor: monitor, first: peek.Programmes()}
}

// openFile opens the regular file that a URL names; nil: there is none, or it cannot be read, which is the worker's to tell.
func openFile(url string) *os.File {
	if scheme, err := source.Lookup(url); err != nil || scheme.Name != "file" {
		return nil
	}
	path := source.LocalPath(url)
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() { // opening a FIFO would wait
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	return file
}

// To shows what lies in front of p. An error tells that a worker cannot have come there.
func (f *fileMonitor) To(p place) error {
	switch {
	case f == nil || p.Round < f.at.Round || p.Round > f.at.Round+1 || p.Offset < 0:
		return fmt.Errorf("a worker is at byte %d in round %d", p.Offset, p.Round)
	case p.Round > f.at.Round:
		f.show(leapMost)
		f.monitor.Discontinuity()
		f.at = place{Round: p.Round}
	}
	switch ahead := p.Offset - f.at.Offset; {
	case ahead > leapMost:
		f.monitor.Discontinuity()
		f.at.Offset = p.Offset
	case ahead > 0:
		f.show(ahead)
	}
	return nil
}

// Close closes the file unless it is the job's.
func (f *fileMonitor) Close() {
	if f != nil && f.owned {
		f.file.Close()
	}
}

// End shows what is left of the file: the worker has read it all.
func (f *fileMonitor) End() {
	if f != nil {
		f.show(leapMost)
	}
}

// Programmes is what the monitor's tables say up to now, before the first of them what the file's beginning says.
func (f *fileMonitor) Programmes(monitor *transport.Monitor) *[]schemas.Programme {
	if p := monitor.Programmes(); p != nil || f == nil {
		return p
	}
	return f.first
}

// show shows the next bytes, or what is left of them in the file.
func (f *fileMonitor) show(bytes int64) {
	for bytes > 0 {
		n, err := f.file.ReadAt(f.buffer[:min(bytes, int64(len(f.buffer)))], f.at.Offset)
		f.monitor.Write(f.buffer[:n])
		f.at.Offset += int64(n)
		bytes -= int64(n)
		if err != nil {
			return
		}
	}
}
