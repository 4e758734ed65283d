package kafka

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/framewatch/framewatch/topology"
)

// ErrRegistryRefuses says that the registry does not take user and password.
var ErrRegistryRefuses = errors.New("the registry refuses user or password")

// ExamineRegistry asks the registry of every topic's schema and registers nothing. known is how many it has, fresh how many it would take as new versions, and refused tells
// by subject why it would not.
func ExamineRegistry(ctx context.Context, config Config) (known, fresh int, refused map[string]string, err error) {
	client, err := config.Registry.client()
	if err != nil {
		return 0, 0, nil, err
	}
	refused = map[string]string{}
	for _, s := range topology.Topics() {
		subject := config.Prefix + s.Name + "-value"
		has, reason, err := lookUp(ctx, client, subject, s)
		switch {
		case err != nil:
			return known, fresh, refused, fmt.Errorf("subject %s: %w", subject, err)
		case has:
			known++
		case reason != "":
			refused[subject] = reason
		default:
			fresh++
		}
	}
	return known, fresh, refused, nil
}

// lookUp tells whether the registry has a topic's schema, and if not why it would not take it; no reason: it would.
func lookUp(ctx context.Context, client *sr.Client, subject string, s *topology.Spec) (has bool, reason string, err error) {
	schema := sr.Schema{Schema: s.Schema, Type: sr.TypeAvro}
	if _, err = client.LookupSchema(ctx, subject, schema); err == nil {
		return true, "", nil
	}
	if !unregistered(err) {
		return false, "", refusal(err)
	}
	fits, err := client.CheckCompatibility(ctx, subject, -1, schema)
	switch {
	case unregistered(err):
		return false, "", nil // it has no version yet
	case err != nil:
		return false, "", refusal(err)
	case !fits.Is:
		reason := strings.Join(fits.Messages, "; ")
		if reason == "" {
			reason = "it is not compatible with the versions that are there"
		}
		return false, reason, nil
	}
	return false, "", nil
}

// refusal marks an answer that refuses who asks.
func refusal(err error) error {
	var answer *sr.ResponseError
	if errors.As(err, &answer) && (answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden) {
		return fmt.Errorf("%w (%s)", ErrRegistryRefuses, http.StatusText(answer.StatusCode))
	}
	return err
}

// unregistered says that a registry has answered, and has no such subject, version or schema. A 404 of anything else says nothing of that.
func unregistered(err error) bool {
	var answer *sr.ResponseError
	return errors.As(err, &answer) && answer.ErrorCode >= 40401 && answer.ErrorCode <= 40403
}
