package receiver

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of Slack, in characters, and of what we show in one post.
const (
	slackHeader  = 150
	slackSection = 3000
	slackText    = 4000
	// slackLines is how many defects a post shows, and how many changes a reply tells.
	slackLines = 8
)

// slackGone tells that a post cannot be edited any more.
func slackGone(err error) bool {
	e, ok := errors.AsType[slackError](err)
	return ok && slices.Contains([]string{"message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found"}, e.code)
}

// board is what the post of a group shows: the defects of it, each as it was told last.
type board struct {
	Rows []row `json:"rows"`
	// Dropped is how many had no room.
	Dropped int `json:"dropped,omitempty"`
	// Open is how many defects of the group are open, shown or not.
	Open int `json:"open"`
	// Storm replaces the title.
	Storm string `json:"storm,omitempty"`
}

// row is a defect on a board.
type row struct {
	ID   string `json:"id"`
	Head string `json:"head"`
	Rest string `json:"rest"`
	Icon string `json:"icon"`
	// Rank is how bad it is; below 0: it is over.
	Rank  int    `json:"rank"`
	Links string `json:"links,omitempty"`
}

// readBoard is the board as it was kept; one that cannot be read is empty.
func readBoard(text string) *board {
	b := &board{}
	if json.Unmarshal([]byte(text), b) != nil {
		return &board{}
	}
	return b
}

func (b *board) String() string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(b) != nil {
		return ""
	}
	return strings.TrimSpace(text.String())
}

// add shows what a message tells. A storm shows its own worst defects alone.
func (b *board) add(m *Message) {
	b.Storm = ""
	if m.Digest != nil {
		*b = board{Storm: storm(m.Digest)}
	}
	b.Open = m.Open
	for i := range m.Changes {
		c := &m.Changes[i]
		r := row{ID: c.Event.ID, Head: headline(c), Rest: ", " + span(c) + aside(c), Icon: slackIcon(c), Rank: badness(c), Links: slackLinks(m, c)}
		if at := slices.IndexFunc(b.Rows, func(r row) bool { return r.ID == c.Event.ID }); at >= 0 {
			b.Rows[at] = r
		} else {
			b.Rows = append(b.Rows, r)
		}
	}
	for len(b.Rows) > slackLines {
		// What is over goes first, then what is oldest.
		at := max(0, slices.IndexFunc(b.Rows, func(r row) bool { return r.Rank < 0 }))
		b.Rows = slices.Delete(b.Rows, at, at+1)
		b.Dropped++
	}
}

// title is the worst of what is shown.
func (b *board) title() string {
	if b.Storm != "" {
		return b.Storm
	}
	worst := slices.MaxFunc(b.Rows, func(x, y row) int { return x.Rank - y.Rank })
	more := len(b.Rows) - 1 + b.Dropped
	if worst.Rank >= 0 {
		more = b.Open - 1
	}
	if more > 0 {
		return fmt.Sprintf("%s and %d more", worst.Head, more)
	}
	return worst.Head
}

// slackBlock is a block of Block Kit: a header, a section or a context.
type slackBlock struct {
	Type     string          `json:"type"`
	Text     *slackTextPart  `json:"text,omitempty"`
	Elements []slackTextPart `json:"elements,omitempty"`
}

// slackTextPart is a text object. Verbatim keeps Slack from making links and mentions of what looks like one.
type slackTextPart struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Emoji    *bool  `json:"emoji,omitempty"`
	Verbatim bool   `json:"verbatim,omitempty"`
}

// blocks are the post.
func (b *board) blocks(m *Message) []slackBlock {
	plain := false
	blocks := []slackBlock{{Type: "header", Text: &slackTextPart{Type: "plain_text", Text: shorten(b.title(), slackHeader), Emoji: &plain}}}
	if utf8.RuneCountInString(b.Storm) > slackHeader {
		blocks = append(blocks, slackSectionOf(slackEscape(b.Storm), ""))
	}
	for _, r := range b.Rows {
		blocks = append(blocks, slackSectionOf(r.Icon+" *"+slackEscape(r.Head)+"*"+slackEscape(r.Rest), r.Links))
	}
	if b.Dropped > 0 {
		blocks = append(blocks, slackSectionOf(fmt.Sprintf("… and %d more", b.Dropped), ""))
	}
	var labels []string
	for _, name := range slices.Sorted(maps.Keys(m.Labels)) {
		labels = append(labels, clean(name, nameLimit)+" "+clean(m.Labels[name], nameLimit))
	}
	foot := strings.Join(append(labels[:min(len(labels), slackLines)], standing(m)), " · ")
	return append(blocks, slackBlock{Type: "context", Elements: []slackTextPart{{Type: "mrkdwn", Text: slackEscape(foot), Verbatim: true}}})
}

// slackSectionOf is a section of mrkdwn, cut where it is too long, and links, which a cut would break.
func slackSectionOf(mrkdwn, links string) slackBlock {
	return slackBlock{Type: "section", Text: &slackTextPart{Type: "mrkdwn", Text: shorten(mrkdwn, slackSection/2) + links, Verbatim: true}}
}

// slackLinks leads to the page and the pictures of a defect.
func slackLinks(m *Message, c *Change) string {
	var text string
	for _, l := range []struct{ to, name string }{{m.link(c.Event.ID), "Details"}, {m.filmstripLink(c.Event.ID), "Filmstrip"}} {
		if l.to != "" && len(l.to) <= slackText/8 {
			text += " · <" + slackAddress.Replace(l.to) + "|" + l.name + ">"
		}
	}
	return text
}

// slackAddress keeps an address from ending its link.
var slackAddress = strings.NewReplacer("<", "%3C", ">", "%3E", "|", "%7C", "&", "&amp;")

var slackEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// slackEscape is text as mrkdwn that leads nowhere and calls nobody: the three characters that Slack says to escape. Marks of emphasis that stand in it stay what they are.
func slackEscape(text string) string { return slackEscaper.Replace(text) }

// slackIcon is the lamp before a defect.
func slackIcon(c *Change) string {
	switch {
	case c.What == Closed:
		return ":white_check_mark:"
	case c.What == Retracted:
		return ":heavy_multiplication_x:"
	case c.What == Acknowledged:
		return ":eyes:"
	case c.What == Muted:
		return ":mute:"
	case c.Event.Severity == "critical":
		return ":red_circle:"
	case c.Event.Severity == "warning":
		return ":large_orange_circle:"
	}
	return ":large_blue_circle:"
}
