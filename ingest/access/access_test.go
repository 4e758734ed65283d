package access_test

import (
	"strings"
	"testing"

	"github.com/framewatch/framewatch/ingest/access"
)

func TestValidate(t *testing.T) {
	if err := access.Defaults().Validate(); err != nil {
		t.Errorf("the defaults: %v", err)
	}
	for _, c := range []struct {
		config access.Config
		want   string
	}{
		{access.Config{Directories: []string{"media"}}, `access.directories: "media" is no absolute path`},
		{access.Config{Allow: []string{"intranet"}}, `access.allow: "intranet" is not loopback, private, public or a network such as 10.1.0.0/16`},
		{access.Config{Allow: []string{"10.0.0.0/33"}}, `"10.0.0.0/33" is not`},
		{access.Config{Allow: []string{"::ffff:10.0.0.0/104"}}, `"::ffff:10.0.0.0/104" is not`}, // would never match: addresses are unmapped
		{access.Config{Deny: []string{"public"}}, `access.deny: "public" is not a network`},
	} {
		if err := c.config.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want %s", c.config, err, c.want)
		}
	}
	good := access.Config{Directories: []string{"/srv"}, Allow: []string{"public", "10.1.0.0/16", "fd00::/8", "192.168.7.7"}, Deny: []string{"10.1.2.3"}}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
}

func TestSchemes(t *testing.T) {
	p := access.New(access.Defaults())
	for name, allowed := range map[string]bool{"http": true, "https": true, "srt": true, "rtmp": true, "rtsps": true, "file": true, "udp": false, "rtp": false, "ftp": false} {
		if err := p.Scheme(name); (err == nil) != allowed {
			t.Errorf("%s: got %v, want it allowed: %v", name, err, allowed)
		}
	}
	const want = "a udp URL is refused: ingest.access.schemes has http; add udp to it"
	if err := access.New(access.Config{Schemes: []string{"http"}}).Scheme("udp"); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := access.Personal().Scheme("udp"); err != nil {
		t.Errorf("a person's own command: %v", err)
	}
}
