package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/notifier"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

func ackCommand() *cobra.Command {
	var by, note string
	cmd := &cobra.Command{
		Use:   "ack DEFECT...",
		Short: "Acknowledge defects: they are not repeated and not escalated any more",
		Long: "Acknowledge defects that are open: somebody has taken them up. Those who were told of them are told that, and nothing but their end from then on.\n" +
			"It ends with the defect.",
		Args: someArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := commandApp(cmd)
			if err != nil {
				return err
			}
			defer a.cluster.Close()
			for _, id := range args {
				if _, err := a.acknowledge(cmd.Context(), by, id, note, byCommand); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&note, "note", "", "what is to be said to it")
	byFlag(cmd, &by)
	return cmd
}

// acknowledge puts on the log that somebody has taken up a defect, which is open.
func (a *app) acknowledge(ctx context.Context, by, id, note, place string) (notifier.Acknowledgement, error) {
	ack := notifier.Acknowledgement{Defect: id, By: by, Note: note, Time: time.Now()}
	if err := checkTexts(by, "note", note); err != nil {
		return ack, err
	}
	ev, err := a.latest(ctx, id)
	switch {
	case err != nil:
		return ack, err
	case ev == nil:
		return ack, console.Refusal{Reason: fmt.Sprintf("there is no defect %.40q", id), Status: http.StatusNotFound}
	case ev.State == "closed" || ev.State == "retracted":
		return ack, console.Refusal{Reason: fmt.Sprintf("defect %s is over: it is %s", id, ev.State), Status: http.StatusConflict}
	}
	entry, err := ack.Entry()
	if err != nil {
		return ack, err
	}
	return ack, a.changeState(ctx, by, "ack", id, note, place, entry)
}

// checkTexts bounds who makes a change, and what is said to it.
func checkTexts(by, name, text string) error {
	if err := checkText("author", by, longestAuthor); err != nil {
		return console.Refusal{Reason: err.Error()}
	}
	if err := checkText(name, text, longestNote); err != nil {
		return console.Refusal{Reason: err.Error()}
	}
	return nil
}

// latest is the newest event of a defect; nil: there is none.
func (a *app) latest(ctx context.Context, id string) (ev *schemas.DefectEvent, err error) {
	err = kafka.Read(ctx, a.cluster, topology.DefectsLatest, kafka.ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[schemas.DefectEvent]) error {
		if r.Key == id {
			ev = r.Value
		}
		return nil
	})
	return ev, cmp.Or(err, ctx.Err()) // a reading that was given up ends as one that has come to the end
}
