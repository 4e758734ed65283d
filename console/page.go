package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed web/*.html web/*.css web/*.js web/*.svg web/*.tmpl web/vendor/*.js web/vendor/*.css web/vendor/*.txt
var web embed.FS

// page serves the files of the page from memory, each with an ETag of its content.
type page struct {
	files map[string]file
}

type file struct {
	content   []byte
	kind, tag string
}

// newPage reads the embedded files; they are part of the program, so a missing one stops it at start.
func newPage() *page {
	p := &page{files: map[string]file{}}
	err := fs.WalkDir(web, "web", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) == ".tmpl" {
			return err
		}
		content, err := web.ReadFile(name)
		sum := sha256.Sum256(content)
		p.files[strings.TrimPrefix(name, "web")] = file{content, contentType(name), fmt.Sprintf(`"%x"`, sum[:12])}
		return err
	})
	if err != nil {
		panic(fmt.Sprintf("console: %v", err))
	}
	p.files["/"] = p.files["/index.html"]
	return p
}

func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := p.files[r.URL.Path]
	if !ok {
		writeError(w, http.StatusNotFound, "no such page")
		return
	}
	w.Header().Set("Content-Type", f.kind)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", f.tag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.content))
}

// contentType does not ask the machine's own table, which may be absent or wrong.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	default:
		return mime.TypeByExtension(path.Ext(name))
	}
}
