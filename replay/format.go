package replay

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// format is a way of writing records into files.
type format interface {
	// place is the directory, within those of the export, of the files that the record belongs into, and the row that it becomes there, valid until
	// the next record. errNoRow says that it becomes none.
	place(r Record) (directory string, row any, err error)
	// open begins a file of a directory.
	open(w io.Writer, directory string) (encoder, error)
}

// encoder writes one file.
type encoder interface {
	append(r Record, row any) error
	// close writes what is left, told under which schema ids the values were written. The writer below stays open.
	close(ids []uint32) error
}

// errNoRow is of a tombstone, and of a record that cannot be read.
var errNoRow = errors.New("the record is no row")

// formats are the ways of writing. Their names are the files' extensions.
var formats = []struct {
	name string
	make func(topic *topology.Spec, c *schemas.Contract) (format, error)
}{
	{"parquet", newParquet},
	{"avro", newContainers},
	{"ndjson", newLines},
}

// Formats are the names of the formats of an Export.
func Formats() (names []string) {
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

func newFormat(name string, topic *topology.Spec, c *schemas.Contract) (format, error) {
	i := slices.Index(Formats(), name)
	if i < 0 {
		return nil, fmt.Errorf("the format %q is none of %s", name, strings.Join(Formats(), ", "))
	}
	return formats[i].make(topic, c)
}
