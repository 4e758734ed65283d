package schemas

import (
	"encoding/binary"
	"math"
)

// What generated code reads with: Avro's binary encoding as our encoder writes it, an array or map in one block and the branch of a union in one
// byte. Each takes the place at which to read and returns the one after; -1 says that it cannot be read, and is read as -1 by all. What is not read
// here the library judges.

func readBool(src []byte, at int) (bool, int) {
	if uint(at) < uint(len(src)) {
		return src[at] == 1, at + 1
	}
	return false, -1
}

// readInt knows by itself what nearly all have: up to three bytes.
func readInt(src []byte, at int) (int32, int) {
	if at < 0 || len(src)-at < 3 {
		return readWideInt(src, at)
	}
	b := src[at : at+3 : at+3]
	u, n := uint32(b[0]), 1
	if b[0] >= 0x80 {
		u, n = u&0x7f|uint32(b[1])<<7, 2
		if b[1] >= 0x80 {
			if u, n = u&0x3fff|uint32(b[2])<<14, 3; b[2] >= 0x80 {
				return readWideInt(src, at)
			}
		}
	}
	return int32(u>>1) ^ -int32(u&1), at + n
}

// readWideInt reads up to five bytes, the last of which has four bits.
func readWideInt(src []byte, at int) (int32, int) {
	u := uint32(0)
	for shift := 0; shift < 35 && uint(at) < uint(len(src)); shift += 7 {
		b := src[at]
		at++
		if shift == 28 && b > 0x0f {
			break
		}
		u |= uint32(b&0x7f) << shift
		if b < 0x80 {
			return int32(u>>1) ^ -int32(u&1), at
		}
	}
	return 0, -1
}

func readLong(src []byte, at int) (int64, int) {
	if uint(at) < uint(len(src)) {
		if b := src[at]; b < 0x80 {
			return int64(b>>1) ^ -int64(b&1), at + 1
		}
	}
	return readWideLong(src, at)
}

// readWideLong reads up to ten bytes, the last of which has one bit.
func readWideLong(src []byte, at int) (int64, int) {
	u := uint64(0)
	for shift := 0; shift < 70 && uint(at) < uint(len(src)); shift += 7 {
		b := src[at]
		at++
		if shift == 63 && b > 0x01 {
			break
		}
		u |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return int64(u>>1) ^ -int64(u&1), at
		}
	}
	return 0, -1
}

func readFloat(src []byte, at int) (float32, int) {
	if at < 0 || len(src)-at < 4 {
		return 0, -1
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(src[at:])), at + 4
}

func readDouble(src []byte, at int) (float64, int) {
	if at < 0 || len(src)-at < 8 {
		return 0, -1
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(src[at:])), at + 8
}

// readText is where a text or bytes begin and end.
func readText(src []byte, at int) (from, to int) {
	n, at := readLong(src, at)
	if at < 0 || n < 0 || n > int64(len(src)-at) {
		return -1, -1
	}
	return at, at + int(n)
}

// readString keeps the text that stood there before when it is the same.
func readString(before string, src []byte, at int) (string, int) {
	from, to := readText(src, at)
	switch {
	case to < 0:
		return "", -1
	case before == string(src[from:to]):
		return before, to
	}
	return string(src[from:to]), to
}

// readBytes reads into the memory of what stood there before.
func readBytes(before, src []byte, at int) ([]byte, int) {
	from, to := readText(src, at)
	if to < 0 {
		return nil, -1
	}
	bytes := sized(before, to-from)
	copy(bytes, src[from:to])
	return bytes, to
}

// readPresence reads the branch of a union of null and something.
func readPresence(src []byte, at int) (bool, int) {
	if uint(at) < uint(len(src)) && src[at]&^2 == 0 {
		return src[at] != 0, at + 1
	}
	return false, -1
}

// readCount reads how many items follow, each of at least so many bytes.
func readCount(src []byte, at, least int) (n, next int) {
	count, at := readLong(src, at)
	if at < 0 || count < 0 || count > int64((len(src)-at)/least) {
		return 0, -1
	}
	return int(count), at
}

// readItems makes room for the items that follow, in the memory of those that stood there before.
func readItems[T any](before []T, src []byte, at, least int) ([]T, int) {
	n, at := readCount(src, at, least)
	return sized(before, n), at
}

// readEntries reads all of a map into the one that stood there before.
func readEntries[T any](before map[string]T, src []byte, at, least int, value func([]byte, int) (T, int)) (map[string]T, int) {
	n, at := readCount(src, at, least)
	if before == nil {
		before = map[string]T{}
	}
	clear(before)
	for range n {
		var key string
		key, at = readString("", src, at)
		before[key], at = value(src, at)
	}
	return before, readEnd(src, at, n)
}

// readEnd reads that nothing follows so many items; no items have said so themselves.
func readEnd(src []byte, at, items int) int {
	switch {
	case items == 0:
		return at
	case uint(at) < uint(len(src)) && src[at] == 0:
		return at + 1
	}
	return -1
}

// sized is n items in the memory of those before, if they fit, never nil.
func sized[T any](before []T, n int) []T {
	if before == nil || cap(before) < n {
		return make([]T, n)
	}
	return before[:n]
}
