package access_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/framewatch/framewatch/ingest/access"
)

// yard is a directory "in" that may be read and one "out" that may not, both with a file.
func yard(t *testing.T) (in, out string, p *access.Policy) {
	t.Helper()
	dir := t.TempDir()
	in, out = filepath.Join(dir, "in"), filepath.Join(dir, "out")
	for _, d := range []string{in, out} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(d, "a.ts"), []byte(filepath.Base(d)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return in, out, access.New(access.Config{Directories: []string{in}})
}

func TestFiles(t *testing.T) {
	in, out, p := yard(t)
	link := func(name, to string) string {
		path := filepath.Join(in, name)
		if err := os.Symlink(to, path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pipe := filepath.Join(in, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	const outside = "does not lie in ingest.access.directories"
	for _, c := range []struct{ path, want string }{
		{filepath.Join(in, "a.ts"), ok},
		{in + "/../in//a.ts", ok},
		{link("relative.ts", "a.ts"), ok},
		{link("absolute.ts", filepath.Join(in, "a.ts")), ok},
		{filepath.Join(out, "a.ts"), outside},
		{filepath.Join(out, "none.ts"), outside}, // whether it exists is not told
		{in + "/../out/a.ts", outside},
		{in + "side/a.ts", outside},
		{in, outside},
		{link("way-out.ts", filepath.Join(out, "a.ts")), outside},
		{filepath.Join(link("door", out), "a.ts"), outside},
		{"/etc/hostname", outside},
		{"file_test.go", outside},
		{filepath.Join(in, "none.ts"), "open the file: no such file or directory"},
		{pipe, "it is no regular file"},
	} {
		f, err := p.Open(c.path)
		switch {
		case c.want == ok && err != nil, c.want != ok && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %v, want %q", c.path, err, c.want)
		case (c.want == outside) != errors.As(err, new(access.Denied)):
			t.Errorf("%s: %v", c.path, err)
		}
		if f != nil {
			f.Close()
		}
	}
	if _, err := access.New(access.Defaults()).Open(filepath.Join(in, "a.ts")); err == nil || !strings.Contains(err.Error(), "ingest.access.directories is empty") {
		t.Errorf("without directories: %v", err)
	}
}

// A file and a folder that are changed into links between the check and the opening, as fast as can be, never show what lies outside.
func TestChangingLink(t *testing.T) {
	in, out, p := yard(t)
	file, folder, real := filepath.Join(in, "file.ts"), filepath.Join(in, "folder"), filepath.Join(in, "real")
	if err := errors.Join(os.Mkdir(real, 0o700), os.Link(filepath.Join(in, "a.ts"), filepath.Join(real, "a.ts"))); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var changing sync.WaitGroup
	defer changing.Wait()
	defer close(stop)
	change := func(steps ...func()) {
		changing.Go(func() {
			for {
				for _, step := range steps {
					select {
					case <-stop:
						return
					default:
						step()
					}
				}
			}
		})
	}
	change(
		func() { os.Link(filepath.Join(in, "a.ts"), file+".next"); os.Rename(file+".next", file) },
		func() { os.Symlink(filepath.Join(out, "a.ts"), file+".next"); os.Rename(file+".next", file) },
	)
	change(func() { os.Rename(real, folder) }, func() { os.Rename(folder, real) }, func() { os.Symlink(out, folder) }, func() { os.Remove(folder) })
	opened := 0
	for i := 0; i < 10000; i++ {
		f, err := p.Open([]string{file, filepath.Join(folder, "a.ts")}[i%2])
		if err != nil {
			continue
		}
		opened++
		text, err := io.ReadAll(f)
		f.Close()
		if err != nil || string(text) != "in" {
			t.Fatalf("opened %q, %v after %d", text, err, i)
		}
	}
	if opened == 0 {
		t.Error("it was never opened, so nothing was tested")
	}
}
