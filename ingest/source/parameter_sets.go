package source

import (
	"bytes"

	"github.com/asticode/go-astiav"
	"github.com/framewatch/framewatch/ingest/media"
)

// refresh takes the parameter sets of a coding with start codes from its first key picture, when that has some: a broadcaster may have changed
// them since the track was opened.
func refresh(c *media.Coding, packets []media.Packet) {
	isSet := parameterSets(astiav.CodecID(c.Codec))
	if isSet == nil || len(c.ExtraData) > 0 && !bytes.HasPrefix(c.ExtraData, []byte{0, 0}) {
		return
	}
	for i := range packets {
		if packets[i].Track != c.Track || !packets[i].Key {
			continue
		}
		var sets []byte
		for _, unit := range units(packets[i].Data) {
			if isSet(unit[0]) {
				sets = append(append(sets, 0, 0, 0, 1), unit...)
			}
		}
		if len(sets) > 0 {
			c.ExtraData = sets
		}
		return
	}
}

// parameterSets tells which units are parameter sets by their first byte; nil for codecs that have none.
func parameterSets(codec astiav.CodecID) func(byte) bool {
	switch codec {
	case astiav.CodecIDH264: // ISO/IEC 14496-10, 7.4.1: SPS, PPS, SPS extension
		return func(b byte) bool { return b&31 == 7 || b&31 == 8 || b&31 == 13 }
	case astiav.CodecIDHevc: // ISO/IEC 23008-2, 7.4.2.2: VPS, SPS, PPS
		return func(b byte) bool { return b>>1&63 >= 32 && b>>1&63 <= 34 }
	}
	return nil
}

// units are the NAL units between start codes (ISO/IEC 14496-10, annex B), none of them empty.
func units(data []byte) (all [][]byte) {
	code := []byte{0, 0, 1}
	_, rest, found := bytes.Cut(data, code)
	for found {
		var unit []byte
		unit, rest, found = bytes.Cut(rest, code)
		if unit = bytes.TrimRight(unit, "\x00"); len(unit) > 0 { // zeros belong to the next start code
			all = append(all, unit)
		}
	}
	return all
}
