package schemas

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/twmb/avro"
	"github.com/twmb/avro/ocf"
)

// envelope is the schema of a record in a Container; its last field is the value's. A ContainerReader knows its fields.
const envelope = `{"type":"record","name":"LogRecord","doc":"A record of the log.","fields":[` +
	`{"name":"partition","type":"int"},{"name":"offset","type":"long"},` +
	`{"name":"written","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When it was written, which is not media time."},` +
	`{"name":"key","type":["null","string"]},{"name":"value","type":%s}]}`

// Container writes records of the log into an Avro object container file, their values in the schema that they were written with. Its bytes depend on
// the records alone.
type Container struct {
	file *ocf.Writer
	row  []byte
}

// NewContainer begins a file of values that were written under id.
func NewContainer(w io.Writer, c *Contract, id uint32) (*Container, error) {
	text, ok := c.Text(id)
	if !ok {
		return nil, fmt.Errorf("write an object container: schema id %d is unknown", id)
	}
	schema, err := avro.Parse(fmt.Sprintf(envelope, text))
	if err != nil {
		return nil, fmt.Errorf("write an object container of schema id %d: %w", id, err)
	}
	sum := sha256.Sum256([]byte(schema.String()))
	file, err := ocf.NewWriter(w, schema, ocf.WithCodec(ocf.DeflateCodec(6)), ocf.WithSyncMarker([16]byte(sum[:16])), ocf.WithBlockBytes(1<<20))
	if err != nil {
		return nil, err
	}
	return &Container{file: file}, nil
}

// Append adds a record. Its value is in Confluent's wire format, under the file's id, and has been checked; a nil key is none.
func (c *Container) Append(partition int32, offset int64, written time.Time, key, value []byte) error {
	row := binary.AppendVarint(c.row[:0], int64(partition))
	row = binary.AppendVarint(row, offset)
	row = binary.AppendVarint(row, written.UnixMilli())
	if key == nil {
		row = append(row, 0)
	} else {
		key = bytes.ToValidUTF8(key, []byte("\uFFFD"))
		row = append(binary.AppendVarint(append(row, 2), int64(len(key))), key...)
	}
	c.row = append(row, value[headerSize:]...)
	_, err := c.file.Write(c.row)
	return err
}

// Close writes what is left. The writer below stays open.
func (c *Container) Close() error { return c.file.Close() }
