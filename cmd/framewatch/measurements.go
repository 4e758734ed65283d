package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/schemas"
)

const (
	// measuredKept is how long what another build of this program has measured is kept.
	measuredKept = 7 * 24 * time.Hour
	// largestMeasured bounds a record in a file of the cache, bytes.
	largestMeasured = 4 << 20
)

// measurements are what was measured of clips, each once: whoever tries other rules on them need not decode them again. They are kept in a folder of the cache
// that is this build's own, since another may measure otherwise.
type measurements struct {
	config    Config
	directory string
	contract  *schemas.Contract
}

// newMeasurements makes the folder below cache.
func newMeasurements(config Config, cache string) (*measurements, error) {
	build, err := thisBuild()
	if err != nil {
		return nil, fmt.Errorf("read this program: %w", err)
	}
	all := filepath.Join(cache, "measured")
	m := &measurements{config: config, directory: filepath.Join(all, build), contract: schemas.Baked()}
	if err := os.MkdirAll(m.directory, 0o755); err != nil {
		return nil, fmt.Errorf("keep what is measured: %w", err)
	}
	now := time.Now()
	return m, errors.Join(os.Chtimes(m.directory, now, now), forget(all, now.Add(-measuredKept)))
}

// thisBuild is the digest of the program itself.
var thisBuild = sync.OnceValues(func() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	return digest(path, nil)
})

// forget removes the folders that no run has used since an instant.
func forget(all string, since time.Time) error {
	entries, err := os.ReadDir(all)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if info.ModTime().Before(since) {
			if err := os.RemoveAll(filepath.Join(all, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// digest is that of a file's bytes and more.
func digest(path string, more []byte) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	h.Write(more)
	return fmt.Sprintf("%x", h.Sum(nil)[:12]), nil
}

// thisRun tells a playlist of this run from the same of another, when its segments may be others.
var thisRun = sync.OnceValue(func() []byte { return []byte(rand.Text()) })

// file is what was measured of a clip, once that is done.
func (m *measurements) file(ctx context.Context, clip string) (string, error) {
	var run []byte
	if slices.Contains([]string{".m3u8", ".mpd"}, filepath.Ext(clip)) {
		run = thisRun()
	}
	name, err := digest(clip, run)
	if err != nil {
		return "", err
	}
	path := filepath.Join(m.directory, name)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return path, err
	}
	return path, m.measure(ctx, clip, path)
}

// measure writes the file, whole or not at all.
func (m *measurements) measure(ctx context.Context, clip, path string) (err error) {
	f, err := os.CreateTemp(m.directory, "unfinished-*")
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err == nil {
			err = os.Rename(f.Name(), path)
		}
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	out, value := bufio.NewWriter(f), []byte(nil)
	c := ingest.MeasureConfig{URL: clip, Sandbox: m.config.Ingest.Sandbox, WorkerMemory: m.config.Ingest.WorkerMemory}
	err = ingest.Measure(ctx, c, func(r *schemas.Feature) error {
		if value, err = schemas.Append(m.contract, schemas.Features, value[:0], r); err != nil {
			return err
		}
		out.Write(binary.AppendUvarint(nil, uint64(len(value))))
		_, err := out.Write(value)
		return err
	})
	return errors.Join(err, out.Flush())
}

// each hands what was measured of a clip to handle, record by record; a record is valid until the next.
func (m *measurements) each(ctx context.Context, clip string, handle func(*schemas.Feature)) error {
	path, err := m.file(ctx, clip)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	in, reader, value := bytes.NewReader(text), schemas.NewReader(m.contract, schemas.Features), []byte(nil)
	for in.Len() > 0 {
		length, err := binary.ReadUvarint(in)
		if err != nil || length > min(uint64(in.Len()), largestMeasured) {
			return fmt.Errorf("%s is damaged: remove it", path)
		}
		value = slices.Grow(value[:0], int(length))[:length]
		if _, err := io.ReadFull(in, value); err != nil {
			return err
		}
		record, err := reader.Read(value)
		if err != nil {
			return fmt.Errorf("%s is damaged, remove it: %w", path, err)
		}
		handle(record)
	}
	return ctx.Err()
}
