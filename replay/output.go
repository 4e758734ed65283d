package replay

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/framewatch/framewatch/schemas"
)

// storage is a file that is written.
type storage interface {
	io.WriteCloser
	Sync() error
}

func create(path string) (storage, error) { return os.Create(path) }

// output is a file while it is being written, under a name that is not its own.
type output struct {
	path    string
	file    storage
	buffer  *bufio.Writer
	digest  hash.Hash
	encoder encoder
	about   File
	ids     map[uint32]bool
}

func begin(create func(string) (storage, error), path string, f format, group string) (*output, error) {
	file, err := create(path)
	if err != nil {
		return nil, err
	}
	o := &output{path: path, file: file, digest: sha256.New(), ids: map[uint32]bool{}}
	o.buffer = bufio.NewWriterSize(o, 1<<20)
	if o.encoder, err = f.open(o.buffer, group); err != nil {
		o.abandon()
		return nil, err
	}
	return o, nil
}

// Write is what the buffer writes to.
func (o *output) Write(p []byte) (int, error) {
	n, err := o.file.Write(p)
	o.digest.Write(p[:n])
	o.about.Bytes += int64(n)
	return n, err
}

func (o *output) append(r Record, row any) error {
	if o.about.Rows == 0 {
		o.about.Partition, o.about.FirstOffset = r.Partition, r.Offset
	}
	o.about.LastOffset = r.Offset
	o.about.Rows++
	if id, err := schemas.WireID(r.Value); err == nil {
		o.ids[id] = true
	}
	return o.encoder.append(r, row)
}

// finish writes what is left, down to the disk.
func (o *output) finish() error {
	o.about.SchemaIDs = slices.AppendSeq([]uint32{}, maps.Keys(o.ids))
	slices.Sort(o.about.SchemaIDs)
	err := o.encoder.close(o.about.SchemaIDs)
	if err == nil {
		err = o.buffer.Flush()
	}
	if err == nil {
		err = o.file.Sync()
	}
	if err = errors.Join(err, o.file.Close()); err != nil {
		return err
	}
	o.about.SHA256 = hex.EncodeToString(o.digest.Sum(nil))
	return nil
}

// abandon does nothing to a file that has been finished and renamed.
func (o *output) abandon() {
	o.file.Close()
	os.Remove(o.path)
}
