package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/detector/model"
	"github.com/framewatch/framewatch/ingest/access"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology/kafka"
)

// commandPatience is how long a command waits for the log to answer.
const commandPatience = 5 * time.Second

// app is what the targets of one process share.
type app struct {
	// config is that of the start, with the brokers that are dialled.
	config Config
	// reloading is what makes another one take its place where that can be.
	*reloading
	log     *slog.Logger
	cluster *kafka.Cluster
	// patience is for how long a log is waited for that does not answer; 0: half a minute.
	patience time.Duration
	contract *schemas.Contract
	metrics  *prometheus.Registry
	pictures signer
	// access says what streams may be read from; every part of this process tells it of the ports that are ours.
	access *access.Policy
	// at, when not nil, is told of the detector's moments.
	at        func(partition int32, m kafka.Moment)
	notifiers notifiers
	// findModel, when not nil, gives the detector the models that Settings name.
	findModel func(name string, version int64) (*model.Trees, error)
	// self is what this process says of itself.
	self self
	// tracing is nil where there are no traces.
	tracing   *tracing
	readiness readiness
	// scaling is nil where there is no detector.
	scaling  atomic.Pointer[scaling]
	watchdog watchdog
	// asked are the reloads that somebody waits for, hangups the SIGHUPs that ask for one, once they are heard.
	asked   chan chan<- reloadAnswer
	hangups chan os.Signal
	// admin is the URL of the admin listener once it is served, console that of the page, and page what is served there.
	admin   atomic.Pointer[string]
	console atomic.Pointer[string]
	page    atomic.Pointer[console.Console]
}

// newApp prepares what needs no log yet.
func newApp(config Config, stderr io.Writer) (*app, error) {
	level := new(slog.LevelVar)
	log, err := newLeveledLogger(config.Log, level, stderr)
	if err != nil {
		return nil, err
	}
	key, err := pictureKey(config.Pictures)
	if err != nil {
		return nil, err
	}
	slog.SetDefault(log) // for what is said by those who are given no logger: the embedded broker, the log receiver
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(buildInfo(), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return &app{config: config, reloading: newReloading(config, level, metrics), self: newSelf(config), log: log, metrics: metrics, contract: schemas.Baked(), pictures: signer{key}, access: access.New(config.Ingest.Access), asked: make(chan chan<- reloadAnswer), hangups: make(chan os.Signal, 1)}, nil
}

// dial connects to the log.
func (a *app) dial(ctx context.Context) error {
	config := a.config.Kafka
	config.Metrics, config.Client, config.Release, config.Patience = a.metrics, a.self.client(), version(), a.patience
	if config.Partitions == 0 {
		config.Partitions = kafka.Defaults().Partitions
	}
	cluster, err := kafka.Dial(ctx, config, a.contract, a.log)
	if err != nil {
		return err
	}
	a.cluster = cluster
	return nil
}

// commandApp is the app of a command that only talks to the log: the configured brokers, or the embedded one of a `run` on this machine.
func commandApp(cmd *cobra.Command) (*app, error) {
	config, err := commandConfig(cmd)
	if err != nil {
		return nil, err
	}
	if len(config.Kafka.Brokers) == 0 {
		config.Kafka.Brokers = []string{config.Embedded.Listen}
	}
	a, err := newApp(config, cmd.ErrOrStderr())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), commandPatience)
	defer cancel()
	if err := a.dial(ctx); err != nil {
		return nil, fmt.Errorf("%w\nis `framewatch run` up, or should --brokers name a Kafka cluster?", err)
	}
	return a, nil
}

// commandConfig reads the configuration that the command's flags name.
func commandConfig(cmd *cobra.Command) (Config, error) {
	path, err := cmd.Flags().GetString("config")
	if err != nil {
		return Config{}, err
	}
	config, err := loadConfig(path)
	if err != nil {
		return config, usage(err)
	}
	brokers, err := cmd.Flags().GetStringSlice("brokers")
	if err != nil {
		return config, err
	}
	return config.at(brokers), nil
}

// at is the configuration with the brokers of the command line, if it names any.
func (c Config) at(brokers []string) Config {
	if c.brokers = brokers; len(brokers) > 0 {
		c.Kafka.Brokers = brokers
	}
	return c
}

// newLogger writes log lines as the configuration says.
func newLogger(config LogConfig, w io.Writer) (*slog.Logger, error) {
	return newLeveledLogger(config, new(slog.LevelVar), w)
}

// newLeveledLogger does, at a level that is set to the configuration's and can be changed.
func newLeveledLogger(config LogConfig, level *slog.LevelVar, w io.Writer) (*slog.Logger, error) {
	if err := level.UnmarshalText([]byte(config.Level)); err != nil {
		return nil, usage(fmt.Errorf("level: %q is none of debug, info, warn, error", config.Level))
	}
	options := &slog.HandlerOptions{Level: level}
	switch config.Format {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, usage(fmt.Errorf("format: %q is neither text nor json", config.Format))
}

// pictureKey reads the shared key, or makes one for this process.
func pictureKey(config PicturesConfig) ([]byte, error) {
	if config.KeyFile == "" {
		key := make([]byte, 32)
		rand.Read(key)
		return key, nil
	}
	key, err := os.ReadFile(config.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("pictures.key_file: %w", err)
	}
	if len(key) < 32 {
		return nil, usage(fmt.Errorf("pictures.key_file: %s holds %d bytes, at least 32 are needed (openssl rand -hex 32)", config.KeyFile, len(key)))
	}
	return key, nil
}
