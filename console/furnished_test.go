package console_test

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
)

// furnished is a console with something to show everywhere, of what it is told as of what it asks for: every text that somebody else has written ends with text.
func furnished(config console.Config, text string) *console.Console {
	now := time.Now().UnixMicro()
	var done []string
	var failure error
	d := acting(&done, &failure)
	picture := testCard()
	d.Stored = func(context.Context, string, string, int64) ([]byte, error) { return picture, nil }
	d.History = func(_ context.Context, id string, known *schemas.DefectEvent) (console.History, error) {
		if known == nil { // It ended too long ago to be known otherwise.
			known = &schemas.DefectEvent{ID: id, Revision: 3, State: "closed", Reason: "resolved", Stream: "news-uk", Kind: "black" + text, Severity: "info", Onset: now - 9e10, End: now - 8e10, Detected: now - 8e10, Summary: "dark" + text}
		}
		return console.History{Events: []*schemas.DefectEvent{known},
			Verdicts: []console.Verdict{{Stream: known.Stream, Verdict: schemas.Verdict{Label: "confirmed", Kind: known.Kind, Author: "ann" + text, Note: "seen it" + text, Start: now - 9e6, End: now, Time: now}}},
			Changes:  []console.Change{{Time: now, By: "ann" + text, Action: "ack", Target: known.ID, Detail: "on it" + text, Place: "command line"}}}, nil
	}
	whole := make(chan struct{})
	close(whole)
	d.WhatIf = wouldBe(whole, make(chan console.WhatIf, 1000), make(chan struct{}, 1000))
	d.Profiles = func() []console.Profile {
		return append(someProfiles(), console.Profile{Name: "zz" + text, Version: 2, Origin: "api", Streams: 1, ProfileText: console.ProfileText{Matchers: []string{`genre="film` + text + `"`}}})
	}
	d.Topics = logTopics
	d.Pipeline = func(context.Context) (console.Pipeline, error) {
		p := pipeline(time.Now())
		p.Stages[0].Members[0].Instance, p.Stages[1].Members[0].Process.Version, p.Edges[0].URL = "edge"+text, "v1"+text, "http://edge"+text
		return p, nil
	}
	d.Moment = func(_ context.Context, stream, _ string, at int64) (console.Moment, error) {
		last := 3.0
		video := console.LogRecord{Topic: "features", Time: now, Key: &stream, Headers: []console.LogHeader{}, Record: "VideoFrame" + text, Value: map[string]any{"seq" + text: 7, "luma": map[string]any{"mean": 15616}}}
		made := console.LogRecord{Topic: "features", Time: now, Headers: []console.LogHeader{}, Record: "Inventory", Value: map[string]any{"version": 2, "container": "hls" + text, "programmes": []any{},
			"tracks": []any{map[string]any{"index": 0, "kind": "video" + text, "codec": "h264" + text, "profile": "", "language": "eng" + text, "id": 257, "bit_rate": 0, "video": nil, "audio": nil}}}}
		return console.Moment{At: max(at, now), Previous: now - 40_000, Records: []console.LogRecord{video, made}, Seconds: 60, Figures: []console.MomentFigure{
			{Name: "transport.packets", Last: &last, Max: 3, Sum: 90, Count: 60}, {Name: "transport.continuity_errors.video" + text, Last: &last, Max: 3, Sum: 90, Count: 60}}}, nil
	}
	d.Tap = func(ctx context.Context, q console.TapQuery, give func(console.TapLine) error) error {
		key := "news" + text
		r := console.LogRecord{Topic: q.Topic, Offset: 7, Time: now, Key: &key, Record: "DefectEvent", Headers: []console.LogHeader{{Name: "ce_type" + text, Value: "opened" + text}},
			Value: map[string]any{"stream" + text: "news" + text, "labels": []map[string]string{{"name": "site" + text, "value": "north" + text}}}}
		poison := console.LogRecord{Topic: q.Topic, Offset: 8, Time: now, Headers: []console.LogHeader{}, Poison: "decode: magic byte" + text}
		for _, r := range []*console.LogRecord{&r, &poison} {
			if err := give(console.TapLine{Record: r}); err != nil {
				return err
			}
		}
		<-ctx.Done()
		return nil
	}
	c := console.New(config, d)
	fillWall(c, now)
	c.Recurring("7c1e", &console.Recurrence{ID: "7c1e", Matchers: []string{`stream="kids` + text + `"`}, By: "ann" + text, Comment: "each week" + text, Schedule: console.Schedule{Days: []string{"tue"}, From: "02:00", To: "04:00", Zone: "Europe/Berlin"}})
	edge, problem := "http://edge", "connection refused"+text
	for i, stream := range []string{"news-uk", "zz" + text} {
		c.Stream(stream, &schemas.StreamSpec{Labels: map[string]string{"site" + text: "north" + text, "cdn": "a"}})
		roll := health("firing", now+60e6)
		roll.State, roll.Pending = "down: "+problem, []schemas.Pending{{Kind: "black" + text, Since: now - 2e6}}
		c.Health(stream, roll)
		c.Defect(&schemas.DefectEvent{ID: idOf(2 + i), Revision: 2, State: "updated", Stream: stream, Kind: "freeze" + text, Part: "service BBC" + text, Severity: "warning", Profile: "default" + text,
			Onset: now - 95e6, End: now, Detected: now - 90e6, Summary: "The picture has not changed" + text, Labels: []schemas.Label{{Name: "site" + text, Value: "north" + text}}})
		c.Evidence(idOf(2+i), &schemas.Evidence{Stream: stream, ContentType: "video/mp4", Start: now - 100e6, End: now - 88e6, Bytes: int64(len(picture)), SHA256: sha256.Sum256(picture), Edge: &edge,
			Filmstrip: &schemas.Filmstrip{Bytes: int64(len(picture)), SHA256: sha256.Sum256(picture)}})
		c.Delivery(idOf(2+i), &schemas.Notification{Receiver: "desk" + text, State: "firing", Outcome: "failed", Error: problem, Message: "m1", Attempt: 2, Time: now - 80e6})
		c.Acknowledged(idOf(2+i), &console.Acknowledgement{By: "ann" + text, Note: "on it" + text, Time: now - 60e6})
		c.Silenced([]string{"5a3f", "5a40"}[i], &console.Silence{ID: []string{"5a3f", "5a40"}[i], Matchers: []string{"stream=" + quoted(stream)}, By: "ann" + text, Comment: "of late" + text, Start: now - 60e6, End: now + 3600e6})
	}
	c.Silenced("5a41", &console.Silence{ID: "5a41", Matchers: []string{`stream="news-uk"`}, By: "ann" + text, Comment: "over" + text, Start: now - 90e6, End: now - 60e6})
	c.Silenced("5a42", &console.Silence{ID: "5a42", Matchers: []string{`stream="news-uk"`}, By: "ann" + text, Comment: "to come" + text, Start: now + 9e9, End: now + 10e9, Recurrence: "7c1e"})
	c.Silenced("5a43", &console.Silence{ID: "5a43", Matchers: []string{`stream="news-uk"`}, By: "ann" + text, Comment: "ends soon" + text, Start: now - 90e6, End: now + 600e6})
	c.Recurring("7c1e", &console.Recurrence{ID: "7c1e", Matchers: []string{`stream="news-uk"`, "site=" + quoted("north"+text)}, By: "ann" + text, Comment: "again" + text,
		Schedule: console.Schedule{Days: []string{"tue"}, From: "02:00", To: "04:00", Zone: "Europe/Berlin"}})
	c.Defect(&schemas.DefectEvent{ID: idOf(7), Revision: 1, State: "opened", Stream: "sport-10" + text, Kind: "black", Severity: "critical", Onset: now - 93e6, End: now, Detected: now - 90e6, Summary: "dark" + text})
	return c
}
