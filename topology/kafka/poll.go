package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
)

// pollRecords is the most that one poll hands out.
const pollRecords = 5000

// hopeless says of a broker's answer that asking again does not change it.
func hopeless(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	return slices.ContainsFunc([]*kerr.Error{
		kerr.TopicAuthorizationFailed, kerr.GroupAuthorizationFailed, kerr.ClusterAuthorizationFailed, kerr.TransactionalIDAuthorizationFailed,
		kerr.SaslAuthenticationFailed, kerr.UnsupportedSaslMechanism, kerr.UnsupportedVersion, kerr.InvalidGroupID, kerr.InconsistentGroupProtocol,
	}, func(e *kerr.Error) bool { return errors.Is(err, e) })
}

// unanswered says that nobody has answered, or that who did cannot yet: asking again may change it.
func unanswered(err error) bool {
	_, network := errors.AsType[*net.OpError](err) // a file's error would do as a net.Error
	_, name := errors.AsType[*net.DNSError](err)
	answer, answered := errors.AsType[*sr.ResponseError](err)
	return network || name || answered && answer.StatusCode >= http.StatusInternalServerError ||
		errors.Is(err, io.EOF) || errors.Is(err, context.DeadlineExceeded) || kerr.IsRetriable(err) || kgo.IsRetryableBrokerErr(err)
}

// poll waits for the next records. With restless set it comes back empty-handed after a second. What the client gets over by itself is logged;
// the error is what it does not, or that of ctx.
func (c *Cluster) poll(ctx context.Context, client *kgo.Client, restless bool) (kgo.Fetches, error) {
	wait := ctx
	if restless {
		var cancel context.CancelFunc
		wait, cancel = context.WithTimeout(ctx, time.Second)
		defer cancel()
	}
	fetches := client.PollRecords(wait, pollRecords)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	for _, e := range fetches.Errors() {
		if errors.Is(e.Err, context.DeadlineExceeded) {
			continue
		}
		if errors.Is(e.Err, kgo.ErrClientClosed) || hopeless(e.Err) {
			return nil, fmt.Errorf("read %s: %w", e.Topic, e.Err)
		}
		c.meters.readErrors.WithLabelValues(strings.TrimPrefix(e.Topic, c.config.Prefix)).Inc()
		c.log.Warn("read from the log", "topic", e.Topic, "partition", e.Partition, "error", e.Err)
	}
	return fetches, nil
}
