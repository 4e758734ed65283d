package source

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// encrypted is a segment that cannot be read: it is encrypted, by what.
type encrypted string

func (e encrypted) Error() string {
	if e == "" {
		return "segments are encrypted, which is not supported"
	}
	return fmt.Sprintf("segments are encrypted (%s), which is not supported", string(e))
}

// cipherScheme is how an MP4 initialisation section says that samples may be encrypted (ISO/IEC 23001-7), and whether they are when a
// segment says nothing: under a constant IV there need be no word of it in the segment.
type cipherScheme struct {
	name     string
	constant bool
}

// Where a sample entry's own boxes begin, from the entry's: after the fields of a picture's, and of a sound's.
const (
	pictureEntry = 78
	soundEntry   = 28
)

// scheme reads an initialisation section, and what else comes with it; false when all it describes is clear.
func scheme(init []byte) (s cipherScheme, ok bool) {
	for _, stsd := range children(init, "moov", "trak", "mdia", "minf", "stbl", "stsd") {
		for kind, entry := range boxes(stsd[min(8, len(stsd)):]) {
			skip := map[string]int{"encv": pictureEntry, "enca": soundEntry}[kind]
			if skip == 0 {
				continue
			}
			ok = true
			body := payload(entry)
			for _, schm := range children(body[min(skip, len(body)):], "sinf", "schm") {
				if len(schm) >= 8 {
					s.name = string(bytes.ToValidUTF8(schm[4:8], nil))
				}
			}
			for _, tenc := range children(body[min(skip, len(body)):], "sinf", "schi", "tenc") {
				s.constant = len(tenc) >= 8 && tenc[6] == 1 && tenc[7] == 0
			}
		}
	}
	return s, ok
}

// piff is the UUID of the box that was senc before it had a name.
var piff = []byte{0xa2, 0x39, 0x4f, 0x52, 0x5a, 0x9b, 0x4f, 0x14, 0xa2, 0x44, 0x6c, 0x42, 0x7c, 0x64, 0x8d, 0xf4}

// sealed tells that samples of a segment are encrypted: it brings what decryption needs, or under a constant IV no word that they are clear.
func (s cipherScheme) sealed(segment []byte) bool {
	// In a file without fragments it stands beside the tables of its samples.
	for _, senc := range children(segment, "moov", "trak", "mdia", "minf", "stbl", "senc") {
		if len(senc) >= 8 && binary.BigEndian.Uint32(senc[4:]) > 0 {
			return true
		}
	}
	for _, traf := range children(segment, "moof", "traf") {
		clear := false
		for kind, box := range boxes(traf) {
			switch {
			case kind == "senc" || kind == "saiz" || kind == "uuid" && bytes.HasPrefix(payload(box), piff):
				return true
			case kind == "sbgp" && len(payload(box)) >= 8 && string(payload(box)[4:8]) == "seig":
				clear = true
			case kind == "tfhd":
				clear = clear || otherEntry(payload(box))
			}
		}
		if s.constant && !clear {
			return true
		}
	}
	return false
}

// otherEntry tells that a fragment uses another sample entry than the first: the clear one that stands beside an encrypted one.
func otherEntry(tfhd []byte) bool {
	const present, offset = 2, 1
	if len(tfhd) < 8 || tfhd[3]&present == 0 {
		return false
	}
	at := 8
	if tfhd[3]&offset != 0 {
		at += 8
	}
	return len(tfhd) >= at+4 && (tfhd[at+3] != 1 || tfhd[at]|tfhd[at+1]|tfhd[at+2] != 0)
}
