package replay

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// What stands in the directory of an export beside the files with the records. Readers of datasets pass over names that begin with an underscore.
const (
	// manifestName is there when the export is whole.
	manifestName = "_manifest.json"
	// planName, chunksName and unfinishedName are there until then: what is to be made, what has been, and files that are being written.
	planName       = "_plan.json"
	chunksName     = "_chunks"
	unfinishedName = "_unfinished"
)

// Plan is what an export is to hold. It is made once: whoever takes up an export that was broken off keeps to it.
type Plan struct {
	// Command is what was asked for, Version that of the program.
	Command string `json:"command"`
	Version string `json:"version"`
	Format  string `json:"format"`
	// Topic by its full name, and the id of its cluster.
	Topic   string `json:"topic"`
	Cluster string `json:"cluster"`
	// From and To bound the time of writing.
	From      time.Time `json:"from,omitzero"`
	To        time.Time `json:"to,omitzero"`
	Selection Selection `json:"selection"`
	// Chunk is at how many offsets each partition is cut.
	Chunk int64 `json:"chunk"`
	// Partitions are the offsets that are looked at.
	Partitions []Span `json:"partitions"`
}

// Manifest is what an export holds. That of the same records has the same digest.
type Manifest struct {
	Plan
	// Rows by directory of the first level, such as kind=video_frame.
	Rows map[string]int64 `json:"rows"`
	// Selected counts the records that were wanted, NoRow those of them that made no row: they cannot be read, or are tombstones.
	Selected int64 `json:"selected"`
	NoRow    int64 `json:"no_row"`
	// Gone are offsets that retention removed from the log before they were read.
	Gone []Span `json:"gone,omitzero"`
	// SchemaIDs are those that the values were written with.
	SchemaIDs []uint32 `json:"schema_ids"`
	// Files in order of path.
	Files []File `json:"files"`
	// Digest is the SHA-256 of the lines "sha256 path" of all files.
	Digest string `json:"digest"`
}

// IsExport tells whether there is an export at path: its directory, or one of its files that can be read again.
func IsExport(path string) bool {
	_, err := os.Stat(filepath.Join(path, manifestName))
	return err == nil || slices.Contains([]string{".avro", ".ndjson", ".parquet"}, filepath.Ext(path))
}

// ReadManifest reads what the export in a directory holds. It is an error when it is not whole.
func ReadManifest(directory string) (*Manifest, error) {
	m := new(Manifest)
	found, err := load(filepath.Join(directory, manifestName), m)
	if err == nil && !found {
		err = fmt.Errorf("%s holds no whole export", directory)
	}
	return m, err
}

// File is one file of an export.
type File struct {
	// Path within the directory, with slashes.
	Path        string   `json:"path"`
	Partition   int32    `json:"partition"`
	FirstOffset int64    `json:"first_offset"`
	LastOffset  int64    `json:"last_offset"`
	Rows        int64    `json:"rows"`
	Bytes       int64    `json:"bytes"`
	SHA256      string   `json:"sha256"`
	SchemaIDs   []uint32 `json:"schema_ids"`
}

// done is what one chunk of a partition has become.
type done struct {
	Selected int64  `json:"selected"`
	NoRow    int64  `json:"no_row"`
	Gone     []Span `json:"gone,omitzero"`
	Files    []File `json:"files"`
}

// manifest adds up what the chunks have become.
func (p Plan) manifest(chunks []done) *Manifest {
	m := &Manifest{Plan: p, Rows: map[string]int64{}, Files: []File{}}
	ids := map[uint32]bool{}
	for _, c := range chunks {
		m.Selected += c.Selected
		m.NoRow += c.NoRow
		m.lack(c.Gone)
		m.Files = append(m.Files, c.Files...)
	}
	slices.SortFunc(m.Files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	digest := sha256.New()
	for _, f := range m.Files {
		m.Rows[group(f.Path)] += f.Rows
		for _, id := range f.SchemaIDs {
			ids[id] = true
		}
		fmt.Fprintf(digest, "%s %s\n", f.SHA256, f.Path)
	}
	m.SchemaIDs = slices.AppendSeq([]uint32{}, maps.Keys(ids))
	slices.Sort(m.SchemaIDs)
	m.Digest = "sha256:" + hex.EncodeToString(digest.Sum(nil))
	return m
}

// lack adds offsets that are gone; those that follow each other are one span.
func (m *Manifest) lack(gone []Span) {
	for _, g := range gone {
		if last := len(m.Gone) - 1; last >= 0 && m.Gone[last].Partition == g.Partition && m.Gone[last].End == g.Start {
			m.Gone[last].End = g.End
			continue
		}
		m.Gone = append(m.Gone, g)
	}
}

// group is the first directory of a file's path, if it is none of time.
func group(path string) string {
	first, _, _ := strings.Cut(path, "/")
	if strings.HasPrefix(first, "date=") {
		return ""
	}
	return first
}

// store writes a file of JSON in one step: under another name first.
func store(path string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	unfinished := path + ".new"
	file, err := os.Create(unfinished)
	if err != nil {
		return err
	}
	_, err = file.Write(append(text, '\n'))
	if err = cmp.Or(err, file.Sync(), file.Close()); err != nil {
		file.Close()
		return errors.Join(err, os.Remove(unfinished))
	}
	return os.Rename(unfinished, path)
}

// load reads what store wrote; false: there is none.
func load(path string, into any) (bool, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		if err = json.Unmarshal(text, into); err != nil {
			err = fmt.Errorf("read %s: %w", path, err)
		}
	}
	return err == nil, err
}

// there is an error unless every file is in the directory in its full length.
func (c done) there(directory string) error {
	for _, f := range c.Files {
		info, err := os.Stat(filepath.Join(directory, filepath.FromSlash(f.Path)))
		if err != nil {
			return err
		}
		if info.Size() != f.Bytes {
			return fmt.Errorf("%s has %d bytes and was written with %d", f.Path, info.Size(), f.Bytes)
		}
	}
	return nil
}
