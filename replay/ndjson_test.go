package replay_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

func TestNDJSON(t *testing.T) {
	c, source := laidOut(t, kafkatest.Embedded(t), &topology.Streams.Spec)
	spec := &schemas.StreamSpec{URL: "http://a/<b>.m3u8", Labels: map[string]string{"region": "eu"}, Loop: true}
	broken := topology.Message{Topic: &topology.Streams.Spec, Key: "broken", Encode: func(_ *schemas.Contract, dst []byte) ([]byte, error) {
		return append(dst, 1, 2, 3, 4, 5, 6), nil
	}}
	if err := c.Publish(within(t), 0, topology.Streams.Message("one", spec), topology.Streams.Tombstone("two"), broken); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	var times []any
	write := replay.NDJSON(&out, schemas.NewGeneric(schemas.Baked()))
	err := replay.Read(within(t), source, replay.Range{}, func(r replay.Record) error {
		times = append(times, r.Time.UTC().Format("2006-01-02T15:04:05.999999999Z07:00"))
		return write(r)
	})
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`{"partition":0,"offset":0,"time":%q,"key":"one","value":{"expectations":null,"labels":{"region":"eu"},"lane":"","loop":true,"origin":"","profile":"","url":"http://a/<b>.m3u8"}}
{"partition":0,"offset":1,"time":%q,"key":"two","value":null}
{"partition":0,"offset":2,"time":%q,"key":"broken","value":null,"error":"decode: magic byte is 0x1, not 0"}
`, times...)
	if got := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(out.String()); got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
}
