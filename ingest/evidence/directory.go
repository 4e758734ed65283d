package evidence

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

// directory is a Store in a directory of this machine, or of several. Files stand in folders by the first two digits of their name.
type directory string

// Put writes beside the place and renames, so that nobody sees half a file and a full disk leaves none.
func (d directory) Put(_ context.Context, name string, data []byte) error {
	path := d.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	part, err := os.CreateTemp(filepath.Dir(path), ".part-*")
	if err != nil {
		return err
	}
	defer os.Remove(part.Name())
	_, err = part.Write(data)
	if err == nil {
		err = part.Chmod(0o640)
	}
	if err == nil {
		err = part.Sync()
	}
	if closed := part.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(part.Name(), path)
	}
	return err
}

// Get reads the file.
func (d directory) Get(_ context.Context, name string) ([]byte, error) {
	f, err := os.Open(d.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotStored
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readMost(f, name)
}

// Delete removes the file.
func (d directory) Delete(_ context.Context, name string) error {
	if err := os.Remove(d.path(name)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// URI is a file: URL.
func (d directory) URI(name string) string {
	path, err := filepath.Abs(d.path(name))
	if err != nil {
		path = d.path(name)
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

func (d directory) path(name string) string { return filepath.Join(string(d), name[:2], name) }

// readMost reads all of r when that is no more than fileMost.
func readMost(r io.Reader, name string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, fileMost+1))
	if err == nil && len(data) > fileMost {
		err = fmt.Errorf("%s has more than %d bytes", name, fileMost)
	}
	return data, err
}
