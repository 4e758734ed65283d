package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed web/*.html web/*.css web/*.js web/*.svg web/*.tmpl web/vendor/*.js web/vendor/*.css web/vendor/*.txt
var web embed.FS

// page serves the files of the page from memory, each with an ETag of its content.
type page struct {
	files map[string]file
}

type file struct {
	kind string
	// plain is the file, zipped the same for who takes gzip; empty: it would save nothing.
	plain, zipped form
}

// form is one way in which a file goes over the wire.
type form struct {
	content []byte
	tag     string
}

// thePage is made once: it takes a while to make it small.
var thePage = sync.OnceValue(newPage)

// newPage reads the embedded files; they are part of the program, so a missing one stops it at start.
func newPage() *page {
	p := &page{files: map[string]file{}}
	err := fs.WalkDir(web, "web", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) == ".tmpl" {
			return err
		}
		content, err := web.ReadFile(name)
		if err == nil && name == "web/index.html" {
			content, err = withPreloads(content)
		}
		p.files[strings.TrimPrefix(name, "web")] = newFile(contentType(name), content)
		return err
	})
	if err != nil {
		panic(fmt.Sprintf("console: %v", err))
	}
	p.files["/"] = p.files["/index.html"]
	return p
}

func newFile(kind string, content []byte) file {
	f := file{kind: kind, plain: newForm(content)}
	if zipped := zip(content); len(zipped) < len(content) {
		f.zipped = newForm(zipped)
	}
	return f
}

func newForm(content []byte) form {
	sum := sha256.Sum256(content)
	return form{content, fmt.Sprintf(`"%x"`, sum[:12])}
}

// zip is content as small as gzip makes it: that is done once, at start.
func zip(content []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is one that there is
	_, _ = w.Write(content)                               // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// staticImport is how our modules, and those of others that are served, name what they need at once.
var staticImport = regexp.MustCompile(`\bfrom\s*"\./([^"]+)"`)

// withPreloads adds a link to index.html for each module that the page needs at once, so that the browser asks for all of them together and not for one after the other as it
// comes upon them.
func withPreloads(index []byte) ([]byte, error) {
	const first, head = "app.js", "</head>"
	var links bytes.Buffer
	modules := []string{first}
	for i := 0; i < len(modules); i++ {
		text, err := web.ReadFile("web/" + modules[i])
		if err != nil {
			return nil, err
		}
		if modules[i] != first {
			fmt.Fprintf(&links, "  <link rel=\"modulepreload\" href=\"%s\">\n", modules[i])
		}
		for _, m := range staticImport.FindAllSubmatch(text, -1) {
			if module := path.Join(path.Dir(modules[i]), string(m[1])); !slices.Contains(modules, module) {
				modules = append(modules, module)
			}
		}
	}
	return bytes.Replace(index, []byte(head), append(links.Bytes(), head...), 1), nil
}

func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := p.files[r.URL.Path]
	if !ok {
		writeError(w, http.StatusNotFound, "no such page")
		return
	}
	h, sent := w.Header(), f.plain
	if f.zipped.content != nil && takesGzip(r) {
		h.Set("Content-Encoding", "gzip")
		sent = f.zipped
	}
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", sent.tag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(sent.content))
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
