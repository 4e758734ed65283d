package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/ingest/source"
	"github.com/framewatch/framewatch/notifier"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology/kafka"
)

// Config is the configuration file. Each section belongs to the room that it configures.
type Config struct {
	// DataDir holds the embedded broker's log and, unless ingest.evidence.store says otherwise, what is stored of defects.
	DataDir string `yaml:"data_dir"`
	// Log is how the program's own log lines are written.
	Log LogConfig `yaml:"log"`
	// Kafka is the log. Without brokers, one is embedded: for one machine.
	Kafka kafka.Config `yaml:"kafka"`
	// Embedded is the embedded broker.
	Embedded EmbeddedConfig `yaml:"embedded"`
	// Ingest is the edge.
	Ingest IngestConfig `yaml:"ingest"`
	// Detector is how defects are detected.
	Detector DetectorConfig `yaml:"detector"`
	// Notifier is who is told.
	Notifier notifier.Config `yaml:"notifier"`
	// Console is the page and the API.
	Console console.Config `yaml:"console"`
	// Admin is the listener for who operates the process.
	Admin AdminConfig `yaml:"admin"`
	// Tracing is where traces of defects go.
	Tracing TracingConfig `yaml:"tracing"`
	// Pictures is how the console is let at the edge's pictures.
	Pictures PicturesConfig `yaml:"pictures"`
	// Profiles are rule profiles by name; the one called default is for streams that no selector fits.
	Profiles map[string]ProfileConfig `yaml:"profiles"`
	// Streams are what to monitor. When the key is present, streams that an earlier file named and this one does not are removed.
	Streams *[]StreamConfig `yaml:"streams"`
	// WatchConfig reads this file again when it, or a file with a secret that it names, has changed, as SIGHUP does.
	WatchConfig bool `yaml:"watch_config"`

	// path is the file that it was read from; empty: none.
	path string
	// brokers are those of the command line, in place of the file's.
	brokers []string
	// secretFiles are the files with secrets that the file names outside its streams.
	secretFiles []string
	// given is what the file says outside its streams, key by key, with the secrets. Nothing prints it.
	given map[string]string
	// written is what it says itself where something else is used; nil: nothing is.
	written *wording
	// seen is the digest of the files that it was read from.
	seen fileDigest
	// sections are the digests of the console's and the notifier's, with what the files hold that they name.
	sections map[string]fileDigest
}

// LogConfig is how log lines are written.
type LogConfig struct {
	// Level is debug, info, warn or error.
	Level string `yaml:"level"`
	// Format is text or json.
	Format string `yaml:"format"`
}

// EmbeddedConfig is where the embedded broker listens. Commands such as `streams list` find it there too.
type EmbeddedConfig struct {
	// Listen is host:port on loopback; port 0 takes a free one.
	Listen string `yaml:"listen"`
}

// IngestConfig is the edge and where its pictures are served.
type IngestConfig struct {
	ingest.Config `yaml:",inline"`
	// Listen is host:port of the pictures' server; port 0 takes a free one.
	Listen string `yaml:"listen"`
	// Advertise is the base URL under which the console reaches it; by default http:// and the address listened on.
	Advertise string `yaml:"advertise"`
}

// DetectorConfig is how defects are detected.
type DetectorConfig struct {
	// Interval is how long one transaction collects records.
	Interval time.Duration `yaml:"interval"`
	// Shadow is a candidate that is run beside it.
	Shadow ShadowConfig `yaml:"shadow"`
}

// PicturesConfig is the key that console and edges share.
type PicturesConfig struct {
	// KeyFile holds it: at least 32 bytes. Without one a random key is made at start, which serves a single process.
	KeyFile string `yaml:"key_file"`
}

// ProfileConfig is one rule profile.
type ProfileConfig struct {
	// Selector are the labels that a stream must have for the profile to apply.
	Selector map[string]string `yaml:"selector"`
	// Matchers are further conditions on the labels, each like name="value", with = != =~ or !~.
	Matchers []string `yaml:"matchers"`
	// Priority decides where several profiles fit a stream: the highest applies, then the one with the most labels and matchers.
	Priority int32 `yaml:"priority"`
	// Rules is kind to option to value; what is not named keeps its documented default.
	Rules map[string]any `yaml:"rules"`
}

// StreamConfig is one stream.
type StreamConfig struct {
	// ID is the stream's name, which no other has: up to 200 bytes without control characters.
	ID string `yaml:"id"`
	// URL is where it is received; secrets in it are references, such as ${file:/run/secrets/origin}, which the edge follows.
	URL string `yaml:"url"`
	// Labels are for people, routes and selectors.
	Labels map[string]string `yaml:"labels"`
	// Profile names the rule profile; empty: the one whose selector and matchers fit best.
	Profile string `yaml:"profile"`
	// Lane is what the partition is derived from, so that streams that are compared are in one; empty: the id.
	Lane string `yaml:"lane"`
	// Loop plays a file over and over.
	Loop bool `yaml:"loop"`
	// Expectations are what would be a defect of another stream and is none of this one, and what it must have.
	Expectations detector.Expectations `yaml:"expectations"`
}

