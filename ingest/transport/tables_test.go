package transport_test

import (
	"testing"

	"github.com/framewatch/framewatch/ingest/transport"
)

// What TR 101 290 calls an error of PAT, PMT, CAT and CRC but for intervals, each added to a clean channel.
func TestTableErrors(t *testing.T) {
	type figures struct{ pat, pmt, cat, crc, scrambled int32 }
	broken := func(s []byte) []byte {
		s[len(s)-1] ^= 1
		return s
	}
	cat := section(1, 0xb0, 0xff, 0xff, 0xc1, 0, 0)
	for _, c := range []struct {
		name string
		add  []packet
		want figures
	}{
		{"nothing", nil, figures{}},
		{"another table on PID 0", []packet{table(pidPAT, section(2, 0xb0, 0, 1, 0xc1, 0, 0, 0xff, 0xff, 0xf0, 0))}, figures{pat: 1}},
		{"a scrambled PAT", []packet{{pid: pidPAT, scrambled: true}}, figures{pat: 1, scrambled: 1}},
		{"a scrambled PMT", []packet{{pid: pidPMT, scrambled: true}}, figures{pmt: 1, scrambled: 1}},
		{"another table beside the PMT", []packet{table(pidPMT, section(0xc0, 0xb0, 0, 1, 0xc1, 0, 0))}, figures{}},
		{"another table on PID 1", []packet{table(pidCAT, section(0, 0xb0, 0, 1, 0xc1, 0, 0))}, figures{cat: 1}},
		{"a CAT", []packet{table(pidCAT, cat)}, figures{}},
		{"CRC of PAT", []packet{table(pidPAT, broken(pat(1, 7, 0x300)))}, figures{crc: 1}},
		{"of PMT", []packet{table(pidPMT, broken(pmt(1, 0x300, nil)))}, figures{crc: 1}},
		{"of CAT", []packet{table(pidCAT, broken(section(1, 0xb0, 0xff, 0xff, 0xc1, 0, 0)))}, figures{crc: 1}},
		{"of cues", []packet{table(pidCues, broken(section(0xfc, 0x30, make([]byte, 16)...)))}, figures{crc: 1}},
		{"of NIT, SDT, EIT and TOT", []packet{
			table(0x10, broken(section(0x40, 0xf0, make([]byte, 9)...))), table(0x11, broken(section(0x42, 0xf0, make([]byte, 9)...))),
			table(0x12, broken(section(0x4e, 0xf0, make([]byte, 11)...))), table(0x14, broken(section(0x73, 0x70, make([]byte, 7)...))),
		}, figures{crc: 4}},
		{"a TDT has none", []packet{table(0x14, []byte{0x70, 0x70, 5, 1, 2, 3, 4, 5})}, figures{}},
		{"a section that begins behind its packet", []packet{{pid: 0x11, start: true, payload: []byte{200}}}, figures{}},
		{"two sections in one packet", []packet{table(0x11, append(section(0x42, 0xf0, make([]byte, 9)...), broken(section(0x46, 0xf0, make([]byte, 9)...))...))}, figures{crc: 1}},
	} {
		var m mux
		m.channel(0, 500, nil)
		m.add(c.add...)
		m.channel(500, 1000, nil)
		s, _ := m.watch(t)
		if got := (figures{*s.PATErrors, *s.PMTErrors, *s.CATErrors, s.CRCErrors, s.Scrambled}); got != c.want || len(s.ContinuityErrors) > 0 || *s.PCRCount != 50 {
			t.Errorf("%s: %+v, want %+v: %s", c.name, got, c.want, text(s))
		}
	}
}

// Packets are scrambled and no CAT comes, or has come: told once a second, from the second second on.
func TestCATMissing(t *testing.T) {
	scrambled := packet{pid: pidVideo, scrambled: true}
	cat := table(pidCAT, section(1, 0xb0, 0xff, 0xff, 0xc1, 0, 0))
	var m mux
	monitor := transport.New()
	var errors []int32
	for _, add := range [][]packet{{scrambled}, {scrambled, scrambled}, {cat, scrambled}, {scrambled}, {scrambled}, {}} {
		m.channel(0, 40, nil)
		m.add(add...)
		monitor.Write(m.out.Bytes())
		m.out.Reset()
		s, _ := monitor.Second(false, nil)
		errors = append(errors, *s.CATErrors)
	}
	if text(errors) != "[0,1,0,0,1,0]" {
		t.Errorf("CAT errors %v", errors)
	}
}

// A section may begin in one packet, end in the next and be followed by another there.
func TestSectionOverPackets(t *testing.T) {
	long, next := section(0x42, 0xf0, make([]byte, 300)...), section(0x42, 0xf0, make([]byte, 9)...)
	for flip, want := range map[int]int32{-1: 0, 100: 1, 200: 1} {
		sections := append(append([]byte{}, long...), next...)
		if flip >= 0 {
			sections[flip] ^= 1
		}
		var m mux
		m.channel(0, 100, nil)
		rest := sections[183:]
		m.add(packet{pid: 0x11, start: true, payload: append([]byte{0}, sections[:183]...)})
		m.add(packet{pid: 0x11, start: true, payload: append([]byte{byte(307 - 183)}, rest...)})
		if s, _ := m.watch(t); s.CRCErrors != want {
			t.Errorf("byte %d is wrong: %d CRC errors, want %d", flip, s.CRCErrors, want)
		}
	}
}

