package transport_test

import (
	"testing"

	"github.com/framewatch/framewatch/ingest/transport"
)

// FuzzMonitor writes anything, cut at some place, and looks for what cannot be.
func FuzzMonitor(f *testing.F) {
	for _, name := range []string{"024_cc_missing.ts", "027_scte35_tables.ts"} {
		var m mux
		m.tables()
		m.out.Write(capture(f, name))
		f.Add(m.out.Bytes(), 100)
	}
	var m mux
	m.channel(0, 100, nil)
	m.add(table(pidCues, splice(false, 0, 5, insert(3, true, 90, 50))))
	m.channel(100, 200, nil)
	f.Add(m.out.Bytes(), 1000)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		monitor := transport.New()
		cut = min(max(cut, 0), len(b))
		monitor.Tag(b, nil, true)
		monitor.Write(b[:cut])
		first, _ := monitor.Second(false, nil)
		monitor.Write(b[cut:])
		monitor.Discontinuity()
		monitor.Write(b)
		pts := int64(cut) << 12
		second, cues := monitor.Second(true, &pts)
		monitor.Programmes()
		if first != nil && int(first.Packets) > cut/188 {
			t.Errorf("%d packets in %d bytes", first.Packets, cut)
		}
		if second == nil {
			return
		}
		if n := second.NullPackets + second.Scrambled + second.Duplicates + second.TransportErrors; n > second.Packets || second.SyncByteErrors < 2*second.SyncLosses-1 {
			t.Errorf("%s", text(second))
		}
		for _, v := range []*int32{second.PATIntervalMax, second.PMTIntervalMax, second.PCRGapMax, second.PTSGapMax, second.PATErrors, second.PMTErrors, second.PTSErrors} {
			if v != nil && *v < 0 {
				t.Errorf("%s", text(second))
			}
		}
		if cues != nil && cues.SinceMS != nil && *cues.SinceMS < 0 {
			t.Errorf("%s", text(cues))
		}
	})
}

// In the steady state nothing is allocated but the second's record.
func TestNothingIsAllocated(t *testing.T) {
	monitor, stream := transport.New(), clean()
	monitor.Write(stream)
	if n := testing.AllocsPerRun(10, func() { monitor.Write(stream) }); n > 0 {
		t.Errorf("%v allocations for %d packets", n, len(stream)/188)
	}
}

func BenchmarkMonitor(b *testing.B) {
	monitor, stream := transport.New(), clean()
	b.SetBytes(int64(len(stream)))
	for b.Loop() {
		monitor.Write(stream)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(stream)/188), "ns/packet")
}
