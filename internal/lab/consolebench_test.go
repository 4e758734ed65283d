package lab_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"

	"github.com/framewatch/framewatch/internal/lab"
)

// What `make bench-console` says. Without streams nothing is measured.
var (
	benchStreams = flag.Int("console.streams", 0, "streams that the console is told of, each once a second")
	benchFor     = flag.Duration("console.for", 10*time.Minute, "for how long the wall is open")
	benchClients = flag.Int("console.clients", 20, "clients that read the events at once, for what one of them costs the server")
	benchView    = flag.String("console.view", "", "what is chosen on the wall, as in its address: size=1&group=site")
	benchReport  = flag.String("console.report", "", "file that gets the result as JSON")
	benchRead    = flag.String("console.read", "", "address of an event stream that this process reads: the benchmark's own clients")
)

// consoleBench is what is measured. Shares are of the time of one core.
type consoleBench struct {
	Streams int     `json:"streams"`
	Seconds float64 `json:"seconds"`
	// Busy is the share of time in which the main thread of the wall's tab had a task, by the clock, MainThread by its own CPU time; Tab that of all its threads.
	Busy       float64 `json:"busy"`
	MainThread float64 `json:"main_thread_cpu"`
	Tab        float64 `json:"tab_cpu"`
	// Script, Style and Layout are parts of Busy.
	Script float64 `json:"script"`
	Style  float64 `json:"style"`
	Layout float64 `json:"layout"`
	// Memory of the tab after its garbage was collected, at the start and at the end.
	Start tabMemory `json:"start"`
	End   tabMemory `json:"end"`
	// EventBytes is what a client gets of the event stream in a second, OneCPU what one costs the server, ClientCPU each of Clients.
	EventBytes float64 `json:"event_bytes_per_second"`
	OneCPU     float64 `json:"server_cpu_of_one_client"`
	Clients    int     `json:"clients"`
	ClientCPU  float64 `json:"server_cpu_of_each_of_the_clients"`
	// ToldCPU is what the server takes to be told of all streams, without clients; what the line-up takes to make it up is in it.
	ToldCPU float64 `json:"server_cpu_without_clients"`
}

// tabMemory is what a tab holds.
type tabMemory struct {
	HeapBytes float64 `json:"heap_bytes"`
	Nodes     float64 `json:"nodes"`
	Listeners float64 `json:"listeners"`
}

const (
	// busiest is the share of time in which the main thread of the wall may have a task.
	busiest = 0.20
	// heapGrowth, nodesGrowth and listenersGrowth are how much more the tab may hold at the end, beside a tenth: which tiles are bad and which defects are listed is not the same.
	heapGrowth, nodesGrowth, listenersGrowth = 2 << 20, 500, 100
)

// TestConsoleBench opens the wall of many streams in a real browser and measures what it takes, for `make bench-console`.
func TestConsoleBench(t *testing.T) {
	if *benchStreams == 0 {
		t.Skip("it takes minutes and the machine for itself: make bench-console")
	}
	phase := min(*benchFor/10, 30*time.Second)
	address := playLineup(t, *benchStreams)
	b := consoleBench{Streams: *benchStreams, Clients: *benchClients}
	b.ToldCPU = share(func() { time.Sleep(phase) })
	one, bytes := readers(t, address, 1, phase)
	many, _ := readers(t, address, b.Clients, phase)
	b.EventBytes, b.OneCPU, b.ClientCPU = bytes, one-b.ToldCPU, (many-b.ToldCPU)/float64(b.Clients)
	watchTheWall(t, address, phase, &b)

	report, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", report)
	if *benchReport != "" {
		if err := os.WriteFile(*benchReport, append(report, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if b.Busy >= busiest {
		t.Errorf("the main thread is busy %.1f %% of the time, want less than %.0f %%", 100*b.Busy, 100*busiest)
	}
	for _, m := range []struct {
		name            string
		start, end, may float64
	}{
		{"bytes on the heap", b.Start.HeapBytes, b.End.HeapBytes, heapGrowth}, {"nodes", b.Start.Nodes, b.End.Nodes, nodesGrowth}, {"listeners", b.Start.Listeners, b.End.Listeners, listenersGrowth},
	} {
		if m.end > m.start*1.1+m.may {
			t.Errorf("%s: %.0f at the start and %.0f at the end", m.name, m.start, m.end)
		}
	}
}

// playLineup serves a console that is told of all streams, each once a second and evenly over it, as long as the test runs.
func playLineup(t *testing.T, streams int) (address string) {
	l := lab.NewLineup(streams, 1, time.Now())
	c := lab.NewLineupConsole(l)
	l.Begin(c, time.Now())
	var playing sync.WaitGroup
	ctx, stop := context.WithCancel(context.Background())
	playing.Go(func() {
		const beat = 10 * time.Millisecond
		ticker := time.NewTicker(beat)
		defer ticker.Stop()
		begin, told := time.Now(), 0
		for {
			due := int(time.Since(begin).Seconds() * float64(streams))
			for ; told < due; told++ {
				l.Tell(c, told%streams, time.Now())
			}
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	})
	server := httptest.NewServer(c.Handler())
	t.Cleanup(func() {
		stop()
		playing.Wait()
		c.Close()
		server.Close()
	})
	return server.URL
}

// share is how much of a core this process takes while something is done.
func share(do func()) float64 {
	used, began := processCPU(), time.Now()
	do()
	return (processCPU() - used).Seconds() / time.Since(began).Seconds()
}

// processCPU is what this process has used, without its children.
func processCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // of a kernel that knows its own processes
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// readers has another process read the events with so many clients, and tells what this one takes meanwhile and how many bytes a second a client gets.
func readers(t *testing.T, address string, clients int, length time.Duration) (cpu, bytes float64) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), self, "-test.run", "^TestConsoleReaders$", "-console.read", address+"/api/v1/events",
		"-console.clients", fmt.Sprint(clients), "-console.for", length.String(), "-test.v")
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var said []byte
	cpu = share(func() { said, err = command.Output() })
	if err != nil {
		t.Fatalf("read the events: %v: %s", err, said)
	}
	var got int64
	for line := range strings.Lines(string(said)) {
		if _, err := fmt.Sscanf(line, "read %d bytes", &got); err == nil {
			return cpu, float64(got) / length.Seconds() / float64(clients)
		}
	}
	t.Fatalf("the clients do not tell what they have read: %s", said)
	return 0, 0
}

// TestConsoleReaders reads an event stream as many clients do, for readers.
func TestConsoleReaders(t *testing.T) {
	if *benchRead == "" {
		t.Skip("it is the other end of TestConsoleBench")
	}
	ctx, cancel := context.WithTimeout(t.Context(), *benchFor)
	defer cancel()
	var read atomic.Int64
	var clients sync.WaitGroup
	for range *benchClients {
		clients.Go(func() {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, *benchRead, nil)
			if err != nil {
				t.Error(err)
				return
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Error(err)
				return
			}
			defer response.Body.Close()
			buffer := make([]byte, 256<<10)
			for err == nil {
				var n int
				n, err = response.Body.Read(buffer)
				read.Add(int64(n))
			}
			if ctx.Err() == nil {
				t.Error(err)
			}
		})
	}
	clients.Wait()
	_, _ = io.WriteString(os.Stdout, fmt.Sprintf("read %d bytes\n", read.Load()))
}

