package replay

import (
	"context"

	"golang.org/x/time/rate"
)

// leastFetch is what one request may bring however slow the reading, in bytes.
const leastFetch = 64 << 10

// pace bounds how fast a topic is read, so that those who live from it do not feel it.
type pace struct{ limiter *rate.Limiter }

// newPace is one of so many bytes a second; 0: none.
func newPace(bytesPerSecond int64) pace {
	if bytesPerSecond <= 0 {
		return pace{}
	}
	return pace{rate.NewLimiter(rate.Limit(bytesPerSecond), int(max(bytesPerSecond, 1)))}
}

// fetch is what one request may bring, in bytes: at most what a second may.
func (p pace) fetch() int32 {
	if p.limiter == nil {
		return fetchBytes
	}
	return int32(min(max(p.limiter.Burst(), leastFetch), fetchBytes))
}

// spend waits until so many bytes may have been read.
func (p pace) spend(ctx context.Context, bytes int) error {
	if p.limiter == nil {
		return nil
	}
	for bytes > 0 {
		part := min(bytes, p.limiter.Burst())
		if err := p.limiter.WaitN(ctx, part); err != nil {
			return err
		}
		bytes -= part
	}
	return nil
}
