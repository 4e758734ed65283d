package replay

import (
	"context"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// Storage is what an Export writes a file to.
type Storage = storage

// Create makes a file as an Export does.
var Create = create

// Creating makes an Export make its files in another way.
func (e Export) Creating(create func(path string) (Storage, error)) Export {
	e.create = create
	return e
}

// LimitFiles bounds how many files are open at a time, until the test ends.
func LimitFiles(t interface{ Cleanup(func()) }, most int) {
	before := mostFiles
	t.Cleanup(func() { mostFiles = before })
	mostFiles = most
}

// LimitRows bounds the rows of a batch and of a row group, until the test ends.
func LimitRows(t interface{ Cleanup(func()) }, batch, group int) {
	batchBefore, groupBefore := batchRows, groupRows
	t.Cleanup(func() { batchRows, groupRows = batchBefore, groupBefore })
	batchRows, groupRows = batch, group
}

// Spend waits as a reading of so many bytes a second does after it has read some.
func Spend(ctx context.Context, bytesPerSecond int64, bytes ...int) error {
	p := newPace(bytesPerSecond)
	for _, n := range bytes {
		if err := p.spend(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// Columns are those of the topic's tables, by kind.
func Columns(topic *topology.Spec) (map[string][]string, error) {
	f, err := newParquet(topic, schemas.Baked())
	if err != nil {
		return nil, err
	}
	columns := map[string][]string{}
	for i, t := range f.(*tables).tables {
		for _, field := range t.schema.Fields() {
			columns[f.(*tables).rows.kinds[i].name] = append(columns[f.(*tables).rows.kinds[i].name], field.Name())
		}
	}
	return columns, nil
}

// TickTable makes the table of Tick as if its schema had this text.
func TickTable(text string) error {
	kinds := features(schemas.Baked()).kinds
	for _, k := range kinds {
		if k.name == "tick" {
			k.schema = text
			_, err := newTable(k, &topology.Features.Spec, schemas.Baked())
			return err
		}
	}
	return nil
}
