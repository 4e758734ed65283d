package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// command runs one command line as a user would.
func command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = Main(t.Context(), args, &out, &err)
	return code, out.String(), err.String()
}

func TestWrongUsageIsToldWithExitCode2(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"topics", "aply"}, `"aply" is no command of framewatch topics, did you mean "apply"?`},
		{[]string{"analize", "x.ts"}, `"analize" is no command of framewatch, did you mean "analyze"?`},
		{[]string{"analyze"}, "usage: framewatch analyze FILE|URL"},
		{[]string{"topics", "describe", "-o", "xml"}, `--output: "xml" is none of text, markdown, asyncapi`},
		{[]string{"analyze", "x.ts", "-o", "xml"}, `--output: "xml" is neither json nor table`},
		{[]string{"run", "--target", "detctor"}, `--target: "detctor" is unknown, did you mean "detector"?`},
		{[]string{"run", "--target", "detector"}, "no brokers are configured"},
		{[]string{"run", "-c", file("key.yaml", "console:\n  lisen: 127.0.0.1:1")}, `line 2: unknown key "lisen", did you mean "listen"?`},
		{[]string{"run", "-c", file("rule.yaml", "profiles: {default: {rules: {blak: {for: 1s}}}}")}, `"blak" is unknown, did you mean "black"?`},
		{[]string{"run", "-c", file("option.yaml", "profiles: {default: {rules: {black: {form: 1s}}}}")}, `unknown key "form", did you mean "for"?`},
		{[]string{"run", "-c", file("twice.yaml", "streams: [{id: a, url: x}, {id: a, url: y}]")}, `streams[1] ("a"): the id is taken twice`},
		{[]string{"run", "-c", file("open.yaml", "console: {listen: '0.0.0.0:8080'}")}, "can be reached from other machines"},
		{[]string{"run", "-c", file("level.yaml", "log: {level: loud}")}, `log: level: "loud" is none of`},
		{[]string{"run", "-c", file("hook.yaml", "notifier: {receivers: {ops: {type: webhok, url: 'http://x'}}}")}, `"webhok" is unknown, did you mean "webhook"?`},
		{[]string{"config", "check", "-c", file("format.yaml", "log: {format: xml}")}, `format: "xml" is neither text nor json`},
		{[]string{"config", "check", "-c", file("broker.yaml", "kafka: {brokers: [host]}")}, `"host" has no port`},
		{[]string{"config", "check", "-c", file("partitions.yaml", "kafka: {partitions: -3}")}, "-3 is less than 1"},
		{[]string{"config", "check", "-c", file("sasl.yaml", "kafka: {brokers: ['h:1'], sasl: {mechanism: OAUTH}}")}, `"OAUTH" is none of`},
		{[]string{"config", "check", "-c", file("embedded.yaml", "embedded: {listen: '0.0.0.0:9392'}")}, "loopback addresses only"},
		{[]string{"config", "check", "-c", file("interval.yaml", "detector: {interval: 1h}")}, "at most 5s"},
		{[]string{"config", "check", "-c", file("advertise.yaml", "ingest: {advertise: nonsense}")}, `advertise "nonsense"`},
		{[]string{"config", "check", "-c", file("scheme.yaml", "streams: [{id: a, url: 'gopher://x'}]")}, `scheme "gopher" is unknown`},
		{[]string{"config", "check", "-c", file("literal.yaml", "streams: [{id: a, url: 'srt://h:9000?passphrase=S3cr3tS3cr3t'}]")},
			`streams[0] ("a"): url holds the value of passphrase itself, which would stand on the log: in the configuration file or what ` + "`framewatch streams apply` is given write ${file:/path/of/secret} or ${env:NAME} in its place"},
		{[]string{"streams", "apply", "-f", file("apply.yaml", "streams: [{id: a, url: 'http://bob:S3cr3t@h/1.ts?token=S3cr3t'}]")}, `streams[0] ("a"): url holds the password and the value of token itself`},
		{[]string{"config", "check", "-c", file("dots.yaml", "streams: [{id: .., url: x}]")}, "cannot stand in a URL"},
		{[]string{"config", "check", "-c", file("control.yaml", "streams: [{id: \"a\\nb\", url: x}]")}, "control characters"},
		{[]string{"config", "check", "-c", file("profile.yaml", "profiles: {default: {}}\nstreams: [{id: a, url: x, profile: sport}]")}, `profile "sport" is not`},
		{[]string{"config", "check", "-c", file("second.yaml", "log: {level: info}\n---\nlgo: {}")}, "second document"},
		{[]string{"config", "check", "-c", file("matcher.yaml", "profiles: {sport: {matchers: ['genre==sport']}}")}, `profiles.sport: matcher "genre==sport" is not like`},
		{[]string{"config", "check", "-c", file("tie.yaml", "profiles: {a: {selector: {x: y}}, b: {matchers: ['x=y']}}\nstreams: [{id: s, url: x, labels: {x: y}}]")},
			`streams[0] ("s"): the profiles "a" and "b" fit it equally well: give one of them a priority, or name the stream's profile`},
		{[]string{"streams", "apply", "-f", file("expect.yaml", "streams: [{id: a, url: x, expectations: {ad_breaks: {kinds: [blak]}}}]")}, `streams[0] ("a"): expectations: ad_breaks: kinds: "blak" is unknown, did you mean "black"?`},
		{[]string{"config", "check", "-c", file("expectkey.yaml", "streams: [{id: a, url: x, expectations: {ad_brakes: {}}}]")}, `unknown key "ad_brakes", did you mean "ad_breaks"?`},
		{[]string{"config", "check", "-c", file("lane.yaml", "streams: [{id: a, url: x, expectations: {same_as: b}}, {id: b, url: y}]")}, `"b" has the lane "b" and this stream "a"`},
		{[]string{"bench", "edge", "--runs", "0"}, "--runs is at least 1"},
		{[]string{"bench", "edge", "--clips", "none", "-o", "xml"}, `--output: "xml" is neither json nor table`},
		{[]string{"bench", "detector", "-o", "xml"}, `--output: "xml" is neither json nor table`},
		{[]string{"streams", "list", "-o", "xml"}, `--output: "xml" is neither json nor table`},
		{[]string{"demo", "--for", "-5s"}, "--for: -5s is not a length of time"},
		{[]string{"run", "-c", filepath.Join(dir, "none.yaml")}, "no such file"},
		{[]string{"replay", "--from", "yesterday"}, `--from: "yesterday" is neither a time`},
		{[]string{"export", "feature"}, `the topic "feature" is unknown, did you mean "features"?`},
		{[]string{"export", "features", "--format", "csv"}, `--format: "csv" is none of parquet, avro, ndjson`},
		{[]string{"export", "features", "--format", "avro"}, "name a directory with -o"},
		{[]string{"export", "features", "--stream", "genre==x"}, `matcher "genre==x" is not like`},
		{[]string{"export", "evidence", "--stream", "a"}, "the key of the topic evidence is no stream id but defect id"},
		{[]string{"export", "features", "--defect", "7"}, `"7" is no defect's id`},
		{[]string{"export", "defects", "--defect", strings.Repeat("a", 32)}, "only features are found by a defect"},
		{[]string{"export", "features", "--defect", strings.Repeat("a", 32), "--from", "1h"}, "leave out --from"},
		{[]string{"export", "features", "--offsets", "1:5"}, `"1:5" is not like 3:1000-2000`},
		{[]string{"export", "features", "--offsets", "1:5-5"}, `"1:5-5" is empty`},
		{[]string{"export", "features", "--offsets", "1:5-", "--offsets", "1:-7"}, "partition 1 is named twice"},
		{[]string{"export", "features", "--rate", "-1"}, "--rate: -1 is not within"},
		{[]string{"doctor", "-o", "xml"}, `--output: "xml" is neither json nor table`},
		{[]string{"config", "check", "-c", file("sandbox.yaml", "ingest: {sandbox: maybe}")}, `ingest.sandbox: "maybe" is none of required, best-effort, off`},
		{[]string{"config", "check", "-c", file("memory.yaml", "ingest: {worker_memory: 1}")}, `ingest.worker_memory is 1: it must be at least 268435456 bytes`},
		{[]string{"config", "check", "-c", file("shedding.yaml", "ingest: {shedding: on}")}, `ingest.shedding is "on": it must be auto or off`},
		{[]string{"bench", "fleet", "--most", "0"}, "--most is at least 1"},
		{[]string{"version", "--jsn"}, "unknown flag: --jsn"},
	} {
		code, stdout, stderr := command(t, test.args...)
		if code != exitUsage || !strings.Contains(stderr, test.want) || stdout != "" || strings.Contains(stderr, "S3cr3t") {
			t.Errorf("%q: got code %d, stdout %q, stderr %q, want code 2 and %q", test.args, code, stdout, stderr, test.want)
		}
	}
}

