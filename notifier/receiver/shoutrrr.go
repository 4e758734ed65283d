package receiver

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"text/template"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"
)

// Shoutrrr tells any of the services of github.com/nicholas-fedor/shoutrrr, such as ntfy, Gotify, Matrix, Zulip or Telegram, one text a message. They get no picture, and
// nothing they have is changed later.
type Shoutrrr struct {
	// URL of the service as its documentation writes it; nearly all of it can be a credential.
	URL Secret `yaml:"url"`
	// URLFile holds it instead. It is read for each attempt.
	URLFile string `yaml:"url_file"`
	// Title and Text are Go templates over ShoutrrrText. An empty Title is not sent: not all services have one. An empty Text is ShoutrrrText.Text.
	Title string `yaml:"title"`
	Text  string `yaml:"text"`
	// Timeout of one attempt.
	Timeout time.Duration `yaml:"timeout"`
}

// ShoutrrrText is what the templates of a Shoutrrr are given: the words that all receivers use, in one piece and in parts, and the message itself.
type ShoutrrrText struct {
	// Title is one line, Text all there is to say, Lines what has changed, a line each, Standing how many defects are open.
	Title, Text string
	Lines       []string
	Standing    string
	// Link and FilmstripLink lead to the worst defect; empty when the configuration names no console.
	Link, FilmstripLink string
	Message             *Message
}

// NewShoutrrr is a Shoutrrr with its defaults: a time-out of 15 s.
func NewShoutrrr() *Shoutrrr { return &Shoutrrr{Timeout: 15 * time.Second} }

// Limits of what is sent, in characters, and of a template's output, in bytes; and how many changes a text tells.
const (
	shoutrrrTitle  = 200
	shoutrrrText   = 4000
	shoutrrrLines  = 20
	shoutrrrOutput = 64 << 10
)

// Validate checks the URL, the templates and the time-out.
func (s *Shoutrrr) Validate() error {
	if s.Timeout <= 0 {
		return fmt.Errorf("timeout %s is not positive", s.Timeout)
	}
	for key, text := range map[string]string{"title": s.Title, "text": s.Text} {
		if _, err := template.New(key).Parse(text); err != nil {
			return fmt.Errorf("%s is not a template: %w", key, err)
		}
	}
	url, err := secretFrom("url", s.URL, s.URLFile)
	if err != nil {
		return err
	}
	_, err = shoutrrrService(url)
	return err
}

// Tell sends one text. What the service says is not known but for an error, so any but one in the URL may be tried again.
func (s *Shoutrrr) Tell(ctx context.Context, m *Message) (int, error) {
	if !m.left() {
		return 0, nil
	}
	url, err := secretFrom("url", s.URL, s.URLFile)
	if err != nil {
		return 0, err
	}
	service, err := shoutrrrService(url)
	if err != nil {
		return 0, Permanent{err}
	}
	params := types.Params{}
	view := shoutrrrView(m)
	text, err := render("text", s.Text, view)
	if err != nil {
		return 0, Permanent{err}
	}
	if s.Text == "" {
		text = view.Text
	}
	title, err := render("title", s.Title, view)
	if err != nil {
		return 0, Permanent{err}
	}
	if title != "" {
		params.SetTitle(clean(title, shoutrrrTitle))
	}
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	if err := shout(ctx, service, shorten(text, shoutrrrText), &params); err != nil {
		return 0, fmt.Errorf("%s: %s", service.GetID(), withoutSecrets(err.Error(), url))
	}
	m.told()
	return 0, nil
}

// hanging are the sends that are under way: a service takes no context, so one that never answers is left alone after its time-out, and no more of them than this.
var hanging = make(chan struct{}, 32)

// shout sends until ctx ends.
func shout(ctx context.Context, service types.Service, text string, params *types.Params) error {
	select {
	case hanging <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("%d earlier attempts still wait for an answer: %w", cap(hanging), ctx.Err())
	}
	done := make(chan error, 1)
	go func() {
		defer func() { <-hanging }()
		defer func() {
			// What a service answers must not end the program.
			if problem := recover(); problem != nil {
				done <- fmt.Errorf("panic: %v", problem)
			}
		}()
		done <- service.Send(text, params)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("no answer: %w", ctx.Err())
	}
}

// shoutrrrService is the service of a URL.
func shoutrrrService(url string) (types.Service, error) {
	service, err := (&router.ServiceRouter{}).Locate(url)
	switch {
	case errors.Is(err, router.ErrUnknownService):
		scheme, _, ok := strings.Cut(url, "://")
		if !ok || !schemeName.MatchString(scheme) {
			return nil, errors.New("url has no scheme")
		}
		return nil, fmt.Errorf("url: %q is no service of shoutrrr", scheme)
	case err != nil:
		return nil, fmt.Errorf("url: %s", withoutSecrets(err.Error(), url))
	}
	return service, nil
}

var (
	schemeName = regexp.MustCompile(`^[a-z0-9+]{1,32}$`)
	anyURL     = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"']*`)
)

// withoutSecrets is an error's text without any URL, and without the pieces of the service's own, which services put together anew.
func withoutSecrets(text, url string) string {
	return clean(scrub(anyURL.ReplaceAllString(text, redacted), Address(url).secrets()...), summaryLimit)
}

// shoutrrrView is what the templates are given.
func shoutrrrView(m *Message) ShoutrrrText {
	worst := m.worst().Event.ID
	v := ShoutrrrText{Title: title(m), Lines: news(m, shoutrrrLines), Standing: standing(m), Link: m.link(worst), FilmstripLink: m.filmstripLink(worst), Message: m}
	all := v.Lines
	if len(v.Lines) > 1 {
		all = append(all[:len(all):len(all)], v.Standing)
	}
	if v.Link != "" {
		all = append(all[:len(all):len(all)], v.Link)
	}
	v.Text = strings.Join(all, "\n")
	return v
}

// render is a template's output: no control characters but line breaks.
func render(key, text string, view ShoutrrrText) (string, error) {
	t, err := template.New(key).Parse(text)
	if err != nil {
		return "", fmt.Errorf("%s is not a template: %w", key, err)
	}
	out := &capped{left: shoutrrrOutput}
	if err := t.Execute(out, view); err != nil && !errors.Is(err, errFull) {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	lines := strings.Split(out.String(), "\n")
	for i := range lines {
		lines[i] = clean(lines[i], shoutrrrText)
	}
	return strings.TrimSpace(strings.Join(lines, "\n")), nil
}

var errFull = errors.New("the text is too long")

// capped is a text that ends a template when it is full.
type capped struct {
	strings.Builder
	left int
}

func (c *capped) Write(p []byte) (int, error) {
	if c.left -= len(p); c.left < 0 {
		return 0, errFull
	}
	return c.Builder.Write(p)
}
