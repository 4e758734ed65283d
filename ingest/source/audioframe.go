package source

import "github.com/asticode/go-astits"

// audioFrame is what the header of one frame of sound says: its coding, its size in bytes with the header, the samples of each channel and
// how many of them make a second.
type audioFrame struct {
	kind          astits.StreamType
	size          int
	samples, rate int64
}

// stream is the stream_id of the frame's PES packet.
func (f audioFrame) stream() uint8 {
	if f.kind == astits.StreamTypeAC3Audio || f.kind == astits.StreamTypeEAC3Audio {
		return astits.StreamIDPrivateStream1
	}
	return 0xc0
}

// parseFrame reads the header at the beginning of data.
func parseFrame(data []byte) (audioFrame, bool) {
	if len(data) < 8 {
		return audioFrame{}, false
	}
	var f audioFrame
	switch {
	case data[0] == 0xff && data[1]&0xf6 == 0xf0:
		f = parseADTS(data)
	case data[0] == 0xff && data[1]&0xe0 == 0xe0:
		f = parseMPEG(data)
	case data[0] == 0x0b && data[1] == 0x77:
		f = parseAC3(data)
	}
	return f, f.size > 7 && f.rate > 0
}

// parseADTS reads ISO/IEC 13818-7, 6.2.1.
func parseADTS(b []byte) audioFrame {
	rates := [16]int64{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}
	return audioFrame{
		kind: astits.StreamTypeAACAudio, size: int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5])>>5,
		samples: 1024 * (int64(b[6]&3) + 1), rate: rates[b[2]>>2&15],
	}
}

// parseMPEG reads ISO/IEC 11172-3, 2.4.1.3, and 13818-3 for half the sampling rates.
func parseMPEG(b []byte) (f audioFrame) {
	version, layer := b[1]>>3&3, 4-int(b[1]>>1&3)
	rate, speed, padding := int(b[2]>>2&3), int(b[2]>>4), int(b[2]>>1&1)
	if version == 1 || layer == 4 || rate == 3 || speed == 0 || speed == 15 {
		return f
	}
	full := version == 3
	kbit := [2][3][15]int{{
		{0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256}, {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}, {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
	}, {
		{0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448}, {0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384}, {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
	}}
	f.kind, f.rate = astits.StreamTypeMPEG2HalvedSampleRateAudio, [3]int64{44100, 48000, 32000}[rate]>>map[byte]int{3: 0, 2: 1, 0: 2}[version]
	table := 0
	if full {
		f.kind, table = astits.StreamTypeMPEG1Audio, 1
	}
	bits := kbit[table][layer-1][speed] * 1000
	switch {
	case layer == 1:
		f.samples, f.size = 384, (12*bits/int(f.rate)+padding)*4
	case layer == 3 && !full:
		f.samples, f.size = 576, 72*bits/int(f.rate)+padding
	default:
		f.samples, f.size = 1152, 144*bits/int(f.rate)+padding
	}
	return f
}

// parseAC3 reads ETSI TS 102 366, 4.4.1 and E.1.3.1.
func parseAC3(b []byte) audioFrame {
	rates := [4]int64{48000, 44100, 32000}
	code, bsid := b[4]>>6, b[5]>>3
	if bsid > 10 {
		f := audioFrame{kind: astits.StreamTypeEAC3Audio, size: (int(b[2]&7)<<8 | int(b[3]) + 1) * 2, rate: rates[code], samples: 256 * [4]int64{1, 2, 3, 6}[b[4]>>4&3]}
		if code == 3 {
			f.rate, f.samples = rates[b[4]>>4&3]/2, 1536
		}
		return f
	}
	kbit := [19]int{32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640}
	if i := int(b[4]&0x3f) >> 1; code < 3 && i < len(kbit) {
		words := [3]int{kbit[i] * 2, kbit[i]*96000/44100 + int(b[4]&1), kbit[i] * 3} // of 16 bits, in 1536 samples
		return audioFrame{kind: astits.StreamTypeAC3Audio, size: words[code] * 2, rate: rates[code], samples: 1536}
	}
	return audioFrame{}
}
