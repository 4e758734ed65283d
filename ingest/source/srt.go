package source

// #include "srt_log.h"
import "C"

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/asticode/go-astiav"
)

// srtOption is one option of an srt: URL: what it is in libav, and its value there or why it cannot be.
type srtOption struct {
	name, libav string
	value       func(string) (string, error)
	secret      bool
}

// srtOptions lists what an srt: URL may ask for. Nothing else reaches libav.
var srtOptions = []srtOption{
	{name: "mode", libav: "mode", value: func(v string) (string, error) {
		if v != "caller" && v != "listener" {
			return "", errors.New("is neither caller nor listener")
		}
		return v, nil
	}},
	{name: "latency", libav: "latency", value: func(v string) (string, error) {
		n, err := number(v, 0, 10_000)
		if err != nil {
			return "", fmt.Errorf("%w: milliseconds", err)
		}
		return strconv.Itoa(n * 1000), nil
	}},
	{name: "passphrase", libav: "passphrase", secret: true, value: func(v string) (string, error) {
		if len(v) < 10 || len(v) > 79 {
			return "", errors.New("has not 10 to 79 bytes")
		}
		return v, nil
	}},
	{name: "pbkeylen", libav: "pbkeylen", value: func(v string) (string, error) {
		if v != "16" && v != "24" && v != "32" {
			return "", errors.New("is not 16, 24 or 32")
		}
		return v, nil
	}},
	{name: "streamid", libav: "streamid", secret: true, value: func(v string) (string, error) {
		if len(v) > 512 {
			return "", errors.New("has more than 512 bytes")
		}
		return v, nil
	}},
	{name: "pkt_size", libav: "payload_size", value: func(v string) (string, error) {
		n, err := number(v, 188, 1456)
		return strconv.Itoa(n), err
	}},
}

// openSRT reads srt://host:port?option=value&...: MPEG-TS, from a listener that is called or, by mode=listener, from the first caller.
func openSRT(s Scheme, a address) (o opening, err error) {
	o.options = live(s.protocols, "mpegts")
	o.options["transtype"], o.options["connect_timeout"] = "live", strconv.FormatInt(s.Connect.Milliseconds(), 10)
	if a.user != "" || strings.Trim(a.path, "/") != "" {
		return o, errors.New("an srt: URL has neither user nor path: what the peer is to give goes into streamid")
	}
	// A # is no fragment here: access control writes streamid=#!::r=name.
	for pair := range strings.SplitSeq(a.query, "&") {
		if pair == "" {
			continue
		}
		if err := o.setSRT(pair); err != nil {
			return o, err
		}
	}
	listen := o.options["mode"] == "listener"
	if a.host == "" && !listen {
		return o, errors.New("the URL has no host")
	}
	o.url = a.at("")
	o.endpoint = Endpoint{Host: a.host, Port: a.port, Network: "udp", Listen: listen}
	return o, nil
}

// setSRT takes one key=value of the query.
func (o *opening) setSRT(pair string) error {
	key, raw, ok := strings.Cut(pair, "=")
	if !ok {
		return errors.New("the query has an option without a value") // which may be a secret and is not told
	}
	i := slices.IndexFunc(srtOptions, func(s srtOption) bool { return s.name == key })
	if i < 0 {
		return unknownOption(srtOptions, key)
	}
	option := srtOptions[i]
	if _, twice := o.options[option.libav]; twice {
		return fmt.Errorf("option %s is given twice", key)
	}
	v, err := url.PathUnescape(raw)
	if err != nil || strings.ContainsRune(v, 0) {
		return fmt.Errorf("option %s is not well written: a %% is written as %%25", key)
	}
	if option.secret {
		o.secrets = append(o.secrets, raw, v)
	}
	if o.options[option.libav], err = option.value(v); err != nil {
		return fmt.Errorf("option %s %w", key, err)
	}
	return nil
}

// startSRTLog takes over libsrt's log for the process.
var startSRTLog = sync.OnceFunc(func() { C.fw_srt_log_start() })

// forgetSRTLog drops what libsrt has told so far.
func forgetSRTLog() {
	startSRTLog()
	C.fw_srt_log_forget()
}

// explainSRT says why a peer could not be called or gives nothing more, where libav says no more than "Input/output error".
func explainSRT(doing string, err error) string {
	if doing == toRead {
		return lost
	}
	var reason [128]C.char
	C.fw_srt_log_refusal(&reason[0], C.size_t(len(reason)))
	if text := C.GoString(&reason[0]); text != "" {
		return "the peer refuses: " + text
	}
	if errors.Is(err, astiav.ErrEio) {
		return "no answer"
	}
	return ""
}

func unknownOption(known []srtOption, key string) error {
	names := make([]string, len(known))
	for i, o := range known {
		names[i] = o.name
	}
	return fmt.Errorf("option %.40q is unknown (known: %s)", key, strings.Join(names, ", "))
}

// number is v as one of least to most.
func number(v string, least, most int) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("is no number from %d to %d", least, most)
	}
	return n, nil
}
