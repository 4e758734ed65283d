package lab_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/framewatch/framewatch/internal/lab"
)

// pictureUnits is an MPEG-TS with so many pictures, 25 a second, of three packets each, the first with the time stamp.
func pictureUnits(n int) (data []byte) {
	for i := range n {
		pts := int64(126000 + i*3600)
		for part := range 3 {
			p := make([]byte, 188)
			p[0], p[1], p[2], p[3] = 0x47, 1, 0, 0x10 // PID 256, payload only
			p[187] = byte(i)
			if part == 0 {
				p[1] |= 0x40
				copy(p[4:], []byte{0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5, byte(0x21 | pts>>30<<1), byte(pts >> 22), byte(pts>>14 | 1), byte(pts >> 7), byte(pts<<1 | 1)})
			}
			data = append(data, p...)
		}
	}
	return data
}

func TestPacketEditsKeepToTheirTime(t *testing.T) {
	// Of 50 pictures those from 0.4 s to before 0.8 s, 10 to 19, are gone.
	out, first, last, err := lab.ApplyAllGone(pictureUnits(50), 400*time.Millisecond, 800*time.Millisecond, rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if first != 400*time.Millisecond || last != 760*time.Millisecond || len(out) != 40*3*188 {
		t.Errorf("spoilt from %v to %v, %d packets left; want 400ms to 760ms and 120", first, last, len(out)/188)
	}
	for at := 0; at < len(out); at += 188 {
		if i := out[at+187]; i >= 10 && i < 20 {
			t.Errorf("a packet of picture %d is left", i)
		}
	}
	if _, _, _, err := lab.ApplyAllGone(pictureUnits(5), time.Second, 2*time.Second, rand.New(rand.NewPCG(1, 1))); err == nil {
		t.Error("no error where there is nothing to spoil")
	}
}
