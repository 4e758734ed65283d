package lab

import (
	"errors"
	"os"
	"path/filepath"
)

// Keep writes a file of the cache in one step, under another name first: whoever finds it finds all of it.
func Keep(file string, data []byte) error {
	part, err := os.CreateTemp(filepath.Dir(file), "keeping-*")
	if err != nil {
		return err
	}
	defer os.Remove(part.Name())
	_, err = part.Write(data)
	if err = errors.Join(err, part.Chmod(0o644), part.Close()); err != nil {
		return err
	}
	return os.Rename(part.Name(), file)
}
