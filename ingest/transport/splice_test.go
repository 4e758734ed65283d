package transport_test

import (
	"encoding/base64"
	"slices"
	"strconv"
	"testing"

	"github.com/framewatch/framewatch/ingest/transport"
)

// The sample messages of SCTE 35 2019r1, section 14, and what it says that they hold.
func TestSampleMessages(t *testing.T) {
	for _, c := range []struct{ name, message, want string }{
		{"14.1, placement opportunity start", "/DA0AAAAAAAA///wBQb+cr0AUAAeAhxDVUVJSAAAjn/PAAGlmbAICAAAAAAsoKGKNAIAmsnRfg==",
			`[{"kind":"time_signal","event_id":1207959694,"segmentation_type":52,"pts":1924989008,"out":true,"duration":27630000,"cancelled":false}]`},
		{"14.2, splice_insert", "/DAvAAAAAAAA///wFAVIAACPf+/+c2nALv4AUsz1AAAAAAAKAAhDVUVJAAABNWLbowo=",
			`[{"kind":"splice_insert","event_id":1207959695,"pts":1936310318,"out":true,"duration":5426421,"cancelled":false}]`},
		{"14.3, placement opportunity end", "/DAvAAAAAAAA///wBQb+dGKQoAAZAhdDVUVJSAAAjn+fCAgAAAAALKChijUCAKnMZ1g=",
			`[{"kind":"time_signal","event_id":1207959694,"segmentation_type":53,"pts":1952616608,"out":false,"cancelled":false}]`},
		{"14.4, program end and start", "/DBIAAAAAAAA///wBQb+ek2ItgAyAhdDVUVJSAAAGH+fCAgAAAAALMvDRBEAAAIXQ1VFSUgAABl/nwgIAAAAACyk26AQAACZcuND",
			`[{"kind":"time_signal","event_id":1207959576,"segmentation_type":17,"pts":2051901622,"cancelled":false},` +
				`{"kind":"time_signal","event_id":1207959577,"segmentation_type":16,"pts":2051901622,"cancelled":false}]`},
		{"14.5, program overlap start", "/DAvAAAAAAAA///wBQb+rr//ZAAZAhdDVUVJSAAACH+fCAgAAAAALKVs9RcAAJUdsKg=",
			`[{"kind":"time_signal","event_id":1207959560,"segmentation_type":23,"pts":2931818340,"cancelled":false}]`},
		{"14.6, program blackout override and end", "/DBIAAAAAAAA///wBQb+ky44CwAyAhdDVUVJSAAACn+fCAgAAAAALKCh4xgAAAIXQ1VFSUgAAAl/nwgIAAAAACygoYoRAAC0IX6w",
			`[{"kind":"time_signal","event_id":1207959562,"segmentation_type":24,"pts":2469279755,"cancelled":false},` +
				`{"kind":"time_signal","event_id":1207959561,"segmentation_type":17,"pts":2469279755,"cancelled":false}]`},
		{"14.7, program end", "/DAvAAAAAAAA///wBQb+rvF8TAAZAhdDVUVJSAAAB3+fCAgAAAAALKVslxEAAMSHai4=",
			`[{"kind":"time_signal","event_id":1207959559,"segmentation_type":17,"pts":2935061580,"cancelled":false}]`},
		{"14.8, program start and end, placement opportunity end", "/DBhAAAAAAAA///wBQb+qM1E7QBLAhdDVUVJSAAArX+fCAgAAAAALLLXnTUCAAIXQ1VFSUgAACZ/nwgIAAAAACyy150RAAACF0NVRUlIAAAnf58ICAAAAAAsstezEAAAihiGnw==",
			`[{"kind":"time_signal","event_id":1207959725,"segmentation_type":53,"pts":2832024813,"out":false,"cancelled":false},` +
				`{"kind":"time_signal","event_id":1207959590,"segmentation_type":17,"pts":2832024813,"cancelled":false},` +
				`{"kind":"time_signal","event_id":1207959591,"segmentation_type":16,"pts":2832024813,"cancelled":false}]`},
	} {
		message, err := base64.StdEncoding.DecodeString(c.message)
		if err != nil {
			t.Fatal(err)
		}
		var m mux
		m.tables()
		m.add(table(pidCues, message))
		m.nulls(5)
		second, s := m.watch(t)
		if s == nil || s.Events == nil || text(*s.Events) != c.want || s.Count != 1 || second.CRCErrors != 0 {
			t.Errorf("%s: %s\nwant %s", c.name, text(s), c.want)
		}
	}
}

