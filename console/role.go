package console

import (
	"fmt"
	"net/http"
	"slices"
)

// Role is what somebody may do: each may also do what those before it may.
type Role string

// The roles.
const (
	// Viewer may look.
	Viewer Role = "viewer"
	// Operator may also acknowledge, silence and judge.
	Operator Role = "operator"
	// Admin may also change what is monitored and how, try sources, and see who has changed what.
	Admin Role = "admin"
)

// roles from the least to the most.
var roles = []Role{Viewer, Operator, Admin}

// may tells whether r is enough where least is needed. A role that there is not may do nothing.
func (r Role) may(least Role) bool {
	return slices.Contains(roles, r) && slices.Index(roles, r) >= slices.Index(roles, least)
}

func (r Role) validate() error {
	if !slices.Contains(roles, r) {
		return fmt.Errorf("role %.40q is none of viewer, operator and admin", r)
	}
	return nil
}

// Actor is who asks.
type Actor struct {
	// Name is that of a user or a token, or what an identity provider or a proxy calls them; "console" where nobody is asked for a name.
	Name string
	Role Role
	// Way is how they were recognised: password, token, oidc, proxy, or loopback where nobody is asked for a name.
	Way string
	// Address is the IP address that the request came from.
	Address string
}

// Place is where a change was made, as it stands in the audit records.
func (a Actor) Place() string { return "console, " + a.Way + ", " + a.Address }

// actorKey is where a request holds who it is from.
type actorKey struct{}

// actorOf is who a request behind the door is from.
func actorOf(r *http.Request) Actor {
	actor, _ := r.Context().Value(actorKey{}).(Actor)
	return actor
}

// needs lets in who has the role.
func needs(least Role, inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if actor := actorOf(r); !actor.Role.may(least) {
			writeError(w, http.StatusForbidden, fmt.Sprintf("this needs the role %s, and %.100q is %s", least, actor.Name, actor.Role))
			return
		}
		inner.ServeHTTP(w, r)
	})
}
