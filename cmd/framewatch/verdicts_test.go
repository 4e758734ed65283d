package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// verdictDay is when the defects of these tests are: a minute past it, and so on.
var verdictDay = time.Now().UTC().Add(-24 * time.Hour).Truncate(time.Hour)

func minute(m float64) time.Time { return verdictDay.Add(time.Duration(m * float64(time.Minute))) }

// judgedDefect is a black picture of the stream news, or another, for ten seconds.
func judgedDefect(id, stream string, at float64) *schemas.DefectEvent {
	return &schemas.DefectEvent{ID: id, Revision: 2, State: "closed", Stream: stream, Kind: "black", Severity: "warning", RuleVersion: 1, Profile: "default",
		Onset: minute(at).UnixMicro(), End: minute(at).Add(10 * time.Second).UnixMicro(), Detected: minute(at).UnixMicro(), Reason: "resolved", Summary: "The picture is black"}
}

// withDefects is a log with the streams news and sport; the defects a, b and c of news are on it, the last only in the longer log, and r, which
// was retracted.
func withDefects(t *testing.T) (*app, []string) {
	t.Helper()
	brokers := kafkatest.Embedded(t)
	a := laidOut(t, brokers, "framewatch.")
	if err := a.applyStreams(t.Context(), []StreamConfig{{ID: "news", URL: "http://origin/news.ts", Lane: "elsewhere"}, {ID: "sport", URL: "http://origin/sport.ts"}}, fromCommand, false); err != nil {
		t.Fatal(err)
	}
	retracted := judgedDefect("r", "news", 40)
	retracted.State = "retracted"
	partition := a.cluster.Partition("elsewhere")
	for _, ev := range []*schemas.DefectEvent{judgedDefect("a", "news", 1), judgedDefect("b", "news", 2), judgedDefect("c", "news", 3), retracted} {
		messages := []topology.Message{topology.Defects.Message(ev.Stream, ev), topology.DefectsLatest.Message(ev.ID, ev)}
		if ev.ID == "c" {
			messages = messages[:1]
		}
		if err := a.cluster.Publish(t.Context(), partition, messages...); err != nil {
			t.Fatal(err)
		}
	}
	return a, brokers
}

// verdictLines are what `verdicts list` says.
func verdictLines(t *testing.T, brokers []string, args ...string) (all []console.Verdict) {
	t.Helper()
	for line := range strings.Lines(onLog(t, brokers, append([]string{"verdicts", "list", "-o", "json"}, args...)...)) {
		var v console.Verdict
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, v)
	}
	return all
}

