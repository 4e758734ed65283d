package lab_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/schemas"
)

// The clip is 20 s: black from 4 s, still from 9 s, silent from 14 s, 4 s each.
const stepsClipSeconds = 20

func stepsClip(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "clip.ts")
	graph := "[0:v]drawbox=color=black:t=fill:enable='between(n,100,199)',split[a][b];[a][b]freezeframes=first=225:last=325:replace=224[v]"
	said, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25",
		"-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000,volume='if(between(t,14,18),0,1)':eval=frame,aformat=channel_layouts=stereo",
		"-filter_complex", graph, "-map", "[v]", "-map", "1:a", "-t", fmt.Sprint(stepsClipSeconds), "-c:v", "libx264", "-preset", "ultrafast", "-bf", "0",
		"-g", "25", "-c:a", "aac", "-f", "mpegts", file).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, said)
	}
	return file
}

// The steps find what is in the clip, tell it once, and do as many transitions and requests as the design has.
func TestSteps(t *testing.T) {
	clip := stepsClip(t)
	for _, rate := range []int{1, 25} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			streams := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, clip) }))
			defer streams.Close()
			var mu sync.Mutex
			told, onsets, ends := map[string]int{}, map[string]time.Duration{}, map[string]time.Duration{}
			receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var body struct{ Data schemas.DefectEvent }
				if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&body); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				told[body.Data.Kind]++
			}))
			defer receiver.Close()
			steps, err := lab.NewSteps(lab.StepsConfig{Streams: map[string]string{"news": streams.URL}, Rate: rate, Dir: t.TempDir(), Notify: receiver.URL,
				Event: func(e *schemas.DefectEvent) {
					onsets[e.Kind] = time.Duration(e.Onset-e.Session) * time.Microsecond
					ends[e.Kind] = time.Duration(e.End-e.Session) * time.Microsecond
				}})
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(steps.Run(t.Context()), steps.Close()); err != nil {
				t.Fatal(err)
			}
			// A picture is the nearest that can be told of.
			within := time.Second/time.Duration(rate) + 300*time.Millisecond
			for kind, from := range map[string]time.Duration{"black": 4 * time.Second, "freeze": 9 * time.Second, "silence": 14 * time.Second} {
				if apart := (onsets[kind] - from).Abs(); apart > within || told[kind] != 1 {
					t.Errorf("%s was told %d times, its onset %s, want once at %s", kind, told[kind], onsets[kind], from)
				}
				if apart := (ends[kind] - from - 4*time.Second).Abs(); apart > within {
					t.Errorf("%s ended at %s, want %s", kind, ends[kind], from+4*time.Second)
				}
			}
			if len(told) != 3 {
				t.Errorf("told were %v, want black, freeze and silence", told)
			}
			u := steps.Usage()
			// Sound may be a fraction of a second short of the pictures.
			seconds := int64(u.Seconds)
			if seconds < stepsClipSeconds-1 || seconds > stepsClipSeconds {
				t.Errorf("%d seconds went through, want %d", seconds, stepsClipSeconds)
			}
			if want := 4*seconds + 3; u.Transitions != want || u.Notifications != 3 {
				t.Errorf("%d transitions and %d notifications, want %d (four a second and one a notification) and 3", u.Transitions, u.Notifications, want)
			}
			r := int64(rate)
			if puts, gets := (r+1)*seconds, (r+2)*seconds-1; u.Puts != puts || u.Gets != gets {
				t.Errorf("%d PUT and %d GET, want %d (each picture and a sound) and %d (and the picture before them)", u.Puts, u.Gets, puts, gets)
			}
			if cpu := slices.Sorted(maps.Values(u.CPU)); len(cpu) != 5 || cpu[0] <= 0 {
				t.Errorf("CPU by step is %v", u.CPU)
			}
		})
	}
}

func TestStepsRefusesARate(t *testing.T) {
	_, err := lab.NewSteps(lab.StepsConfig{Streams: map[string]string{"a": "http://127.0.0.1:1"}, Rate: 3, Dir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "rate 3") {
		t.Errorf("the error is %v, want one about the rate 3", err)
	}
}

// journalChild names the journal's file to a child process of this test.
const journalChild = "FRAMEWATCH_TEST_JOURNAL"

// Whatever was acknowledged stands in the journal after its process was killed.
func TestJournalSurvivesAKill(t *testing.T) {
	if file := os.Getenv(journalChild); file != "" {
		writeJournal(t, file)
		return
	}
	file := filepath.Join(t.TempDir(), "journal.db")
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestJournalSurvivesAKill$")
	child.Env = append(os.Environ(), journalChild+"="+file)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var acknowledged []int64
	lines := bufio.NewScanner(out)
	for len(acknowledged) < 20 && lines.Scan() {
		var n int64
		if _, err := fmt.Sscanf(lines.Text(), "recorded %d", &n); err == nil {
			acknowledged = append(acknowledged, n)
		}
	}
	child.Process.Kill()
	child.Wait()
	if len(acknowledged) < 20 {
		t.Fatalf("only %d records were acknowledged", len(acknowledged))
	}
	j, err := lab.OpenJournal(file)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	for _, n := range acknowledged {
		if done, err := j.Done("news", n, lab.StepVideo); err != nil || !done {
			t.Errorf("second %d is recorded: %t, %v", n, done, err)
		}
	}
	if done, _ := j.Done("news", acknowledged[0], lab.StepAudio); done {
		t.Error("a step that was not recorded is done")
	}
}

// writeJournal records seconds until it is killed.
func writeJournal(t *testing.T, file string) {
	j, err := lab.OpenJournal(file)
	if err != nil {
		t.Fatal(err)
	}
	for n := int64(0); ; n++ {
		if err := j.Record("news", n, lab.StepVideo, []byte("result")); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Println("recorded", n); err != nil {
			return
		}
	}
}
