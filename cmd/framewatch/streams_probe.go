package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/ingest/access"
	"github.com/framewatch/framewatch/ingest/source"
	"github.com/framewatch/framewatch/ingest/transport"
	"github.com/framewatch/framewatch/schemas"
)

// probed is what a look at a source told.
type probed struct {
	URL       string          `json:"url"`
	Container string          `json:"container"`
	Tracks    []schemas.Track `json:"tracks"`
	// FirstPicture and FirstSound are when the first of each was decoded after the source was asked for, seconds; nil: there was none.
	FirstPicture *float64 `json:"first_picture_s"`
	FirstSound   *float64 `json:"first_sound_s"`
	// Pictures decoded, and Seconds of media.
	Pictures int     `json:"pictures"`
	Seconds  float64 `json:"seconds"`
	// Transport and Programmes are of an MPEG-TS that is fetched; nil for others.
	Transport  *schemas.Transport   `json:"transport,omitempty"`
	Programmes *[]schemas.Programme `json:"programmes,omitempty"`
}

// probe is the command's flags.
type probe struct {
	timeout, media time.Duration
	output         string
	// access says what may be read; nil: all that a person's own command may. picture, when not nil, is given the first picture, a small JPEG, for which is waited as well.
	access  *access.Policy
	picture func(jpeg []byte)
}

func streamsProbeCommand() *cobra.Command {
	p := probe{}
	cmd := &cobra.Command{
		Use:   "probe URL",
		Short: "Open a source as `run` would, and tell what it is",
		Long: "Open a source as `run` would, in a worker of its own, and tell what it is: tracks and formats, how soon pictures and sound come, and of an MPEG-TS\n" +
			"its programmes and errors. Secrets may stand in the URL as ${env:NAME} or ${file:/path} (quote it); nothing is written to the log.\n" +
			"Exit code 1 when nothing of it can be decoded.",
		Args: oneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			if p.timeout <= 0 || p.media <= 0 {
				return usage(errors.New("--timeout and --for are more than 0"))
			}
			config, err := commandConfig(cmd)
			if err != nil {
				return err
			}
			stream := StreamConfig{ID: "probe", URL: args[0]}
			if err := stream.validate(); err != nil {
				return usage(err)
			}
			found, err := p.look(cmd.Context(), config.Ingest.Config, args[0])
			if err != nil {
				return fmt.Errorf("probe: %w", err)
			}
			return printProbed(cmd.OutOrStdout(), p.output, found)
		},
	}
	cmd.Flags().DurationVar(&p.timeout, "timeout", 20*time.Second, "give up after this time")
	cmd.Flags().DurationVar(&p.media, "for", 3*time.Second, "how much of it to look at")
	outputFlag(cmd, &p.output, "json or table")
	return cmd
}

// errSeen ends a look that has seen enough.
var errSeen = errors.New("seen enough")

// look opens the source.
func (p *probe) look(ctx context.Context, config ingest.Config, url string) (*probed, error) {
	limited, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	found, began := &probed{URL: source.Redact(url)}, time.Now()
	monitor := transport.New()
	measure := ingest.MeasureConfig{
		URL: url, Sandbox: config.Sandbox, WorkerMemory: config.WorkerMemory, Transport: monitor, Log: slog.New(slog.DiscardHandler), Access: p.access,
	}
	waits := p.picture != nil
	if waits {
		measure.Picture = func(jpeg []byte) {
			if waits {
				waits = false
				p.picture(jpeg)
			}
		}
	}
	err := ingest.Measure(limited, measure, func(f *schemas.Feature) error {
		found.add(f, time.Since(began).Seconds())
		if found.Seconds >= p.media.Seconds() && !(waits && found.Pictures > 0) {
			return errSeen
		}
		return nil
	})
	found.Transport, _ = monitor.Second(false, nil)
	found.Programmes = monitor.Programmes()
	nothing := found.FirstPicture == nil && found.FirstSound == nil
	switch {
	case errors.Is(err, errSeen), err == nil:
		return found, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case limited.Err() != nil && nothing && len(found.Tracks) == 0:
		return nil, fmt.Errorf("no media came within %v", p.timeout)
	case limited.Err() != nil && nothing:
		return nil, fmt.Errorf("no picture and no sound came within %v", p.timeout)
	case nothing:
		return nil, err
	}
	return found, nil
}

// add takes one record, which came so many seconds after the beginning.
func (p *probed) add(f *schemas.Feature, after float64) {
	switch {
	case f.Inventory != nil:
		p.Container, p.Tracks = f.Inventory.Container, f.Inventory.Tracks
	case f.VideoFrame != nil:
		if p.FirstPicture == nil {
			p.FirstPicture = &after
		}
		p.Pictures++
		p.Seconds = max(p.Seconds, float64(f.VideoFrame.At)/1e6)
	case f.AudioBlock != nil:
		if p.FirstSound == nil {
			p.FirstSound = &after
		}
		p.Seconds = max(p.Seconds, float64(f.AudioBlock.At)/1e6)
	}
}

// printProbed tells what was found.
func printProbed(w io.Writer, output string, p *probed) error {
	if output == "json" {
		return json.NewEncoder(w).Encode(p)
	}
	rows := [][2]string{{"source", p.URL}, {"container", p.Container}}
	for _, t := range p.Tracks {
		rows = append(rows, [2]string{fmt.Sprintf("track %d", t.Index), trackText(t)})
	}
	rows = append(rows, [2]string{"first picture", afterText(p.FirstPicture)}, [2]string{"first sound", afterText(p.FirstSound)},
		[2]string{"looked at", fmt.Sprintf("%d pictures in %.1f s of media", p.Pictures, p.Seconds)})
	if t := p.Transport; t != nil {
		errors := int32(0)
		for _, n := range t.ContinuityErrors {
			errors += n
		}
		rows = append(rows, [2]string{"MPEG-TS", fmt.Sprintf("%d packets, %d continuity errors, %d CRC errors, %d marked as damaged, %d scrambled",
			t.Packets, errors, t.CRCErrors, t.TransportErrors, t.Scrambled)})
	}
	if p.Programmes != nil {
		for _, programme := range *p.Programmes {
			rows = append(rows, [2]string{fmt.Sprintf("programme %d", programme.Number), fmt.Sprintf("%d streams, PCR on PID %d", len(programme.Streams), programme.PCRPID)})
		}
	}
	return printBench(w, output, p, rows)
}

// trackText is a track in a line.
func trackText(t schemas.Track) string {
	text := t.Kind + " " + t.Codec
	if t.Profile != "" {
		text += " " + t.Profile
	}
	if v := t.Video; v != nil {
		text += fmt.Sprintf(", %dx%d %s", v.Width, v.Height, v.PixelFormat)
		if v.FrameRateDen > 0 {
			text += fmt.Sprintf(", %.4g pictures a second", float64(v.FrameRateNum)/float64(v.FrameRateDen))
		}
	}
	if a := t.Audio; a != nil {
		text += fmt.Sprintf(", %d Hz %s", a.SampleRate, a.Layout)
	}
	if t.Language != "" {
		text += ", " + t.Language
	}
	return text
}

func afterText(seconds *float64) string {
	if seconds == nil {
		return "none"
	}
	return fmt.Sprintf("after %.2f s", *seconds)
}
