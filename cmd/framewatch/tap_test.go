package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

func TestTapConditions(t *testing.T) {
	ev := map[string]any{"kind": "freeze", "value": 0.95, "revision": int32(2), "onset_refined": nil, "labels": []any{map[string]any{"name": "site", "value": "north"}}}
	about := map[string]any{"record": "DefectEvent", "offset": int64(7), "poison": false}
	for text, want := range map[string]bool{
		"":                                 true,
		`kind == "freeze"`:                 true,
		`kind == "black"`:                  false,
		`kind in ["freeze", "black"]`:      true,
		`value > 0.9 and revision >= 2`:    true,
		`value > 1`:                        false,
		`revision > 1.5`:                   true,
		`onset_refined > 5`:                false, // null
		`not (onset_refined != nil)`:       true,
		`kind matches "^fr.*e$"`:           true,
		`any(labels, .value == "north")`:   true,
		`any(labels, .value == "south")`:   false,
		`meta.record == "DefectEvent"`:     true,
		`meta.offset < 7`:                  false,
		`value + 1`:                        false,
		`summary contains "x"`:             false, // not there
		`len(labels) == 1 && !meta.poison`: true,
	} {
		c, err := newCondition(text, &topology.Defects.Spec)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := c.fits(ev, about); got != want {
			t.Errorf("%s is %v of it", text, got)
		}
	}
	for text, want := range map[string]string{
		`kind = "freeze"`:                        "unexpected token",
		`knd == "freeze"`:                        `no record of the topic has a field "knd", did you mean "kind"?`,
		`count(1..1000000, true) > 0`:            "a range (..) is not for conditions",
		`let x = 1; x == 1`:                      "let is not for conditions",
		`repeat("x", 100) == ""`:                 `"repeat" is none of the functions`,
		`all(labels, any(labels, .value == ""))`: "not for within another's condition",
		`rm("x")`:                                `has a field "rm"`,
		strings.Repeat("not ", 100) + "(1 == 1)": "",
		strings.Repeat("x", 1001):                "1001 bytes",
		"kind == \"":                             "not terminated",
	} {
		if _, err := newCondition(text, &topology.Defects.Spec); err == nil && want != "" || err != nil && (want == "" || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%.60s: %v, want %q", text, err, want)
		}
	}
	if _, err := newCondition(`luma.mean < 20 and transport.sync_losses > 0 and generation > 0`, &topology.Features.Spec); err != nil {
		t.Errorf("fields of several records: %v", err)
	}
}

