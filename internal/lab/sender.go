package lab

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// sender is a way in which a soak sends a stream. All but the player's own take the player's MPEG-TS through FFmpeg, so that nothing is encoded
// and time stamps go on for ever.
type sender struct {
	protocol string
	// network is that of the relay in front of it: tcp or udp.
	network string
	// push sends to whoever listens; otherwise the stream is fetched from here.
	push bool
	// files are what it writes; they are served by HTTP.
	files bool
	// behind is how much later than on a live line an outage is seen, since what has been fetched is presented first: segments, or what a listener
	// has gathered before somebody calls.
	behind time.Duration
	// output is FFmpeg's arguments after the input, for a port or a folder of its own; nil: the player serves it.
	output func(port int, folder string) []string
	// url is what is watched, at an address: the relay's, or the one where pushed datagrams arrive.
	url func(address, name string) string
}

// senders are in the order in which a soak deals them out.
var senders = []sender{
	{protocol: "mpegts", network: "tcp", url: func(a, name string) string { return "http://" + a + "/" + name + "/live.ts" }},
	{protocol: "hls", network: "tcp", behind: 12 * time.Second, url: func(a, name string) string { return "http://" + a + "/" + name + "/index.m3u8" }},
	{protocol: "udp", network: "udp", push: true,
		output: func(port int, _ string) []string {
			return words("-c copy -f mpegts udp://127.0.0.1:%d?pkt_size=1316", port)
		},
		url: func(a, _ string) string { return "udp://" + a }},
	{protocol: "srt", network: "udp", behind: 5 * time.Second,
		output: func(port int, _ string) []string {
			return words("-c copy -f mpegts srt://127.0.0.1:%d?mode=listener&latency=200000&passphrase=%s", port, passphrase)
		},
		url: func(a, _ string) string { return "srt://" + a + "?mode=caller&latency=200&passphrase=" + passphrase }},
	{protocol: "dash", network: "tcp", files: true, behind: 12 * time.Second,
		output: func(_ int, folder string) []string {
			return append(words("-c copy -tag:v avc1 -tag:a mp4a -bsf:a aac_adtstoasc -f dash -seg_duration 2 -window_size 6 -extra_window_size 4"), filepath.Join(folder, "manifest.mpd"))
		},
		url: func(a, name string) string { return "http://" + a + "/files/" + name + "/manifest.mpd" }},
	// What gathers while nobody calls stays in the sockets, however much it is.
	{protocol: "rtmp", network: "tcp", behind: 12 * time.Second,
		output: func(port int, _ string) []string {
			return words("-c copy -f flv -listen 1 rtmp://127.0.0.1:%d/live/channel", port)
		},
		url: func(a, _ string) string { return "rtmp://" + a + "/live/channel" }},
	{protocol: "rtp", network: "udp", push: true,
		output: func(port int, _ string) []string {
			return words("-c copy -f rtp_mpegts rtp://127.0.0.1:%d?pkt_size=1328", port)
		},
		url: func(a, _ string) string { return "rtp://" + a }},
	{protocol: "hls-audio", network: "tcp", files: true, behind: 12 * time.Second,
		output: func(_ int, folder string) []string {
			return append(words("-map v -map a -c copy -tag:v avc1 -tag:a mp4a -bsf:a aac_adtstoasc -f hls -hls_time 2 -hls_list_size 6 -hls_delete_threshold 4 -hls_flags delete_segments -hls_segment_type fmp4"),
				"-var_stream_map", "v:0,agroup:sound a:0,agroup:sound,default:yes", "-master_pl_name", "main.m3u8",
				"-hls_segment_filename", filepath.Join(folder, "%v-%d.m4s"), filepath.Join(folder, "%v.m3u8"))
		},
		url: func(a, name string) string { return "http://" + a + "/files/" + name + "/main.m3u8" }},
}

// SoakProtocols are the names of all.
func SoakProtocols() []string {
	names := make([]string, len(senders))
	for i, s := range senders {
		names[i] = s.protocol
	}
	return names
}

// passphrase is that of the lab's own SRT, which guards nothing.
const passphrase = "lab-of-framewatch"

// resend is how long a sender that has ended waits before it begins anew: a listener takes one caller.
const resend = 300 * time.Millisecond

// words are FFmpeg's arguments.
func words(format string, values ...any) []string {
	return strings.Fields(fmt.Sprintf(format, values...))
}

// send keeps FFmpeg sending input until ctx ends, anew when again is told.
func send(ctx context.Context, input string, output []string, again <-chan struct{}) {
	for ctx.Err() == nil {
		once, stop := context.WithCancel(ctx)
		go func() {
			select {
			case <-again:
				stop()
			case <-once.Done():
			}
		}()
		ffmpeg := exec.CommandContext(once, "ffmpeg", slices.Concat(words("-v error -nostdin -y -i"), []string{input}, output)...)
		ffmpeg.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		ffmpeg.Run() // that it has ended is all there is to know: who reads it has gone, or the player has
		stop()
		sleepUntil(ctx, time.Now().Add(resend))
	}
}

// freePort is a port of loopback that nobody has now.
func freePort(network string) (int, error) {
	if network == "udp" {
		socket, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			return 0, err
		}
		defer socket.Close()
		return socket.LocalAddr().(*net.UDPAddr).Port, nil
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