func TestVerdictsAreAddedListedAndReported(t *testing.T) {
	a, brokers := withDefects(t)
	for i := range 6 { // a minute of monitoring, from which no more than 10 s are unknown
		h := &schemas.Health{Time: minute(1).Add(time.Duration(i) * 10 * time.Second).UnixMicro(), SpanMS: 10_000, Lamp: "ok"}
		if i == 5 {
			h.Lamp = "unknown"
		}
		if err := a.cluster.Publish(t.Context(), a.cluster.Partition("elsewhere"), topology.Health.Message("news", h)); err != nil {
			t.Fatal(err)
		}
	}
	said := onLog(t, brokers, "verdicts", "add", "a", "confirmed", "--by", "ann", "--start", minute(1).Add(-2*time.Second).Format(time.RFC3339))
	if want := fmt.Sprintf("confirmed: black of news, %s, 12.0 s\n", utc(minute(1).Add(-2*time.Second))); said != want {
		t.Errorf("add said %q, want %q", said, want)
	}
	onLog(t, brokers, "verdicts", "add", "b", "confirmed", "--by", "ann")
	onLog(t, brokers, "verdicts", "add", "b", "false_alarm", "--by", "ann", "--note", "dark scene")
	onLog(t, brokers, "verdicts", "add", "c", "confirmed", "--by", "ann")
	onLog(t, brokers, "verdicts", "add", "c", "false_alarm", "--by", "bob")
	onLog(t, brokers, "verdicts", "add", "r", "false_alarm", "--by", "ann")
	onLog(t, brokers, "verdicts", "add", "missed", "--by", "bob", "--stream", "sport", "--kind", "freeze", "--start", minute(5).Format(time.RFC3339), "--end", minute(6).Format(time.RFC3339))

	list := verdictLines(t, brokers)
	if len(list) != 6 || list[1].Label != "false_alarm" || *list[1].Defect != "b" || list[1].Note != "dark scene" || list[1].Start != minute(2).UnixMicro() || list[1].Stream != "news" {
		t.Errorf("listed are %+v", list)
	}
	if all := verdictLines(t, brokers, "--all"); len(all) != 7 {
		t.Errorf("of all 7 verdicts %d are listed", len(all))
	}
	if some := verdictLines(t, brokers, "--kind", "freeze", "--stream", "sport", "--from", minute(5).Format(time.RFC3339), "--to", minute(5.1).Format(time.RFC3339)); len(some) != 1 || some[0].Label != "missed" {
		t.Errorf("of the freeze are listed %+v", some)
	}
	if table := onLog(t, brokers, "verdicts", "list"); !strings.Contains(table, "dark scene") || strings.Count(table, "\n") != 7 {
		t.Errorf("the table is\n%s", table)
	}

	var r verdictReport
	if err := json.Unmarshal([]byte(onLog(t, brokers, "verdicts", "report", "-o", "json")), &r); err != nil {
		t.Fatal(err)
	}
	black, freeze := r.Kinds[0], r.Kinds[1]
	// a is right, b is not, of c two people say both, r counts nowhere. 50 s were monitored, in which b, a minute after a, comes after all.
	if black.Kind != "black" || black.Defects != 3 || black.Judged != 2 || *black.Precision != 0.5 || black.Disputed != 1 || *black.OnsetP50 != 2 || black.Onsets != 1 {
		t.Errorf("black is %+v", black)
	}
	if days := 50.0 / 86400; r.Streams != 1 || r.Days != days || *black.PerDay != 1/days {
		t.Errorf("%d streams for %v days, %v alarms a day", r.Streams, r.Days, *black.PerDay)
	}
	if freeze.Kind != "freeze" || freeze.Missed != 1 || freeze.Precision != nil || len(r.Aside) != 1 || r.Aside[0].Defect != "r" || len(r.Disputed) != 1 || r.Verdicts != 6 {
		t.Errorf("freeze is %+v, aside %+v, disputed %+v", freeze, r.Aside, r.Disputed)
	}
	if text := onLog(t, brokers, "verdicts", "report", "--details", "-o", "markdown"); !strings.Contains(text, "| black | 3 | 2 | 1 | 1 | 1 | 0.500 | 0.09 to 0.91 | 0 |") || !strings.Contains(text, "| false alarm | news | black |") {
		t.Errorf("the report is\n%s", text)
	}
	if text := onLog(t, brokers, "verdicts", "report", "--from", minute(1.5).Format(time.RFC3339), "--stream", "news"); !strings.Contains(text, "since "+utc(minute(1.5))) || strings.Contains(text, "freeze") {
		t.Errorf("the report of news is\n%s", text)
	}

	var entries []schemas.Audit
	for line := range strings.Lines(onLog(t, brokers, "export", "audit")) {
		var l struct{ Value schemas.Audit }
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		entries = append(entries, l.Value)
	}
	if len(entries) != 7 || entries[2].Action != "verdicts add" || entries[2].Target != "b" || entries[2].Detail != "false_alarm dark scene" {
		t.Errorf("written down is %+v", entries)
	}
}

