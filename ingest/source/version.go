package source

// #cgo pkg-config: libavcodec libavformat libavutil libswscale
// #include <libavcodec/avcodec.h>
// #include <libavformat/avformat.h>
// #include <libavutil/avutil.h>
// #include <libswscale/swscale.h>
import "C"

import "fmt"

// Library is one of FFmpeg's libraries as it was compiled against and as it is loaded.
type Library struct {
	Name             string
	Compiled, Loaded LibraryVersion
}

// LibraryVersion is major, minor, micro.
type LibraryVersion [3]int

func (v LibraryVersion) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }

// Fits tells that what is loaded can stand for what was compiled against: of the same major version, and not older.
func (l Library) Fits() bool {
	return l.Loaded[0] == l.Compiled[0] && l.Loaded[1] >= l.Compiled[1]
}

// Libraries are FFmpeg's, and FFmpeg's own version as its packager names it.
func Libraries() (release string, list []Library) {
	for _, l := range []struct {
		name             string
		compiled, loaded C.uint
	}{
		{"libavcodec", C.LIBAVCODEC_VERSION_INT, C.avcodec_version()}, {"libavformat", C.LIBAVFORMAT_VERSION_INT, C.avformat_version()},
		{"libavutil", C.LIBAVUTIL_VERSION_INT, C.avutil_version()}, {"libswscale", C.LIBSWSCALE_VERSION_INT, C.swscale_version()},
	} {
		list = append(list, Library{l.name, libraryVersion(l.compiled), libraryVersion(l.loaded)})
	}
	return C.GoString(C.av_version_info()), list
}

// Build tells how FFmpeg was built: the words of its configure line, and the licence under which what they chose may be passed on.
func Build() (configuration, license string) {
	return C.GoString(C.avcodec_configuration()), C.GoString(C.avcodec_license())
}

func libraryVersion(v C.uint) LibraryVersion {
	return LibraryVersion{int(v >> 16), int(v >> 8 & 0xff), int(v & 0xff)}
}

// usual are the codecs that live streams are made of.
var usual = []C.enum_AVCodecID{
	C.AV_CODEC_ID_H264, C.AV_CODEC_ID_HEVC, C.AV_CODEC_ID_MPEG2VIDEO, C.AV_CODEC_ID_AV1, C.AV_CODEC_ID_VP9,
	C.AV_CODEC_ID_AAC, C.AV_CODEC_ID_AC3, C.AV_CODEC_ID_EAC3, C.AV_CODEC_ID_MP2, C.AV_CODEC_ID_MP3, C.AV_CODEC_ID_OPUS,
}

// Undecodable lists the usual codecs for which the FFmpeg that is loaded has no decoder.
func Undecodable() (names []string) {
	for _, id := range usual {
		if C.avcodec_find_decoder(id) == nil {
			names = append(names, C.GoString(C.avcodec_get_name(id)))
		}
	}
	return names
}
