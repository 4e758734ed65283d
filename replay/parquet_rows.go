package replay

import (
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// columnRows reads the features in a Parquet file of an export. It belongs to one goroutine.
type columnRows struct {
	contract *schemas.Contract
	reader   *parquet.GenericReader[any]
	rows     [1]parquet.Row
	// kind is the field of Feature that the rows are of, gather puts one together.
	kind   int
	gather gather
	// place is where each of the file's columns stands among ours; -1: this version does not have it.
	place  []int
	cursor cursor
}

func openColumns(file *os.File, c *schemas.Contract) (rows *columnRows, err error) {
	defer func() { // the file is anybody's
		if trip := recover(); trip != nil {
			err = fmt.Errorf("read Parquet: %v", trip)
		}
	}()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	opened, err := parquet.OpenFile(file, info.Size())
	if err != nil {
		return nil, fmt.Errorf("read Parquet: %w", err)
	}
	format, err := newParquet(&topology.Features.Spec, c)
	if err != nil {
		return nil, err
	}
	for i, t := range format.(*tables).tables {
		if t.schema.Name() != opened.Schema().Name() {
			continue
		}
		g := &gathering{leaves: placeColumns}
		rows = &columnRows{contract: c, reader: parquet.NewGenericReader[any](opened, opened.Schema()), kind: i, gather: g.record(reflect.TypeFor[schemas.Feature]().Field(i).Type.Elem(), false)}
		rows.cursor = cursor{make([][]parquet.Value, g.leaves), make([]int, g.leaves)}
		ours := map[string]int{}
		for column, path := range t.schema.Columns() {
			ours[strings.Join(path, ".")] = column
		}
		for _, path := range opened.Schema().Columns() {
			column, known := ours[strings.Join(path, ".")]
			if !known {
				column = -1
			}
			rows.place = append(rows.place, column)
		}
		return rows, nil
	}
	return nil, fmt.Errorf("read Parquet: its rows are of %.60q, which is no kind of feature", opened.Schema().Name())
}

// Next reads the next record, and returns io.EOF after the last. Its value is what it was, in the schema of today, but for text that was no UTF-8.
func (r *columnRows) Next(into *schemas.LogRecord) (err error) {
	defer func() {
		if trip := recover(); trip != nil {
			err = fmt.Errorf("read Parquet: %v", trip)
		}
	}()
	if n, err := r.reader.ReadRows(r.rows[:]); n == 0 {
		if err == nil {
			err = io.ErrNoProgress
		}
		return err
	}
	clear(r.cursor.columns)
	clear(r.cursor.at)
	r.rows[0].Range(func(column int, values []parquet.Value) bool {
		if column < len(r.place) && r.place[column] >= 0 {
			r.cursor.columns[r.place[column]] = values
		}
		return true
	})
	for _, column := range r.cursor.columns[:placeColumns] {
		if len(column) != 1 {
			return fmt.Errorf("read Parquet: %w", errColumn)
		}
	}
	key, about := r.cursor.columns[0][0], r.cursor.columns
	*into = schemas.LogRecord{Partition: about[1][0].Int32(), Offset: about[2][0].Int64(), Written: time.UnixMilli(about[3][0].Int64())}
	if !key.IsNull() {
		into.Key = append([]byte{}, key.ByteArray()...)
	}
	f := new(schemas.Feature)
	v := reflect.ValueOf(f).Elem().Field(r.kind)
	v.Set(reflect.New(v.Type().Elem()))
	if err := r.gather(&r.cursor, v.Elem()); err != nil {
		return fmt.Errorf("read Parquet: the record at offset %d: %w", into.Offset, err)
	}
	into.Value, err = schemas.Append(r.contract, schemas.Features, nil, f)
	return err
}