// The log keeps defects longer than roll-ups: an alarm of a time of which nobody knows how long was monitored is in no rate.
func TestAlarmsADayAreOfTheMonitoredTime(t *testing.T) {
	alarm := func(at float64) replay.Life {
		return replay.Life{Defect: replay.Defect{ID: fmt.Sprint(at), Stream: "news", Kind: "black", Onset: minute(at), End: minute(at + 1)}}
	}
	j := &replay.Judgement{Kinds: []*replay.Judged{{Kind: "black", Defects: 3, False: 3}}, Alarms: []replay.Life{alarm(1), alarm(10), alarm(20)}}
	m := &monitoring{streams: map[string]bool{}}
	if r := newVerdictReport(replay.Range{}, nil, j, m); r.Kinds[0].PerDay != nil || r.Monitored != nil {
		t.Errorf("without roll-ups: %+v since %v", r.Kinds[0], r.Monitored)
	}
	for _, stream := range []string{"news", "sport"} { // six hours of each, from the tenth minute on
		m.add(stream, &schemas.Health{Time: minute(10).Add(6 * time.Hour).UnixMicro(), SpanMS: int32((6 * time.Hour).Milliseconds()), Lamp: "firing"})
	}
	r := newVerdictReport(replay.Range{}, nil, j, m)
	if *r.Kinds[0].PerDay != 4 || r.Days != 0.5 || r.Streams != 2 || !r.Monitored.Equal(minute(10)) || r.Kinds[0].False != 3 {
		t.Errorf("%+v with %v alarms a day, in %v days since %v; want 2 in half a day", r.Kinds[0], *r.Kinds[0].PerDay, r.Days, r.Monitored)
	}
}

func TestVerdictsThatCannotBeAreRefused(t *testing.T) {
	_, brokers := withDefects(t)
	at := func(m float64) string { return minute(m).Format(time.RFC3339) }
	stretch := func(args ...string) []string {
		return append([]string{"missed", "--stream", "news", "--kind", "black", "--start", at(5), "--end", at(6)}, args...)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"a", "confrmed"}, `label: "confrmed" is none of confirmed, false_alarm, missed`},
		{[]string{"a"}, `what is to be said of "a"? Add one of confirmed`},
		{[]string{"zz", "confirmed"}, `defect: there is no defect "zz" on the log`},
		{[]string{"a", "missed"}, "label: missed is said of what no defect tells of"},
		{[]string{"a", "confirmed", "--stream", "sport"}, `--stream: "sport" is not the stream of defect a, which is "news"`},
		{[]string{"a", "confirmed", "--kind", "freeze"}, `--kind: "freeze" is not the kind of defect a, which is black`},
		{[]string{"a", "confirmed", "--start", at(9)}, "--start: " + utc(minute(9))},
		{[]string{"a", "confirmed", "--by", ""}, "--by: who says so?"},
		{[]string{"a", "confirmed", "--note", "one\ntwo"}, "--note: it has control characters"},
		{[]string{"a", "confirmed", "--note", strings.Repeat("x", 1001)}, "--note: it has 1001 bytes, at most 1000 are kept"},
		{[]string{"missed"}, "--stream: it is missing"},
		{stretch("--stream", "nws"), `--stream: no stream is called "nws"`},
		{stretch("--kind", "blak"), `--kind: "blak" is unknown, did you mean "black"?`},
		{stretch("--kind", ""), "--kind: it is missing"},
		{stretch("--start", "yesterday"), `--start: "yesterday" is neither a time`},
		{stretch("--start", ""), "--start: it is missing"},
		{stretch("--end", at(5)), "--end: " + utc(minute(5)) + " is not after the start"},
		{stretch("--end", "-1h"), "a verdict is on what has been"},
		{stretch("--start", "2026-01-01T00:00:00Z"), "is more than 7 days"},
		{stretch("--start", "1970-01-20T00:00:00Z"), "before 2000"},
	} {
		code, _, stderr := command(t, append(append([]string{"verdicts", "add"}, test.args...), "--brokers", brokers[0])...)
		if code != exitUsage || !strings.Contains(stderr, test.want) {
			t.Errorf("%q: code %d, %s; want %q", test.args, code, stderr, test.want)
		}
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"report", "--stream", "nws"}, `the log tells nothing of "nws"`},
		{[]string{"report", "--kind", "blak"}, `--kind: "blak" is unknown, did you mean "black"?`},
		{[]string{"report", "-o", "xml"}, `--output: "xml" is neither json, table nor markdown`},
		{[]string{"list", "--kind", "blak"}, `--kind: "blak" is unknown, did you mean "black"?`},
		{[]string{"list", "--from", "yesterday"}, `--from: "yesterday" is neither a time`},
	} {
		code, _, stderr := command(t, append(append([]string{"verdicts"}, test.args...), "--brokers", brokers[0])...)
		if code != exitUsage || !strings.Contains(stderr, test.want) {
			t.Errorf("%q: code %d, %s; want %q", test.args, code, stderr, test.want)
		}
	}
	if list := verdictLines(t, brokers); len(list) != 0 {
		t.Errorf("refused, and yet on the log: %+v", list)
	}
}

