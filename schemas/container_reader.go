package schemas

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/klauspost/compress/flate"
	"github.com/twmb/avro"
)

const (
	// containerBytes bounds a block of a Container that is read, before and after it is unpacked: a Container ends one with the record that takes it over 1 MiB.
	// longestHeader bounds each text of the file's header.
	containerBytes = 4 << 20
	longestHeader  = 1 << 20
	// mostHeaders bounds how many texts the header has.
	mostHeaders = 64
)

// LogRecord is a record of the log in a Container.
type LogRecord struct {
	Partition int32
	Offset    int64
	// Written is when it was written, in whole milliseconds.
	Written time.Time
	// Key is nil where there is none. Value is in Confluent's wire format.
	Key, Value []byte
}

// ContainerReader reads the files that a Container writes, and gives each value the bytes that it has on the log: libraries hand out values only, and
// what they write again would be today's schema. It belongs to one goroutine.
type ContainerReader struct {
	file *bufio.Reader
	// sync ends each block.
	sync [16]byte
	// inflater unpacks blocks: the library's has what it needs made anew for each, and takes twice as long.
	inflater io.ReadCloser
	// passing passes over a value.
	passing *avro.Schema
	id      uint32
	// block is what is left of the current one, and left how many records that is. packed and memory hold it before and after it is unpacked.
	block  []byte
	left   int64
	packed []byte
	memory bytes.Buffer
}

// OpenContainer reads the file's header, and has the contract learn the schema of its values.
func OpenContainer(r io.Reader, c *Contract) (*ContainerReader, error) {
	file := &ContainerReader{file: bufio.NewReaderSize(r, 1<<16)}
	if err := file.open(c); err != nil {
		return nil, fmt.Errorf("read an object container: %w", whole(err))
	}
	return file, nil
}

func (r *ContainerReader) open(c *Contract) error {
	var magic [4]byte
	if _, err := io.ReadFull(r.file, magic[:]); err != nil {
		return err
	}
	if string(magic[:]) != "Obj\x01" {
		return errors.New("it does not begin as one")
	}
	about, err := r.headers()
	if err != nil {
		return err
	}
	if _, err := io.ReadFull(r.file, r.sync[:]); err != nil {
		return err
	}
	if codec := about["avro.codec"]; codec != "deflate" {
		return fmt.Errorf("its codec is %.40q, not deflate as `framewatch export` writes it", codec)
	}
	r.inflater = flate.NewReader(nil)
	return r.agree(c, about["avro.schema"])
}

// headers are the file's: a map of bytes in blocks.
func (r *ContainerReader) headers() (map[string]string, error) {
	about := map[string]string{}
	for {
		n, err := binary.ReadVarint(r.file)
		if err != nil || n == 0 {
			return about, err
		}
		if n < 0 {
			if _, err := binary.ReadVarint(r.file); err != nil {
				return nil, err
			}
			n = -n
		}
		if n < 0 || n > mostHeaders || len(about) > mostHeaders {
			return nil, errors.New("its header is too long")
		}
		for range n {
			var pair [2]string
			for i := range pair {
				if pair[i], err = r.text(); err != nil {
					return nil, err
				}
			}
			about[pair[0]] = pair[1]
		}
	}
}

func (r *ContainerReader) text() (string, error) {
	n, err := binary.ReadVarint(r.file)
	if err != nil {
		return "", err
	}
	if n < 0 || n > longestHeader {
		return "", errors.New("its header is too long")
	}
	text := make([]byte, n)
	_, err = io.ReadFull(r.file, text)
	return string(text), err
}

// agree finds the value's schema in that of the file, which must be an envelope.
func (r *ContainerReader) agree(c *Contract, text string) error {
	var record struct {
		Fields []struct{ Type json.RawMessage }
	}
	if err := json.Unmarshal([]byte(text), &record); err != nil || len(record.Fields) == 0 {
		return errors.New("its schema is no record's")
	}
	value := string(record.Fields[len(record.Fields)-1].Type)
	parsed, err := avro.Parse(value)
	if err != nil {
		return fmt.Errorf("the schema of its values: %w", err)
	}
	own, err := avro.Parse(fmt.Sprintf(envelope, value))
	if err != nil {
		return fmt.Errorf("the schema of its values: %w", err)
	}
	if found, err := avro.Parse(text); err != nil || string(found.Canonical()) != string(own.Canonical()) {
		return errors.New("its records are not those of `framewatch export --format avro`")
	}
	r.id = BakedID(parsed)
	if err := c.Learn(r.id, value); err != nil {
		return err
	}
	whole, err := avro.Parse(`{"type":"record","name":"Passed","fields":[{"name":"value","type":` + value + `}]}`)
	if err != nil {
		return err
	}
	r.passing, err = avro.Resolve(whole, avro.MustParse(`{"type":"record","name":"Passed","fields":[]}`))
	return err
}

