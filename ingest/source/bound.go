package source

// #cgo pkg-config: libavcodec libavformat libavutil
// #include "bound.h"
import "C"

import (
	"fmt"
	"regexp"
	"strconv"
	"unsafe"

	"github.com/asticode/go-astiav"
)

const (
	// maxPixels bounds a picture's area: a hostile header must not make us allocate without limit.
	maxPixels = 8192 * 8192
	// maxTracks bounds the tracks of one container, of which an input may have two; there is no more to learn from others.
	maxTracks = 128
	// probeSize bounds what of a live source is looked into for its tracks, fileProbeSize what of a file, in bytes. FFmpeg looks into no
	// more than 5 s of a file besides.
	probeSize     = 2_000_000
	fileProbeSize = 5_000_000
)

// restrain adds the limits of what libav may allocate to the options of an input.
func restrain(options map[string]string) {
	options["max_streams"] = strconv.Itoa(maxTracks)
	if options["probesize"] == "" {
		options["probesize"] = strconv.Itoa(fileProbeSize)
	}
}

// findTracks looks into the input for what the container does not say of its tracks. It decodes pictures, within the limit. go-astiav hands on
// one set of options, where libav wants one for each track. The container has been checked as newInterrupt does.
func findTracks(container *astiav.FormatContext) error {
	if code := C.fw_find_stream_info(*(**C.AVFormatContext)(unsafe.Pointer(container)), maxPixels); code < 0 {
		return astiav.Error(code)
	}
	return nil
}

// refusals counts what of an input cannot be decoded.
type refusals struct {
	count int
	// path of the input, which may hold secrets.
	path string
	// tell, if there is one, gets why: for people, without secrets.
	tell func(reason string)
}

// add takes that err is why something of what cannot be decoded. It is called on the thread that libav's log is about.
func (r *refusals) add(what string, err error) {
	r.count++
	if r.tell != nil {
		r.tell(what + " cannot be decoded: " + sized(explained(err, r.path).Error()))
	}
}

// leave takes that something is left out of what could be decoded.
func (r *refusals) leave(reason string) {
	r.count++
	if r.tell != nil {
		r.tell(reason)
	}
}

// pictureSize is what libav says of a picture's size that it does not take.
var pictureSize = regexp.MustCompile(`Picture size (\d{1,10})x(\d{1,10}) (is invalid|exceeds)`)

// sized names the limit in a reason that libav gives in its own words when a picture is larger.
func sized(reason string) string {
	size := pictureSize.FindStringSubmatch(reason)
	if size == nil {
		return reason
	}
	width, _ := strconv.ParseFloat(size[1], 64)
	height, _ := strconv.ParseFloat(size[2], 64)
	if width*height <= maxPixels {
		return reason
	}
	return fmt.Sprintf("pictures of %sx%s are over the limit of %d pixels", size[1], size[2], maxPixels)
}
