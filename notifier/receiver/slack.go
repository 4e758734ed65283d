package receiver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Slack tells a channel as a Slack app: one post for each group of defects, which is edited as they change, with what has changed, and the filmstrip, in its thread.
// The app needs the scopes chat:write and files:write, and has to be in the channel.
type Slack struct {
	// Token is the app's bot token.
	Token Secret `yaml:"token"`
	// TokenFile holds it instead. It is read for each attempt.
	TokenFile string `yaml:"token_file"`
	// Channel is the id of the channel, such as C0123456789: a name can be taken over by another channel.
	Channel string `yaml:"channel"`
	// EvidenceWait is how long the filmstrip is waited for, once the post is there; 0: there is none.
	EvidenceWait time.Duration `yaml:"evidence_wait"`
	// APIURL is the base of the API.
	APIURL Address `yaml:"api_url"`

	HTTP `yaml:",inline"`
}

// NewSlack is a Slack with its defaults: the public API, a time-out of 15 s, 8 s for the filmstrip.
func NewSlack() *Slack {
	return &Slack{APIURL: "https://slack.com/api/", EvidenceWait: evidenceWait, HTTP: HTTP{Timeout: 15 * time.Second}}
}

// channelID is the id of a channel (C), of a private one (G) or of a conversation with one person (D).
var channelID = regexp.MustCompile(`^[CGD][A-Z0-9]{2,30}$`)

// Validate checks the channel, the addresses and the token.
func (s *Slack) Validate() error {
	if !channelID.MatchString(s.Channel) {
		return fmt.Errorf("channel %q is no id of a channel, such as C0123456789", s.Channel)
	}
	if s.EvidenceWait < 0 {
		return fmt.Errorf("evidence_wait %s is negative", s.EvidenceWait)
	}
	if err := s.APIURL.check("api_url", "http", "https"); err != nil {
		return err
	}
	if err := s.HTTP.Validate(); err != nil {
		return err
	}
	_, err := secretFrom("token", s.Token, s.TokenFile)
	return err
}

// Pace is one message a second, which is what a channel bears.
func (s *Slack) Pace() (every time.Duration, burst int) { return time.Second, 1 }

// What Message.Remote holds for Slack: the channel and the instant that name the post, and what it shows.
const (
	slackChannel = "channel"
	slackPost    = "ts"
	slackBoard   = "board"
)

// Tell edits the group's post and adds what has changed to its thread, or makes the post.
func (s *Slack) Tell(ctx context.Context, m *Message) (status int, err error) {
	if !m.left() {
		return 0, nil
	}
	m.renew()
	b := readBoard(m.Remote[slackBoard])
	b.add(m)
	if status, err = s.show(ctx, m, b); err != nil {
		return status, err
	}
	m.Remote[slackBoard] = b.String()
	pictured := m.pictured()
	m.settle()
	if err := s.illustrate(ctx, m, pictured); err != nil {
		slog.WarnContext(ctx, "filmstrip not shown", "receiver", m.Receiver, "stream", pictured.Event.Stream, "defect", pictured.Event.ID, "error", err)
	}
	return status, nil
}

// show makes the post, or edits it and replies to it, in the channel too when that calls for somebody, as nobody is told of an edit. An edit may be made twice, so it comes
// first. A post that was deleted is made anew.
func (s *Slack) show(ctx context.Context, m *Message, b *board) (int, error) {
	post := slackMessage{Channel: m.Remote[slackChannel], TS: m.Remote[slackPost], Text: shorten(slackEscape(b.title()), slackText), Blocks: b.blocks(m)}
	if post.TS != "" {
		status, err := s.call(ctx, "chat.update", post, nil)
		if err == nil {
			text := shorten(slackEscape(strings.Join(news(m, slackLines), "\n")), slackText)
			return s.call(ctx, "chat.postMessage", slackMessage{Channel: post.Channel, Thread: post.TS, Broadcast: m.calls(), Text: text}, nil)
		}
		if !slackGone(err) {
			return status, err
		}
	}
	var made slackMessage
	post.Channel, post.TS = s.Channel, ""
	status, err := s.call(ctx, "chat.postMessage", post, &made)
	if err == nil {
		m.Remote[slackChannel], m.Remote[slackPost] = made.Channel, made.TS
	}
	return status, err
}

