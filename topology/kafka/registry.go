package kafka

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

const (
	// registryTimeout bounds one request.
	registryTimeout = 5 * time.Second
	// unknownFor is how long after its answer an id that the registry does not know is not asked for again, so that a flood of poison is not a flood of requests. Records
	// are lost for as long that are written under an id which is given out right after it was asked for, or which a registry of several has not passed on yet.
	unknownFor = time.Second
	// unknownIDs bounds how many of those are remembered.
	unknownIDs = 4096
)

// registry is a schema registry as a source of ids and of other writers' schemas. It is safe for concurrent use.
type registry struct {
	client *sr.Client
	mu     sync.Mutex
	// unknown ids.
	unknown map[uint32]unknownID
}

// unknownID is when an id was asked for that the registry did not know, and when it said so.
type unknownID struct{ asked, answered time.Time }

// agree makes the contract write under the registry's ids, registering those of our schemas that are new to it.
func agree(ctx context.Context, config Config, contract *schemas.Contract) (*registry, error) {
	client, err := config.Registry.client()
	if err != nil {
		return nil, fmt.Errorf("registry: %w", err)
	}
	g := &registry{client: client, unknown: map[uint32]unknownID{}}
	for _, s := range topology.Topics() {
		subject := config.Prefix + s.Name + "-value"
		id, err := g.id(ctx, subject, s, !config.LooksOnly)
		if config.LooksOnly && absent(err) {
			continue
		}
		if err == nil {
			err = contract.Assign(s.Schema, id)
		}
		if err != nil {
			return nil, fmt.Errorf("registry: subject %s: %w", subject, err)
		}
	}
	return g, nil
}

// client asks the registry.
func (r Registry) client() (*sr.Client, error) {
	options := []sr.ClientOpt{sr.URLs(r.URL), sr.UserAgent("framewatch"), sr.HTTPClient(&http.Client{Timeout: registryTimeout})}
	if r.User != "" {
		options = append(options, sr.BasicAuth(r.User, string(r.Password)))
	}
	return sr.NewClient(options...)
}

// id is that of a topic's schema. A fleet only looks it up; whoever comes first with a new version registers it, who only looks does not.
func (g *registry) id(ctx context.Context, subject string, s *topology.Spec, register bool) (uint32, error) {
	schema := sr.Schema{Schema: s.Schema, Type: sr.TypeAvro}
	known, err := g.client.LookupSchema(ctx, subject, schema)
	if err == nil {
		return uint32(known.ID), nil
	}
	if !absent(err) || !register {
		return 0, err
	}
	var level sr.CompatibilityLevel
	if err := level.UnmarshalText([]byte(s.Compatibility)); err != nil {
		return 0, err
	}
	for _, r := range g.client.SetCompatibility(ctx, sr.SetCompatibility{Level: level}, subject) {
		if r.Err != nil {
			return 0, fmt.Errorf("set its compatibility: %w", r.Err)
		}
	}
	created, err := g.client.CreateSchema(ctx, subject, schema)
	return uint32(created.ID), err
}

// declare has been done by agree: ids come from the registry.
func (g *registry) declare(context.Context) error { return nil }

func (g *registry) learn(ctx context.Context, contract *schemas.Contract, value []byte, came time.Time) (known bool, err error) {
	id, err := schemas.WireID(value)
	if err != nil {
		return false, nil
	}
	if _, known := contract.Text(id); known || g.stillUnknown(id, came) {
		return known, nil
	}
	for {
		asked := time.Now()
		schema, err := g.client.SchemaByID(ctx, int(id))
		switch {
		case err == nil:
			return contract.Learn(id, schema.Schema) == nil, nil
		case absent(err):
			g.noteUnknown(id, asked)
			return false, nil
		case ctx.Err() != nil:
			return false, ctx.Err()
		}
		pause(ctx, time.Second)
	}
}

func (g *registry) noteUnknown(id uint32, asked time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.unknown) >= unknownIDs {
		clear(g.unknown)
	}
	g.unknown[id] = unknownID{asked, time.Now()}
}

// stillUnknown says that there is no need to ask for an id: the registry did not know it after the value had come, before which a schema is registered, or a moment ago.
func (g *registry) stillUnknown(id uint32, came time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	u, ok := g.unknown[id]
	return ok && (u.asked.After(came) || time.Since(u.answered) < unknownFor)
}

// absent says that the registry has answered, and knows no such thing.
func absent(err error) bool {
	var answer *sr.ResponseError
	return errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound
}
