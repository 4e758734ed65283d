package console

import (
	"context"
	"net/http"
	"reflect"
	"sync"
	"sync/atomic"
)

// entry is how requests come to the page: it is made anew when others may come in.
type entry struct {
	handler atomic.Pointer[http.Handler]
	mu      sync.Mutex
	config  Config
	// sessions are those of people who have signed in at the identity provider of config.
	sessions *sessions
	// close ends what those look at who came in by this entry.
	close context.CancelFunc
}

// Handler serves the page, the API, metrics and probes.
//
// Open to everyone: /-/healthy and /-/ready, which say nothing of streams, /auth/ to sign in and out, and /shared/ to who has a signed address. All else, /metrics too, asks who
// it is as soon as the configuration names a way to say so.
func (c *Console) Handler() http.Handler {
	return withSecurityHeaders(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*c.entry.handler.Load()).ServeHTTP(w, r) }))
}

// Admit lets in from now on whom cfg says, which has been validated for the address that is listened on. What people look at ends, event streams of open pages too, and their
// browsers ask again; what is being changed is finished. Who has signed in need not do so again while it is the same identity provider with the same roles.
func (c *Console) Admit(cfg Config) {
	c.entry.mu.Lock()
	defer c.entry.mu.Unlock()
	if c.entry.sessions == nil || !reflect.DeepEqual(c.entry.config.OIDC, cfg.OIDC) {
		c.entry.sessions = newSessions()
	}
	over, end := context.WithCancel(context.Background())
	handler := c.doors(cfg, over)
	c.entry.handler.Store(&handler)
	if c.entry.close != nil {
		c.entry.close()
	}
	c.entry.config, c.entry.close = cfg, end
}

// doors are all that requests can come to until over.
func (c *Console) doors(cfg Config, over context.Context) http.Handler {
	outer := http.NewServeMux()
	outer.HandleFunc("GET /-/healthy", c.getHealthy)
	outer.HandleFunc("GET /-/ready", c.getReady)
	if c.deps.Shared != nil {
		outer.Handle("GET /shared/defects/{id}/filmstrip", c.deps.Shared(http.HandlerFunc(c.getFilmstrip)))
	}
	protect := http.NewCrossOriginProtection().Handler
	if cfg.OIDC != nil {
		newSignIn(*cfg.OIDC, c.entry.sessions, c.deps.Log).serve(outer, protect)
	}
	d := newDoor(cfg, c.entry.sessions, c.deps.Log)
	d.over = over
	outer.Handle("/", compressed(d.guard(protect(c.inside()))))
	return outer
}