func TestProgrammes(t *testing.T) {
	descriptor := func(tag byte, body ...byte) []byte { return append([]byte{tag, byte(len(body))}, body...) }
	join := func(all ...[]byte) (out []byte) {
		for _, b := range all {
			out = append(out, b...)
		}
		return out
	}
	var m mux
	m.add(table(pidPAT, pat(0, 0, 0x10, 1, 0x100, 2, 0x200, 3, 0x300)))
	m.add(table(0x100, pmt(1, 0x101, descriptor(0x09, 6, 4, 0xe5, 0),
		elementary{0x1b, 0x101, descriptor(0x86, 0xc2, 'e', 'n', 'g', 0xc1, 0x3f, 0xff, 's', 'p', 'a', 0x7f, 0x3f, 0xff)},
		elementary{0x0f, 0x102, join(descriptor(0x0a, 'd', 'e', 'u', 0), descriptor(0x09, 1, 0, 0xe5, 1))},
		elementary{0x86, 0x103, descriptor(0x05, 'C', 'U', 'E', 'I')})))
	m.add(table(0x200, pmt(2, 0x201, descriptor(0x05, 'H', 'D', 'M', 'V'),
		elementary{0x06, 0x202, descriptor(0x6a, 0)}, elementary{0x06, 0x203, descriptor(0x05, 'O', 'p', 'u', 's')},
		elementary{0x06, 0x204, descriptor(0x56, 'f', 'r', 'a', 0x10, 0x88, 'f', 'r', 'a', 0x09, 0x00, 'd', 'e', 'u', 0x2b, 0x01)},
		elementary{0x06, 0x205, descriptor(0x59, 's', 'w', 'e', 0x10, 0, 7, 0, 8)},
		elementary{0x86, 0x206, nil}, elementary{0x06, 0x207, nil}, elementary{0x05, 0x208, descriptor(0x05, 0, 1, 2, 3)})))
	m.nulls(5)
	monitor := transport.New()
	monitor.Write(m.out.Bytes())
	want := `[{"number":1,"pmt_pid":256,"pcr_pid":257,"ca_systems":[256,1540],"streams":[` +
		`{"pid":257,"stream_type":27,"kind":"video","registration":"","language":"","captions":[{"kind":"cea708","number":1,"language":"eng"},{"kind":"cea608","number":2,"language":"spa"}]},` +
		`{"pid":258,"stream_type":15,"kind":"audio","registration":"","language":"deu","captions":null},` +
		`{"pid":259,"stream_type":134,"kind":"scte35","registration":"CUEI","language":"","captions":null}]},` +
		`{"number":2,"pmt_pid":512,"pcr_pid":513,"ca_systems":null,"streams":[` +
		`{"pid":514,"stream_type":6,"kind":"audio","registration":"","language":"","captions":null},` +
		`{"pid":515,"stream_type":6,"kind":"audio","registration":"Opus","language":"","captions":null},` +
		`{"pid":516,"stream_type":6,"kind":"subtitle","registration":"","language":"fra","captions":[{"kind":"teletext","number":888,"language":"fra"},{"kind":"teletext","number":301,"language":"deu"}]},` +
		`{"pid":517,"stream_type":6,"kind":"subtitle","registration":"","language":"swe","captions":[{"kind":"dvb_subtitle","number":7,"language":"swe"}]},` +
		`{"pid":518,"stream_type":134,"kind":"audio","registration":"","language":"","captions":null},` +
		`{"pid":519,"stream_type":6,"kind":"data","registration":"","language":"","captions":null},` +
		`{"pid":520,"stream_type":5,"kind":"data","registration":"....","language":"","captions":null}]},` +
		`{"number":3,"pmt_pid":768,"pcr_pid":-1,"ca_systems":null,"streams":null}]`
	if got := text(monitor.Programmes()); got != want {
		t.Errorf("programmes\n%s\nwant\n%s", got, want)
	}

	// Another version of the PAT drops what it does not name and keeps the PMT of what it does; another PMT replaces the old one.
	m.out.Reset()
	m.add(table(pidPAT, pat(1, 2, 0x200, 3, 0x300)), table(0x300, pmt(3, 0x301, nil, elementary{0x24, 0x301, nil})))
	monitor.Write(m.out.Bytes())
	if kept := (*monitor.Programmes())[0]; kept.Number != 2 || len(kept.Streams) != 7 {
		t.Errorf("of programme 2 there is %s", text(kept))
	}
	m.out.Reset()
	m.add(table(0x200, pmt(2, 0x201, nil, elementary{0x03, 0x202, nil})))
	monitor.Write(m.out.Bytes())
	want = `[{"number":2,"pmt_pid":512,"pcr_pid":513,"ca_systems":null,"streams":[{"pid":514,"stream_type":3,"kind":"audio","registration":"","language":"","captions":null}]},` +
		`{"number":3,"pmt_pid":768,"pcr_pid":769,"ca_systems":null,"streams":[{"pid":769,"stream_type":36,"kind":"video","registration":"","language":"","captions":null}]}]`
	if got := text(monitor.Programmes()); got != want {
		t.Errorf("later\n%s\nwant\n%s", got, want)
	}
	m.out.Reset()
	m.add(table(pidPAT, pat(1, 3, 0x300))) // against the rules, without a new version
	monitor.Write(m.out.Bytes())
	if left := *monitor.Programmes(); len(left) != 1 || left[0].Number != 3 {
		t.Errorf("programme 3 alone is not what is left: %s", text(left))
	}
	if transport.New().Programmes() != nil {
		t.Error("a monitor that has seen nothing knows of programmes")
	}
}
