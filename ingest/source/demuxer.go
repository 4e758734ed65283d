package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/asticode/go-astiav"
	"github.com/framewatch/framewatch/ingest/media"
)

// maxAgain is how often in a row a demuxer may say that it has nothing yet before it is taken to hang.
const maxAgain = 1000

// closeTime bounds taking leave of a peer.
const closeTime = time.Second

// What is being done when it fails.
const (
	toOpen = "open"
	toRead = "read"
)

// lost is why nothing more comes where libav tells no more than an "Input/output error".
const lost = "the connection is closed or lost"

// demuxer reads one container. One goroutine at a time uses it.
type demuxer struct {
	path, format string
	scheme       Scheme
	// shift is added to the container's time stamps, 90 kHz.
	shift int64
	// soundOnly tells that nothing else of it is decoded.
	soundOnly bool
	container *astiav.FormatContext
	// packet is the last one read.
	packet *astiav.Packet
	// index leads from the container's streams that are known to their places in the Decoder's list.
	index     []int
	interrupt *interrupt
}

func newDemuxer(path, format string) *demuxer {
	return &demuxer{path: path, format: format, packet: astiav.AllocPacket(), container: astiav.AllocFormatContext()}
}

// open finds out what the container holds. The end of ctx ends it and all that follows.
func (d *demuxer) open(ctx context.Context) (err error) {
	forgetLog()
	forgetSRTLog()
	if d.scheme, err = Lookup(d.path); err != nil {
		return err
	}
	if d.interrupt, err = newInterrupt(ctx, d.container); err == nil {
		err = d.probe()
	}
	if err != nil {
		return d.failure(toOpen, err, fmt.Sprintf("no answer within %v", d.scheme.Connect+d.scheme.Response))
	}
	return nil
}

func (d *demuxer) probe() error {
	var format *astiav.InputFormat
	if d.format != "" {
		if format = astiav.FindInputFormat(d.format); format == nil {
			return fmt.Errorf("format %q is unknown", d.format)
		}
	}
	url, options, err := d.scheme.inputOptions(d.path)
	if err != nil {
		return err
	}
	dictionary := newDictionary(options)
	defer dictionary.Free()
	d.interrupt.Within(d.scheme.Connect + d.scheme.Response)
	if err := d.container.OpenInput(url, format, dictionary); err != nil {
		d.container = nil // libav has freed it
		return err
	}
	if err := findTracks(d.container); err != nil {
		return err
	}
	if d.container.NbStreams() == 0 {
		return fmt.Errorf("no tracks in the first %s bytes", options["probesize"])
	}
	return nil
}

// inputOptions is what libav is to open for path, and how: nothing but that pipe, file or peer. A live stream's pipe starts after at most
// 2 MB or a second of media; a file may be looked into for longer.
func (s Scheme) inputOptions(path string) (string, map[string]string, error) {
	o, err := s.opening(path)
	switch {
	case err != nil:
		return "", nil, err
	case strings.HasPrefix(path, "pipe:"):
		o.url, o.options = path, live("pipe", "")
	case o.url == "":
		o.url, o.options = "file:"+LocalPath(path), map[string]string{"protocol_whitelist": "file"}
	}
	restrain(o.options)
	o.options["merge_pmt_versions"] = "1" // a transport stream's track goes on when its PID changes
	return o.url, o.options, nil
}

// failure is err with what was being done, to what, and late when it took too long, what the scheme knows more of it, or the last line of
// libav's log.
func (d *demuxer) failure(doing string, err error, late string) error {
	why := ""
	switch {
	case d.interrupt != nil && d.interrupt.Expired():
		why = late
	case d.scheme.explain != nil:
		why = d.scheme.explain(doing, err)
	case doing == toRead && d.scheme.open != nil && errors.Is(err, astiav.ErrEio):
		why = lost
	}
	if why != "" {
		return fmt.Errorf("%s %s: %s", doing, Redact(d.path), why)
	}
	return fmt.Errorf("%s %s: %w", doing, Redact(d.path), explained(err, d.path))
}

// read reads the next packet. io.EOF: there is none.
func (d *demuxer) read() error {
	for again := 0; ; again++ {
		d.packet.Unref()
		d.interrupt.Within(d.scheme.Stall)
		forgetLogLines()
		err := d.container.ReadFrame(d.packet)
		switch {
		case err == nil:
			d.move()
			return nil
		case errors.Is(err, astiav.ErrEof):
			return io.EOF
		case !errors.Is(err, astiav.ErrEagain) || again == maxAgain:
			return d.failure(toRead, err, fmt.Sprintf("no packets for %v", d.scheme.Stall))
		}
	}
}

// move shifts the packet's time stamps.
func (d *demuxer) move() {
	if d.shift == 0 {
		return
	}
	by := astiav.RescaleQ(d.shift, astiav.NewRational(1, media.Clock), d.timeBase())
	if t := d.packet.Pts(); t != media.NoTime {
		d.packet.SetPts(t + by)
	}
	if t := d.packet.Dts(); t != media.NoTime {
		d.packet.SetDts(t + by)
	}
}

func (d *demuxer) timeBase() astiav.Rational {
	return d.container.Streams()[d.packet.StreamIndex()].TimeBase()
}

// free frees everything.
func (d *demuxer) free() {
	if d.interrupt != nil {
		d.interrupt.Within(closeTime)
	}
	if d.container != nil {
		d.container.CloseInput()
	}
	if d.interrupt != nil {
		d.interrupt.Free()
	}
	d.packet.Free()
}
