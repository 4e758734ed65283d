package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"reflect"
	"syscall"

	"github.com/framewatch/framewatch/notifier"
)

// reloads reads the configuration file again each time the process gets SIGHUP, until ctx ends. Its streams, their expectations and its profiles take
// effect at once, through the log, and nothing that is known of a stream is lost; who is told of defects changes at once, too; what else has changed waits for a restart. A file
// with a mistake changes nothing.
func (a *app) reloads(ctx context.Context) error {
	before, err := loadConfig(a.config.path)
	if err != nil {
		return err
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	for {
		select {
		case <-ctx.Done():
			return nil
		case answer := <-a.asked:
			answer <- a.reload(ctx, before)
		case <-hangups:
			if err := a.reload(ctx, before); err != nil {
				a.log.Error("the configuration is not read again, what was in force still is", "error", err)
			}
		}
	}
}

// reload takes the configuration file's streams and profiles; before is what the file said at start.
func (a *app) reload(ctx context.Context, before Config) error {
	if a.config.path == "" {
		a.log.Warn("there is no configuration file to read again")
		return nil
	}
	config, err := loadConfig(a.config.path)
	if err != nil {
		return err
	}
	next, err := notifier.New(config.Notifier, a.log)
	if err != nil {
		return fmt.Errorf("notifier: %w", err)
	}
	if waiting := restartFor(before, config); len(waiting) > 0 {
		a.log.Warn("these sections take effect with a restart", "sections", waiting)
	}
	if err := a.publishConfig(ctx, config); err != nil {
		return err
	}
	if a.notifiers.now() != nil {
		a.notifiers.use(next)
	}
	a.log.Info("the configuration is read again", "file", a.config.path)
	return nil
}

// restartFor are the keys of the sections that differ and are only read at start.
func restartFor(before, now Config) (sections []string) {
	x, y := reflect.ValueOf(before), reflect.ValueOf(now)
	for i := range x.NumField() {
		field := x.Type().Field(i)
		key := field.Tag.Get("yaml")
		if !field.IsExported() || key == "streams" || key == "profiles" || key == "notifier" {
			continue
		}
		if !reflect.DeepEqual(x.Field(i).Interface(), y.Field(i).Interface()) {
			sections = append(sections, key)
		}
	}
	if before.Notifier.Listen != now.Notifier.Listen {
		sections = append(sections, "notifier.listen")
	}
	return sections
}
