package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/framewatch/framewatch/schemas"
)

// mostRead bounds how many files of a partition are read side by side: those of several schemas, and around the turn of an hour. Each may hold two blocks of 4 MiB.
const mostRead = 16

// Files are the records in the files of an export, each with the bytes that it had on the log, or with the same meaning. They can be read any number of times.
type Files struct {
	directory string
	files     []File
	contract  *schemas.Contract
}

// OpenFiles finds what an export has left at path: its directory, or one of its files. The contract learns the schemas of what is read.
func OpenFiles(path string, c *schemas.Contract) (*Files, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return openExport(path, c)
	}
	f := &Files{directory: filepath.Dir(path), contract: c, files: []File{{Path: filepath.Base(path)}}}
	file, err := f.open(f.files[0])
	if err != nil {
		return nil, err
	}
	defer file.close()
	f.files[0].Partition, f.files[0].FirstOffset = file.record.Partition, file.record.Offset
	return f, nil
}

func openExport(directory string, c *schemas.Contract) (*Files, error) {
	m, err := ReadManifest(directory)
	if err != nil {
		return nil, err
	}
	for _, f := range m.Files {
		if !filepath.IsLocal(filepath.FromSlash(f.Path)) {
			return nil, fmt.Errorf("%s: its manifest names the file %q, which is not in it", directory, f.Path)
		}
	}
	if err := (done{Files: m.Files}).there(directory); err != nil {
		return nil, fmt.Errorf("the export in %s is not whole: %w", directory, err)
	}
	return &Files{directory: directory, files: m.Files, contract: c}, nil
}

// PartitionNumbers are those of which there are records.
func (f *Files) PartitionNumbers(context.Context) (numbers []int32, err error) {
	for _, file := range f.files {
		numbers = append(numbers, file.Partition)
	}
	slices.Sort(numbers)
	return slices.Compact(numbers), nil
}

// Only leaves but these partitions to be read; none: all. It is an error where there is nothing of one.
func (f *Files) Only(partitions []int32) error {
	if len(partitions) == 0 {
		return nil
	}
	held, err := f.PartitionNumbers(context.Background())
	for _, p := range partitions {
		if err == nil && !slices.Contains(held, p) {
			err = fmt.Errorf("%s: it has nothing of partition %d", f.directory, p)
		}
	}
	f.files = slices.DeleteFunc(f.files, func(file File) bool { return !slices.Contains(partitions, file.Partition) })
	return err
}

// Read hands the records of a range in one partition to handle.
func (f *Files) Read(ctx context.Context, partition int32, r Range, handle func(Record) error) error {
	var waiting []File // in order of their first offset
	for _, file := range f.files {
		if file.Partition == partition {
			waiting = append(waiting, file)
		}
	}
	slices.SortFunc(waiting, func(a, b File) int { return cmp.Compare(a.FirstOffset, b.FirstOffset) })
	merge := merge{files: f, waiting: waiting}
	defer merge.close()
	named := r.Offsets[partition]
	for last := int64(-1); ctx.Err() == nil; {
		record, err := merge.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && (record.Partition != partition || record.Offset <= last) {
			err = fmt.Errorf("%s: the record at offset %d of partition %d is not where it should be", f.directory, record.Offset, record.Partition)
		}
		if err != nil {
			return err
		}
		last = record.Offset
		if r.ToOffset > 0 && last >= r.ToOffset || named.End > 0 && last >= named.End {
			return nil
		}
		if last < max(r.FromOffset, named.Start) || !r.Holds(record.Time) {
			continue
		}
		if err := handle(record); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// reading is a file and the next record in it.
type reading struct {
	path string
	file *os.File
	rows interface {
		Next(*schemas.LogRecord) error
	}
	record schemas.LogRecord
}

func (f *Files) open(about File) (*reading, error) {
	r := &reading{path: filepath.Join(f.directory, filepath.FromSlash(about.Path))}
	var err error
	if r.file, err = os.Open(r.path); err != nil {
		return nil, err
	}
	switch filepath.Ext(about.Path) {
	case ".ndjson":
		r.rows = newLineRows(r.file, f.contract, about.SchemaIDs)
	case ".parquet":
		r.rows, err = openColumns(r.file, f.contract)
	default:
		r.rows, err = schemas.OpenContainer(r.file, f.contract)
	}
	if err == nil {
		err = r.rows.Next(&r.record)
	}
	if err != nil {
		r.close()
		return nil, fmt.Errorf("%s: %w", r.path, noEnd(err))
	}
	return r, nil
}

func (r *reading) close() { r.file.Close() }

// noEnd is for a file that has no record: an export writes none such.
func noEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("it has no record")
	}
	return err
}

// merge reads the files of one partition in order of offset.
type merge struct {
	files   *Files
	waiting []File
	open    []*reading
}

// next is the record with the lowest offset; io.EOF when there is none.
func (m *merge) next() (Record, error) {
	for len(m.waiting) > 0 && (len(m.open) == 0 || m.waiting[0].FirstOffset <= m.open[m.lowest()].record.Offset) {
		if len(m.open) == mostRead {
			return Record{}, fmt.Errorf("%s: more than %d files of partition %d hold the same offsets", m.files.directory, mostRead, m.waiting[0].Partition)
		}
		file, err := m.files.open(m.waiting[0])
		if err != nil {
			return Record{}, err
		}
		m.waiting, m.open = m.waiting[1:], append(m.open, file)
	}
	if len(m.open) == 0 {
		return Record{}, io.EOF
	}
	i := m.lowest()
	r := m.open[i]
	out := Record{Partition: r.record.Partition, Offset: r.record.Offset, Time: r.record.Written, Key: r.record.Key, Value: r.record.Value}
	switch err := r.rows.Next(&r.record); {
	case errors.Is(err, io.EOF):
		r.close()
		m.open = slices.Delete(m.open, i, i+1)
	case err != nil:
		return Record{}, fmt.Errorf("%s: %w", r.path, err)
	}
	return out, nil
}

// lowest is which of the open files has the record that comes first.
func (m *merge) lowest() int {
	lowest := 0
	for i, r := range m.open {
		if r.record.Offset < m.open[lowest].record.Offset {
			lowest = i
		}
	}
	return lowest
}

func (m *merge) close() {
	for _, r := range m.open {
		r.close()
	}
}
