package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// self is what a process says of itself to the brokers, in the name of its client: so that the console can tell the members of groups apart by process, version and
// configuration, with no topic for it.
type self struct {
	version string
	// config is the hash of what of the configuration is read at start, without secrets: the rest can change while the process has this name.
	config  string
	started time.Time
	// tag tells processes apart that were started in the same second.
	tag string
}

// newSelf describes this process.
func newSelf(config Config) self {
	s := self{version: version(), config: config.startHash(), started: time.Now()}
	var tag [2]byte
	rand.Read(tag[:])
	s.tag = hex.EncodeToString(tag[:])
	return s
}

// hash tells configurations apart, but for their secrets, which are not in it. Processes that follow the same file have the same: what one of them is called, where its
// pictures are found, and what the command line says are not in it.
func (c Config) hash() string { return c.hashOf(func(string) bool { return true }) }

// startHash tells apart what of them is read at start only.
func (c Config) startHash() string { return c.hashOf(needsRestart) }

func (c Config) hashOf(counts func(key string) bool) string {
	c = c.asWritten()
	c.Kafka.Instance, c.Ingest.Advertise = "", ""
	keys, err := c.effectiveKeys()
	if err != nil {
		return "unknown"
	}
	sum := sha256.New()
	for _, key := range sortedKeys(keys) {
		if counts(key) {
			fmt.Fprintf(sum, "%q: %q\n", key, keys[key])
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:4])
}

var notOfClient = regexp.MustCompile(`[^a-zA-Z0-9.-]`)

// client is the name of the process's client: framewatch_VERSION_CONFIG_STARTED_TAG.
func (s self) client() string {
	if s.started.IsZero() {
		return ""
	}
	return fmt.Sprintf("framewatch_%.40s_%s_%s_%s", notOfClient.ReplaceAllString(s.version, "-"), s.config, strconv.FormatInt(s.started.Unix(), 36), s.tag)
}

// readSelf reads the name of a client; false: the process is of another version, or of another program.
func readSelf(client string) (s self, ok bool) {
	parts := strings.Split(client, "_")
	if len(parts) != 5 || parts[0] != "framewatch" {
		return s, false
	}
	started, err := strconv.ParseInt(parts[3], 36, 64)
	return self{version: parts[1], config: parts[2], started: time.Unix(started, 0), tag: parts[4]}, err == nil && started > 0 && started < 1<<40
}
