package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestHashIsOfTheFile: processes that follow the same file have one hash, wherever it lies and whatever they are called; and what takes effect live is not in the name of their client.
func TestHashIsOfTheFile(t *testing.T) {
	const text = "kafka: {instance: '${env:POD_NAME}', brokers: ['kafka:9092']}\ningest: {listen: '0.0.0.0:8090', advertise: 'http://${env:POD_NAME}:8090'}\n"
	load := func(pod, text string, brokers ...string) Config {
		t.Helper()
		t.Setenv("POD_NAME", pod)
		file := filepath.Join(t.TempDir(), "framewatch.yaml")
		write(t, file, text, 0o600)
		config, err := loadConfig(file)
		if err != nil {
			t.Fatal(err)
		}
		return config.at(brokers)
	}
	first := load("pod-0", text)
	for _, test := range []struct {
		what        string
		other       Config
		same, start bool
	}{
		{"the next pod", load("pod-1", text), true, true},
		{"brokers of the command line", load("pod-1", text, "127.0.0.1:9092"), true, true},
		{"another level of log lines", load("pod-0", text+"log: {level: debug}\n"), false, true},
		{"other brokers", load("pod-0", strings.Replace(text, "kafka:9092", "kafka-2:9092", 1)), false, false},
	} {
		if same := test.other.hash() == first.hash(); same != test.same {
			t.Errorf("%s: the hash is the same: %t, want %t", test.what, same, test.same)
		}
		if same := newSelf(test.other).config == newSelf(first).config; same != test.start {
			t.Errorf("%s: the hash in the client's name is the same: %t, want %t", test.what, same, test.start)
		}
	}
}
