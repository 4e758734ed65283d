package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/apache"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// secured is Apache Kafka with TLS, log-ins and ACLs, and a user for each grantee.
type secured struct {
	t *testing.T
	// open is where everybody may do all, brokers where ACLs decide.
	open, brokers []string
	authority     *authority
	dir           string
}

func newSecured(t *testing.T) *secured {
	s := &secured{t: t, authority: newAuthority(t, "ours"), dir: t.TempDir()}
	users := map[string]string{"admin": hidden}
	for _, name := range grantees() {
		users["framewatch-"+name] = hidden
	}
	s.open, s.brokers = kafkatest.Secured(t, apache.Security{Keystore: s.authority.keystore(s.authority.issue(1000*time.Hour, "127.0.0.1")), Users: users, Super: []string{"admin"}})
	write(t, filepath.Join(s.dir, "password"), hidden+"\n", 0o600)
	write(t, filepath.Join(s.dir, "key"), strings.Repeat("k", leastKey), 0o600)
	return s
}

// file is a configuration of a user, with more sections.
func (s *secured) file(user, sections string) string {
	s.t.Helper()
	return s.fileWith(user, fmt.Sprintf("mechanism: SCRAM-SHA-512, user: %s, password_file: '%s/password'", user, s.dir), sections)
}

func (s *secured) fileWith(name, sasl, sections string) string {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), name+".yaml")
	write(s.t, file, fmt.Sprintf("data_dir: '%s'\nkafka: {brokers: %s, partitions: 2, tls: {enabled: true, ca: '%s'}, sasl: {%s}}\npictures: {key_file: '%s/key'}\n%s",
		s.t.TempDir(), list(s.brokers), s.authority.file, sasl, s.dir, sections), 0o600)
	return file
}

// must runs a command that is to go well.
func (s *secured) must(args ...string) (stdout string) {
	s.t.Helper()
	code, stdout, stderr := command(s.t, args...)
	if code != exitOK {
		s.t.Fatalf("framewatch %s: exit code %d\n%s%s", strings.Join(args, " "), code, stdout, stderr)
	}
	return stdout
}

// On Apache Kafka with TLS, log-ins and ACLs every target does all of its work with the ACLs of `topics acl` and no others, each as a user of its own; and each ACL that is taken away is one that
// doctor then names.
func TestLeastPrivilege(t *testing.T) {
	s := newSecured(t)
	s.must("topics", "acl", "--apply", "-c", s.file("admin", ""))
	s.must("topics", "apply", "-c", s.file("framewatch-operator", ""))
	t.Run("each target finds that it may", func(t *testing.T) {
		for _, name := range grantees() {
			if name == topology.Operator {
				continue
			}
			file := s.file("framewatch-"+name, "detector: {shadow: {name: same, models: {damage: 1}}}")
			s.must("doctor", "-c", file, "--target", name, "--only", "kafka reach,kafka acl,kafka topics,kafka members,kafka certificates")
		}
	})
	t.Run("OAUTHBEARER", func(t *testing.T) { s.bearer(t) })
	t.Run("every target works", func(t *testing.T) { s.works(t) })
	t.Run("none is given in vain", func(t *testing.T) { s.eachIsNeeded(t) })
}

// bearer logs in by a token that says a name, and by one that has expired.
func (s *secured) bearer(t *testing.T) {
	token := filepath.Join(s.dir, "token")
	file := s.fileWith("bearer", fmt.Sprintf("mechanism: OAUTHBEARER, oauth: {token_file: '%s'}", token), "")
	now := time.Now().Unix()
	write(t, token, unsecured(fmt.Sprintf(`{"sub":"framewatch-detector","iat":%d,"exp":%d}`, now, now+3600)), 0o600)
	s.must("doctor", "-c", file, "--target", "detector", "--only", "kafka reach,kafka acl,kafka topics")
	// Another client reads the log by the same token.
	s.must("export", "features", "--from", "1m", "-c", file, "-o", filepath.Join(t.TempDir(), "out"))
	write(t, token, unsecured(fmt.Sprintf(`{"sub":"framewatch-detector","iat":%d,"exp":%d}`, now-7200, now-3600)), 0o600)
	code, stdout, _ := command(t, "doctor", "-c", file, "--target", "detector", "--only", "kafka reach")
	if code != exitFailure || !strings.Contains(stdout, "cannot log in") || !strings.Contains(stdout, "kafka.sasl.oauth") {
		t.Errorf("with a token that has expired: exit code %d, %s", code, stdout)
	}
}

// unsecured is a JWT without a signature.
func unsecured(claims string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none"}`)) + "." + encode([]byte(claims)) + "."
}

// locked is a buffer that several goroutines write to.
type locked struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *locked) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(text)
}

