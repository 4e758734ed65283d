package main

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/framewatch/framewatch/topology"
)

const (
	// backupFormat is the version of the files of a backup.
	backupFormat = 1
	// backupManifestName is the file that tells what a backup holds.
	backupManifestName = "manifest.json"
	// longestManifest and longestKept bound what is read of a manifest and of a record, bytes: a broker takes no record that is a tenth of it.
	longestManifest, longestKept = 16 << 20, 64 << 20
)

// backupManifest is what a backup holds.
type backupManifest struct {
	Format  int       `json:"format"`
	Version string    `json:"version"`
	Made    time.Time `json:"made"`
	// Cluster is the id of the Kafka cluster that it was taken of.
	Cluster string        `json:"cluster"`
	Topics  []backupTopic `json:"topics"`
	// Schemas are those that values were written with, by their ids on the wire.
	Schemas map[uint32]string `json:"schemas"`
}

// backupTopic is one topic of a backup: the file NAME.ndjson.
type backupTopic struct {
	// Name without the prefix.
	Name string `json:"name"`
	// Partitions is how many the topic had.
	Partitions int32  `json:"partitions"`
	Records    int64  `json:"records"`
	Bytes      int64  `json:"bytes"`
	SHA256     string `json:"sha256"`
}

// backupRecord is a line of a topic's file. What is absent is null.
type backupRecord struct {
	Partition int32 `json:"partition"`
	Offset    int64 `json:"offset"`
	// Time is when it was written, milliseconds since the Unix epoch.
	Time    int64       `json:"time"`
	Key     []byte      `json:"key"`
	Value   []byte      `json:"value"`
	Headers [][2][]byte `json:"headers,omitempty"`
}

// raw is the record as it stood on the log.
func (r backupRecord) raw() topology.Raw {
	raw := topology.Raw{Partition: r.Partition, Offset: r.Offset, Time: time.UnixMilli(r.Time), Key: r.Key, Value: r.Value}
	for _, h := range r.Headers {
		raw.Headers = append(raw.Headers, [2]string{string(h[0]), string(h[1])})
	}
	return raw
}

func backupFile(directory, topic string) string { return filepath.Join(directory, topic+".ndjson") }

// backupWriter writes the file of one topic.
type backupWriter struct {
	file   *os.File
	buffer *bufio.Writer
	digest hash.Hash
	about  backupTopic
}

func createBackup(directory string, t *topology.Spec) (*backupWriter, error) {
	file, err := os.OpenFile(backupFile(directory, t.Name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return &backupWriter{file: file, buffer: bufio.NewWriterSize(file, 1<<20), digest: sha256.New(), about: backupTopic{Name: t.Name}}, nil
}

func (w *backupWriter) append(r topology.Raw) error {
	line := backupRecord{Partition: r.Partition, Offset: r.Offset, Time: r.Time.UnixMilli(), Key: r.Key, Value: r.Value}
	for _, h := range r.Headers {
		line.Headers = append(line.Headers, [2][]byte{[]byte(h[0]), []byte(h[1])})
	}
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	text = append(text, '\n')
	w.digest.Write(text)
	w.about.Records++
	w.about.Bytes += int64(len(text))
	_, err = w.buffer.Write(text)
	return err
}

// finish writes what is left, down to the disk.
func (w *backupWriter) finish() error {
	w.about.SHA256 = hex.EncodeToString(w.digest.Sum(nil))
	return errors.Join(cmp.Or(w.buffer.Flush(), w.file.Sync()), w.file.Close())
}

// store writes the manifest.
func (m *backupManifest) store(directory string) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(directory, backupManifestName), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(text, '\n'))
	return errors.Join(cmp.Or(err, file.Sync()), file.Close())
}

// readBackup reads what a backup holds.
func readBackup(directory string) (*backupManifest, error) {
	text, err := smallFile(filepath.Join(directory, backupManifestName), longestManifest)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s holds no backup: there is no %s", directory, backupManifestName)
	}
	if err != nil {
		return nil, err
	}
	m := new(backupManifest)
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("read %s: %w", backupManifestName, err)
	}
	if m.Format != backupFormat {
		return nil, fmt.Errorf("%s is of format %d, and this program reads format %d: restore it with version %.64q", directory, m.Format, backupFormat, m.Version)
	}
	return m, nil
}

// topic is what the backup holds of a topic; ok is false when it holds none of it.
func (m *backupManifest) topic(name string) (t backupTopic, ok bool) {
	for _, t := range m.Topics {
		if t.Name == name {
			return t, true
		}
	}
	return t, false
}

// read hands over the records of a topic's file. It returns nil only when the file is to the byte the one that was written.
func (t backupTopic) read(directory string, take func(topology.Raw) error) error {
	file, err := os.Open(backupFile(directory, t.Name))
	if err != nil {
		return err
	}
	defer file.Close()
	damaged := fmt.Errorf("%s is not what the manifest says: it is damaged", file.Name())
	if info, err := file.Stat(); err != nil || info.Size() != t.Bytes {
		return cmp.Or(err, damaged)
	}
	digest := sha256.New()
	lines := bufio.NewScanner(io.TeeReader(file, digest))
	lines.Buffer(nil, longestKept)
	var records int64
	for lines.Scan() {
		decoder := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		decoder.DisallowUnknownFields()
		var r backupRecord
		if err := decoder.Decode(&r); err != nil {
			return fmt.Errorf("%s, line %d: %w", file.Name(), records+1, err)
		}
		if r.Partition < 0 || r.Partition >= t.Partitions {
			return fmt.Errorf("%s, line %d: there is no partition %d of %d", file.Name(), records+1, r.Partition, t.Partitions)
		}
		records++
		if err := take(r.raw()); err != nil {
			return fmt.Errorf("%s, line %d: %w", file.Name(), records, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", file.Name(), err)
	}
	if records != t.Records || hex.EncodeToString(digest.Sum(nil)) != t.SHA256 {
		return damaged
	}
	return nil
}

// syncFolder has the names in a folder stand on the disk.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