func TestVerdictsAreImportedAllOrNone(t *testing.T) {
	_, brokers := withDefects(t)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	span := fmt.Sprintf("%s,%d", minute(5).Format(time.RFC3339), minute(6).UnixMicro())
	table := "\uFEFFlabel,defect,stream,kind,start,end,note,author\nconfirmed,a,,,,,,ann\n" +
		"missed,,sport,freeze," + span + ",\"goal, and\nnothing\",bob\nfalse_alarm,b,,,,,,\n"

	bad := file("bad.csv", strings.Replace(table, "false_alarm,b", "false,b", 1)+"missed,,nws,freeze,yesterday,tomorrow,,\n")
	code, _, stderr := command(t, "verdicts", "import", bad, "--by", "cem", "--brokers", brokers[0])
	for _, want := range []string{bad + `:3: note: it has control characters`, bad + `:5: label: "false" is none of`, bad + `:6: start: "yesterday" is neither`, bad + `:6: end: "tomorrow" is neither`, "nothing is imported"} {
		if code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("code %d, %s; want %q", code, stderr, want)
		}
	}
	good := file("good.csv", strings.Replace(table, "\nnothing", "", 1))
	if said := onLog(t, brokers, "verdicts", "import", good, "--by", "cem", "--dry-run"); said != "3 verdicts would be added, 0 hold already\n" {
		t.Errorf("dry: %s", said)
	}
	if list := verdictLines(t, brokers); len(list) != 0 {
		t.Fatalf("on the log before anything is imported: %+v", list)
	}
	for _, want := range []string{"3 verdicts added, 0 hold already\n", "0 verdicts added, 3 hold already\n"} {
		if said := onLog(t, brokers, "verdicts", "import", good, "--by", "cem"); said != want {
			t.Errorf("import said %q, want %q", said, want)
		}
	}
	printed := onLog(t, brokers, "verdicts", "list", "-o", "json")
	list := verdictLines(t, brokers, "--all")
	if len(list) != 3 || list[0].Author != "ann" && list[1].Author != "ann" && list[2].Author != "ann" || !strings.Contains(printed, `"author":"cem"`) {
		t.Errorf("on the log are %+v", list)
	}
	// What is listed can be imported; changed it replaces what was said, and an older word does not.
	changed := file("changed.NDJSON", strings.Replace(printed, `"note":"goal, and"`, `"note":"a goal"`, 1))
	if said := onLog(t, brokers, "verdicts", "import", changed); said != "1 verdicts added, 2 hold already\n" {
		t.Errorf("import of what was listed said %q", said)
	}
	older := file("older.jsonl", fmt.Sprintf(`{"label":"confirmed","defect":"b","author":"cem","time":%d,"note":null}`, minute(10).UnixMicro()))
	if said := onLog(t, brokers, "verdicts", "import", older); said != "0 verdicts added, 1 hold already\n" {
		t.Errorf("import of an older word said %q", said)
	}
}

func TestVerdictFilesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	for name, test := range map[string]struct{ text, want string }{
		"a.xlsx":   {"", "the name ends in none of .csv, .jsonl, .ndjson"},
		"b.csv":    {"", "it is empty: the first line names the columns"},
		"c.csv":    {"label,defct\n", `line 1: the column "defct" is unknown, did you mean "defect"?`},
		"d.csv":    {"label,label\n", `line 1: the column "label" is there twice`},
		"e.csv":    {"defect,note\n", "line 1: there is no column label"},
		"f.csv":    {"label,defect\nconfirmed,a,b\n", "record on line 2: wrong number of fields: the header has 2, this line 3"},
		"g.csv":    {"label,defect\n\"confirmed,a\n", "extraneous or missing \" in quoted-field"},
		"h.csv":    {"label,defect\n", "there are no verdicts in it"},
		"i.ndjson": {"\n" + strings.Repeat(" ", 70<<10), "line 2 is longer than 64 KiB"},
		"j.ndjson": {"", "there are no verdicts in it"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readVerdictFile(path); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	for line, want := range map[string]string{
		`{"label":5}`:             "label: it is no text",
		`{"labl":"confirmed"}`:    `the field "labl" is unknown, did you mean "label"?`,
		`{"label":"confirmed"} x`: "more than one JSON object",
		`[1]`:                     "it is no JSON object",
		`{"start":1.5}`:           `start: "1.5" is neither a time`,
		`{"note":{"a":1}}`:        "note: it is no text",
	} {
		rows, err := readVerdictsNDJSON(strings.NewReader("\n" + line))
		if err != nil || len(rows) != 1 || rows[0].line != 2 || len(rows[0].wrong) != 1 || !strings.Contains(rows[0].wrong[0].Error(), want) {
			t.Errorf("%s: %+v, %v; want %q", line, rows, err, want)
		}
	}
	endless := &bounded{strings.NewReader(strings.Repeat("x", 100)), 99}
	if _, err := readVerdictsNDJSON(endless); err == nil || !strings.Contains(err.Error(), "split it") {
		t.Errorf("a file without an end: %v", err)
	}
}

// What comes by the API is the user's, and is looked up and refused as what comes by the command line.
func TestVerdictsOfTheConsole(t *testing.T) {
	a, brokers := withDefects(t)
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("sesame"), 0o600); err != nil {
		t.Fatal(err)
	}
	a.config.Console = console.Config{Listen: "127.0.0.1:0", Users: map[string]console.User{"ops": {PasswordFile: password}}}
	a.force.Store(&a.config)
	ctx := consoleUp(t, a)
	ask := func(method, query, body string) (int, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(ctx, method, *a.console.Load()+"/api/v1/verdicts"+query, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.SetBasicAuth("ops", "sesame")
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(text)
	}
	span := fmt.Sprintf(`"start":%d,"end":%d`, minute(5).UnixMicro(), minute(6).UnixMicro())
	for _, test := range []struct {
		body string
		code int
		want string
	}{
		{`{"label":"false_alarm","defect":"b"}`, http.StatusCreated, fmt.Sprintf(`"stream":"news","label":"false_alarm","kind":"black","defect":"b","start":%d`, minute(2).UnixMicro())},
		{`{"label":"confirmed","defect":"a"}`, http.StatusCreated, `"author":"ops"`},
		{`{"label":"missed","stream":"sport","kind":"freeze",` + span + `}`, http.StatusCreated, `"kind":"freeze"`},
		{`{"label":"no"}`, http.StatusBadRequest, `label: \"no\" is none of confirmed`},
		{`{"label":"confirmed","defect":"zz"}`, http.StatusBadRequest, `there is no defect \"zz\" on the log`},
		{`{"label":"missed","stream":"sport","kind":"freeze","start":5,"end":6}`, http.StatusBadRequest, "a number is microseconds"},
	} {
		if code, said := ask(http.MethodPost, "", test.body); code != test.code || !strings.Contains(said, test.want) {
			t.Errorf("%s: status %d %s; want %d with %s", test.body, code, said, test.code, test.want)
		}
	}
	code, said := ask(http.MethodGet, fmt.Sprintf("?stream=news&kind=black&from=%d&to=%d", minute(2).UnixMicro(), minute(3).UnixMicro()), "")
	if code != http.StatusOK || strings.Count(said, `"label"`) != 1 || !strings.Contains(said, `"label":"false_alarm"`) {
		t.Errorf("status %d %s", code, said)
	}
	if code, said := ask(http.MethodGet, "?kind=blak", ""); code != http.StatusBadRequest || !strings.Contains(said, "did you mean") {
		t.Errorf("a kind that there is not: status %d %s", code, said)
	}
	if got := verdictLines(t, brokers); len(got) != 3 {
		t.Errorf("on the log are %+v", got)
	}
}
