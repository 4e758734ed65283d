package ingest_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// peer is a program that is not ours, at the other end of a connection. It ends with the test.
type peer struct {
	cmd *exec.Cmd
	t   *testing.T

	mu      sync.Mutex
	changed chan struct{}
	text    strings.Builder
	ended   bool
}

// start runs a program; stdin may be nil.
func start(t *testing.T, stdin io.Reader, name string, arguments ...string) *peer {
	t.Helper()
	p := &peer{cmd: exec.Command(name, arguments...), t: t, changed: make(chan struct{})}
	p.cmd.Stdin, p.cmd.SysProcAttr = stdin, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = w, w
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer r.Close()
		for lines := bufio.NewScanner(r); lines.Scan(); {
			p.tell(lines.Text() + "\n")
		}
		p.mu.Lock()
		p.ended = true
		close(p.changed)
		p.mu.Unlock()
	}()
	t.Cleanup(func() {
		p.kill()
		<-read
		if t.Failed() {
			t.Logf("%s: %s", name, p.text.String())
		}
	})
	return p
}

func (p *peer) tell(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text.WriteString(text)
	close(p.changed)
	p.changed = make(chan struct{})
}

// kill ends it at once, also when it was killed before.
func (p *peer) kill() {
	p.cmd.Process.Signal(syscall.SIGCONT)
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// says waits until it has said something, and returns all that it has said.
func (p *peer) says(what string) string {
	p.t.Helper()
	guard := time.After(30 * time.Second)
	for {
		p.mu.Lock()
		text, changed, ended := p.text.String(), p.changed, p.ended
		p.mu.Unlock()
		if strings.Contains(text, what) {
			return text
		}
		if ended {
			p.t.Fatalf("%s ended without saying %q: %s", p.cmd.Path, what, text)
		}
		select {
		case <-changed:
		case <-guard:
			p.t.Fatalf("%s never said %q: %s", p.cmd.Path, what, text)
		}
	}
}

// anyPort is one that nothing uses, of TCP and UDP.
func anyPort(t *testing.T) int {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		l.Close()
		if c, err := net.ListenPacket("udp", fmt.Sprint("127.0.0.1:", port)); err == nil {
			c.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// play makes ffmpeg send a clip in real time, its packets as they are, to where the output options say.
func play(t *testing.T, clip string, output ...string) *peer {
	t.Helper()
	return start(t, nil, "ffmpeg", append([]string{"-v", "error", "-nostdin", "-re", "-i", clip, "-c", "copy"}, output...)...)
}

// srtPeer is Haivision's srt-live-transmit at an SRT URL. What play is given at its pipe goes out once it says that it is connected.
type srtPeer struct {
	*peer
	pipe string
}

func startSRT(t *testing.T, url string) *srtPeer {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	t.Cleanup(func() { w.Close() })
	return &srtPeer{start(t, r, "srt-live-transmit", "-v", "-loglevel:error", "file://con", url), fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), w.Fd())}
}

// play sends a clip once somebody is connected.
func (s *srtPeer) play(clip string) {
	s.says("SRT target connect")
	play(s.t, clip, "-f", "mpegts", "-y", s.pipe)
}

// nginx is an RTMP server with the application live.
func startNginx(t *testing.T, port int) *peer {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(`load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off; master_process off; pid %[1]s/pid; error_log stderr info;
events { worker_connections 64; }
rtmp { server { listen 127.0.0.1:%[2]d; access_log off; application live { live on; } } }
`, dir, port)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return start(t, nil, "nginx", "-e", "stderr", "-p", dir, "-c", config)
}

// startRTSP is GStreamer's RTSP server on a port, 0 for any; it returns the port.
func startRTSP(t *testing.T, clip string, port int, login ...string) (*peer, int) {
	t.Helper()
	arguments := append([]string{filepath.Join("testdata", "rtsp_server.py"), clip, strconv.Itoa(port)}, login...)
	p := start(t, nil, "/usr/bin/python3", arguments...) // Debian's, whose packages these are
	port, err := strconv.Atoi(strings.TrimSpace(p.says("\n")))
	if err != nil {
		t.Fatal(err)
	}
	return p, port
}

// certificate is a new one that nobody has signed for, with its key: as a file of both and as what a server of ours takes.
func certificate(t *testing.T) (string, tls.Certificate) {
	t.Helper()
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der := must(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
	private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))})
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	path := filepath.Join(t.TempDir(), "certificate.pem")
	if err := os.WriteFile(path, append(public, private...), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, must(tls.X509KeyPair(public, private))
}

// startTLS takes TLS off connections and passes them on to a port; it returns its own.
func startTLS(t *testing.T, c tls.Certificate, to int) int {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{c}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			outer, err := l.Accept()
			if err != nil {
				return
			}
			inner, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", to))
			if err != nil {
				outer.Close()
				continue
			}
			pass := func(to, from net.Conn) {
				io.Copy(to, from)
				to.Close()
			}
			go pass(outer, inner)
			go pass(inner, outer)
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}
