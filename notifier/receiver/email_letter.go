package receiver

import (
	"bytes"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/wneessen/go-mail"
)

// How many changes a mail tells, and how long its subject can be, in characters.
const (
	letterLines   = 50
	letterSubject = 200
)

// letterView is what the HTML of a mail is made of. The template escapes all of it.
type letterView struct {
	Title, Colour string
	News          []string
	Standing      string
	Labels        []string
	// Picture says what the filmstrip shows; empty: there is none.
	Picture             string
	Link, FilmstripLink string
}

// letterHTML is plain enough for any reader of mail: no style sheet, nothing that is fetched.
var letterHTML = template.Must(template.New("letter").Parse(`<!DOCTYPE html>
<html><body style="font-family:sans-serif">
<p style="border-left:6px solid {{.Colour}};padding-left:8px"><strong>{{.Title}}</strong></p>
<ul>{{range .News}}
<li>{{.}}</li>{{end}}
</ul>
<p>{{.Standing}}</p>{{if .Picture}}
<p><img src="cid:filmstrip" alt="{{.Picture}}" style="max-width:100%"><br><small>{{.Picture}}</small></p>{{end}}{{if .Link}}
<p><a href="{{.Link}}">Details</a></p>{{end}}{{if .FilmstripLink}}
<p><a href="{{.FilmstripLink}}">Filmstrip</a></p>{{end}}
<p><small>{{range .Labels}}{{.}} {{end}}</small></p>
</body></html>
`))

// letter is a message as a mail. Its id is that of the message, so all attempts are one mail to whoever gets them twice.
func (e *Email) letter(m *Message, pictured *Change, strip Filmstrip, isThere bool) (*mail.Msg, error) {
	view := e.view(m, pictured, isThere)
	if isThere {
		view.Picture = strip.caption(pictured)
	}
	letter := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := letter.From(e.From); err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	if err := letter.To(e.To...); err != nil {
		return nil, fmt.Errorf("to: %w", err)
	}
	if len(e.CC) > 0 {
		if err := letter.Cc(e.CC...); err != nil {
			return nil, fmt.Errorf("cc: %w", err)
		}
	}
	letter.Subject(shorten(view.Title, letterSubject))
	letter.SetDate()
	_, domain, _ := strings.Cut(bare(e.From), "@")
	letter.SetMessageIDWithValue(m.ID + "@" + domain)
	// No reader answers by itself that it is away (RFC 3834).
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	letter.SetGenHeader(mail.HeaderXAutoResponseSuppress, "All")
	if latest := m.Remote[emailLatest]; latest != "" {
		letter.SetGenHeaderPreformatted(mail.HeaderInReplyTo, latest)
		letter.SetGenHeaderPreformatted(mail.HeaderReferences, strings.Join(slices.Compact([]string{m.Remote[emailFirst], latest}), "\r\n "))
	}
	if worst := m.worst(); !worst.Over() && worst.Event.Severity == "critical" {
		letter.SetImportance(mail.ImportanceHigh)
	}
	letter.SetBodyString(mail.TypeTextPlain, view.plain())
	if err := letter.AddAlternativeHTMLTemplate(letterHTML, view); err != nil {
		return nil, fmt.Errorf("write html: %w", err)
	}
	if isThere {
		err := letter.EmbedReader("filmstrip.jpg", bytes.NewReader(strip.JPEG), mail.WithFileContentID("<filmstrip>"), mail.WithFileContentType("image/jpeg"))
		if err != nil {
			return nil, fmt.Errorf("embed filmstrip: %w", err)
		}
	}
	return letter, nil
}

// view is what the mail says. A filmstrip that is in it needs no link.
func (e *Email) view(m *Message, pictured *Change, isThere bool) letterView {
	worst := m.worst()
	view := letterView{Title: title(m), Colour: letterColour(worst), News: news(m, letterLines), Standing: standing(m), Link: m.link(worst.Event.ID)}
	if pictured != nil && !isThere {
		view.FilmstripLink = m.filmstripLink(pictured.Event.ID)
	}
	for _, name := range slices.Sorted(maps.Keys(m.Labels)) {
		view.Labels = append(view.Labels, clean(name, nameLimit)+"="+clean(m.Labels[name], nameLimit))
	}
	view.Labels = view.Labels[:min(len(view.Labels), letterLines)]
	return view
}

// plain is the mail without HTML.
func (v letterView) plain() string {
	text := append(slices.Clone(v.News), "", v.Standing)
	for _, l := range []struct{ name, value string }{{"Details", v.Link}, {"Filmstrip", v.FilmstripLink}, {"Labels", strings.Join(v.Labels, " ")}} {
		if l.value != "" {
			text = append(text, l.name+": "+l.value)
		}
	}
	return strings.Join(text, "\n") + "\n"
}

// letterColour is the bar beside the title.
func letterColour(c *Change) string {
	switch {
	case c.Over():
		return "#2e7d32"
	case c.Event.Severity == "critical":
		return "#c62828"
	case c.Event.Severity == "warning":
		return "#ef6c00"
	}
	return "#1565c0"
}
