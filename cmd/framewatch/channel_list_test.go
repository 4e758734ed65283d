package main

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
)

func TestChannelLists(t *testing.T) {
	many := strings.Repeat("#EXTINF:-1,same\nhttp://h/%d\n", 3000)
	for _, c := range []struct {
		name, text string
		// want is each stream as "id url group", left what was left out.
		want, left []string
	}{
		{"attributes", "#EXTM3U\n#EXTINF:-1 tvg-id=\"one.tv\" tvg-name=\"One\" group-title=\"News, local\",One HD\nhttp://h/1\n", []string{"one.tv http://h/1 News, local"}, nil},
		{"only a name", "#EXTINF:-1 tvg-name=\"Two\",II\nhttp://h/2\n", []string{"Two http://h/2 "}, nil},
		{"only a title, with a comma", "#EXTINF:0,Three, the third\nhttp://h/3\n", []string{"Three, the third http://h/3 "}, nil},
		{"nothing but a URL", "http://h/4", []string{"channel-1 http://h/4 "}, nil},
		{"no quotes and a group of its own", "#EXTINF:-1 tvg-id=five GROUP-TITLE=x,V\n#EXTVLCOPT:http-user-agent=me\n#EXTGRP:y\nhttp://h/5\n", []string{"five http://h/5 x"}, nil},
		{"group of a line", "#EXTINF:-1,Six\n#EXTGRP:World\nhttp://h/6\n", []string{"Six http://h/6 World"}, nil},
		{"a byte order mark and old ends of lines", "\xef\xbb\xbf#EXTM3U\r\n#EXTINF:-1,a\r\nhttp://h/a\r\n#EXTINF:-1,b\rhttp://h/b", []string{"a http://h/a ", "b http://h/b "}, nil},
		{"no UTF-8", "#EXTINF:-1,Fran\xe7ais\nhttp://h/f\n", []string{"Français http://h/f "}, nil},
		{"one id for two", "#EXTINF:-1,a\nhttp://h/1\n#EXTINF:-1,a\nhttp://h/2\n#EXTINF:-1,a\nhttp://h/3\n", []string{"a http://h/1 ", "a-2 http://h/2 ", "a-3 http://h/3 "}, nil},
		{"one twice", "#EXTINF:-1,a\nhttp://h/1\n#EXTINF:-1,a\nhttp://h/2\n#EXTINF:-1,a\nhttp://h/2\n", []string{"a http://h/1 ", "a-2 http://h/2 "}, []string{`line 6 ("a"): it stands in the list twice`}},
		{"slashes and dots", "#EXTINF:-1,../a/b\nhttp://h/1\n#EXTINF:-1,..\nhttp://h/2\n", []string{"-a-b http://h/1 ", "channel-2 http://h/2 "}, nil},
		{"control characters and marks of direction", "#EXTINF:-1,a\x1b[31m\u202eb\nhttp://h/1\n", []string{"a[31mb http://h/1 "}, nil},
		{"our secrets", "#EXTINF:-1,a\nhttp://evil/${file:/etc/passwd}\n", nil, []string{`line 2 ("a"): a list may not refer`}},
		{"our files", "#EXTINF:-1,a\n/etc/passwd\n#EXTINF:-1,b\nfile:///etc/passwd\n#EXTINF:-1,c\n-i\n", nil, []string{`line 2 ("a"): "/etc/passwd" is no URL of a network`, `line 4 ("b")`, `line 6 ("c")`}},
		{"their secrets", "#EXTINF:-1,a\nhttp://bob:S3cr3t@h/1\n#EXTINF:-1,b\nhttp://h/2?token=S3cr3t&quality=hd\n#EXTINF:-1,c\nhttp://h/3?quality=hd\n", []string{"c http://h/3?quality=hd "},
			[]string{`line 2 ("a"): url holds the password itself`, `line 4 ("b"): url holds the value of token itself`}},
		{"an unknown scheme", "#EXTINF:-1,a\ngopher://h\n", nil, []string{`line 2 ("a"): open gopher://h: scheme "gopher" is unknown`}},
		{"cut short", "#EXTINF:-1 tvg-id=\"a", nil, nil},
		{"nothing", "", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := readChannels(strings.NewReader(c.text))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range list.streams {
				got = append(got, fmt.Sprintf("%s %s %s", s.ID, s.URL, s.Labels["group-title"]))
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if len(list.left) != len(c.left) {
				t.Fatalf("left out %q, want %q", list.left, c.left)
			}
			for i, want := range c.left {
				if !strings.HasPrefix(list.left[i], want) {
					t.Errorf("left out %q, want %q", list.left[i], want)
				}
			}
		})
	}
	for name, text := range map[string]string{"media": "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\na.ts\n", "master": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n"} {
		if _, err := readChannels(strings.NewReader(text)); !errors.Is(err, errPlaylist) {
			t.Errorf("a %s playlist: %v", name, err)
		}
	}
	if _, err := readChannels(strings.NewReader("#EXTINF:-1," + strings.Repeat("x", longestLine+1))); err == nil {
		t.Error("a line without end is accepted")
	}
	long, err := readChannels(strings.NewReader("#EXTINF:-1," + strings.Repeat("é", 5000) + "\nhttp://h/1\n"))
	if err != nil || len(long.streams) != 1 || len(long.streams[0].ID) > longestID || !strings.HasPrefix(long.streams[0].ID, "ééé") {
		t.Errorf("a long name: %v, %d streams", err, len(long.streams))
	}
	list, err := readChannels(strings.NewReader(many))
	if err != nil || len(list.streams) != 1 || len(list.left) != 2999 {
		t.Errorf("one channel 3000 times: %v, %d streams, %d left out", err, len(list.streams), len(list.left))
	}
	labels := map[string]string{"tvg-id": "one.tv", "tvg-name": "One", "name": "One HD", "group-title": "News"}
	one, err := readChannels(strings.NewReader("#EXTINF:-1 tvg-id=\"one.tv\" tvg-name=\"One\" group-title=\"News\",One HD\nhttp://h/1\n"))
	if err != nil || !maps.Equal(one.streams[0].Labels, labels) {
		t.Errorf("labels are %v, %v; want %v", one.streams[0].Labels, err, labels)
	}
}

// FuzzChannels wants every list, whatever it is, to give streams that may be configured.
func FuzzChannels(f *testing.F) {
	f.Add("#EXTM3U\n#EXTINF:-1 tvg-id=\"a\" group-title=b,c\nhttp://h/1\n")
	f.Add("#EXTINF:=,\",\r\x00\xff\nudp://@239.0.0.1:1\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := readChannels(strings.NewReader(text))
		if err != nil {
			return
		}
		config := Config{Streams: &list.streams}
		if err := config.validateStreams(); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}
