package ingest_test

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/internal/lab/peer"
	"github.com/framewatch/framewatch/schemas"
)

// inNamespace is the variable that tells this test's own child that it is alone in a network namespace.
const inNamespace = "EDGE_TEST_NAMESPACE"

// Groups are joined from anyone, from one source of two and from all but one, on the interface that is named or that an address is of, in IPv4 and
// IPv6. All of it happens in a network namespace, so that nothing gets out and nothing is needed of the machine's own interfaces.
func TestMulticast(t *testing.T) {
	if os.Getenv(inNamespace) == "" {
		cmd := exec.Command("/proc/self/exe", "-test.run=^TestMulticast$", "-test.count=1", "-test.v")
		cmd.Env = append(os.Environ(), inNamespace+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
		out, err := cmd.CombinedOutput()
		if errors.Is(err, syscall.EPERM) {
			t.Skip("the kernel gives us no network namespace")
		}
		if err != nil || !strings.Contains(string(out), "--- PASS: TestMulticast") {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	network(t)
	path := clip(t, 2, "clip.ts")
	want := offline(t, path)
	edge, r := run(t, ingest.Defaults(), quiet())
	for name, url := range map[string]string{
		"any":        "udp://@239.1.1.1:1234?iface=left",
		"one":        "udp://239.1.1.1:1234?sources=10.9.0.1&localaddr=10.9.0.1",
		"vlc":        "udp://10.9.0.1@239.1.1.1:1234?iface=left",
		"all but":    "udp://239.1.1.1:1234?block=10.9.0.2&localaddr=10.9.0.2",
		"elsewhere":  "udp://@239.1.1.1:1234?iface=lo",
		"from none":  "udp://@239.1.1.1:1234?iface=left&sources=10.9.0.7",
		"other":      "udp://@239.1.1.2:1234?iface=left",
		"rtp":        "rtp://@239.1.1.3:5004?localaddr=10.9.0.1",
		"six":        "udp://@[ff15::1]:1234?iface=left",
		"six, zone":  "udp://@[ff15::1%25left]:1234",
		"six, one":   "udp://[fd09::1]@[ff15::1]:1234?iface=left",
		"six, none":  "udp://[fd09::7]@[ff15::1]:1234?iface=left",
		"loopback":   "udp://@239.2.1.1:1234?iface=lo",
		"by a route": "udp://@239.1.1.1:1234",
	} {
		edge.Set(name, &schemas.StreamSpec{URL: url + map[bool]string{true: "&", false: "?"}[strings.Contains(url, "?")] + "timeout=3000000"})
	}
	peer.Listening(t, 1234, 9+4)
	peer.Listening(t, 5004, 1)
	members(t, "239.1.1.1", "239.1.1.2", "239.1.1.3", "239.2.1.1", "ff15::1")

	peer.Datagrams(t, path, "mpegts", "udp://239.1.1.1:1234?pkt_size=1316&localaddr=10.9.0.1")
	peer.Datagrams(t, path, "mpegts", "udp://239.2.1.1:1234?pkt_size=1316&localaddr=127.0.0.1")
	peer.Datagrams(t, path, "mpegts", "udp://[ff15::1]:1234?pkt_size=1316")
	peer.Multicat(t, path, "-u", "239.1.1.3:5004/ifaddr=10.9.0.1")
	// Another sender's packets in the same group are too few for a stream of their own, and would damage the one that they get into.
	spoil(t, "10.9.0.2", "239.1.1.1:1234")

	for name, spoilt := range map[string]bool{"one": false, "vlc": false, "all but": false, "any": true, "by a route": true, "rtp": false, "six": false, "six, zone": false, "six, one": false, "loopback": false} {
		of := ended(t, r, name)
		total, _ := sum(of)
		switch got := stamps(of); {
		case spoilt && total.ContinuityErrors["other"] == 0:
			t.Errorf("%s: hears but one sender of two: %s", name, text(total))
		case !spoilt && (!slices.Equal(got, want) || len(total.ContinuityErrors) > 0):
			t.Errorf("%s: %d pictures of %d, %s: %v", name, len(got), len(want), text(total), got)
		}
	}
	for name, why := range map[string]string{"elsewhere": "no datagrams for 3s", "from none": "no datagrams for 3s", "other": "no datagrams for 3s", "six, none": "no datagrams for 3s"} {
		r.second(t, name, ingest.Down, why)
		if d := datagrams(r.all(name)); d.Received != 0 {
			t.Errorf("%s: hears %d datagrams", name, d.Received)
		}
	}
	edge.Set("no route", &schemas.StreamSpec{URL: "udp://@224.5.5.5:1234"})
	r.second(t, "no route", ingest.Fault, "name an interface") // that is no fault of the source's
}

// network makes interfaces left and right, the two ends of a cable, of which left has two addresses of IPv4 and one of IPv6.
func network(t *testing.T) {
	t.Helper()
	for _, c := range []string{
		"link set lo up", "link add left type veth peer name right", "link set left up", "link set right up",
		"addr add 10.9.0.1/24 dev left", "addr add 10.9.0.2/24 dev left", "addr add 10.10.0.1/24 dev right", "addr add fd09::1/64 dev left nodad",
		"route add 239.1.0.0/16 dev left", "route add 239.2.0.0/16 dev lo", "-6 route del ff00::/8 dev right table local",
	} {
		if out, err := exec.Command("ip", strings.Fields(c)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", c, err, out)
		}
	}
}

// members waits until all groups are.
func members(t *testing.T, groups ...string) {
	t.Helper()
	for _, group := range groups {
		for n := 0; ; n++ {
			out, err := exec.Command("ip", "maddr").Output()
			if err != nil || n == 2000 {
				t.Fatalf("%s is not joined: %v", group, err)
			}
			if slices.Contains(strings.Fields(string(out)), group) {
				break
			}
		}
	}
}

// spoil sends packets of a PID that is nobody's, whose counter never goes on, for a second.
func spoil(t *testing.T, from, to string) {
	t.Helper()
	conn, err := (&net.Dialer{LocalAddr: &net.UDPAddr{IP: net.ParseIP(from)}}).Dial("udp", to)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for n := range 100 {
		packet := append([]byte{0x47, 0x05, 0x55, 0x10 | byte(n*3&0xf)}, make([]byte, 184)...)
		if _, err := conn.Write(packet); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond) // among the other sender's
	}
}