// watchTheWall has the wall open for as long as is asked for.
func watchTheWall(t *testing.T, address string, settle time.Duration, b *consoleBench) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("this benchmark opens the wall with Debian's Chromium: apt-get install -y --no-install-recommends chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.Flag("headless", "new"), chromedp.NoSandbox)
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	do := func(actions ...chromedp.Action[chromedp.Void]) {
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatalf("browser: %v", err)
		}
	}
	do(chromedp.EmulateViewport(1920, 1080), chromedp.Navigate(address+"/#page=wall&"+*benchView))
	guard := chromedp.WithPollingTimeout(time.Minute)
	if _, err := chromedp.Run(ctx, chromedp.Poll[chromedp.Void](`document.querySelectorAll(".wall .tile").length > 20 && document.querySelector(".link.live") !== null`, guard)); err != nil {
		t.Fatalf("the wall does not come: %v", err)
	}
	call(t, ctx, performance.Enable, performance.EnableParams{})
	time.Sleep(settle)
	b.Start = memory(collected(t, ctx))
	from := metrics(t, ctx)
	time.Sleep(*benchFor)
	to := metrics(t, ctx)
	b.End = memory(collected(t, ctx))
	if *benchReport != "" {
		if png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot()); err == nil {
			_ = os.WriteFile(*benchReport+".png", png, 0o600)
		}
	}

	b.Seconds = to["Timestamp"] - from["Timestamp"]
	part := func(name string) float64 { return (to[name] - from[name]) / b.Seconds }
	b.Busy, b.MainThread, b.Tab = part("TaskDuration"), part("ThreadTime"), part("ProcessTime")
	b.Script, b.Style, b.Layout = part("ScriptDuration"), part("RecalcStyleDuration"), part("LayoutDuration")
}

// collected are the tab's metrics after its garbage has been collected: twice, since what finalisers let go is only found then.
func collected(t *testing.T, ctx context.Context) map[string]float64 {
	for range 2 {
		call(t, ctx, heapprofiler.CollectGarbage, cdp.Empty{})
	}
	return metrics(t, ctx)
}

func memory(m map[string]float64) tabMemory {
	return tabMemory{m["JSHeapUsedSize"], m["Nodes"], m["JSEventListeners"]}
}

// metrics are those of Performance.getMetrics by their names.
func metrics(t *testing.T, ctx context.Context) map[string]float64 {
	m := map[string]float64{}
	for _, one := range call(t, ctx, performance.GetMetrics, cdp.Empty{}).Metrics {
		m[one.Name] = one.Value
	}
	return m
}

func call[P, R any](t *testing.T, ctx context.Context, command cdp.Command[P, R], params P) R {
	t.Helper()
	result, err := chromedp.Call(ctx, command, params)
	if err != nil {
		t.Fatalf("%s: %v", command.Method, err)
	}
	return result
}