// TestTapShowsNoSecrets looks at each kind of record that may hold one, by text and by bytes.
func TestTapShowsNoSecrets(t *testing.T) {
	contract := schemas.Baked()
	const secret = "hunter2"
	url := "https://bob:" + secret + "@cdn.example/live.m3u8?token=" + secret
	nested, err := schemas.Append(contract, schemas.StreamSpecs, nil, &schemas.StreamSpec{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]topology.Message{
		"a stream":       topology.Streams.Message(url, &schemas.StreamSpec{URL: url, Labels: map[string]string{"origin": url, url: "x"}}),
		"a model":        topology.Models.Message("m", &schemas.Model{Weights: []byte(secret), Card: "trained on " + url}),
		"a dead letter":  topology.DeadLetter.Message("k", &schemas.DeadLetter{Topic: "streams", Value: nested, Reason: "of " + url}),
		"a dead poison":  {Topic: &topology.DeadLetter.Spec, Encode: func(*schemas.Contract, []byte) ([]byte, error) { return nested[:20], nil }},
		"a poison":       {Topic: &topology.Streams.Spec, Encode: func(*schemas.Contract, []byte) ([]byte, error) { return nested[:len(nested)-2], nil }},
		"a change":       topology.Audit.Message("ann", &schemas.Audit{Action: "streams apply", Detail: "to " + url}),
		"a header":       {Topic: &topology.Defects.Spec, Headers: [][2]string{{"x", url}}},
		"a verdict":      topology.Verdicts.Message("s", &schemas.Verdict{Note: "see " + url}),
		"notifier state": topology.NotifierState.Message("k", &schemas.NotifierState{Kind: "silence", Payload: []byte(url)}),
	} {
		r := topology.Raw{Key: []byte(m.Key), Headers: m.Headers, Time: time.UnixMicro(1)}
		if m.Encode != nil {
			if r.Value, err = m.Encode(contract, nil); err != nil {
				t.Fatal(err)
			}
		}
		shown, _ := showing{schemas.NewGeneric(contract), m.Topic}.shown(r, true)
		text := jsonOf(t, shown)
		if strings.Contains(text, secret) || strings.Contains(text, hex.EncodeToString([]byte(secret))) {
			t.Errorf("%s is shown as %s", name, text)
		}
	}
	// What hides nothing is shown in full.
	src, err := schemas.Append(contract, schemas.Verdicts, nil, &schemas.Verdict{Note: "dark scene", Label: "false_alarm"})
	if err != nil {
		t.Fatal(err)
	}
	shown, _ := showing{schemas.NewGeneric(contract), &topology.Verdicts.Spec}.shown(topology.Raw{Value: src}, true)
	if shown.Raw != hex.EncodeToString(src) || shown.Value["note"] != "dark scene" || shown.Record != "Verdict" || shown.Bytes != len(src) || shown.Key != nil || *shown.SchemaID != int64(schemas.ID(contract, schemas.Verdicts)) {
		t.Errorf("a verdict is shown as %+v", shown)
	}
}

// tapped are the records that a tap shows until so many have been read and want shown, and its last count.
func tapped(t *testing.T, a *app, q console.TapQuery, read int64, want int, started func()) (records []console.LogRecord, count console.TapCount) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a hang guard
	defer cancel()
	enough := errors.New("enough")
	err := a.tapFor(ctx, q, func(l console.TapLine) error {
		if l.Count != nil {
			count = *l.Count
			if started != nil {
				started()
				started = nil
			}
		}
		if l.Record != nil {
			records = append(records, *l.Record)
		}
		if len(records) >= want && count.Read >= read {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Fatalf("%+v: %d records, %v", q, len(records), err)
	}
	return records, count
}

// TestTap follows a topic: from now on and from an instant, with a condition, a key and poison on the way.
func TestTap(t *testing.T) {
	brokers := kafkatest.Embedded(t)
	a := laidOut(t, brokers, "framewatch.")
	publish := func(messages ...topology.Message) {
		t.Helper()
		if err := a.cluster.Publish(t.Context(), 1, messages...); err != nil {
			t.Fatal(err)
		}
	}
	event := func(kind string, revision int32) topology.Message {
		return topology.Defects.Message("news", &schemas.DefectEvent{ID: "d", Kind: kind, Revision: revision, Labels: []schemas.Label{}})
	}
	poison := topology.Message{Topic: &topology.Defects.Spec, Key: "news", Encode: func(*schemas.Contract, []byte) ([]byte, error) { return []byte("no Avro"), nil }}
	began := time.Now().Add(-time.Minute)
	publish(event("freeze", 1), event("black", 1), poison, event("freeze", 2))

	all, _ := tapped(t, a, console.TapQuery{Topic: "defects", Partition: -1, From: began, Rate: 100, Raw: true}, 4, 4, nil)
	if all[0].Value["kind"] != "freeze" || all[2].Poison == "" || all[2].Value != nil || all[2].Raw != hex.EncodeToString([]byte("no Avro")) || all[3].Offset != 3 || all[3].Partition != 1 || *all[3].Key != "news" {
		t.Errorf("tapped are %+v", all)
	}
	some, count := tapped(t, a, console.TapQuery{Topic: "defects", Partition: 1, From: began, Rate: 100, Where: `kind == "freeze" and revision > 1`}, 4, 1, nil)
	if some[0].Offset != 3 || count.Read != 4 || count.Shown != 1 || count.LeftOut != 0 || some[0].Raw != "" {
		t.Errorf("tapped are %+v, %+v", some, count)
	}
	// Of the past nothing is left out, however slowly it is shown.
	if slow, count := tapped(t, a, console.TapQuery{Topic: "defects", Partition: -1, From: began, Rate: 2}, 4, 4, nil); count.LeftOut != 0 {
		t.Errorf("of %d records %d are left out", len(slow), count.LeftOut)
	}
	// What is written from now on is sampled: of 50 at once one is shown, and another when a second has passed.
	var many []topology.Message
	for i := range 50 {
		many = append(many, event("freeze", int32(i)))
	}
	live, count := tapped(t, a, console.TapQuery{Topic: "defects", Partition: -1, Key: "news", Rate: 1}, 50, 1, func() { publish(many...) })
	if live[0].Offset < 4 || count.Shown+count.LeftOut != 50 || count.LeftOut < 40 {
		t.Errorf("from now on comes %+v, %+v", live[0], count)
	}
	if one, err := a.logRecordFor(t.Context(), "defects", 1, 1); err != nil || one.Value["kind"] != "black" || one.Raw == "" {
		t.Errorf("the record at 1 is %+v, %v", one, err)
	}
	_, err := a.logRecordFor(t.Context(), "defects", 1, 1<<40)
	if status, _ := refused(t, err); status != 404 {
		t.Errorf("where nothing is written yet: %v", err)
	}
	if said := onLog(t, brokers, "tap", "defects", "--from", "1m", "-n", "1", "--where", `kind == "black"`); strings.Count(said, "\n") != 1 || !strings.Contains(said, `"offset":1,`) {
		t.Errorf("the command prints %s", said)
	}
	if code, _, stderr := command(t, "tap", "defects", "--where", "knd", "--brokers", strings.Join(brokers, ",")); code != exitUsage || !strings.Contains(stderr, `--where: no record`) {
		t.Errorf("a wrong condition: code %d, %s", code, stderr)
	}
	for _, q := range []console.TapQuery{{Topic: "defcts", Partition: -1}, {Topic: "defects", Partition: 99}, {Topic: "audit", Partition: 1}, {Topic: "defects", Partition: -1, Where: "1 +"}} {
		refused(t, a.tapFor(t.Context(), q, func(console.TapLine) error { t.Error("it begins"); return nil }))
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
