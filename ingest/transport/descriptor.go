package transport

import (
	"bytes"

	"github.com/framewatch/framewatch/schemas"
)

// Descriptors by tag: ISO/IEC 13818-1 2.6, EN 300 468 6.1 and, caption service, ATSC A/65 6.9.2.
const (
	tagRegistration = 0x05
	tagCA           = 0x09
	tagLanguage     = 0x0a
	tagTeletext     = 0x56
	tagSubtitling   = 0x59
	tagAC3          = 0x6a
	tagEnhancedAC3  = 0x7a
	tagDTS          = 0x7b
	tagAAC          = 0x7c
	tagExtension    = 0x7f
	tagCaptions     = 0x86
)

// Stream types that need further words to be told apart.
const (
	typePrivate = 0x06
	typeSplice  = 0x86
)

// classOf is what a stream_type carries: ISO/IEC 13818-1 table 2-34, ATSC A/53-3 and what others use.
var classOf = map[int]class{
	0x01: classVideo, 0x02: classVideo, 0x10: classVideo, 0x1b: classVideo, 0x1f: classVideo, 0x20: classVideo, 0x21: classVideo, 0x24: classVideo,
	0x25: classVideo, 0x32: classVideo, 0x33: classVideo, 0x42: classVideo, 0x80: classVideo, 0xd1: classVideo, 0xd2: classVideo, 0xdb: classVideo, 0xea: classVideo,
	0x03: classAudio, 0x04: classAudio, 0x0f: classAudio, 0x11: classAudio, 0x1c: classAudio, 0x2d: classAudio, 0x2e: classAudio, 0x81: classAudio,
	0x82: classAudio, 0x83: classAudio, 0x84: classAudio, 0x85: classAudio, 0x87: classAudio, 0xa1: classAudio, 0xa2: classAudio, 0xc1: classAudio,
	0xc2: classAudio, 0xcf: classAudio,
}

// registered is what a private stream carries by its format_identifier.
var registered = map[string]class{
	"AC-3": classAudio, "EAC3": classAudio, "AC-4": classAudio, "DTS1": classAudio, "DTS2": classAudio, "DTS3": classAudio, "Opus": classAudio,
	"BSSD": classAudio, "HEVC": classVideo, "AV01": classVideo, "VC-1": classVideo, "drac": classVideo, "CUEI": classSCTE35,
}

// description is what a list of descriptors says.
type description struct {
	registration, language string
	systems                []int32
	captions               []schemas.CaptionService
	audio, subtitle        bool
}

// describe reads descriptors.
func describe(b []byte) (d description) {
	for len(b) >= 2 && len(b) >= 2+int(b[1]) {
		body := b[2 : 2+int(b[1])]
		d.add(b[0], body)
		b = b[2+len(body):]
	}
	return d
}

func (d *description) add(tag byte, b []byte) {
	switch tag {
	case tagRegistration:
		if len(b) >= 4 {
			d.registration = text(b[:4])
		}
	case tagCA:
		if len(b) >= 4 {
			d.systems = append(d.systems, int32(b[0])<<8|int32(b[1]))
		}
	case tagLanguage:
		if len(b) >= 4 && d.language == "" {
			d.language = text(b[:3])
		}
	case tagTeletext:
		d.teletext(b)
	case tagSubtitling:
		d.subtitle = true
		for ; len(b) >= 8; b = b[8:] {
			d.service("dvb_subtitle", int(b[4])<<8|int(b[5]), b[:3])
		}
	case tagCaptions:
		d.closed(b)
	case tagAC3, tagEnhancedAC3, tagDTS, tagAAC, tagExtension:
		d.audio = d.audio || tag != tagExtension || len(b) > 0 && (b[0] == 0x15 || b[0] == 0x0e || b[0] == 0x0f) // AC-4, DTS-HD, DTS neural
	}
}

// teletext takes the pages of subtitles (EN 300 468, 6.2.43): type 2, and 5 for the hard of hearing.
func (d *description) teletext(b []byte) {
	d.subtitle = true
	for ; len(b) >= 5; b = b[5:] {
		if kind := b[3] >> 3; kind != 2 && kind != 5 {
			continue
		}
		magazine := int(b[3] & 7)
		if magazine == 0 {
			magazine = 8
		}
		d.service("teletext", magazine*100+int(b[4]>>4)*10+int(b[4]&0xf), b[:3])
	}
}

// closed takes the caption services of pictures (A/65, 6.9.2).
func (d *description) closed(b []byte) {
	if len(b) == 0 {
		return
	}
	for n := int(b[0] & 0x1f); n > 0 && len(b) >= 7; n-- {
		if b[4]&0x80 != 0 {
			d.service("cea708", int(b[4]&0x3f), b[1:4])
		} else {
			d.service("cea608", 1+int(b[4]&1), b[1:4])
		}
		b = b[6:]
	}
}

func (d *description) service(kind string, number int, language []byte) {
	d.captions = append(d.captions, schemas.CaptionService{Kind: kind, Number: int32(number), Language: text(language)})
	if d.language == "" && d.subtitle {
		d.language = text(language)
	}
}

// text is what is printable of ASCII, a dot for each byte that is not.
func text(b []byte) string {
	out := bytes.Clone(b)
	for i, v := range out {
		if v < ' ' || v > '~' {
			out[i] = '.'
		}
	}
	return string(out)
}

// classify says what a stream carries: common is what its programme's descriptors say, own what its own do. Stream type 0x86 is SCTE 35 but on
// discs, where it is sound (HDMV).
func (s *stream) classify(common, own *description) {
	s.registration, s.language, s.captions = own.registration, own.language, own.captions
	s.class = classOf[s.kind]
	c, known := registered[own.registration]
	switch {
	case s.kind == typeSplice && common.registration == "HDMV":
		s.class = classAudio
	case s.kind == typeSplice:
		s.class = classSCTE35
	case s.kind == typePrivate && known:
		s.class = c
	case s.kind == typePrivate && own.audio:
		s.class = classAudio
	case s.kind == typePrivate:
		s.subtitle = own.subtitle
	}
	if s.class == classVideo {
		s.captions = append(s.captions, common.captions...)
	}
}