// splice is a section of SCTE 35: what stands before the command, the command and descriptors.
func splice(encrypted bool, adjustment int64, command byte, body []byte, descriptors ...byte) []byte {
	head := []byte{0, byte(adjustment >> 32), byte(adjustment >> 24), byte(adjustment >> 16), byte(adjustment >> 8), byte(adjustment), 0, 0xff, 0xf0 | byte(len(body)>>8), byte(len(body)), command}
	if encrypted {
		head[1] |= 0x80
	}
	return section(0xfc, 0x30, slices.Concat(head, body, []byte{0, byte(len(descriptors))}, descriptors)...)
}

// at is a splice_time.
func at(pts int64) []byte {
	return []byte{0xfe | byte(pts>>32), byte(pts >> 24), byte(pts >> 16), byte(pts >> 8), byte(pts)}
}

// insert is a splice_insert at pts, -1 for at once. It lasts, and returns by itself, unless that is 0; a negative one does not return by itself.
func insert(id byte, out bool, pts, lasts int64) []byte {
	flags := byte(0x4f)
	if out {
		flags |= 0x80
	}
	b := []byte{0, 0, 0, id, 0x7f, flags}
	if pts < 0 {
		b[5] |= 0x10
	} else {
		b = append(b, at(pts)...)
	}
	if lasts != 0 {
		b[5] |= 0x20
		returns := byte(0xfe)
		if lasts < 0 {
			returns, lasts = 0x7e, -lasts
		}
		b = append(b, returns|byte(lasts>>32), byte(lasts>>24), byte(lasts>>16), byte(lasts>>8), byte(lasts))
	}
	return append(b, 0, 1, 0, 0)
}

func TestCommands(t *testing.T) {
	cancel := []byte{0, 0, 0, 9, 0xff}
	for _, c := range []struct {
		name    string
		section []byte
		count   int32
		want    string
	}{
		{"splice_null", splice(false, 0, 0, nil), 1, "null"},
		{"bandwidth_reservation", splice(false, 0, 7, nil), 1, "null"},
		{"splice_schedule", splice(false, 0, 4, []byte{0}), 1, `[{"kind":"splice_schedule","cancelled":false}]`},
		{"private_command", splice(false, 0, 0xff, []byte("CUEI")), 1, `[{"kind":"private_command","cancelled":false}]`},
		{"another", splice(false, 0, 0x42, nil), 1, `[{"kind":"unknown","cancelled":false}]`},
		{"encrypted", splice(true, 0, 5, insert(9, true, 900, 0)), 1, `[{"kind":"encrypted","cancelled":false}]`},
		{"cancelled", splice(false, 0, 5, cancel), 1, `[{"kind":"splice_insert","event_id":9,"cancelled":true}]`},
		{"at once", splice(false, 0, 5, insert(9, false, -1, 0)), 1, `[{"kind":"splice_insert","event_id":9,"out":false,"cancelled":false}]`},
		// 2^33 - 100 and 900 are 800 beyond the wrap.
		{"with pts_adjustment", splice(false, 900, 5, insert(9, true, 1<<33-100, 0)), 1, `[{"kind":"splice_insert","event_id":9,"pts":800,"out":true,"cancelled":false}]`},
		{"a signal alone", splice(false, 5, 6, at(100)), 1, `[{"kind":"time_signal","pts":105,"cancelled":false}]`},
		{"without time", splice(false, 5, 6, []byte{0x7f}), 1, `[{"kind":"time_signal","cancelled":false}]`},
		{"of another's descriptor", splice(false, 0, 6, at(100), 2, 5, 'X', 'U', 'E', 'I', 0), 1, `[{"kind":"time_signal","pts":100,"cancelled":false}]`},
		{"a segmentation cancelled", splice(false, 0, 6, at(100), 2, 9, 'C', 'U', 'E', 'I', 0, 0, 0, 7, 0xff), 1, `[{"kind":"time_signal","event_id":7,"pts":100,"cancelled":true}]`},
		{"by components", splice(false, 0, 6, at(100), 2, 23, 'C', 'U', 'E', 'I', 0, 0, 0, 7, 0x7f, 0x3f, 1, 5, 0xfe, 0, 0, 0, 1, 0, 0, 0x30, 1, 1, 0, 0, 0), 1,
			`[{"kind":"time_signal","event_id":7,"segmentation_type":48,"pts":100,"out":true,"cancelled":false}]`},
		{"cut short", splice(false, 0, 5, insert(9, true, 900, 0)[:8]), 1, "null"},
	} {
		var m mux
		m.tables()
		m.add(table(pidCues, c.section))
		m.nulls(5)
		if _, s := m.watch(t); s == nil || s.Count != c.count || text(s.Events) != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, text(s), c.want)
		}
	}
}

