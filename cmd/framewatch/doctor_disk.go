package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// The room that a disk should have: a part of it, or so many bytes where it is large.
const (
	scarce, scarceBytes       = 0.10, 20 << 30
	exhausted, exhaustedBytes = 0.02, 1 << 30
)

// checkDisk looks at the folders that are written: that they can be, and how much room there is.
func checkDisk(_ context.Context, p *patient) []finding {
	const name = "disk"
	folders := []struct{ key, path string }{{"data_dir", p.config.DataDir}}
	if store := p.config.Ingest.Evidence.Store.Directory; store != "" && p.config.Ingest.Evidence.Store.S3 == nil && p.runs("ingest") {
		if !filepath.IsAbs(store) {
			store = filepath.Join(p.config.DataDir, store)
		}
		folders = append(folders, struct{ key, path string }{"ingest.evidence.store.directory", store})
	}
	var findings []finding
	for _, f := range folders {
		findings = append(findings, judgeFolder(name, f.key, f.path))
	}
	return findings
}

// judgeFolder tells whether a folder, or the nearest above it that there is, can be written to.
func judgeFolder(check, key, path string) finding {
	what := fmt.Sprintf("%s (%s)", key, path)
	at, err := nearestFolder(path)
	if err == nil {
		err = writable(at)
	}
	if err != nil {
		return finding{check, statusFail, fmt.Sprintf("%s cannot be written to: %v", what, err), fmt.Sprintf("mount a writable folder there that belongs to uid %d, or set %s to one", os.Getuid(), key)}
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(at, &disk); err != nil {
		return finding{check, statusUnknown, fmt.Sprintf("%s: its disk does not tell its room: %v", what, err), "look with df"}
	}
	return judgeRoom(check, what, disk.Bavail*uint64(disk.Bsize), disk.Blocks*uint64(disk.Bsize))
}

// judgeRoom tells whether so many free bytes of so many are enough.
func judgeRoom(check, what string, free, all uint64) finding {
	part := 1.0
	if all > 0 {
		part = float64(free) / float64(all)
	}
	f := finding{Check: check, Status: statusOK, Detail: fmt.Sprintf("%s can be written to; %.1f GiB (%.0f %%) are free", what, float64(free)/(1<<30), 100*part)}
	switch {
	case part < exhausted && free < exhaustedBytes:
		f.Status, f.Remedy = statusFail, "make room: evidence has ingest.evidence.retain, the embedded broker's log the topics' retention"
	case part < scarce && free < scarceBytes:
		f.Status, f.Remedy = statusWarn, "make room soon: evidence has ingest.evidence.retain, the embedded broker's log the topics' retention"
	}
	return f
}

// nearestFolder is the folder, or the nearest above it that there is.
func nearestFolder(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	for {
		info, err := os.Stat(path)
		switch {
		case err == nil && !info.IsDir():
			return "", fmt.Errorf("%s is no folder", path)
		case err == nil:
			return path, nil
		case !errors.Is(err, fs.ErrNotExist) || path == filepath.Dir(path):
			return "", err
		}
		path = filepath.Dir(path)
	}
}

// writable writes an empty file and removes it again.
func writable(folder string) error {
	file, err := os.CreateTemp(folder, ".framewatch-doctor-")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}
