package source

import (
	"encoding/binary"
	"iter"
)

// boxes walks over the boxes of ISO/IEC 14496-12 that stand in a row in data, each with its type, its place and its whole content. It ends at
// one that does not fit.
func boxes(data []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for len(data) >= 8 {
			size := boxSize(data)
			if size < 8 || size > uint64(len(data)) || !yield(string(data[4:8]), data[:size]) {
				return
			}
			data = data[size:]
		}
	}
}

// boxSize is the size that the box at the beginning of data says it has; 0 when it cannot be told.
func boxSize(data []byte) uint64 {
	switch size := binary.BigEndian.Uint32(data); {
	case size == 0:
		return uint64(len(data))
	case size != 1:
		return uint64(size)
	case len(data) < 16 || binary.BigEndian.Uint64(data[8:]) < 16:
		return 0
	}
	return binary.BigEndian.Uint64(data[8:])
}

// payload is a box without its header.
func payload(box []byte) []byte {
	if binary.BigEndian.Uint32(box) == 1 {
		return box[16:]
	}
	return box[8:]
}

// find is the first box of a type in data and where it stands; nil when there is none.
func find(data []byte, kind string) (offset int64, box []byte) {
	for k, b := range boxes(data) {
		if k == kind {
			return offset, b
		}
		offset += int64(len(b))
	}
	return 0, nil
}

// children are the boxes that are reached from data by a path of types, all of them.
func children(data []byte, path ...string) (found [][]byte) {
	for kind, box := range boxes(data) {
		switch {
		case kind != path[0]:
		case len(path) == 1:
			found = append(found, payload(box))
		default:
			found = append(found, children(payload(box), path[1:]...)...)
		}
	}
	return found
}