// Each row is cues as they come by ms, and in which of ten seconds the channel is out of the network at the end, when the PCR has reached 980 ms
// of that second. PCR is 1000 ms ahead of the channel's time.
func TestOut(t *testing.T) {
	pts := func(at int64) int64 { return (at + 1000) * 90 }
	segment := func(id, kind byte, at, lasts int64) []byte {
		d := []byte{2, 0, 'C', 'U', 'E', 'I', 0, 0, 0, id, 0x7f, 0xbf}
		if lasts > 0 {
			d[11] |= 0x40
			d = append(d, 0, byte(lasts>>24), byte(lasts>>16), byte(lasts>>8), byte(lasts))
		}
		d = append(d, 0, 0, kind, 0, 0)
		d[1] = byte(len(d) - 2)
		return splice(false, 0, 6, []byte{0xfe | byte(pts(at)>>32), byte(pts(at) >> 24), byte(pts(at) >> 16), byte(pts(at) >> 8), byte(pts(at))}, d...)
	}
	for _, c := range []struct {
		name string
		cues map[int][]byte
		want string
	}{
		{"none", nil, ".........."},
		{"out and in, announced", map[int][]byte{1000: splice(false, 0, 5, insert(1, true, pts(4000), 0)), 5000: splice(false, 0, 5, insert(1, false, pts(8000), 0))}, "....oooo.."},
		{"at once", map[int][]byte{3000: splice(false, 0, 5, insert(1, true, -1, 0)), 6000: splice(false, 0, 5, insert(1, false, -1, 0))}, "...ooo...."},
		{"back by itself", map[int][]byte{1000: splice(false, 0, 5, insert(1, true, pts(3000), 4*90000))}, "...oooo..."},
		{"with a length that it does not keep by itself", map[int][]byte{1000: splice(false, 0, 5, insert(1, true, pts(3000), -4*90000))}, "...ooooooo"},
		{"a time before the wrap", map[int][]byte{5000: splice(false, 0, 5, insert(1, true, 1<<33-90, 0))}, ".....ooooo"},
		{"in and out, against their order", map[int][]byte{1000: splice(false, 0, 5, insert(1, false, pts(3800), 0)), 1020: splice(false, 0, 5, insert(1, true, pts(3500), 0))}, ".........."},
		{"cancelled", map[int][]byte{1000: splice(false, 0, 5, insert(1, true, pts(6000), 0)), 2000: splice(false, 0, 5, []byte{0, 0, 0, 1, 0xff})}, ".........."},
		{"another is cancelled", map[int][]byte{1000: splice(false, 0, 5, insert(1, true, pts(6000), 0)), 2000: splice(false, 0, 5, []byte{0, 0, 0, 2, 0xff})}, "......oooo"},
		{"a time that has passed", map[int][]byte{5000: splice(false, 0, 5, insert(1, true, pts(3000), 0))}, ".....ooooo"},
		{"an advertisement within a placement opportunity", map[int][]byte{
			1000: segment(1, 0x34, 2000, 0), 2000: segment(2, 0x30, 3000, 0), 3000: segment(2, 0x31, 5000, 0), 5000: segment(1, 0x35, 7000, 0)}, "..ooooo..."},
		{"for as long as it says", map[int][]byte{1000: segment(1, 0x30, 2000, 3*90000)}, "..ooo....."},
		{"a segmentation of no kind", map[int][]byte{1000: splice(false, 0, 5, insert(1, true, -1, 0)), 2000: segment(1, 0, 3000, 0)}, ".ooooooooo"},
		{"a program is the network's own", map[int][]byte{1000: segment(1, 0x10, 2000, 0)}, ".........."},
	} {
		var m mux
		monitor := transport.New()
		got := ""
		for second := range 10 {
			for step := range 50 {
				now := second*1000 + step*20
				m.channel(now, now+20, nil)
				if s := c.cues[now]; s != nil {
					m.add(table(pidCues, s))
				}
			}
			monitor.Write(m.out.Bytes())
			m.out.Reset()
			if _, s := monitor.Second(false, nil); s.Out {
				got += "o"
			} else {
				got += "."
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// Ten seconds come at once and are presented one a second: what their cues say is told as it is presented. Over a break of the time base, of which the time stamp
// that is presented tells nothing, as far behind as before.
func TestCuesOfWhatIsPresented(t *testing.T) {
	pts := func(at int64) int64 { return (at + 1000) * 90 }
	cues := map[int][]byte{
		1000: splice(false, 0, 5, insert(1, true, pts(3000), 0)), // in segments of 2 s as in any other
		5000: splice(false, 0, 5, insert(1, false, pts(6000), 0)),
		6000: splice(false, 0, 5, insert(2, true, pts(8000), 0)),
		7000: splice(false, 0, 5, []byte{0, 0, 0, 2, 0xff}),
	}
	var m mux
	for now := 0; now < 12_000; now += 20 {
		m.channel(now, now+20, nil)
		if s := cues[now]; s != nil {
			m.add(table(pidCues, s))
		}
	}
	monitor := transport.New()
	monitor.Second(false, nil) // there is no playlist yet
	monitor.Write(m.out.Bytes())
	if _, s := monitor.Second(true, nil); s.Out || s.Events != nil {
		t.Errorf("before anything is presented: %s", text(s))
	}
	got, told := "", ""
	for second := range int64(11) {
		presented := pts(second*1000 + 980)
		if second == 4 {
			presented = pts(3_600_000) // of another time base
		}
		_, s := monitor.Second(true, &presented)
		if s.Out {
			got += "o"
		} else {
			got += "."
		}
		n := 0
		if s.Events != nil {
			n = len(*s.Events)
		}
		told += strconv.Itoa(n)
	}
	if got != "...ooo....." || told != "01000111000" {
		t.Errorf("out of the network %s, cues %s", got, told)
	}
}

// The last cue is told on, with the time since, and a heartbeat is none.
func TestLastCue(t *testing.T) {
	var m mux
	monitor := transport.New()
	m.channel(0, 500, nil)
	m.add(table(pidCues, splice(false, 0, 5, insert(3, true, 90, 0))))
	m.channel(500, 1000, nil)
	monitor.Write(m.out.Bytes())
	_, first := monitor.Second(false, nil)
	m.out.Reset()
	m.add(table(pidCues, splice(false, 0, 0, nil)))
	m.channel(1000, 2000, nil)
	monitor.Write(m.out.Bytes())
	_, second := monitor.Second(false, nil)
	// It came after the PCR of 480; the last ones stand at 980 and 1980.
	want := `{"count":1,"event_id":3,"kind":"splice_insert","pts":90,"out":true,"since_ms":500,"events":[{"kind":"splice_insert","event_id":3,"pts":90,"out":true,"cancelled":false}]}` +
		`{"count":1,"event_id":3,"kind":"splice_insert","pts":90,"out":true,"since_ms":1500}`
	if got := text(first) + text(second); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	var plain mux
	plain.add(table(pidPAT, pat(0, 1, pidPMT)), table(pidPMT, pmt(1, pidPCR, nil)))
	plain.nulls(5)
	if _, s := plain.watch(t); s != nil {
		t.Errorf("no PID for cues: %s", text(s))
	}
}
