package evidence

import (
	"context"
	"errors"
	"fmt"
	"regexp"
)

// StoreConfig is where what belongs to a defect is kept: in a directory or in a bucket; with neither, nothing is kept.
type StoreConfig struct {
	// Directory is made when it is not there.
	Directory string `yaml:"directory"`
	// S3 is a bucket of an S3-compatible server; it is used instead of the directory.
	S3 *S3Config `yaml:"s3"`
}

// Validate names the first value that cannot be.
func (c StoreConfig) Validate() error {
	if c.S3 == nil {
		return nil
	}
	return c.S3.Validate()
}

// Store keeps files by name. What stands under a name is whole or not there. It is safe for concurrent use.
type Store interface {
	// Put stores a file, in the place of one that has the name.
	Put(ctx context.Context, name string, data []byte) error
	// Get reads a file of at most fileMost bytes; ErrNotStored when there is none.
	Get(ctx context.Context, name string) ([]byte, error)
	// Delete removes a file; that there is none is no error.
	Delete(ctx context.Context, name string) error
	// URI tells people and programs where a file is.
	URI(name string) string
}

// ErrNotStored says that the store holds no file of the name.
var ErrNotStored = errors.New("no such file")

// fileMost bounds a file that is read, in bytes.
const fileMost = 256 << 20

// OpenStore is the configured store, nil when there is none. It reads and writes nothing yet.
func OpenStore(c StoreConfig) (Store, error) {
	switch {
	case c.S3 != nil:
		return openS3(*c.S3)
	case c.Directory != "":
		return directory(c.Directory), nil
	}
	return nil, nil
}

// strip is the extension of filmstrips.
const strip = "jpg"

// types are the content types of what is stored by its extension.
var types = map[string]string{strip: "image/jpeg", "mp4": "video/mp4", "webm": "video/webm", "ts": "video/mp2t", "mkv": "video/x-matroska"}

// fileName is a name of what is stored: a defect's id and an extension.
var fileName = regexp.MustCompile(`^([0-9a-f]{32})\.([a-z0-9]{2,4})$`)

// name is that of a defect's file. It has no secrets and is the same whoever stores it.
func name(defect, extension string) (string, error) {
	name := defect + "." + extension
	return name, checkName(name)
}

// checkName tells what is wrong with the name of a file.
func checkName(name string) error {
	m := fileName.FindStringSubmatch(name)
	if m == nil || types[m[2]] == "" {
		return fmt.Errorf("%q is no name of a file here: a defect's id and one of the extensions jpg, mp4, webm, ts, mkv", name)
	}
	return nil
}

// typeOf is the content type of a file.
func typeOf(name string) string { return types[fileName.FindStringSubmatch(name)[2]] }
