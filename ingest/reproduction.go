package ingest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"
)

const (
	// reproductionLength bounds one reproduction, and reproductionAfter what of it lies after the place that the decoder was last seen at, if
	// there is enough before it; bytes.
	reproductionLength, reproductionAfter = 2 << 20, 1 << 20
	// reproductionsMost bounds how many are kept of all streams: 40 MB.
	reproductionsMost = 20
)

// reproductions are files with what workers were fed when they kept crashing, for whoever mends the decoder. The oldest go first. It is safe
// for concurrent use.
type reproductions struct {
	// dir holds nothing else; empty: none are kept.
	dir string
	mu  sync.Mutex
}

// unfit is what does not go into a file's name.
var unfit = regexp.MustCompile(`[^a-zA-Z0-9_-]+`)

// Keep writes data to a new file that is named for the stream and the time, and returns its path.
func (r *reproductions) Keep(stream string, now time.Time, data []byte) (path string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return "", fmt.Errorf("keep a reproduction: %w", err)
	}
	name := unfit.ReplaceAllString(stream, "_")
	name = now.UTC().Format("20060102T150405.000000") + "-" + name[:min(len(name), 60)] + ".bin"
	path = filepath.Join(r.dir, name)
	if err := os.WriteFile(path, data[:min(len(data), reproductionLength)], 0o600); err != nil {
		return "", fmt.Errorf("keep a reproduction: %w", err)
	}
	return path, r.thin()
}

// thin removes the oldest, whose names come first.
func (r *reproductions) thin() error {
	files, err := filepath.Glob(filepath.Join(r.dir, "*.bin"))
	if err != nil {
		return err
	}
	for _, old := range files[:max(0, len(files)-reproductionsMost)] {
		if err := os.Remove(old); err != nil {
			return fmt.Errorf("thin out reproductions: %w", err)
		}
	}
	return nil
}

// recent keeps what a worker was fed around the place that its decoder has come to. It is safe for concurrent use.
type recent struct {
	mu     sync.Mutex
	chunks [][]byte
	// begin is where the first chunk begins in what was fed, end where the last ends, taken the place; bytes.
	begin, end, taken int64
}

// recentMost bounds what is kept: what a worker may store, what its pipes hold, and what lies before the place.
const recentMost = intakeMost + reproductionLength

// Write takes what is fed.
func (r *recent) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.chunks = append(r.chunks, append([]byte(nil), b...))
	r.end += int64(len(b))
	r.drop(r.end - recentMost)
	return len(b), nil
}

// Taken tells what of it the decoder has taken at least.
func (r *recent) Taken(n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n < r.taken || n > r.end { // a worker may say anything
		return
	}
	r.taken = n
	r.drop(n - reproductionLength)
}

// drop lets go of chunks that end before the place at.
func (r *recent) drop(at int64) {
	for len(r.chunks) > 0 && r.begin+int64(len(r.chunks[0])) <= at {
		r.begin += int64(len(r.chunks[0]))
		r.chunks[0] = nil
		r.chunks = r.chunks[1:]
	}
}

// Bytes is what lies around the place.
func (r *recent) Bytes() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	to := min(r.end, max(r.taken+reproductionAfter, r.begin+reproductionLength))
	from := max(r.begin, to-reproductionLength)
	all := bytes.Join(r.chunks, nil)
	return all[from-r.begin : to-r.begin]
}