// The clips' own blacks, stills and silences are listed in testdata/clips/manifest.tsv.
func TestAnalyze(t *testing.T) {
	const clips = "../../testdata/clips/"
	t.Run("a clean clip has no defects", func(t *testing.T) {
		code, stdout, stderr := command(t, "analyze", clips+"bbb_720p25_h264_aac51.mp4")
		if code != exitOK || !strings.HasPrefix(stdout, "no defects in 5.") {
			t.Errorf("got code %d, stdout %q, stderr %q", code, stdout, stderr)
		}
	})
	t.Run("a silent clip has one, and every record is written", func(t *testing.T) {
		features := filepath.Join(t.TempDir(), "features.ndjson")
		code, stdout, stderr := command(t, "analyze", "-o", "json", "--features", features, clips+"flower_540p2997_h264_aac.mp4")
		var got found
		if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != exitDefects {
			t.Fatalf("got code %d, stdout %q, stderr %q: %v", code, stdout, stderr, err)
		}
		if got.Stream != "flower_540p2997_h264_aac.mp4" || got.Kind != "silence" || got.Start > 0.5 || got.End < 4.5 || got.Severity == "" {
			t.Errorf("got %+v, want silence from the start to the end, 5 s", got)
		}
		text, err := os.ReadFile(features)
		if err != nil {
			t.Fatal(err)
		}
		if pictures := strings.Count(string(text), `{"video_frame"`); pictures < 140 || pictures > 160 {
			t.Errorf("%d pictures in the records of 5 s at 29.97 a second", pictures)
		}
	})
	t.Run("what is no media is an error", func(t *testing.T) {
		code, stdout, stderr := command(t, "analyze", "-o", "json", "main_test.go")
		if code != exitFailure || stdout != "" || !strings.Contains(stderr, "main_test.go") {
			t.Errorf("got code %d, stdout %q, stderr %q", code, stdout, stderr)
		}
	})
}
