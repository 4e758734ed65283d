package ingest

import (
	"fmt"
	"log/slog"
	"os"
	"sync"
	"syscall"
)

// Exposures warns of files with secrets that every user of this machine may read, of each file once. It is safe for concurrent use.
type Exposures struct {
	mu   sync.Mutex
	told map[identity]bool
}

// identity is that of a file, however its path is written.
type identity struct{ device, inode uint64 }

// othersRead is the permission of users who are neither owner nor group to read.
const othersRead = 0o004

// Check warns when the file at path is such a one.
func (e *Exposures) Check(log *slog.Logger, path string) {
	info, err := os.Stat(path)
	if err != nil || info.Mode()&othersRead == 0 {
		return
	}
	if e.first(info) {
		log.Warn("every user of this machine may read a file with a secret", "file", path, "mode", fmt.Sprintf("%04o", info.Mode().Perm()), "remedy", "chmod o-rwx "+path)
	}
}

// first tells that a file has not been asked about before.
func (e *Exposures) first(info os.FileInfo) bool {
	stat := info.Sys().(*syscall.Stat_t)
	id := identity{stat.Dev, stat.Ino}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.told[id] {
		return false
	}
	if e.told == nil {
		e.told = map[identity]bool{}
	}
	e.told[id] = true
	return true
}
