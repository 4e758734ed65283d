package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// DemoConfig is what a demo is made of.
type DemoConfig struct {
	// Clips is the folder of the clips, Cache the one where their renditions are kept.
	Clips, Cache string
	// Streams are the clips to play; nil: Clips.
	Streams []Clip
	// Length of the demo, which the schedule of faults fits into; 0: it goes on until it is stopped.
	Length time.Duration
	// Seed of the schedule.
	Seed uint64
	// Plans replace the schedule when they are not nil.
	Plans []Plan
	// Progress is told after each rendition that had to be encoded how many of all there are; nil: nobody.
	Progress func(done, all int)
}

// Demo is clips that play as live streams with faults, and what is needed to see whether the faults are found. It does not watch the streams:
// whoever does calls Score's Event with each event, and sends notifications to WebhookURL.
type Demo struct {
	Score *Score

	player   *player
	clips    []Clip
	listener net.Listener
}

// NewDemo makes what is not in the cache yet, which may take a minute, and listens on a loopback port. The streams' time begins
// when it returns.
func NewDemo(ctx context.Context, config DemoConfig) (*Demo, error) {
	if config.Streams == nil {
		config.Streams = Clips
	}
	if config.Plans == nil {
		config.Plans = Schedule(config.Length, config.Streams, config.Seed)
	}
	channels, err := config.channels(ctx)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the demo: %w", err)
	}
	return &Demo{
		Score: NewScore(), clips: config.Streams, listener: listener,
		player: &player{channels: channels, address: listener.Addr().String(), start: time.Now()},
	}, nil
}

// channels renders what the streams need.
func (config DemoConfig) channels(ctx context.Context) (map[string]*channel, error) {
	r := renderer{clips: config.Clips, cache: config.Cache, progress: config.Progress, all: len(config.Streams) * renditionsPerClip}
	channels := map[string]*channel{}
	for _, clip := range config.Streams {
		c, err := r.channel(ctx, clip)
		if err != nil {
			return nil, err
		}
		c.plans = slices.DeleteFunc(slices.Clone(config.Plans), func(p Plan) bool { return p.Stream != clip.Name })
		channels[clip.Name] = c
	}
	return channels, nil
}

// Run plays the streams and takes notifications until ctx ends.
func (d *Demo) Run(ctx context.Context) error {
	server := &http.Server{Handler: d.Handler(), BaseContext: func(net.Listener) context.Context { return ctx }, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(d.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("play streams: %w", err)
	}
	return nil
}

// Handler serves the streams and takes notifications.
func (d *Demo) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", d.player.handler())
	mux.HandleFunc("POST /alert", d.alert)
	return mux
}

// Streams are what there is to watch, by id.
func (d *Demo) Streams() map[string]*schemas.StreamSpec {
	streams := map[string]*schemas.StreamSpec{}
	for _, c := range d.clips {
		streams[c.Name] = &schemas.StreamSpec{
			URL: d.player.URL(c.Name), Labels: map[string]string{"protocol": string(c.Protocol), "origin": "demo"}, Origin: "config",
		}
	}
	return streams
}

// WebhookURL is where notifications go, as the webhook receiver sends them.
func (d *Demo) WebhookURL() string { return "http://" + d.listener.Addr().String() + "/alert" }

// Start is when the streams' time began.
func (d *Demo) Start() time.Time { return d.player.start }

// Injected are the faults that have begun, in order of time.
func (d *Demo) Injected(now time.Time) []Injected {
	var all []Injected
	for _, c := range d.player.channels {
		all = append(all, c.injected(now)...)
	}
	slices.SortFunc(all, func(a, b Injected) int { return a.Start.Compare(b.Start) })
	return all
}

// Report is the score so far.
func (d *Demo) Report(now time.Time) Report { return d.Score.Report(d.Injected(now), now) }

// alert takes a notification: a Standard Webhook with a defect's event as its data.
func (d *Demo) alert(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	var told struct {
		Data *schemas.DefectEvent `json:"data"`
	}
	body := http.MaxBytesReader(w, r.Body, 1<<20)
	if err := json.NewDecoder(body).Decode(&told); err != nil || told.Data == nil {
		http.Error(w, "no event", http.StatusBadRequest)
		return
	}
	d.Score.Alert(told.Data, now)
	w.WriteHeader(http.StatusNoContent)
}