// spec is the stream as it stands on the log.
func (c StreamConfig) spec(origin string) *schemas.StreamSpec {
	labels := c.Labels
	if labels == nil {
		labels = map[string]string{}
	}
	spec := &schemas.StreamSpec{URL: c.URL, Labels: labels, Profile: c.Profile, Lane: c.Lane, Loop: c.Loop, Origin: origin}
	// What has been validated can be printed.
	if text, err := c.Expectations.Text(); err == nil && text != "" {
		spec.Expectations = &text
	}
	return spec
}

// record is the profile as it stands on the log.
func (p ProfileConfig) record() (*schemas.Profile, error) {
	rules, err := rulesText(p.Rules)
	record := &schemas.Profile{Selector: map[string]string{}, Rules: rules, Origin: fromFile}
	maps.Copy(record.Selector, p.Selector)
	if len(p.Matchers) > 0 {
		record.Matchers = &p.Matchers
	}
	if p.Priority != 0 {
		record.Priority = &p.Priority
	}
	return record, err
}

// defaultConfig is what holds where the file says nothing.
func defaultConfig() Config {
	log := kafka.Defaults()
	log.Partitions = 0 // decided with the cluster: an embedded broker wants fewer
	edge := ingest.Defaults()
	edge.Evidence.Store.Directory = "evidence"
	return Config{
		DataDir:  "data",
		Log:      LogConfig{Level: "info", Format: "text"},
		Kafka:    log,
		Embedded: EmbeddedConfig{Listen: "127.0.0.1:9392"},
		Ingest:   IngestConfig{Config: edge, Listen: "127.0.0.1:0"},
		Detector: DetectorConfig{Interval: 100 * time.Millisecond},
		Notifier: notifier.Defaults(),
		Console:  console.Defaults(),
		Tracing:  TracingConfig{Sample: 1},

		WatchConfig: true,
	}
}

// loadConfig reads the file at path over the defaults; an empty path means defaults alone.
func loadConfig(path string) (Config, error) {
	config := defaultConfig()
	config.path, config.written = path, config.wording()
	if path == "" {
		return config, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		config.seen = digestOf([]byte(err.Error()), nil)
		return config, err
	}
	// The digest is of the text that is read here, and of what it names before that is read: whatever is being written meanwhile will differ from it.
	config.secretFiles = secretFiles(text, "streams")
	config.seen = digestOf(text, config.secretFiles)
	given, err := decodeGiven(text, &config, "streams")
	config.written = config.wording()
	if err != nil {
		return config, fmt.Errorf("%s: %w", path, err)
	}
	config.given, config.sections = givenKeys(given, "streams"), sectionDigests(given)
	if !filepath.IsAbs(config.DataDir) {
		config.DataDir = filepath.Join(filepath.Dir(path), config.DataDir)
	}
	if rules := &config.Detector.Shadow.Rules; *rules != "" && !filepath.IsAbs(*rules) {
		*rules = filepath.Join(filepath.Dir(path), *rules)
	}
	if err := config.Validate(); err != nil {
		return config, fmt.Errorf("%s: %w", path, err)
	}
	return config, nil
}

// Validate checks every section.
func (c *Config) Validate() error {
	for _, section := range []struct {
		name string
		part interface{ Validate() error }
	}{
		{"log", c.Log}, {"kafka", logConfig(c.Kafka)}, {"embedded", c.Embedded}, {"ingest", &c.Ingest}, {"detector", c.Detector},
		{"notifier", &c.Notifier}, {"console", &c.Console}, {"admin", c.Admin}, {"tracing", c.Tracing},
	} {
		if err := section.part.Validate(); err != nil {
			return fmt.Errorf("%s: %w", section.name, err)
		}
	}
	for name, profile := range c.Profiles {
		if err := profile.validate(); err != nil {
			return fmt.Errorf("profiles.%s: %w", name, err)
		}
	}
	return c.validateStreams()
}

// logConfig is the kafka section, of which a file may leave out the brokers and the partitions.
type logConfig kafka.Config

// Validate checks what is given.
func (c logConfig) Validate() error {
	if len(c.Brokers) == 0 {
		c.Brokers = []string{"embedded:0"}
	}
	if c.Partitions == 0 {
		c.Partitions = kafka.Defaults().Partitions
	}
	return kafka.Config(c).Validate()
}

// Validate checks that level and format are known.
func (c LogConfig) Validate() error {
	_, err := newLogger(c, io.Discard)
	return err
}

