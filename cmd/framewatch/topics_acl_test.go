package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/topology"
)

// The page on Kafka's security shows what the program prints.
func TestACLPageIsFresh(t *testing.T) {
	text, err := os.ReadFile("../../docs/security-kafka.md")
	if err != nil {
		t.Fatal(err)
	}
	_, stdout, _ := command(t, "topics", "acl")
	if !strings.Contains(string(text), "<!-- made by: framewatch topics acl -->\n```\n"+stdout+"```\n") {
		t.Errorf("docs/security-kafka.md does not end in what `framewatch topics acl` prints:\n%s", stdout)
	}
}

// Each way to print them tells of the same ACLs, under the configuration's prefix.
func TestACLsArePrinted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	write(t, file, "kafka: {prefix: 'tv''s.'}", 0o600)
	lines := func(output string) []string {
		code, stdout, stderr := command(t, "topics", "acl", "-c", file, "--target", "detector", "--principal", "User:x", "-o", output)
		if code != exitOK {
			t.Fatalf("%s: %s", output, stderr)
		}
		return strings.Split(strings.TrimSpace(stdout), "\n")
	}
	grants := topology.Grants("detector", "tv's.")
	commands, objects := lines("kafka-acls"), lines("json")
	if len(commands) != len(grants) || len(objects) != len(grants) || len(lines("text")) != len(grants)+1 {
		t.Fatalf("%d commands, %d objects, want %d", len(commands), len(objects), len(grants))
	}
	for i, g := range grants {
		var got granted
		if err := json.Unmarshal([]byte(objects[i]), &got); err != nil || got.Grant != g || got.Principal != "User:x" || got.Target != "detector" {
			t.Errorf("%s: %+v, %v", objects[i], got, err)
		}
		if commands[i] != g.Command("User:x") {
			t.Errorf("%s, want %s", commands[i], g.Command("User:x"))
		}
	}
	const want = `kafka-acls.sh --bootstrap-server $BROKERS --command-config $ADMIN --add --allow-principal 'User:x' --operation Write --transactional-id 'tv'\''s.detector-' --resource-pattern-type prefixed`
	if last := commands[len(commands)-1]; last != want {
		t.Errorf("%s\nwant\n%s", last, want)
	}
	for _, args := range [][]string{{"--target", "detectr"}, {"-o", "yaml"}, {"--principal", "User:x"}} {
		if code, stdout, stderr := command(t, append([]string{"topics", "acl"}, args...)...); code != exitUsage || stdout != "" || !strings.Contains(stderr, args[0][1:]) && !strings.Contains(stderr, "--output") {
			t.Errorf("%q: exit code %d, %s", args, code, stderr)
		}
	}
}