// illustrate adds the filmstrip of c to the thread, if it is there in time.
func (s *Slack) illustrate(ctx context.Context, m *Message, c *Change) error {
	strip, ok := evidence(ctx, m, c, s.EvidenceWait)
	if !ok {
		return nil
	}
	var to struct {
		URL  Address `json:"upload_url"`
		File string  `json:"file_id"`
	}
	form := url.Values{"filename": {"filmstrip.jpg"}, "length": {strconv.Itoa(len(strip.JPEG))}, "alt_txt": {strip.caption(c)}}
	if _, err := s.call(ctx, "files.getUploadURLExternal", form, &to); err != nil {
		return err
	}
	// The picture goes where Slack says, but not in clear unless the API itself is.
	scheme, _, _ := strings.Cut(string(s.APIURL), ":")
	if err := to.URL.check("upload_url", "https", scheme); err != nil {
		return err
	}
	a, err := s.post(ctx, to.URL, http.Header{"Content-Type": {"image/jpeg"}}, strip.JPEG)
	if err == nil {
		err = a.refusal()
	}
	if err != nil {
		return err
	}
	files, err := json.Marshal([]map[string]string{{"id": to.File, "title": strip.caption(c)}})
	if err != nil {
		return err
	}
	form = url.Values{"files": {string(files)}, "channel_id": {m.Remote[slackChannel]}, "thread_ts": {m.Remote[slackPost]}}
	_, err = s.call(ctx, "files.completeUploadExternal", form, nil)
	return err
}

// slackMessage is the body of chat.postMessage and chat.update, and as much as matters of the answer.
type slackMessage struct {
	Channel     string       `json:"channel"`
	TS          string       `json:"ts,omitempty"`
	Thread      string       `json:"thread_ts,omitempty"`
	Broadcast   bool         `json:"reply_broadcast,omitempty"`
	Text        string       `json:"text"`
	Blocks      []slackBlock `json:"blocks,omitempty"`
	UnfurlLinks bool         `json:"unfurl_links"`
	UnfurlMedia bool         `json:"unfurl_media"`
}

// slackError is an answer that is not ok.
type slackError struct{ method, code string }

func (e slackError) Error() string { return fmt.Sprintf("slack %s: %s", e.method, e.code) }

// call makes one call of the Web API. The body is JSON, or a form where it is one: the methods for files take no other.
func (s *Slack) call(ctx context.Context, method string, body, answered any) (int, error) {
	token, err := secretFrom("token", s.Token, s.TokenFile)
	if err != nil {
		return 0, err
	}
	header := http.Header{"Authorization": {"Bearer " + token}}
	var text bytes.Buffer
	if form, ok := body.(url.Values); ok {
		header.Set("Content-Type", "application/x-www-form-urlencoded")
		text.WriteString(form.Encode())
	} else {
		header.Set("Content-Type", "application/json; charset=utf-8")
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(body); err != nil {
			return 0, Permanent{fmt.Errorf("slack %s: encode: %w", method, err)}
		}
	}
	to := Address(strings.TrimSuffix(string(s.APIURL), "/") + "/" + method)
	a, err := s.post(ctx, to, header, text.Bytes())
	if err != nil {
		return 0, err
	}
	if err := a.refusal(token); err != nil {
		return a.status, err
	}
	var said struct {
		OK    bool   `json:"ok"`
		Error string `json:"error"`
	}
	if err := json.Unmarshal(a.body, &said); err != nil {
		return a.status, fmt.Errorf("slack %s: the answer is no JSON: %.100q", method, scrub(string(a.body), token))
	}
	if !said.OK {
		return a.status, slackRefusal(slackError{method, clean(scrub(said.Error, token), nameLimit)}, a)
	}
	if answered == nil {
		return a.status, nil
	}
	if err := json.Unmarshal(a.body, answered); err != nil {
		return a.status, fmt.Errorf("slack %s: read the answer: %w", method, err)
	}
	return a.status, nil
}

// slackLasting are the errors about the app, the channel or the message, which no further attempt mends, besides those that begin with invalid_ or restricted_action. What
// is not among them, such as internal_error, may pass.
var slackLasting = []string{"access_denied", "account_inactive", "cant_update_message", "channel_not_found", "channel_type_not_supported", "edit_window_closed",
	"ekm_access_denied", "enterprise_is_restricted", "is_archived", "message_not_found", "messages_tab_disabled", "method_deprecated", "missing_charset", "missing_scope",
	"msg_blocks_too_long", "msg_too_long", "no_permission", "no_text", "not_allowed_token_type", "not_authed", "not_in_channel", "org_login_required",
	"posting_to_channel_denied", "team_access_not_granted", "team_not_found", "token_expired", "token_revoked", "two_factor_setup_required"}

// slackBusy is how long Slack is left alone when it limits a rate and does not say for how long.
const slackBusy = 30 * time.Second

func slackRefusal(err slackError, a answer) error {
	switch {
	case err.code == "ratelimited" || err.code == "rate_limited":
		after, ok := retryAfter(a.header.Get("Retry-After"), time.Now())
		if !ok {
			after = slackBusy
		}
		return Busy{err, after}
	case slices.Contains(slackLasting, err.code) || strings.HasPrefix(err.code, "invalid_") || strings.HasPrefix(err.code, "restricted_action"):
		return Permanent{err}
	}
	return err
}
