package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/framewatch/framewatch/ingest/source"
)

// Bounds of a list of channels: anybody may have written it.
const (
	longestList  = 64 << 20
	longestLine  = 64 << 10
	mostChannels = 100_000
	longestLabel = 200
)

// channelList is what an M3U list of channels holds, as streams, and what of it was left out, and why.
type channelList struct {
	streams []StreamConfig
	left    []string
	// taken are the ids so far, urls the names with their URLs, names the last number that was given to a name.
	taken, urls map[string]bool
	names       map[string]int
}

// errPlaylist tells a playlist of segments or variants from a list of channels.
var errPlaylist = errors.New("this is an HLS playlist of one stream, not a list of channels: to watch it, give its own URL to `framewatch streams apply`")

// readChannels reads an M3U or M3U8 list: #EXTINF with the attributes tvg-id, tvg-name and group-title, then a URL. Without an id or a name the URL's
// place in the list names it. UTF-8, else taken for ISO 8859-1.
func readChannels(r io.Reader) (*channelList, error) {
	text, err := io.ReadAll(io.LimitReader(r, longestList+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > longestList:
		return nil, fmt.Errorf("the list is longer than %d MiB", longestList>>20)
	}
	list := &channelList{taken: map[string]bool{}, urls: map[string]bool{}, names: map[string]int{}}
	lines := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))))
	lines.Buffer(nil, longestLine)
	lines.Split(scanLines)
	var next channel
	number := 0
	for ; lines.Scan(); number++ {
		line := strings.TrimSpace(asUTF8(lines.Bytes()))
		switch {
		case strings.HasPrefix(line, "#EXT-X-TARGETDURATION"), strings.HasPrefix(line, "#EXT-X-STREAM-INF"):
			return nil, errPlaylist
		case strings.HasPrefix(line, "#EXTINF:"):
			next = readChannel(line)
		case strings.HasPrefix(line, "#EXTGRP:") && next.group == "":
			next.group = label(line[len("#EXTGRP:"):])
		case line == "" || strings.HasPrefix(line, "#"):
		default:
			list.add(next, line, number+1)
			next = channel{}
			if len(list.streams) > mostChannels {
				return nil, fmt.Errorf("the list has more than %d channels", mostChannels)
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", number+1, err)
	}
	return list, nil
}

// scanLines cuts at \n, \r\n and \r.
func scanLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexAny(data, "\r\n"); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

// channel is what a list says of one before its URL.
type channel struct{ id, name, title, group string }

// readChannel reads `#EXTINF:-1 key="value" ...,title`.
func readChannel(line string) (c channel) {
	rest := line[len("#EXTINF:"):]
	for {
		i := strings.IndexAny(rest, "=,")
		if i < 0 {
			return c
		}
		if rest[i] == ',' {
			c.title = label(rest[i+1:])
			return c
		}
		key := rest[:i]
		key = strings.ToLower(key[strings.LastIndexAny(key, " \t")+1:])
		value, after := attribute(rest[i+1:])
		rest = after
		switch key {
		case "tvg-id":
			c.id = label(value)
		case "tvg-name":
			c.name = label(value)
		case "group-title":
			c.group = label(value)
		}
	}
}

// attribute reads a value, in quotes or up to white space or a comma.
func attribute(text string) (value, rest string) {
	if strings.HasPrefix(text, `"`) {
		value, rest, _ = strings.Cut(text[1:], `"`)
		return value, rest
	}
	end := strings.IndexAny(text, " \t,")
	if end < 0 {
		end = len(text)
	}
	return text[:end], text[end:]
}

// add makes a stream of a channel, or tells why not.
func (l *channelList) add(c channel, url string, line int) {
	id := ""
	for _, name := range []string{c.id, c.name, c.title} {
		if id = strings.Trim(strings.ReplaceAll(name, "/", "-"), "."); id != "" {
			break
		}
	}
	if id == "" {
		id = fmt.Sprintf("channel-%d", len(l.streams)+1)
	}
	if l.urls[id+"\n"+url] {
		l.leave(line, id, "it stands in the list twice")
		return
	}
	name := id
	for n := max(l.names[name], 1) + 1; l.taken[id]; n++ {
		id, l.names[name] = fmt.Sprintf("%s-%d", name, n), n
	}
	s := StreamConfig{ID: id, URL: url, Labels: map[string]string{}}
	for key, value := range map[string]string{"tvg-id": c.id, "tvg-name": c.name, "name": c.title, "group-title": c.group} {
		if value != "" {
			s.Labels[key] = value
		}
	}
	if err := foreign(s); err != nil {
		l.leave(line, id, err.Error())
		return
	}
	l.taken[id], l.urls[name+"\n"+url] = true, true
	l.streams = append(l.streams, s)
}

func (l *channelList) leave(line int, id, why string) {
	l.left = append(l.left, fmt.Sprintf("line %d (%q): %s", line, id, why))
}

// foreign checks a stream whose URL somebody else has written: it must be of a network, and may not ask for our secrets.
func foreign(s StreamConfig) error {
	if strings.Contains(s.URL, "${") {
		return errors.New("a list may not refer to secrets of ours with ${...}")
	}
	if err := s.validate(); err != nil {
		return err
	}
	scheme, _, found := strings.Cut(s.URL, "://")
	if !found || strings.EqualFold(scheme, "file") {
		return fmt.Errorf("%q is no URL of a network", source.Redact(s.URL))
	}
	return nil
}

// label is a text that may stand in a label and an id: of bounded length, without control characters.
func label(text string) string {
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, text))
	for len(text) > longestLabel-len("-100000") {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}

// asUTF8 takes what is no UTF-8 for ISO 8859-1.
func asUTF8(line []byte) string {
	if utf8.Valid(line) {
		return string(line)
	}
	runes := make([]rune, len(line))
	for i, b := range line {
		runes[i] = rune(b)
	}
	return string(runes)
}
