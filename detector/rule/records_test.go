package rule_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/framewatch/framewatch/detector/rule"
)

// looked finds the records that a rule's file looks at.
var looked = regexp.MustCompile(`\b(\w+)\.(VideoFrame|AudioBlock|StreamSecond|Inventory|Tick)\b`)

// A rule names all kinds of record that its file looks at: it is not shown others. It names no more, since each call costs.
func TestRulesNameTheRecordsTheyLookAt(t *testing.T) {
	kinds := map[string]rule.Records{"VideoFrame": rule.VideoFrames, "AudioBlock": rule.AudioBlocks, "StreamSecond": rule.StreamSeconds,
		"Inventory": rule.Inventories, "Tick": rule.Ticks}
	for _, name := range rule.Catalogue.Names() {
		source, err := os.ReadFile(name + ".go")
		if err != nil {
			t.Fatal(err)
		}
		var want rule.Records
		for _, found := range looked.FindAllSubmatch(source, -1) {
			if string(found[1]) != "schemas" {
				want |= kinds[string(found[2])]
			}
		}
		if got := rule.Catalogue[name]().Describe().Records; got != want {
			t.Errorf("%s: Describe names the records %05b, the file looks at %05b (VideoFrames 1, AudioBlocks 2, StreamSeconds 4, Inventories 8, Ticks 16)", name, got, want)
		}
	}
}
