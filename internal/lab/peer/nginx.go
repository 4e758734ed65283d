package peer

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// RTMP is nginx as an RTMP server with the application live.
func RTMP(t testing.TB, port int) *Peer {
	t.Helper()
	return nginx(t, "info", fmt.Sprintf("rtmp { server { listen 127.0.0.1:%d; access_log off; application live { live on; } } }", port))
}

// Web is nginx serving a directory.
func Web(t testing.TB, directory string, port int) *Peer {
	t.Helper()
	dir := t.TempDir()
	p := nginx(t, "notice", fmt.Sprintf(`http {
	types { application/vnd.apple.mpegurl m3u8; video/mp2t ts; video/mp4 mp4 m4s; application/dash+xml mpd; }
	access_log off; client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
	server { listen 127.0.0.1:%[2]d; root %[3]s; }
}`, dir, port, directory))
	p.Says("event method")
	return p
}

// nginx runs it in the foreground with what the configuration says beside.
func nginx(t testing.TB, level, configuration string) *Peer {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf("load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;\ndaemon off; master_process off; pid %s/pid; error_log stderr %s;\nevents { worker_connections 64; }\n%s\n",
		dir, level, configuration)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Start(t, nil, "nginx", "-e", "stderr", "-p", dir, "-c", path)
}