// Next reads the next record into r, and returns io.EOF after the last. Key and Value are the caller's to keep.
func (r *ContainerReader) Next(into *LogRecord) error {
	for r.left == 0 {
		if err := r.next(); err != nil {
			if !errors.Is(err, io.EOF) {
				err = fmt.Errorf("read an object container: %w", err)
			}
			return err
		}
	}
	r.left--
	if err := r.take(into); err != nil {
		return fmt.Errorf("read an object container: %w", err)
	}
	if r.left == 0 && len(r.block) > 0 {
		return fmt.Errorf("read an object container: %d bytes are left over in a block", len(r.block))
	}
	return nil
}

// next unpacks the next block.
func (r *ContainerReader) next() error {
	count, err := binary.ReadVarint(r.file)
	if err != nil {
		return err
	}
	size, err := binary.ReadVarint(r.file)
	if err != nil {
		return whole(err)
	}
	if size < 0 || size > containerBytes || count < 0 || count > containerBytes {
		return fmt.Errorf("a block of %d records in %d bytes", count, size)
	}
	r.packed = slices.Grow(r.packed[:0], int(size)+len(r.sync))[:int(size)+len(r.sync)]
	if _, err := io.ReadFull(r.file, r.packed); err != nil {
		return whole(err)
	}
	if string(r.packed[size:]) != string(r.sync[:]) {
		return errors.New("a block does not end where it should")
	}
	r.left = count
	if r.block, err = r.inflate(r.packed[:size]); err != nil {
		return whole(err)
	}
	if count > int64(len(r.block)) {
		return fmt.Errorf("a block of %d records in %d bytes", count, len(r.block))
	}
	return nil
}

// inflate unpacks a block.
func (r *ContainerReader) inflate(packed []byte) ([]byte, error) {
	if err := r.inflater.(flate.Resetter).Reset(bytes.NewReader(packed), nil); err != nil {
		return nil, err
	}
	r.memory.Reset()
	n, err := r.memory.ReadFrom(io.LimitReader(r.inflater, containerBytes+1))
	if err == nil && n > containerBytes {
		err = fmt.Errorf("a block of more than %d bytes", containerBytes)
	}
	return r.memory.Bytes(), err
}

// take takes a record off the block.
func (r *ContainerReader) take(into *LogRecord) error {
	at := 0
	number := func() int64 {
		n, length := binary.Varint(r.block[at:])
		if length <= 0 {
			at = len(r.block) + 1
			return 0
		}
		at += length
		return n
	}
	var numbers [4]int64
	for i := range numbers {
		if numbers[i] = number(); at > len(r.block) {
			return io.ErrUnexpectedEOF
		}
	}
	*into = LogRecord{Partition: int32(numbers[0]), Offset: numbers[1], Written: time.UnixMilli(numbers[2])}
	if numbers[3] == 1 {
		n := number()
		if at > len(r.block) || n < 0 || n > int64(len(r.block)-at) {
			return io.ErrUnexpectedEOF
		}
		into.Key = append([]byte{}, r.block[at:at+int(n)]...)
		at += int(n)
	}
	rest, err := r.passing.Decode(r.block[at:], new(struct{}))
	if err != nil {
		return whole(err)
	}
	end := len(r.block) - len(rest)
	into.Value = binary.BigEndian.AppendUint32(append(make([]byte, 0, headerSize+end-at), 0), r.id)
	into.Value = append(into.Value, r.block[at:end]...)
	r.block = rest
	return nil
}

// whole turns the end of a file within something into an error of its own: io.EOF is where it may end.
func whole(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
