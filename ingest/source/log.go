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

// forgetLastLog drops the last line alone, so that an error of reading is not explained with what a decoder told before.
func forgetLastLog() { C.fw_log_forget_last() }

// lastLog is the last error or warning that libav told on this thread, redacted; empty when there was none.
func lastLog() string { return redactText(pointer.ReplaceAllString(C.GoString(C.fw_log_last()), "")) }

// explained is libav's error with the last line of its log, which tells more than the error's code.
func explained(err error) error {
	if line := lastLog(); line != "" {
		return fmt.Errorf("%w (%s)", err, line)
	}
	return err
}

// pointer is where libav's log says that an object lies in memory.
var pointer = regexp.MustCompile(` @ 0x[0-9a-f]+`)

var urlInText = regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://[^\s'"]+`)

// redactText redacts each URL in a text that others wrote.
func redactText(text string) string { return urlInText.ReplaceAllStringFunc(text, Redact) }
