package ingest_test

import (
	"io"
	"runtime"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/framewatch/framewatch/ingest"
)

// The data that the decoder reads has the arrival that it had on the supervisor's side.
func TestIntake(t *testing.T) {
	var now atomic.Int64
	in := ingest.NewIntake(now.Load)
	source, supervisor := io.Pipe()
	decoder, err := in.Pipe(source)
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	read := func(want string) {
		t.Helper()
		got := make([]byte, len(want))
		if _, err := io.ReadFull(decoder, got); err != nil || string(got) != want {
			t.Fatalf("the decoder reads %q, %v; want %q", got, err, want)
		}
	}
	now.Store(1000)
	supervisor.Write([]byte("first"))
	read("first")
	if at, _ := in.Arrival(); at != 1000 {
		t.Errorf("first arrived at %d, want 1000", at)
	}
	for i, data := range []string{"second", "third"} {
		now.Store(int64(2000 + 1000*i))
		supervisor.Write([]byte(data))
		for in.Progress().Received < []int64{11, 16}[i] {
			runtime.Gosched()
		}
	}
	if at, _ := in.Arrival(); at != 1000 || in.Waiting() != 1000 {
		t.Errorf("with nothing read since, what was read last arrived at %d and more has waited for %d, want 1000 and 1000", at, in.Waiting())
	}
	now.Store(4500)
	read("sec")
	if at, waited := in.Arrival(); at != 2000 || waited != 2500 || in.Waiting() != 2500 {
		t.Errorf("half of the second arrived at %d and waited %d, the rest for %d; want 2000, 2500 and 2500", at, waited, in.Waiting())
	}
	read("ondthird")
	supervisor.Close()
	if at, waited := in.Arrival(); at != 3000 || waited != 1500 || in.Waiting() != 0 {
		t.Errorf("the third arrived at %d and waited %d, then %d waits; want 3000, 1500 and 0", at, waited, in.Waiting())
	}
	if n, err := decoder.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("after the end: %d bytes, %v", n, err)
	}
	if p := in.Progress(); p.Received != 16 || p.Taken != 16 {
		t.Errorf("progress %+v, want 16 of 16", p)
	}
}

// The decoder's pipe holds a tenth of a second of the stream, within bounds: what is in it at once counts as come at once.
func TestIntakePipe(t *testing.T) {
	var now atomic.Int64
	in := ingest.NewIntake(now.Load)
	source, supervisor := io.Pipe()
	decoder, err := in.Pipe(source)
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	defer supervisor.Close()
	go io.Copy(io.Discard, decoder)
	total := int64(0)
	for i, c := range []struct{ bytes, capacity int }{
		{0, 4 << 10},
		{200 << 10, 16 << 10}, // 100 KiB a second
		{20 << 10, 4 << 10},
		{8 << 20, 64 << 10},
	} {
		for _, n := range []int{c.bytes, 1} {
			if n == 1 {
				now.Add(2_000_000)
			}
			supervisor.Write(make([]byte, n))
			for total += int64(n); in.Progress().Taken < total; {
				runtime.Gosched()
			}
		}
		if got := must(unix.FcntlInt(decoder.Fd(), unix.F_GETPIPE_SZ, 0)); got != c.capacity {
			t.Errorf("after %d, %d bytes in 2 s: the pipe holds %d, want %d", i, c.bytes, got, c.capacity)
		}
	}
}

// What the decoder does not read is stored up to a bound; then the supervisor waits.
func TestIntakeIsBounded(t *testing.T) {
	const offered, most = 64 << 20, 32<<20 + 2*(64<<10) // a chunk in hand, and a pipe
	in := ingest.NewIntake(func() int64 { return 0 })
	source := &checked{left: offered, check: func() {
		if p := in.Progress(); p.Received-p.Taken > most {
			t.Errorf("%d bytes are stored", p.Received-p.Taken)
		}
	}}
	decoder, err := in.Pipe(source)
	if err != nil {
		t.Fatal(err)
	}
	for in.Progress().Received < 32<<20 { // the decoder reads nothing yet
		runtime.Gosched()
	}
	if n, err := io.Copy(io.Discard, decoder); err != nil || n != offered {
		t.Errorf("the decoder got %d bytes, %v; want %d", n, err, offered)
	}
	decoder.Close()
}

// checked gives bytes and calls check whenever it is asked for some.
type checked struct {
	left  int
	check func()
}

func (c *checked) Read(b []byte) (int, error) {
	c.check()
	n := min(len(b), c.left)
	c.left -= n
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
