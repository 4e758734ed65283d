package access

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Open opens the regular file at path if it lies, with its symbolic links followed, below one of the configured directories. What it was
// checked is what is opened: a link that is changed meanwhile leads nowhere. The caller closes it. Of paths outside nothing is told. A
// personal policy leaves all that to who opens the path: the file is nil then.
func (p *Policy) Open(path string) (*os.File, error) {
	if p.trusting {
		return nil, nil
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	for _, directory := range p.config.Directories {
		if !below(filepath.Clean(directory), path) {
			continue
		}
		f, err := openBelow(directory, path)
		if errors.As(err, new(Denied)) {
			continue
		}
		return f, err
	}
	if len(p.config.Directories) == 0 {
		return nil, Denied{"reading the file", "ingest.access.directories is empty; list the directory that it lies in"}
	}
	return nil, Denied{"reading the file", fmt.Sprintf("it does not lie in ingest.access.directories (%s)", strings.Join(p.config.Directories, ", "))}
}

func openBelow(directory, path string) (*os.File, error) {
	directory, err := filepath.EvalSymlinks(directory)
	if err != nil {
		return nil, plainError(err)
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, plainError(err)
	}
	if !below(directory, real) {
		return nil, Denied{"reading the file", "it lies outside"}
	}
	root, err := os.OpenRoot(directory)
	if err != nil {
		return nil, plainError(err)
	}
	defer root.Close()
	name, err := filepath.Rel(directory, real)
	if err != nil {
		return nil, err
	}
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe without a writer does not hold us up
	if err != nil {
		return nil, plainError(err)
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, errors.New("open the file: it is no regular file")
	}
	return f, nil
}

// below tells whether path is in directory; both are absolute and clean.
func below(directory, path string) bool {
	return strings.HasPrefix(path, strings.TrimSuffix(directory, "/")+"/")
}

// plainError is why a file could not be opened, without its path, which may hold a secret.
func plainError(err error) error {
	var e *os.PathError
	if errors.As(err, &e) {
		return fmt.Errorf("open the file: %w", e.Err)
	}
	return err
}
