package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

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
				ev, err := a.latest(cmd.Context(), id)
				if err != nil {
					return err
				}
				switch {
				case ev == nil:
					return fmt.Errorf("there is no defect %q", id)
				case ev.State == "closed" || ev.State == "retracted":
					return fmt.Errorf("defect %s is over: it is %s", id, ev.State)
				}
				entry, err := notifier.Acknowledgement{Defect: id, By: by, Note: note, Time: time.Now()}.Entry()
				if err != nil {
					return err
				}
				if err := a.changeState(cmd.Context(), by, "ack", id, note, entry); err != nil {
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

// latest is the newest event of a defect; nil: there is none.
func (a *app) latest(ctx context.Context, id string) (ev *schemas.DefectEvent, err error) {
	err = kafka.Read(ctx, a.cluster, topology.DefectsLatest, kafka.ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[schemas.DefectEvent]) error {
		if r.Key == id {
			ev = r.Value
		}
		return nil
	})
	return ev, err
}
