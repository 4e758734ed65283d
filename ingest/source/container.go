package source

import (
	"fmt"
	"slices"

	"github.com/asticode/go-astiav"
	"github.com/framewatch/framewatch/ingest/media"
)

// container is a file format that clips are written in.
type container struct {
	// name is FFmpeg's, extension that of its files.
	name, extension string
	// codecs that it takes, by FFmpeg's names; nil: whatever the muxer takes.
	codecs []string
	// options of the muxer for a clip of so many packets.
	options func(packets int) map[string]string
}

// containers in the order in which they are preferred: what browsers play comes first. MPEG-TS is for what broadcasters send and MP4 has no
// common place for.
var containers = []container{
	{"mp4", "mp4", []string{"h264", "hevc", "av1", "mpeg4", "aac", "mp3", "ac3", "eac3", "opus", "flac", "alac"}, indexFirst},
	{"webm", "webm", []string{"vp8", "vp9", "av1", "vorbis", "opus"}, nil},
	{"mpegts", "ts", []string{"h264", "hevc", "mpeg2video", "mpeg1video", "mpeg4", "aac", "aac_latm", "mp2", "mp3", "ac3", "eac3", "dts", "opus"}, nil},
	{"matroska", "mkv", nil, nil},
}

// indexFirst makes an MP4 whose index stands before its data, so that it plays while it is loaded: room for it is reserved, 64 bytes a packet,
// which is more than its tables take, and 64 KiB for all else.
func indexFirst(packets int) map[string]string {
	return map[string]string{"moov_size": fmt.Sprint(64*packets + 64<<10)}
}

// takes tells whether the container takes all codings.
func (c container) takes(codings []media.Coding) bool {
	for _, coding := range codings {
		if c.codecs != nil && !slices.Contains(c.codecs, astiav.CodecID(coding.Codec).Name()) {
			return false
		}
	}
	return true
}
