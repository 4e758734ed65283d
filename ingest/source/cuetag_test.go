package source_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/framewatch/framewatch/ingest/source"
)

// cued is a sink that shows what it was told of tags: the message, o or i for out or in, ! when it is of what comes next.
type cued struct{ sink }

func (c *cued) Tag(message []byte, out *bool, here bool) {
	text := "{" + string(message)
	if out != nil {
		text += map[bool]string{true: "o", false: "i"}[*out]
	}
	if here {
		text += "!"
	}
	c.Write([]byte(text + "}"))
}

func (c *cued) Missed() { c.Write([]byte("?")) }

// TestTags has the ways in which packagers write them; "Q1VF" and 0x435545 are "CUE".
func TestTags(t *testing.T) {
	const head = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:1\n"
	dated := "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T10:00:00Z\n"
	many := ""
	for i := range 5000 {
		many += fmt.Sprintf("#EXT-X-CUE-OUT:%d\n", i)
	}
	at := func(second int, attributes string) string {
		return fmt.Sprintf("#EXT-X-DATERANGE:ID=\"a,b\",START-DATE=\"2026-01-01T10:00:%02dZ\",%s\n", second, attributes)
	}
	for _, c := range []struct{ name, one, two, three, end, want string }{
		{"none", "", "", "", "", "<1><2><3>"},
		{"out and in", "", "#EXT-X-CUE-OUT:30\n", "#EXT-X-CUE-IN\n", "", "{}<1>{o!}<2>{i!}<3>"},
		{"out without a duration", "", "#EXT-X-CUE-OUT\n", "", "", "{}<1>{o!}<2><3>"},
		{"at the beginning", "#EXT-X-CUE-OUT:DURATION=30\n", "", "", "", "{}{o!}<1><2><3>"},
		{"it goes on", "", "#EXT-X-CUE-OUT-CONT:4/30\n", "#EXT-X-CUE-OUT-CONT:ElapsedTime=8,Duration=30,SCTE35=Q1VF\n", "", "{}<1>{!}<2>{CUE!}<3>"},
		{"as AWS Elemental has it", "", "#EXT-OATCLS-SCTE35:Q1VF\n#EXT-X-CUE-OUT:30.000\n", "", "", "{}<1>{CUE!}{o!}<2><3>"},
		{"as SCTE 67 has it", "", "#EXT-X-SCTE35:TYPE=0x34,CUE=\"Q1VF\",ID=\"9\"\n", "", "", "{}<1>{CUE!}<2><3>"},
		{"what is no base 64", "", "#EXT-OATCLS-SCTE35:Q1VF*\n", "", "", "{}<1>{!}<2><3>"},
		{"padded", "", "#EXT-X-CUE-OUT:CUE=\"Q1U=\"\n", "", "", "{}<1>{CUo!}<2><3>"},
		{"another tag", "", "#EXT-X-CUE-OUTER\n#EXT-X-CUE\n", "", "", "<1><2><3>"},
		// Segments begin at 0, 4 and 8 s.
		{"date ranges at the top", dated + at(4, "DURATION=4,SCTE35-OUT=0x435545,SCTE35-IN=0x435545"), "", "", "", "{}<1>{CUEo!}<2>{CUEi!}<3>"},
		{"date ranges at the end", dated, "", "", at(8, "SCTE35-CMD=0x435545"), "{}<1><2>{CUE!}<3>"},
		{"nearer to the third", dated + at(7, "SCTE35-OUT=0x43"), "", "", "", "{}<1><2>{Co!}<3>"},
		{"with an end", dated + at(0, "END-DATE=\"2026-01-01T10:00:08Z\",SCTE35-IN=0x43"), "", "", "", "{}<1><2>{Ci!}<3>"},
		{"behind the end", dated, "", "", at(40, "SCTE35-OUT=0x43"), "{}<1><2><3>"},
		{"a date range of something else", dated + at(4, "X-COM=\"1\""), "", "", "", "<1><2><3>"},
		{"a list without dates", "", at(0, "SCTE35-OUT=0x43"), "", "", "{}<1>{Co!}<2><3>"},
		{"odd digits", dated, at(4, "SCTE35-OUT=0x435"), "", "", "{}<1>{o!}<2><3>"},
		{"with a segment that is a gap", "", "#EXT-X-CUE-OUT\n#EXT-X-GAP\n", "", "", "{}<1>{o!}<3>"},
		{"longer than is read", "", "#EXT-X-CUE-OUT:" + strings.Repeat(" ", 17<<10) + "1\n", "", "", "<1><2><3>"},
		{"more than are kept", "", many, "", "", "{}<1>" + strings.Repeat("{o!}", 64) + "<2><3>"},
	} {
		list := head + c.one + "#EXTINF:4,\n1.ts\n" + c.two + "#EXTINF:4,\n2.ts\n" + c.three + "#EXTINF:4,\n3.ts\n" + c.end + "#EXT-X-ENDLIST\n"
		o := newOrigin(files(map[string]string{"/list.m3u8": list, "/1.ts": "<1>", "/2.ts": "<2>", "/3.ts": "<3>"}))
		var w cued
		if err := source.Fetch(t.Context(), source.Request{URL: "http://o/list.m3u8", Client: o.client()}, &w, &source.Meter{}); err != nil || w.String() != c.want {
			t.Errorf("%s: %v\ngot  %s\nwant %s", c.name, err, w.String(), c.want)
		}
	}
}

// TestTagsLive has a list that is entered at 3 of 1 to 5, behind a tag, grows by one every 4 s, has a date range added for what has been played, leaves out
// segments and begins anew.
func TestTagsLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lists := []string{
			live(1, 1) + "#EXT-X-CUE-OUT\n" + list(2, 5),
			strings.Replace(live(2, 2), "#EXTINF", "#EXT-X-CUE-OUT\n#EXTINF", 1) + list(3, 5) + "#EXT-X-CUE-IN\n" + list(6, 6),
			live(3, 3) + "#EXT-X-DATERANGE:ID=\"1\",SCTE35-OUT=0x43\n" + list(4, 5) + "#EXT-X-CUE-IN\n" + list(6, 7),
			live(20, 24),
			live(0, 0) + "#EXT-X-CUE-OUT\n" + list(1, 3),
		}
		var o *origin
		o = newOrigin(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/list.m3u8" {
				served(w, r)
				return
			}
			fmt.Fprint(w, lists[min(int(time.Since(o.began)/(4*time.Second)), len(lists)-1)])
		})
		ctx, cancel := context.WithTimeout(t.Context(), 19*time.Second)
		defer cancel()
		var w cued
		source.Fetch(ctx, source.Request{URL: "http://o/list.m3u8", Client: o.client()}, &w, &source.Meter{})
		if want := "{}<3><4><5>{i!}<6>{Co}<7>?<22><23><24>{}{o!}<1><2><3>"; w.String() != want {
			t.Errorf("wrote %s\nwant  %s", w.String(), want)
		}
	})
}

// list is the segments numbered from first to last.
func list(first, last int) (text string) {
	for i := first; i <= last; i++ {
		text += fmt.Sprintf("#EXTINF:4,\n%d.ts\n", i)
	}
	return text
}
