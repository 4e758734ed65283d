package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// settling is how long after the first sign of a change the files are looked at: they are rarely written in one go.
	settling = 500 * time.Millisecond
	// lookAgain is how often they are looked at without a sign: some file systems give none. A configuration that the log did not take is tried again then, too.
	lookAgain = time.Minute
	// largestWatched bounds what is read of a file to tell whether it has changed, bytes.
	largestWatched = 64 << 20
)

// fileDigest tells what some files hold apart from what they held before.
type fileDigest [sha256.Size]byte

// digestOf reads files. One that cannot be read counts by the reason.
func digestOf(files []string) (d fileDigest) {
	sum := sha256.New()
	for _, file := range files {
		fmt.Fprintf(sum, "\x00%s\x00", file)
		f, err := os.Open(file)
		if err != nil {
			fmt.Fprint(sum, err)
			continue
		}
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			_, _ = io.Copy(sum, io.LimitReader(f, largestWatched))
		}
		f.Close()
	}
	sum.Sum(d[:0])
	return d
}

// files are those that the configuration was read from.
func (c Config) files() []string { return append([]string{c.path}, c.secretFiles...) }

// watches reads the configuration again when it, or a file with a secret that it names, has changed, until ctx ends. The directories are watched, and not the
// files: an editor puts a new file in the place of the old one, and Kubernetes a new directory behind a symbolic link.
func (a *app) watches(ctx context.Context) error {
	if a.started.path == "" || !a.started.WatchConfig {
		return nil
	}
	var events <-chan fsnotify.Event
	var failures <-chan error
	w, err := fsnotify.NewWatcher()
	if err != nil {
		a.log.Warn("no signs of a change of the configuration file can be had, so it is looked at each minute", "error", err)
	} else {
		defer w.Close()
		events, failures = w.Events, w.Errors
	}
	look := time.NewTicker(lookAgain)
	defer look.Stop()
	tried, watched := a.inForce().seen, map[string]bool{}
	files := a.inForce().files()
	a.follow(w, files, watched)
	settled := time.After(0) // it may have changed since it was read
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-events:
			if settled == nil {
				settled = time.After(settling)
			}
			continue
		case err := <-failures:
			a.log.Debug("watch the configuration file", "error", err)
			continue
		case <-settled:
			settled = nil
		case <-look.C:
		}
		now := digestOf(files)
		if now == tried || now == a.inForce().seen {
			continue
		}
		tried = now
		if _, err := a.reload(ctx); errors.Is(err, errUnpublished) {
			tried = fileDigest{}
		}
		files = a.inForce().files()
		a.follow(w, files, watched)
	}
}

// follow watches the directories of files, and of what they are links to, that are not watched yet; w is nil where nothing can be watched.
func (a *app) follow(w *fsnotify.Watcher, files []string, watched map[string]bool) {
	if w == nil {
		return
	}
	for _, file := range files {
		directories := []string{filepath.Dir(file)}
		if real, err := filepath.EvalSymlinks(file); err == nil {
			directories = append(directories, filepath.Dir(real))
		}
		for _, d := range directories {
			if watched[d] {
				continue
			}
			watched[d] = true
			if err := w.Add(d); err != nil {
				a.log.Warn("no signs of a change can be had from a directory, so its files are looked at each minute", "directory", d, "error", err)
			}
		}
	}
}
