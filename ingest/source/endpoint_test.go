package source_test

import (
	"strings"
	"testing"

	"github.com/framewatch/framewatch/ingest/source"
)

func TestEndpoint(t *testing.T) {
	const rest = " reuse false hold 4194304 5390336 wait 0s reorder 32 50ms"
	for url, want := range map[string]string{
		"udp://@239.1.1.1:1234":                               "239.1.1.1 1234 from [] not [] local invalid IP " + rest,
		"udp://239.1.1.1:1234/":                               "239.1.1.1 1234 from [] not [] local invalid IP " + rest,
		"udp://10.0.0.1@239.1.1.1:1234":                       "239.1.1.1 1234 from [10.0.0.1] not [] local invalid IP " + rest,
		"udp://@:1234":                                        " 1234 from [] not [] local invalid IP " + rest,
		"udp://:1234?localport=5000":                          " 5000 from [] not [] local invalid IP " + rest,
		"udp://@[ff15::1%25eth0]:1234?block=fd00::2":          "ff15::1%eth0 1234 from [] not [fd00::2] local invalid IP " + rest,
		"rtp://[fd00::9]@[ff35::1]:5004?iface=eth0":           "ff35::1 5004 from [fd00::9] not [] local invalid IP eth0" + rest,
		"rtp://host:5004?reorder_queue_size=5&max_delay=9000": "host 5004 from [] not [] local invalid IP  reuse false hold 4194304 5390336 wait 0s reorder 5 9ms",
		"udp://239.1.1.1:1234?localaddr=10.0.0.9&sources=10.0.0.1,10.0.0.2&reuse=1&buffer_size=65536&fifo_size=5000000&timeout=2500000&pkt_size=1316&overrun_nonfatal=1&ttl=9": "239.1.1.1 1234 from [10.0.0.1 10.0.0.2] not [] local 10.0.0.9  reuse true hold 65536 67108864 wait 2.5s reorder 32 50ms",
	} {
		if got, err := source.Reception(url); err != nil || got != want {
			t.Errorf("%s: %v, %s\nwant %s", url, err, got, want)
		}
	}
}

func TestEndpointRefuses(t *testing.T) {
	for url, want := range map[string]string{
		"udp://239.1.1.1":                                                               "there must be host:port",
		"udp://239.1.1.1:0":                                                             "the port is no number from 1 to 65535",
		"udp://@239.1.1.1:1234?fifosize=1":                                              "option \"fifosize\" is unknown (known: block, buffer_size, fifo_size, iface, localaddr, localport, overrun_nonfatal, pkt_size, reuse, sources, timeout, ttl)",
		"udp://@239.1.1.1:1234?max_delay=1":                                             "option \"max_delay\" is unknown",
		"rtp://@239.1.1.1:1234?max_delay=x":                                             "option max_delay is no number from 1000 to 3600000000",
		"udp://@239.1.1.1:1234?localaddr=eth0":                                          "option localaddr is \"eth0\": it must be an IP address",
		"udp://@239.1.1.1:1234?sources=10.0.0.1,":                                       "option sources is \"\"",
		"udp://@239.1.1.1:1234?sources=fd00::1":                                         "one is IPv4, the other IPv6",
		"udp://10.0.0.1@239.1.1.1:1234?block=10.0.0.2":                                  "exclude each other",
		"udp://bob:secret@239.1.1.1:1234":                                               "what stands before the @",
		"udp://@239.1.1.1:1234?reuse=yes":                                               "option reuse is no number from 0 to 1",
		"udp://@239.1.1.1:1234?sources=" + strings.Repeat("10.0.0.1,", 10) + "10.0.0.1": "names 11 addresses: there may be 10",
	} {
		if _, err := source.Lookup(url); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %s", url, err, want)
		}
	}
}

func FuzzEndpoint(f *testing.F) {
	f.Add("udp://10.0.0.1@[ff15::1%25eth0]:1234/?sources=10.0.0.1&fifo_size=9")
	f.Add("rtp://@:5?max_delay=%31000&reorder_queue_size=1")
	f.Fuzz(func(t *testing.T, url string) { source.Reception(url) })
}
