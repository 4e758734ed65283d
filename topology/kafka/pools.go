package kafka

import (
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
)

// fetched is the memory of fetched records of all partitions. A record that is done with gives its part back (kgo.Record.Recycle); one that is not is
// left to the garbage collector.
var fetched = &pools{}

// mostPooled is the size, in bytes, from which on the memory of a batch is not kept: the next would have all of it cleared.
const mostPooled = 16 << 20

// pools keep memory for batches of records.
type pools struct{ bytes, records sync.Pool }

// GetDecompressBytes is memory for the batch that was compressed to so much; the client lets it grow where it is too little.
func (p *pools) GetDecompressBytes(compressed []byte, _ kgo.CompressionCodecType) []byte {
	if b, ok := p.bytes.Get().(*[]byte); ok {
		return *b
	}
	return make([]byte, 0, 2*len(compressed))
}

// PutDecompressBytes takes memory back.
func (p *pools) PutDecompressBytes(b []byte) {
	if cap(b) <= mostPooled {
		p.bytes.Put(&b)
	}
}

// GetRecords is memory for n records.
func (p *pools) GetRecords(n int) []kgo.Record {
	if r, ok := p.records.Get().(*[]kgo.Record); ok && cap(*r) >= n {
		return *r
	}
	return make([]kgo.Record, n)
}

// PutRecords takes memory back.
func (p *pools) PutRecords(r []kgo.Record) { p.records.Put(&r) }
