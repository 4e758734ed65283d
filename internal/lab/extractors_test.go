package lab_test

import (
	"math"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/ingest/feature"
	"github.com/framewatch/framewatch/internal/lab"
)

// Every extractor has its row, the parts of the pass come to the whole of it, and shares are of decoding.
func TestBenchExtractorsAccountsForAll(t *testing.T) {
	costs, err := lab.BenchExtractors(t.Context(), footage(t))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]lab.ExtractorCost{}
	parts := 0.0
	for i, c := range costs {
		rows[c.Name] = c
		if strings.HasPrefix(c.Name, "scan ") {
			parts += c.MicrosPerPicture
		}
		if c.MicrosPerPicture <= 0 || i > 0 && c.MicrosPerPicture > costs[i-1].MicrosPerPicture {
			t.Errorf("row %d, %s, has %f us after %f", i, c.Name, c.MicrosPerPicture, costs[max(i-1, 0)].MicrosPerPicture)
		}
	}
	for _, name := range append(feature.Catalogue.Names(), "scan", "scan hash", "scan columns", "sampled", "sound", "decode") {
		c, ok := rows[name]
		if !ok || math.Abs(c.OverDecode-c.MicrosPerPicture/rows["decode"].MicrosPerPicture) > 1e-9 {
			t.Errorf("%s has %+v beside decoding's %+v", name, c, rows["decode"])
		}
	}
	if whole := rows["scan"].MicrosPerPicture; parts > whole || parts < whole/2 {
		t.Errorf("the parts of the pass take %f us of its %f", parts, whole)
	}
}

func TestBenchExtractorsRefusesWhatHasNoPictures(t *testing.T) {
	if _, err := lab.BenchExtractors(t.Context(), t.TempDir()+"/none.ts"); err == nil {
		t.Error("a file that is not there was measured")
	}
}
