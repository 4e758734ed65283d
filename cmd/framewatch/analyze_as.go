package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/internal/catalogue"
	"github.com/framewatch/framewatch/schemas"
)

// judgedAs is what an input is judged as.
type judgedAs struct {
	// stream is the id of one of the configuration's: its profile, labels and expectations hold. Empty: a stream of its own, judged by profile.
	stream, profile string
	// start is when the input began, RFC 3339, for times that are planned.
	start string
}

func (a *judgedAs) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.profile, "profile", defaultProfile, "rule profile of the configuration file to judge by")
	cmd.Flags().StringVar(&a.stream, "stream", "", "judge it as this stream of the configuration file: by its profile, labels and expectations")
	cmd.Flags().StringVar(&a.start, "start", "", "when the input began, RFC 3339: planned times of the stream's expectations are told by it")
}

// setting is that of the input, and the instant at which its media time begins, in microseconds.
func (a *judgedAs) setting(c *Config, input string) (setting *schemas.Setting, start int64, err error) {
	now := time.Unix(0, 0)
	if a.start != "" {
		if now, err = time.Parse(time.RFC3339, a.start); err != nil {
			return nil, 0, fmt.Errorf("--start: %q is no time such as 2026-03-01T20:15:00Z", a.start)
		}
	}
	if a.stream == "" {
		rules, err := c.rules(a.profile)
		return &schemas.Setting{Generation: 1, Stream: streamName(input), Profile: a.profile, Rules: rules}, now.UnixMicro(), err
	}
	if a.profile != defaultProfile {
		return nil, 0, fmt.Errorf("--profile: the stream %q has one of its own: give either --stream or --profile", a.stream)
	}
	s, err := c.stream(a.stream)
	if err != nil {
		return nil, 0, err
	}
	if a.start == "" && len(s.Expectations.Planned) > 0 {
		return nil, 0, fmt.Errorf("stream %q has planned times: say when the input began with --start", s.ID)
	}
	view := newSettings()
	if view.selectors, view.profiles, err = c.selectors(); err != nil {
		return nil, 0, err
	}
	setting = view.effective(s.ID, s.spec(fromFile), 1, now)
	_, err = c.rules(setting.Profile)
	return setting, now.UnixMicro(), err
}

// stream is that with an id.
func (c *Config) stream(id string) (StreamConfig, error) {
	var known []string
	if c.Streams != nil {
		for _, s := range *c.Streams {
			known = append(known, s.ID)
		}
	}
	i := slices.Index(known, id)
	if i < 0 {
		return StreamConfig{}, fmt.Errorf("--stream: %q is not in the configuration's streams%s", id, catalogue.Suggest(id, known))
	}
	return (*c.Streams)[i], nil
}
