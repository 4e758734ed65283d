package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// talkative is an HTTP server that serves a clip in real time to who knows the password and the token, and tells everybody else's secrets in whatever it
// answers.
func talkative(t *testing.T, clip, password, key string) string {
	t.Helper()
	content, err := os.ReadFile(clip)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/works.ts", func(w http.ResponseWriter, r *http.Request) {
		if _, given, _ := r.BasicAuth(); given != password || r.URL.Query().Get("token") != key {
			http.Error(w, "these are no credentials", http.StatusUnauthorized)
			return
		}
		trickle(w, r, content)
	})
	mux.HandleFunc("/missing.ts", func(w http.ResponseWriter, r *http.Request) {
		connection, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer connection.Close()
		said := strings.Join(told(r), " ")
		fmt.Fprintf(connection, "HTTP/1.1 404 Not Found: %s\r\nConnection: close\r\nX-Told: %[1]s\r\n\r\n%[1]s", said)
	})
	mux.HandleFunc("/moved.ts", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "http://169.254.169.254/"+strings.Join(told(r), "/"))
		w.WriteHeader(http.StatusFound)
	})
	for name, playlist := range map[string]string{
		"address": "#EXTINF:4,%[1]s\nhttp://169.254.169.254/%[2]s/1.ts?x=%[3]s\n",
		"scheme":  "#EXTINF:4,%[1]s\ngopher://h/%[3]s/1.ts\n",
		"key":     "#EXT-X-KEY:METHOD=AES-128,URI=\"http://169.254.169.254/%[2]s/key\",IV=0x1\n#EXTINF:4,\n1.ts?x=%[3]s\n",
		"numbers": "#EXT-X-MEDIA-SEQUENCE:%[1]s\n#EXTINF:%[1]s,%[2]s\n%[3]s\n",
	} {
		mux.HandleFunc("/"+name+".m3u8", func(w http.ResponseWriter, r *http.Request) {
			all := told(r)
			fmt.Fprintf(w, "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n"+playlist, strings.Join(all, " "), strings.Join(all, "/"), all[len(all)-1])
		})
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// told are the secrets of a request in every spelling.
func told(r *http.Request) (all []string) {
	_, password, _ := r.BasicAuth()
	for _, secret := range []string{password, r.URL.Query().Get("token")} {
		all = append(all, secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)))
	}
	return append(all, r.URL.RawQuery, r.Header.Get("Authorization"))
}

// trickle sends a clip of ten seconds in as many.
func trickle(w http.ResponseWriter, r *http.Request, clip []byte) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for i := range 100 {
		if _, err := w.Write(clip[len(clip)*i/100 : len(clip)*(i+1)/100]); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
	}
}

// unauthorizing is an RTSP server that refuses everybody, telling what it was told.
func unauthorizing(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go refuse(connection)
		}
	}()
	return listener.Addr().String()
}

func refuse(connection net.Conn) {
	defer connection.Close()
	for in := textproto.NewReader(bufio.NewReader(connection)); ; {
		line, err := in.ReadLine()
		if err != nil {
			return
		}
		header, err := in.ReadMIMEHeader()
		if err != nil {
			return
		}
		said := line + " " + header.Get("Authorization")
		fmt.Fprintf(connection, "RTSP/1.0 401 Unauthorized: %s\r\nCSeq: %s\r\nWWW-Authenticate: Basic realm=\"%[1]s\"\r\n\r\n", said, header.Get("CSeq"))
	}
}

// encrypted is Haivision's SRT listener, with a passphrase that nobody knows.
func encrypted(t *testing.T) string {
	t.Helper()
	free, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.LocalAddr().String()
	free.Close()
	cmd := exec.Command("srt-live-transmit", "-a:yes", "file://con", "srt://"+address+"?mode=listener&passphrase=nobody-knows-it")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if _, err := cmd.StdinPipe(); err != nil { // which stays open
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return address
}
