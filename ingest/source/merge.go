package source

import (
	"context"
	"io"
	"time"

	"github.com/framewatch/framewatch/ingest/media"
)

// maxApart is the longest step of DTS within one input, and the greatest distance between two, that is still one timeline, 90 kHz.
const maxApart = 10 * media.Clock

// mostEarly is how much sound a live source may have from before its first picture, 90 kHz.
const mostEarly = media.Clock / 4

// merge puts the packets of two inputs into the order of their DTS. When one has nothing, the other waits for it as long as its patience
// lasts and then goes on alone until the first is heard of again; what comes late is late, not lost. One goroutine.
type merge struct {
	// inputs are the pictures' and the sound's.
	inputs [2]*input
	// patience as in Input.
	patience func(pts int64) time.Duration
	// begun tells that the first packet has been given.
	begun bool
}

// input is one side of a merge.
type input struct {
	*reader
	// opened tells that its tracks are known, asked that a packet is being waited for, held that there is one, ended that none comes any more.
	opened, asked, held, ended bool
	// absent tells that it was waited for in vain.
	absent bool
	// position of its newest packet in the common order: its DTS plus offset, unwrapped; placed once there is one. 90 kHz.
	position, offset int64
	placed           bool
}

func newMerge(ctx context.Context, pictures, sound *demuxer, patience func(pts int64) time.Duration) *merge {
	m := &merge{patience: patience}
	for i, d := range []*demuxer{pictures, sound} {
		m.inputs[i] = &input{reader: startReader(ctx, d), asked: true}
	}
	return m
}

// open waits for the pictures to be opened, and then for the sound as long as patience lasts. The error is the pictures'.
func (m *merge) open() error {
	pictures, sound := m.inputs[0], m.inputs[1]
	if err := pictures.hear(<-pictures.came, sound); err != nil {
		return err
	}
	timeout, stop := m.timeout(media.NoTime)
	defer stop()
	select {
	case err := <-sound.came:
		_ = sound.hear(err, pictures) // pictures go on without sound
	case <-timeout:
	}
	return nil
}

// next is the demuxer that holds the packet which comes next. io.EOF: neither has any more; another error is the pictures'.
func (m *merge) next() (*demuxer, error) {
	for {
		for _, i := range m.inputs {
			i.request()
		}
		first, missing := m.first()
		if missing == nil {
			if first == nil {
				return nil, io.EOF
			}
			first.held = false
			if m.early(first) {
				continue
			}
			m.begun = true
			return first.demuxer, nil
		}
		if err := m.wait(first, missing); err != nil {
			return nil, err
		}
	}
}

// early tells that a packet is of sound that a live source has from well before its first picture: who joins does so where both begin.
func (m *merge) early(i *input) bool {
	pictures := m.inputs[0]
	return !m.begun && m.patience != nil && i != pictures && pictures.held && pictures.position-i.position > mostEarly && together(pictures.position, i.position)
}

// first is the input whose packet comes first, nil when there is none, and one that must be waited for before, nil when there is none.
func (m *merge) first() (first, missing *input) {
	for _, i := range m.inputs {
		if i.held && (first == nil || i.position < first.position) {
			first = i
		}
	}
	for _, i := range m.inputs {
		if i.asked && (first == nil || !i.absent && (!i.placed || i.position <= first.position)) {
			missing = i
		}
	}
	return first, missing
}

// wait waits for word of an input, no longer than first may be held.
func (m *merge) wait(first, missing *input) error {
	timeout, stop := (<-chan time.Time)(nil), func() {}
	if first != nil {
		timeout, stop = m.timeout(first.pts())
	}
	defer stop()
	pictures, sound := m.inputs[0], m.inputs[1]
	select {
	case err := <-pictures.came:
		return pictures.hear(err, sound)
	case err := <-sound.came:
		_ = sound.hear(err, pictures) // pictures go on without sound
	case <-timeout:
		missing.absent = true
	}
	return nil
}

// timeout comes when a packet of that time stamp must not be held any longer.
func (m *merge) timeout(pts int64) (<-chan time.Time, func()) {
	if m.patience == nil {
		return nil, func() {}
	}
	t := time.NewTimer(max(m.patience(pts), 0))
	return t.C, func() { t.Stop() }
}

// close ends both readers.
func (m *merge) close() {
	for _, i := range m.inputs {
		i.close()
	}
}

// request asks for the next packet unless there is one, or none any more.
func (i *input) request() {
	if !i.asked && !i.held && !i.ended {
		i.asked = true
		i.ask <- struct{}{}
	}
}

// hear takes the reader's word. The error is any but the input's end.
func (i *input) hear(err error, other *input) error {
	i.asked, i.absent = false, false
	switch {
	case err != nil:
		i.ended = true
	case !i.opened:
		i.opened = true
	default:
		i.held = true
		i.place(to90k(i.packet.Dts(), i.timeBase()), other)
	}
	if err == io.EOF {
		return nil
	}
	return err
}

// place puts the packet at hand in order. Over a jump an input goes on where it was, or where the other is on the new timeline already.
func (i *input) place(dts int64, other *input) {
	if dts == media.NoTime {
		return
	}
	reference := dts
	switch {
	case i.placed:
		reference = i.position
	case other.placed:
		i.offset, reference = other.offset, other.position
	}
	at := nearest(dts+i.offset, reference)
	if !together(at, reference) {
		if over := nearest(dts+other.offset, other.position); other.placed && together(over, other.position) {
			i.offset, at = other.offset, over
		} else {
			i.offset, at = reference-dts, reference
		}
	}
	i.position, i.placed = at, true
}

// pts of the packet at hand, its DTS when it has none, 90 kHz.
func (i *input) pts() int64 {
	t := i.packet.Pts()
	if t == media.NoTime {
		t = i.packet.Dts()
	}
	return to90k(t, i.timeBase())
}

// nearest undoes the wrap of a 33-bit time stamp: it takes the one nearest to reference.
func nearest(t, reference int64) int64 {
	const wrap = 1 << 33
	return t + (reference-t+wrap/2)>>33*wrap
}

// together tells whether two positions belong to one timeline.
func together(a, b int64) bool { return -maxApart <= a-b && a-b <= maxApart }
