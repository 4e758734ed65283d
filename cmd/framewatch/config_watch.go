package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.yaml.in/yaml/v3"
)

const (
	// settling is how long after the first sign of a change the files are looked at: they are rarely written in one go.
	settling = 500 * time.Millisecond
	// lookAgain is how often they are looked at without a sign: some file systems give none.
	lookAgain = time.Minute
	// largestWatched bounds what is read of a file to tell whether it has changed, bytes.
	largestWatched = 64 << 20
)

// fileDigest tells what some files hold apart from what they held before.
type fileDigest [sha256.Size]byte

// digestOf is that of a text and of files, which it reads. One that cannot be read counts by the reason, and a pipe by its name.
func digestOf(text []byte, files []string) (d fileDigest) {
	sum := sha256.New()
	_, _ = sum.Write(text)
	for _, file := range files {
		fmt.Fprintf(sum, "\x00%s\x00", file)
		info, err := os.Stat(file)
		if err == nil && info.Mode().IsRegular() {
			err = copyTo(sum, file)
		}
		if err != nil {
			fmt.Fprint(sum, err)
		}
	}
	sum.Sum(d[:0])
	return d
}

func copyTo(w io.Writer, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, io.LimitReader(f, largestWatched))
	return err
}

// digest is that of the configuration's files as they are now: that of seen while they are as they were read.
func (c Config) digest() fileDigest {
	text, err := os.ReadFile(c.path)
	if err != nil {
		text = []byte(err.Error())
	}
	return digestOf(text, c.secretFiles)
}

// files are those that the configuration was read from.
func (c Config) files() []string { return append([]string{c.path}, c.secretFiles...) }

// sectionDigests are those of the sections that a running process takes over whole: of what they say, and of what stands in the files that they name.
func sectionDigests(root *yaml.Node) map[string]fileDigest {
	var tree map[string]any
	if root == nil || root.Decode(&tree) != nil {
		return nil // it has been decoded before
	}
	digests := map[string]fileDigest{}
	for _, name := range []string{"console", "notifier"} {
		text, err := yaml.Marshal(tree[name])
		if err != nil {
			continue
		}
		files := filesBelow(name, tree[name])
		slices.Sort(files)
		digests[name] = digestOf(text, files)
	}
	return digests
}

// filesBelow are the files that a value, which stands under key, names: by keys that end in _file, and Alertmanager's templates.
func filesBelow(key string, value any) (files []string) {
	switch v := value.(type) {
	case map[string]any:
		for name, below := range v {
			files = append(files, filesBelow(name, below)...)
		}
	case map[any]any:
		for name, below := range v {
			files = append(files, filesBelow(fmt.Sprint(name), below)...)
		}
	case []any:
		for _, item := range v {
			files = append(files, filesBelow(key, item)...)
		}
	case string:
		if strings.HasSuffix(key, "_file") {
			files = []string{v}
		} else if key == "templates" {
			files, _ = filepath.Glob(v)
		}
	}
	return files
}

// stays tells that the configuration's file can be looked at again: what comes by a pipe comes once.
func (c Config) stays() bool {
	info, err := os.Stat(c.path)
	return err != nil || info.Mode().IsRegular()
}

// watchable tells that the configuration's file is to be looked at again.
func (a *app) watchable() bool {
	return a.started.path != "" && a.started.WatchConfig && a.started.stays()
}

// look tells whether the configuration's files are others than were read, and whether they rest, as they were at the look before. Half a file can be sound, and would
// end the streams of the other half: what is being written is other than it was.
func (a *app) look(before *fileDigest) (changed, rests bool) {
	last := a.lastRead()
	now := last.digest()
	changed, rests = now != last.seen, now == *before
	*before = now
	return changed, rests
}

// watches reads the configuration again when it, or a file with a secret that it names, has changed, until ctx ends. The directories are watched, and not the
// files: an editor puts a new file in the place of the old one, and Kubernetes a new directory behind a symbolic link.
func (a *app) watches(ctx context.Context) error {
	if !a.watchable() {
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
	watched := map[string]bool{}
	settled := time.After(0) // it may have changed since it was read
	var looked fileDigest    // of when they were last looked at
	for {
		// Also where that was refused: what is wrong may be mended in a file that only it names.
		a.follow(w, a.lastRead().files(), watched)
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
		changed, rests := a.look(&looked)
		if !changed {
			continue
		}
		if !rests {
			settled = time.After(settling)
			continue
		}
		_, _ = a.reload(ctx) // it says what is wrong
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
