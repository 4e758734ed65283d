package kafka

import (
	"errors"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
)

// fences are the answers to a producer whose work another has begun since.
var fences = []error{kerr.ProducerFenced, kerr.InvalidProducerEpoch, kerr.InvalidProducerIDMapping, kerr.InvalidTxnState, kerr.UnknownProducerID, kerr.ConcurrentTransactions}

// Superseded says that a PublishAll failed because somebody else began the same work.
func Superseded(err error) bool {
	return slices.ContainsFunc(fences, func(fence error) bool { return errors.Is(err, fence) })
}
