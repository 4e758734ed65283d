package source

// #cgo pkg-config: libavutil
// #include "log.h"
import "C"

import (
	"fmt"
	"regexp"
	"sync"
)

// startLog takes over the process's libav log. go-astiav's SetLogCallback is of no use: it formats a line into 1 kB without a bound.
var startLog = sync.OnceFunc(func() { C.fw_log_start() })

// told is what a decoder's log says of a picture: macroblocks concealed, lines of level error, reference pictures missing before it.
type told struct{ concealed, errors, lost int }

// takeLog is what libav told on this thread since the last call.
func takeLog() told {
	t := C.fw_log_take()
	return told{int(t.concealed), int(t.errors), int(t.lost)}
}

// forgetLog drops what libav told on this thread so far, so that an error is not explained with an older one's words.
func forgetLog() { C.fw_log_forget() }

// forgetLogLines drops the lines alone, so that an error of reading is not explained with what a decoder told before.
func forgetLogLines() { C.fw_log_forget_lines() }

// lastLog is the last error or warning that libav told on this thread, without the secrets of the URL that it was given; empty when there
// was none.
func lastLog(url string) string { return logLine(C.fw_log_last(), url) }

func logLine(line *C.char, url string) string {
	return RedactText(Scrubber(url).Replace(pointer.ReplaceAllString(C.GoString(line), "")))
}

// explained is libav's error about url with the first and the last line of its log, which tell more than the error's code: what went wrong, and what came of
// it.
func explained(err error, url string) error {
	first, last := logLine(C.fw_log_first(), url), lastLog(url)
	switch {
	case last == "":
		return err
	case first != last:
		return fmt.Errorf("%w (%s; %s)", err, first, last)
	}
	return fmt.Errorf("%w (%s)", err, last)
}

// pointer is where libav's log says that an object lies in memory.
var pointer = regexp.MustCompile(` @ 0x[0-9a-f]+`)