// Validate checks that the broker may listen there.
func (c EmbeddedConfig) Validate() error { return kafka.EmbedConfig{Listen: c.Listen}.Validate() }

// Validate checks the edge and its addresses.
func (c *IngestConfig) Validate() error {
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("listen %q: not host:port", c.Listen)
	}
	if u, err := url.Parse(c.Advertise); err != nil || c.Advertise != "" && u.Host == "" {
		return fmt.Errorf("advertise %q: not a URL such as http://edge-1:8090", c.Advertise)
	}
	return c.Config.Validate()
}

// longestInterval bounds a transaction's length: a defect is told when it ends.
const longestInterval = 5 * time.Second

// Validate checks that transactions are neither endless nor none.
func (c DetectorConfig) Validate() error {
	if c.Interval <= 0 || c.Interval > longestInterval {
		return fmt.Errorf("interval %v: it must be above 0 and at most %v", c.Interval, longestInterval)
	}
	if err := c.Shadow.Validate(); err != nil {
		return fmt.Errorf("shadow: %w", err)
	}
	return nil
}

func (p ProfileConfig) validate() error {
	record, err := p.record()
	if err != nil {
		return err
	}
	if _, err := newSelector(record); err != nil {
		return err
	}
	_, err = detector.EffectiveRules([]byte(record.Rules))
	return err
}

// selectors are those of the configuration's profiles, which have been validated.
func (c *Config) selectors() (selectors, map[string]*schemas.Profile, error) {
	all, records := selectors{}, map[string]*schemas.Profile{}
	for name, p := range c.Profiles {
		record, err := p.record()
		if err != nil {
			return nil, nil, err
		}
		if all[name], err = newSelector(record); err != nil {
			return nil, nil, err
		}
		records[name] = record
	}
	return all, records, nil
}

func (c *Config) validateStreams() error {
	if c.Streams == nil {
		return nil
	}
	profiles, _, err := c.selectors()
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for i, s := range *c.Streams {
		err := s.validate()
		if err == nil && seen[s.ID] {
			err = fmt.Errorf("the id is taken twice")
		}
		if err == nil && c.Profiles != nil && s.Profile != "" {
			_, err = c.rules(s.Profile)
		}
		if err == nil {
			err = profiles.choose(s.spec(fromFile)).conflict()
		}
		if err == nil {
			err = c.sameLane(s)
		}
		if err != nil {
			return fmt.Errorf("streams[%d] (%q): %w", i, s.ID, err)
		}
		seen[s.ID] = true
	}
	return nil
}

// sameLane is an error where a stream and the one that it is to be the same as do not share a lane, as far as the file tells.
func (c *Config) sameLane(s StreamConfig) error {
	other := s.Expectations.SameAs
	if other == "" {
		return nil
	}
	if other == s.ID {
		return errors.New("expectations: same_as names the stream itself")
	}
	for _, o := range *c.Streams {
		if mine, its := lane(s.ID, s.spec(fromFile)), lane(o.ID, o.spec(fromFile)); o.ID == other && mine != its {
			return fmt.Errorf("expectations: same_as: %q has the lane %q and this stream %q: streams that are compared share one, so give both the same lane", other, its, mine)
		}
	}
	return nil
}

// longestID bounds a stream's id, bytes: it is a key of every record.
const longestID = 200

// validate checks one stream. Its URL may hold references, which only the edge can follow.
func (c StreamConfig) validate() error {
	switch {
	case c.ID == "":
		return errors.New("id is missing")
	case c.ID == "." || c.ID == "..":
		return errors.New("this id cannot stand in a URL")
	case len(c.ID) > longestID:
		return fmt.Errorf("the id has %d bytes, more than %d", len(c.ID), longestID)
	case strings.ContainsFunc(c.ID, unicode.IsControl):
		return errors.New("the id has control characters")
	case c.URL == "":
		return errors.New("url is missing")
	}
	if literals := source.Literals(c.URL); len(literals) > 0 {
		return fmt.Errorf("url holds %s itself, which would stand on the log: in the configuration file or what `framewatch streams apply` is given write ${file:/path/of/secret} or ${env:NAME} in its place",
			strings.Join(literals, " and "))
	}
	if err := c.Expectations.Validate(); err != nil {
		return fmt.Errorf("expectations: %w", err)
	}
	if strings.HasPrefix(c.URL, "${") {
		return nil
	}
	_, err := source.Lookup(source.Unresolved(c.URL))
	return err
}

// rules are the options of the profile called name, as JSON. Without a profile called default the documented defaults hold.
func (c *Config) rules(name string) (string, error) {
	profile, ok := c.Profiles[name]
	if !ok && name != defaultProfile {
		return "", fmt.Errorf("profile %q is not in the configuration's profiles", name)
	}
	return rulesText(profile.Rules)
}
