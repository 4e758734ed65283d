package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	// leastAdminToken and mostAdminToken bound what admin.token_file holds, bytes.
	leastAdminToken, mostAdminToken = 16, 4096
	// reloadPatience is how long a request to read the configuration again waits for the answer.
	reloadPatience = 30 * time.Second
	// scrapesAtOnce bounds the requests for metrics that are answered at a time.
	scrapesAtOnce = 4
)

// AdminConfig is the listener for who operates the process: probes, metrics, profiles of the running program, the configuration that it follows and the reload. Every target has it,
// also before the log is reached.
type AdminConfig struct {
	// Listen is host:port, such as 127.0.0.1:9394; port 0 takes a free one; empty: there is no such listener.
	Listen string `yaml:"listen"`
	// TokenFile holds the token that opens /debug/pprof/, /-/reload and /-/config, which shows the configuration without its secrets, of 16 bytes at least; a final line break is not
	// part of it. It is read anew for each request. Without one these are open on a loopback address, and closed on any other.
	TokenFile string `yaml:"token_file"`
}

// Validate checks that it can be listened on.
func (c AdminConfig) Validate() error {
	if c.Listen == "" {
		return nil
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("listen %q: not host:port", c.Listen)
	}
	return nil
}

// token reads the token.
func (c AdminConfig) token() (string, error) {
	file, err := os.Open(c.TokenFile)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, mostAdminToken+1))
	if err != nil {
		return "", err
	}
	token := strings.TrimRight(string(text), "\r\n")
	if len(token) < leastAdminToken || len(token) > mostAdminToken {
		return "", fmt.Errorf("%s holds a token of %d bytes, not of %d to %d (openssl rand -hex 32)", c.TokenFile, len(token), leastAdminToken, mostAdminToken)
	}
	return token, nil
}

// serveAdmin serves the admin listener, if the configuration has one, until ctx ends or closed is called, which waits until it is.
func (a *app) serveAdmin(ctx context.Context) (closed func(), err error) {
	config := a.config.Admin
	if config.Listen == "" {
		return func() {}, nil
	}
	if config.TokenFile != "" {
		if _, err := config.token(); err != nil {
			return nil, usage(fmt.Errorf("admin.token_file: %w", err))
		}
	}
	listener, err := net.Listen("tcp", config.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("admin.listen: %s is taken, perhaps by another process of Framewatch on this machine: give each its own port, or port 0 for a free one", config.Listen)
	}
	if err != nil {
		return nil, fmt.Errorf("admin.listen: %w", err)
	}
	address := "http://" + listener.Addr().String()
	a.admin.Store(&address)
	a.access.Own("the admin listener", listener.Addr().String())
	a.log.Info("admin listener is up", "url", address)
	ctx, cancel := context.WithCancel(ctx)
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := serve(ctx, listener, a.adminHandler(isLoopback(listener.Addr()))); err != nil {
			a.log.Error("the admin listener is gone, nobody can ask for probes and metrics", "error", err)
		}
	}()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		a.watchdog.run(ctx)
	}()
	return func() { cancel(); <-served; <-watched }, nil
}

// adminHandler serves what only who operates the process should reach; local tells that it can only be reached from this machine.
func (a *app) adminHandler(local bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /-/healthy", a.getHealthy)
	mux.HandleFunc("GET /-/ready", a.getReady)
	mux.HandleFunc("GET /api/v1/scale/detector", a.getScale)
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.metrics, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: scrapesAtOnce, EnableOpenMetrics: true,
	}))
	guarded := func(pattern string, serve http.HandlerFunc) { mux.Handle(pattern, a.guardAdmin(local, serve)) }
	guarded("POST /-/reload", a.postReload)
	guarded("GET /-/config", a.getConfig)
	guarded("GET /debug/pprof/", pprof.Index)
	guarded("GET /debug/pprof/cmdline", pprof.Cmdline)
	guarded("GET /debug/pprof/profile", pprof.Profile)
	guarded("GET /debug/pprof/symbol", pprof.Symbol)
	guarded("GET /debug/pprof/trace", pprof.Trace)
	return http.NewCrossOriginProtection().Handler(mux)
}

// guardAdmin lets in who has the token or, where there is none, whoever speaks to this machine by a loopback name: a page elsewhere can point its own name at 127.0.0.1, and cannot
// change the Host header.
func (a *app) guardAdmin(local bool, inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse := func(status int, why string) { writeJSON(w, status, map[string]string{"error": why}) }
		if a.config.Admin.TokenFile == "" {
			switch {
			case !local:
				refuse(http.StatusForbidden, "closed: set admin.token_file to a file with a token and send it as Authorization: Bearer, or have admin.listen on a loopback address")
			case !isLoopbackName(r.Host):
				refuse(http.StatusMisdirectedRequest, "without admin.token_file this answers to localhost only")
			default:
				inner.ServeHTTP(w, r)
			}
			return
		}
		token, err := a.config.Admin.token()
		if err != nil {
			a.log.Error("nobody is let in at the admin listener: admin.token_file cannot be read", "error", err)
			refuse(http.StatusForbidden, "closed: admin.token_file cannot be read, the log says why")
			return
		}
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		want, got := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(given))
		if !ok || subtle.ConstantTimeCompare(want[:], got[:]) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			refuse(http.StatusUnauthorized, "send the token of admin.token_file as Authorization: Bearer")
			return
		}
		inner.ServeHTTP(w, r)
	})
}

// getHealthy answers whether this process's own loops go; neither the log nor a stream makes it unhealthy.
func (a *app) getHealthy(w http.ResponseWriter, _ *http.Request) {
	if list := a.watchdog.stuck(time.Now()); len(list) > 0 {
		writeJSON(w, http.StatusServiceUnavailable, map[string]any{"healthy": false, "stuck": list})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"healthy": true})
}

// getReady answers whether all that was waited for has come.
func (a *app) getReady(w http.ResponseWriter, _ *http.Request) {
	if list := a.readiness.missing(); len(list) > 0 {
		writeJSON(w, http.StatusServiceUnavailable, map[string]any{"ready": false, "waiting": list})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"ready": true})
}

// postReload reads the configuration file again, as SIGHUP does, and answers, when that is done, with what has changed and what waits for a restart.
func (a *app) postReload(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), reloadPatience)
	defer cancel()
	answer := make(chan reloadAnswer, 1)
	select {
	case a.asked <- answer:
	case <-ctx.Done():
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"error": "the process has not begun to work or reads the configuration just now: ask again"})
		return
	}
	select {
	case told := <-answer:
		if told.err != nil {
			writeJSON(w, http.StatusUnprocessableEntity, map[string]string{"error": told.err.Error()})
			return
		}
		writeJSON(w, http.StatusOK, struct {
			Reloaded bool `json:"reloaded"`
			reloaded
		}{true, told.reloaded})
	case <-ctx.Done():
		writeJSON(w, http.StatusGatewayTimeout, map[string]string{"error": "it is not known yet: the log says how it ends"})
	}
}

// writeJSON answers with one value.
func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value)
}

// isLoopback tells whether an address can only be reached from this machine.
func isLoopback(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// isLoopbackName tells whether a Host header names this machine to itself.
func isLoopbackName(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.Unmap().IsLoopback()
}
