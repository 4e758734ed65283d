package source

// #cgo pkg-config: libavformat libavutil
// #include "interrupt.h"
import "C"

import (
	"context"
	"errors"
	"time"
	"unsafe"

	"github.com/asticode/go-astiav"
)

// Waits counts how often libav has asked in this process whether it is to go on, as it does while it waits for the network: a decoder
// that hangs does not ask.
func Waits() int64 { return int64(C.fw_interrupt_asked()) }

// interrupt bounds what libav does with one container. One goroutine, that which drives libav.
type interrupt struct {
	c *C.fw_interrupt
	// release lets go of the context whose end is libav's too; when it is too late for that, stopped tells that all is done.
	release func() bool
	stopped chan struct{}
}

// newInterrupt lets ctx end what libav does with container. go-astiav's own interrupter can neither tell the time nor count.
func newInterrupt(ctx context.Context, container *astiav.FormatContext) (*interrupt, error) {
	// The container's only field is the AVFormatContext, to which go-astiav has no accessor; fw_interrupt_new checks that it is one.
	c := C.fw_interrupt_new(*(**C.AVFormatContext)(unsafe.Pointer(container)))
	if c == nil {
		return nil, errors.New("make libav interruptible: there is no memory, or go-astiav's FormatContext has changed")
	}
	i := &interrupt{c: c, stopped: make(chan struct{})}
	i.release = context.AfterFunc(ctx, func() {
		C.fw_interrupt_stop(c)
		close(i.stopped)
	})
	return i, nil
}

// Within bounds what libav does from now on; 0: it is not bounded.
func (i *interrupt) Within(d time.Duration) { C.fw_interrupt_within(i.c, C.int64_t(d.Microseconds())) }

// Expired tells that the time which Within gave has run out.
func (i *interrupt) Expired() bool { return C.fw_interrupt_expired(i.c) != 0 }

// Free is called when the container is no more.
func (i *interrupt) Free() {
	if !i.release() {
		<-i.stopped
	}
	C.fw_interrupt_free(i.c)
}