// works runs every target, has the console add a stream that is silent, and waits until somebody is told; then the console acknowledges, and tells how the groups are.
func (s *secured) works(t *testing.T) {
	told := make(chan struct{}, 100)
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		select {
		case told <- struct{}{}:
		default:
		}
	}))
	defer hook.Close()
	clips, err := filepath.Abs("../../testdata/clips")
	if err != nil {
		t.Fatal(err)
	}
	sections := fmt.Sprintf("ingest: {access: {directories: ['%s']}}\nconsole: {listen: '127.0.0.1:0'}\nnotifier: {receivers: {hook: {type: webhook, url: '%s'}}}\ndetector: {shadow: {name: same, models: {damage: 1}}}\n", clips, hook.URL)
	// Some may not read profiles, and nothing in their files has them do so.
	operator := follower(t, nil, s.file("framewatch-operator", "profiles: {elsewhere: {selector: {site: elsewhere}, rules: {silence: {for: 6s}}}}\n"), t.Output())
	if err := operator.publishConfig(t.Context(), operator.config); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	log := &locked{}
	var running sync.WaitGroup
	defer func() {
		cancel()
		running.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	}()
	apps := make(chan *app, len(targets))
	var page *app
	var all []*app
	for _, target := range targets {
		config, err := loadConfig(s.file("framewatch-"+target.name, sections))
		if err != nil {
			t.Fatal(err)
		}
		running.Go(func() {
			if err := run(ctx, config, []string{target.name}, log, func(a *app) { apps <- a }); err != nil {
				t.Errorf("%s: %v", target.name, err)
				cancel()
			}
		})
	}
	for range targets {
		select {
		case a := <-apps:
			all = append(all, a)
			if a.console.Load() != nil {
				page = a
			}
		case <-ctx.Done():
			t.Fatal("a target has ended")
		}
	}
	silent := console.StreamText{ID: "silent", URL: filepath.Join(clips, "flower_540p2997_h264_aac.mp4"), Loop: true}
	if _, err := page.saveStreamFor(ctx, ann, silent, false); err != nil {
		t.Fatal(err)
	}
	select {
	case <-told:
	case <-ctx.Done():
		t.Fatal("a target has ended")
	case <-time.After(2 * time.Minute):
		t.Fatal("nobody was told of the silence")
	}
	s.shadowed(ctx, t, page)
	if _, err := page.acknowledgeFor(ctx, ann, firstDefect(ctx, t, page), "on it"); err != nil {
		t.Errorf("acknowledge: %v", err)
	}
	if pipeline, err := page.pipelineFor(ctx); err != nil || len(pipeline.Stages) == 0 {
		t.Errorf("pipeline %+v, %v", pipeline, err)
	}
	file := page.started.path
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, string(text)+fmt.Sprintf("streams: [{id: filed, url: '%s', loop: true}]\n", silent.URL), 0o600)
	if _, err := page.reload(ctx); err != nil {
		t.Errorf("read the console's file again, which names a stream: %v", err)
	}
	for _, a := range all {
		if _, err := a.reload(ctx); err != nil {
			t.Errorf("%s: read the file again: %v", a.started.path, err)
		}
	}
	if strings.Contains(log.String(), "AUTHORIZATION_FAILED") {
		t.Error("something was refused")
	}
}

// shadowed waits until the candidate has told of something.
func (s *secured) shadowed(ctx context.Context, t *testing.T, a *app) {
	t.Helper()
	ctx, found := context.WithTimeout(ctx, 2*time.Minute)
	defer found()
	seen := false
	err := kafka.Read(ctx, a.cluster, topology.DefectsShadow, kafka.ReadOptions{}, func(context.Context, topology.Record[schemas.DefectEvent]) error {
		seen = true
		found()
		return nil
	})
	if err != nil || !seen {
		t.Errorf("the candidate has told of nothing: %v", err)
	}
}

// firstDefect is the id of one that stands on the log.
func firstDefect(ctx context.Context, t *testing.T, a *app) (id string) {
	t.Helper()
	err := kafka.Read(ctx, a.cluster, topology.DefectsLatest, kafka.ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[schemas.DefectEvent]) error {
		id = r.Key
		return nil
	})
	if err != nil || id == "" {
		t.Fatalf("no defect stands on the log: %v", err)
	}
	return id
}

// eachIsNeeded takes one after the other away and wants doctor to name it, and nothing else.
func (s *secured) eachIsNeeded(t *testing.T) {
	taken := 0
	for _, name := range grantees() {
		config, err := loadConfig(s.file("framewatch-"+name, ""))
		if err != nil {
			t.Fatal(err)
		}
		examination, err := kafka.Examine(config.Kafka)
		if err != nil {
			t.Fatal(err)
		}
		defer examination.Close()
		grants := topology.Grants(name, config.Kafka.Prefix)
		lacks := func(want ...topology.Grant) {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			var got []topology.Grant
			// Brokers learn of a change a moment later.
			for ctx.Err() == nil {
				if got, err = examination.NotGranted(ctx, grants); err == nil && slices.Equal(got, want) {
					return
				}
			}
			t.Fatalf("%s lacks %v by doctor, want %v: %v", name, got, want, err)
		}
		lacks()
		for _, g := range grants {
			kafkatest.Revoke(t, s.open, principalPrefix+name, g)
			lacks(g)
			s.give(principalPrefix+name, g)
			lacks()
			taken++
		}
	}
	t.Logf("%d ACLs, each named when it is away", taken)
}

// give gives one grant, where everybody may do all.
func (s *secured) give(principal string, g topology.Grant) {
	s.t.Helper()
	config := kafka.Defaults()
	config.Brokers = s.open
	c, err := kafka.Dial(s.t.Context(), config, schemas.Baked(), slog.New(slog.DiscardHandler))
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	if err := c.Grant(s.t.Context(), principal, []topology.Grant{g}); err != nil {
		s.t.Fatal(err)
	}
}
