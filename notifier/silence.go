package notifier

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/alertmanager/matcher/compat"
	"github.com/prometheus/alertmanager/pkg/labels"
	"github.com/prometheus/alertmanager/silence"
	"github.com/prometheus/alertmanager/silence/silencepb"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/framewatch/framewatch/schemas"
)

// Silence mutes what its matchers match, for some time: nothing is told of it but the end of what was told before.
type Silence struct {
	// ID is empty for a new one.
	ID string `json:"id"`
	// Matchers are each like name="value", with = != =~ or !~; all of them must match.
	Matchers []string  `json:"matchers"`
	By       string    `json:"by"`
	Comment  string    `json:"comment"`
	Start    time.Time `json:"start"`
	End      time.Time `json:"end"`
	// Recurrence is the id of what it is one window of; empty: it stands by itself.
	Recurrence string `json:"recurrence,omitempty"`
}

// NewSilence is a silence as an entry of the state. Its end lies in the future.
func NewSilence(s Silence) (Entry, error) {
	set, err := matchersOf(s.Matchers)
	if err != nil {
		return Entry{}, err
	}
	return changed(nil, func(silences *silence.Silences) error {
		return silences.Set(context.Background(), &silencepb.Silence{
			MatcherSets: []*silencepb.MatcherSet{{Matchers: set}}, CreatedBy: s.By, Comment: s.Comment, StartsAt: timestamppb.New(s.Start), EndsAt: timestamppb.New(s.End),
		})
	})
}

// EndSilence is a silence that stands in the state as one that ends now.
func EndSilence(id string, v *schemas.NotifierState) (Entry, error) {
	return changed(v, func(silences *silence.Silences) error { return silences.Expire(context.Background(), id) })
}

// ExtendSilence is a silence that stands in the state, and has not ended, as one that ends later or earlier, but not before now.
func ExtendSilence(id string, v *schemas.NotifierState, end time.Time) (Entry, error) {
	return changed(v, func(silences *silence.Silences) error {
		list, _, err := silences.Query(context.Background(), silence.QIDs(id))
		if err != nil || len(list) != 1 {
			return cmp.Or(err, silence.ErrNotFound)
		}
		list[0].EndsAt = timestamppb.New(end)
		return silences.Set(context.Background(), list[0])
	})
}

// ReadSilence is the silence of an entry of the state; nil: it is none.
func ReadSilence(v *schemas.NotifierState) (*Silence, error) {
	if v == nil || v.Kind != kindSilence {
		return nil, nil
	}
	var mesh silencepb.MeshSilence
	if err := protodelim.UnmarshalFrom(bytes.NewReader(v.Payload), &mesh); err != nil {
		return nil, fmt.Errorf("read a silence: %w", err)
	}
	s := &Silence{ID: mesh.Silence.Id, By: mesh.Silence.CreatedBy, Comment: mesh.Silence.Comment, Start: mesh.Silence.StartsAt.AsTime(), End: mesh.Silence.EndsAt.AsTime(),
		Recurrence: mesh.Silence.Annotations[recurrenceLabel]}
	for _, m := range matchersIn(mesh.Silence) {
		operator, ok := map[silencepb.Matcher_Type]string{silencepb.Matcher_EQUAL: "=", silencepb.Matcher_REGEXP: "=~", silencepb.Matcher_NOT_EQUAL: "!=", silencepb.Matcher_NOT_REGEXP: "!~"}[m.Type]
		if ok {
			s.Matchers = append(s.Matchers, fmt.Sprintf("%s%s%q", m.Name, operator, m.Pattern))
		}
	}
	return s, nil
}

// SilenceID is the id of the silence that the entry with the key is of; empty: it is of something else.
func SilenceID(key string) string {
	id, _ := cutKind(key, kindSilence)
	return id
}

// changed is the entry of what change makes of the silence in v, or of none.
func changed(v *schemas.NotifierState, change func(*silence.Silences) error) (e Entry, err error) {
	silences, err := silence.New(silence.Options{Retention: retention, Logger: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry()})
	if err != nil {
		return Entry{}, err
	}
	if v != nil {
		if err := silences.Merge(v.Payload); err != nil {
			return Entry{}, fmt.Errorf("read a silence: %w", err)
		}
	}
	done := errors.New("nothing was changed")
	silences.SetBroadcast(func(b []byte) { e, done = silenceEntry(b, time.Now()) })
	if err := change(silences); err != nil {
		return Entry{}, err
	}
	return e, done
}

func matchersOf(texts []string) (list []*silencepb.Matcher, err error) {
	if len(texts) == 0 {
		return nil, errors.New(`a silence needs matchers, such as stream="news-hd"`)
	}
	for _, text := range texts {
		m, err := compat.Matcher(text, "silence")
		if err != nil {
			return nil, fmt.Errorf("matcher %q: %w", text, err)
		}
		kind := map[labels.MatchType]silencepb.Matcher_Type{labels.MatchEqual: silencepb.Matcher_EQUAL, labels.MatchRegexp: silencepb.Matcher_REGEXP,
			labels.MatchNotEqual: silencepb.Matcher_NOT_EQUAL, labels.MatchNotRegexp: silencepb.Matcher_NOT_REGEXP}[m.Type]
		list = append(list, &silencepb.Matcher{Type: kind, Name: m.Name, Pattern: m.Value})
	}
	return list, nil
}

// matchersIn are the matchers of a silence. One with sets of them repeats the first set outside.
func matchersIn(s *silencepb.Silence) (list []*silencepb.Matcher) {
	for _, set := range s.MatcherSets {
		list = append(list, set.Matchers...)
	}
	if len(list) == 0 {
		return s.Matchers
	}
	return list
}
