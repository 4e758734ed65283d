package transport_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/ingest/transport"
)

// TestUnmatched lets cues and tags come by ms. A cue at 3 s waits until 15 s, which is in second 15; each row tells the second with the first tag, -1
// for none, and how many cues are counted in which.
func TestUnmatched(t *testing.T) {
	yes, no := true, false
	out := func(id byte) []byte { return splice(false, 0, 5, insert(id, true, -1, 0)) }
	in := func(id byte) []byte { return splice(false, 0, 5, insert(id, false, -1, 0)) }
	tag := func(message []byte, way *bool, here bool) func(*transport.Monitor) {
		return func(m *transport.Monitor) { m.Tag(message, way, here) }
	}
	any := tag(nil, nil, false)
	type tags = map[int]func(*transport.Monitor)
	for _, c := range []struct {
		name  string
		cues  map[int][]byte
		tags  tags
		first int
		want  string
	}{
		{"no tags at all", map[int][]byte{3000: out(1)}, nil, -1, ""},
		{"no tag of it", map[int][]byte{3000: out(1)}, tags{0: any}, 0, "15:1"},
		{"both ways", map[int][]byte{3000: out(1), 6000: in(1)}, tags{0: any}, 0, "15:1 18:1"},
		{"the first tag comes after it has counted", map[int][]byte{3000: out(1)}, tags{20000: any}, 20, ""},
		{"a tag with it", map[int][]byte{3000: out(1)}, tags{3000: tag(nil, &yes, true)}, 3, ""},
		{"a tag of the other way", map[int][]byte{3000: out(1)}, tags{3000: tag(nil, &no, true)}, 3, "15:1"},
		{"12 s before", map[int][]byte{14000: out(1)}, tags{2000: tag(nil, &yes, true)}, 2, ""},
		{"longer before", map[int][]byte{14000: out(1)}, tags{1980: tag(nil, &yes, true)}, 1, "26:1"},
		{"12 s after", map[int][]byte{3000: out(1)}, tags{15000: tag(nil, &yes, true)}, 15, ""},
		{"longer after", map[int][]byte{3000: out(1)}, tags{15020: tag(nil, &yes, true)}, 15, "15:1"},
		{"at no time that is known", map[int][]byte{3000: out(1)}, tags{3000: tag(nil, &yes, false)}, 3, "15:1"},
		{"of the same event, long before", map[int][]byte{20000: out(7)}, tags{0: tag(out(7), &yes, false)}, 0, ""},
		{"of another event, with it", map[int][]byte{3000: out(7)}, tags{3000: tag(out(8), &yes, true)}, 3, "15:1"},
		{"of the same event, of the other way", map[int][]byte{3000: out(7)}, tags{3000: tag(in(7), nil, true)}, 3, "15:1"},
		{"the way is the message's", map[int][]byte{3000: out(7)}, tags{3000: tag(out(7), nil, true)}, 3, ""},
		{"a message that is none", map[int][]byte{3000: out(7)}, tags{3000: tag([]byte("\xfc0\x0fno message at all"), &yes, true)}, 3, ""},
		{"a message that is cut short", map[int][]byte{3000: out(7)}, tags{3000: tag(out(8)[:9], &yes, true)}, 3, ""},
		{"told again", map[int][]byte{3000: out(1), 3500: out(1), 4000: out(1)}, tags{0: any}, 0, "15:1"},
		{"a break within a break", map[int][]byte{3000: out(1), 4000: splice(false, 0, 6, []byte{0x7f}, 2, 15, 'C', 'U', 'E', 'I', 0, 0, 0, 2, 0x7f, 0xbf, 0, 0, 0x30, 0, 0)}, tags{0: any}, 0, "15:1"},
		{"announced, and counted when it takes effect", map[int][]byte{1000: splice(false, 0, 5, insert(1, true, (5000+1000)*90, 0))}, tags{0: any}, 0, "17:1"},
		{"announced, and called off", map[int][]byte{1000: splice(false, 0, 5, insert(1, true, (5000+1000)*90, 0)), 2000: splice(false, 0, 5, []byte{0, 0, 0, 1, 0xff})}, tags{0: any}, 0, ""},
		{"segments were missed", map[int][]byte{3000: out(1), 28000: in(1)}, tags{0: any, 8000: (*transport.Monitor).Missed}, 0, ""},
		{"no cue", nil, tags{0: tag(nil, &yes, true)}, 0, ""},
	} {
		var m mux
		monitor := transport.New()
		first, got := -1, ""
		for second := range 30 {
			for now := second * 1000; now < second*1000+1000; now += 20 {
				m.channel(now, now+20, nil)
				if s := c.cues[now]; s != nil {
					m.add(table(pidCues, s))
				}
				monitor.Write(m.out.Bytes())
				m.out.Reset()
				if tell := c.tags[now]; tell != nil {
					tell(monitor)
				}
			}
			_, s := monitor.Second(false, nil)
			if s.Unmatched != nil && first < 0 {
				first = second
			}
			if value(s.Unmatched) > 0 {
				got += fmt.Sprintf(" %d:%d", second, *s.Unmatched)
			}
		}
		if got = strings.TrimSpace(got); got != c.want || first != c.first {
			t.Errorf("%s: compared from second %d, counted %q, want %d, %q", c.name, first, got, c.first, c.want)
		}
	}
}

// However many tags and cues there are, those that came last are remembered.
func TestManyTags(t *testing.T) {
	var m mux
	monitor := transport.New()
	m.channel(0, 1000, nil)
	yes := true
	for id := range 1000 {
		monitor.Tag(splice(false, 0, 5, insert(byte(id), true, -1, 0)), &yes, false)
	}
	for id := range 40 { // each goes out and comes back
		m.add(table(pidCues, splice(false, 0, 5, insert(byte(200+id), true, -1, 0))), table(pidCues, splice(false, 0, 5, insert(byte(200+id), false, -1, 0))))
	}
	m.channel(1000, 2000, nil)
	monitor.Write(m.out.Bytes())
	monitor.Second(false, nil)
	m.out.Reset()
	m.channel(2000, 20000, nil)
	monitor.Write(bytes.Clone(m.out.Bytes()))
	// Of the 64 tags of 936 to 999, by their last byte 168 to 231, and of the 32 changes that still wait for their time when they are looked at, those of
	// 224 to 239, the ways out of 224 to 231 have a tag.
	if _, s := monitor.Second(false, nil); value(s.Unmatched) != 32-8 {
		t.Errorf("%s, want 24 without a tag", text(s))
	}
}
