package replay

import (
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// How many rows are taken apart before their columns are written, few enough for a core's cache, and how many make a row group.
var batchRows, groupRows = 64, 1 << 16

// tables are Parquet files, one table for each kind of record.
type tables struct {
	rows   rows
	tables []*table
	// byDirectory finds them.
	byDirectory map[string]*table
}

func newParquet(topic *topology.Spec, c *schemas.Contract) (format, error) {
	make, ok := typed[topic.Type]
	if !ok {
		return nil, fmt.Errorf("values of the topic %s have no columns", topic.Name)
	}
	f := &tables{rows: make(c), byDirectory: map[string]*table{}}
	for _, k := range f.rows.kinds {
		t, err := newTable(k, topic, c)
		if err != nil {
			return nil, fmt.Errorf("make columns of %s: %w", k.name, err)
		}
		if len(f.rows.kinds) > 1 {
			t.directory = "kind=" + k.name
		}
		f.tables = append(f.tables, t)
		f.byDirectory[t.directory] = t
	}
	return f, nil
}

func (f *tables) place(r Record) (string, any, error) {
	if r.Value == nil {
		return "", nil, errNoRow
	}
	kind, row, err := f.rows.read(r.Value)
	if err != nil {
		return "", nil, errNoRow
	}
	return f.tables[kind].directory, row, nil
}

func (f *tables) open(w io.Writer, directory string) (encoder, error) {
	t := f.byDirectory[directory]
	return &tableFile{
		table: t, batch: batch{values: make([][]parquet.Value, t.leaves)},
		file: parquet.NewGenericWriter[any](w, append([]parquet.WriterOption{t.schema, parquet.Compression(&parquet.Zstd)}, t.metadata...)...),
	}, nil
}

// table is one kind of record as columns.
type table struct {
	// directory is empty where there is no other kind.
	directory string
	schema    *parquet.Schema
	metadata  []parquet.WriterOption
	leaves    int
	shred     shred
}

// placeColumns are where the record stands in the log; they come first.
const placeColumns = 4

func newTable(k kind, topic *topology.Spec, c *schemas.Contract) (*table, error) {
	s := &shape{root: newOrdered(), leaves: placeColumns}
	s.root.add(strings.ReplaceAll(topic.Key, " ", "_"), parquet.Optional(parquet.Encoded(parquet.String(), &parquet.RLEDictionary)))
	s.root.add("kafka_partition", parquet.Leaf(parquet.Int32Type))
	s.root.add("kafka_offset", parquet.Encoded(parquet.Leaf(parquet.Int64Type), &parquet.DeltaBinaryPacked))
	s.root.add("written", parquet.Encoded(parquet.Timestamp(parquet.Millisecond), &parquet.DeltaBinaryPacked))
	t := &table{shred: s.record("", k.record, false)}
	t.leaves, t.schema = s.leaves, parquet.NewSchema(k.name, s.root)
	described, err := describe(k.schema, k.record.Name())
	if err == nil {
		err = described.compare(s.root.names[placeColumns:])
	}
	if err != nil {
		return nil, err
	}
	docs, err := described.text()
	t.metadata = []parquet.WriterOption{
		parquet.KeyValueMetadata("framewatch.topic", topic.Name),
		parquet.KeyValueMetadata("framewatch.schema", topic.Type),
		parquet.KeyValueMetadata("framewatch.schema_id", fmt.Sprint(topic.ID(c))),
		parquet.KeyValueMetadata("framewatch.docs", docs),
	}
	return t, err
}

// tableFile is one file of a table.
type tableFile struct {
	table *table
	file  *parquet.GenericWriter[any]
	batch batch
	// rows of the batch, and those of the row group that are written.
	rows, written int
}

func (f *tableFile) append(r Record, row any) error {
	if r.Key == nil {
		f.batch.put(0, 0, 0, parquet.Value{})
	} else {
		f.batch.put(0, 0, 1, f.batch.text(string(r.Key)))
	}
	f.batch.put(1, 0, 0, parquet.Int32Value(r.Partition))
	f.batch.put(2, 0, 0, parquet.Int64Value(r.Offset))
	f.batch.put(3, 0, 0, parquet.Int64Value(r.Time.UnixMilli()))
	f.table.shred(&f.batch, reflect.ValueOf(row).Elem(), 0)
	if f.rows++; f.rows < batchRows {
		return nil
	}
	return f.flush()
}

// flush writes the batch.
func (f *tableFile) flush() error {
	for i, column := range f.file.ColumnWriters() {
		if _, err := column.WriteRowValues(f.batch.values[i]); err != nil {
			return err
		}
	}
	f.written += f.rows
	f.rows = 0
	f.batch.clear()
	if f.written < groupRows {
		return nil
	}
	f.written = 0
	return f.file.Flush()
}

func (f *tableFile) close(ids []uint32) error {
	if f.rows > 0 {
		if err := f.flush(); err != nil {
			return err
		}
	}
	f.file.SetKeyValueMetadata("framewatch.writer_schema_ids", strings.Trim(fmt.Sprint(ids), "[]"))
	return f.file.Close()
}
