package main

import (
	"context"
	"fmt"
	"time"

	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

const (
	// skewWarn and skewFail are how far two clocks may be apart. A second is what an operator sees; after ten, absence is told of what is there.
	skewWarn, skewFail = time.Second, 10 * time.Second
	skewRemedy         = "let every machine keep time by NTP (chrony, systemd-timesyncd): timedatectl tells whether this one does"
)

// checkClock compares this machine's clock with the brokers', and with that of who writes the features: a record from the future shows that one of them is wrong.
func checkClock(ctx context.Context, p *patient) []finding {
	const name = "kafka clock"
	brokers := p.withKafka(ctx, name, func(ctx context.Context, e *kafka.Examination) ([]finding, error) {
		theirs, ours, within, err := e.Clock(ctx)
		if err != nil {
			return nil, err
		}
		return []finding{skew(name, "the brokers' clock", theirs.Sub(ours), within)}, nil
	})
	if !p.runs("detector", shadowTarget, "console") {
		return brokers // the others may not read features
	}
	writers := p.withKafka(ctx, name, func(ctx context.Context, e *kafka.Examination) ([]finding, error) {
		newest, err := e.Newest(ctx, &topology.Features.Spec)
		if err != nil || newest.IsZero() {
			return nil, err
		}
		return []finding{skew(name, "the newest record of features, by the clock of who wrote it,", max(0, time.Until(newest)), 0)}, nil
	})
	if len(brokers) == 1 && len(writers) == 1 && brokers[0] == writers[0] {
		return brokers
	}
	return append(brokers, writers...)
}

// skew judges how far a clock is ahead of ours, known within half the time that it took to ask.
func skew(check, whose string, ahead, within time.Duration) finding {
	apart := max(ahead, -ahead) - within
	way := "ahead of"
	if ahead < 0 {
		way = "behind"
	}
	f := finding{Check: check, Status: statusOK, Detail: fmt.Sprintf("%s is %v %s this machine's, give or take %v", whose, max(ahead, -ahead).Round(time.Millisecond), way, within.Round(time.Millisecond))}
	switch {
	case apart > skewFail:
		f.Status, f.Remedy = statusFail, skewRemedy
	case apart > skewWarn:
		f.Status, f.Remedy = statusWarn, skewRemedy
	}
	return f
}
