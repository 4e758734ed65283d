package replay

import (
	"fmt"
	"io"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// containers are Avro object container files, one for each schema that values were written with.
type containers struct {
	contract *schemas.Contract
	generic  *schemas.Generic
	// ids of the schemas by the files' directory.
	ids map[string]uint32
}

func newContainers(_ *topology.Spec, c *schemas.Contract) (format, error) {
	return &containers{c, schemas.NewGeneric(c), map[string]uint32{}}, nil
}

func (f *containers) place(r Record) (string, any, error) {
	if r.Value == nil || f.generic.Check(r.Value) != nil {
		return "", nil, errNoRow
	}
	id, err := schemas.WireID(r.Value)
	directory := fmt.Sprintf("schema=%d", id)
	f.ids[directory] = id
	return directory, nil, err
}

func (f *containers) open(w io.Writer, directory string) (encoder, error) {
	file, err := schemas.NewContainer(w, f.contract, f.ids[directory])
	return containerFile{file}, err
}

type containerFile struct{ *schemas.Container }

func (f containerFile) append(r Record, _ any) error {
	return f.Append(r.Partition, r.Offset, r.Time, r.Key, r.Value)
}

func (f containerFile) close([]uint32) error { return f.Close() }
