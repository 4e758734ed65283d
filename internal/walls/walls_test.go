// Package walls holds no code: its test keeps the house's walls. Whoever needs an arrow that is not here is probably writing in the wrong room.
package walls_test

import (
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/framewatch/framewatch/"

// rooms are the packages and which others of the house each may import. A name that ends in /... stands for everything below it as well; cmd
// introduces everyone.
var rooms = map[string][]string{
	"ingest":                     {"ingest/...", "schemas"},
	"ingest/access":              {},
	"ingest/source":              {"ingest/access", "ingest/media"},
	"ingest/media":               {},
	"ingest/sandbox":             {},
	"ingest/feature":             {"ingest/media", "schemas", "internal/catalogue"},
	"ingest/feature/featuretest": {},
	"ingest/evidence":            {"ingest/media", "schemas"},
	"ingest/transport":           {"schemas"},
	"detector":                   {"detector/...", "schemas", "internal/catalogue", "internal/clocks"},
	"detector/rule":              {"detector/model", "detector/window", "schemas", "internal/catalogue"},
	"detector/model":             {},
	"detector/window":            {},
	"notifier":                   {"notifier/receiver", "schemas", "internal/catalogue", "internal/clocks"},
	"notifier/receiver":          {"schemas", "internal/catalogue"},
	"console":                    {"schemas"},
	"replay":                     {"detector/...", "schemas", "topology"},
	"replay/report":              {},
	"schemas":                    {},
	"schemas/gen":                {},
	"topology":                   {"schemas"},
	"topology/gen":               {"topology"},
	"topology/kafka":             {"topology", "schemas"},
	"topology/kafka/apache":      {},
	"topology/kafka/kafkatest":   {"topology", "topology/kafka", "topology/kafka/apache"},
	"internal/browsertest":       {},
	"internal/catalogue":         {},
	"internal/clocks":            {},
	"internal/lab":               {"ingest/...", "detector/...", "notifier/...", "console", "replay", "schemas", "topology", "internal/catalogue"},
	"internal/lab/peer":          {},
	"internal/walls":             {},
	"internal/venv":              {},
	"deploy":                     {},
	"deploy/grafana/gen":         {},
	"deploy/release":             {},
	"deploy/kubernetes":          {},
	"deploy/image":               {},
	"docs":                       {},
}

// inTests are the further imports that a room's tests may have.
var inTests = map[string][]string{
	"ingest":            {"internal/lab", "internal/lab/peer"},
	"ingest/feature":    {"ingest/feature/featuretest"},
	"console":           {"internal/browsertest"},
	"deploy/kubernetes": {"internal/venv"},
	"detector":          {"internal/lab"},
	"replay":            {"topology/kafka", "topology/kafka/kafkatest", "internal/lab", "internal/venv"},
	"schemas":           {"internal/venv"},
	"topology/kafka":    {"topology/kafka/kafkatest"},
}

// keepers are the only rooms that name a library, tests included.
var keepers = map[string][]string{
	"C":                                {"ingest/..."},
	"github.com/asticode/go-astiav":    {"ingest/source"},
	"gocv.io/x/gocv":                   {"ingest/feature"},
	"github.com/twmb/franz-go":         {"topology/kafka/..."},
	"github.com/segmentio/kafka-go":    {"replay"},
	"github.com/twmb/avro":             {"schemas"},
	"github.com/linkedin/goavro/v2":    {"schemas"},
	"github.com/minio/minio-go/v7":     {"ingest/evidence"},
	"github.com/parquet-go/parquet-go": {"replay"},
}

// listed is what go list tells of a package.
type listed struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func TestImportsGoDownOnly(t *testing.T) {
	packages := list(t)
	for _, p := range packages {
		room, inHouse := strings.CutPrefix(p.ImportPath, module)
		if !inHouse {
			t.Errorf("%s is not in the house", p.ImportPath)
			continue
		}
		tests := slices.Concat(p.TestImports, p.XTestImports)
		for _, library := range slices.Concat(p.Imports, tests) {
			checkLibrary(t, room, library)
		}
		if strings.HasPrefix(room, "cmd/") {
			continue
		}
		allowed, known := rooms[room]
		if !known {
			t.Errorf("%s: the room has no row in the table", room)
		}
		check(t, room, p.Imports, allowed)
		check(t, room+" (tests)", tests, slices.Concat(allowed, inTests[room], []string{room}))
	}
	if len(packages) < 15 {
		t.Errorf("go list found %d packages: is it listing the house?", len(packages))
	}
}

// check reports each import of the house that is not allowed.
func check(t *testing.T, who string, imports, allowed []string) {
	for _, i := range imports {
		if target, ours := strings.CutPrefix(i, module); ours && !within(target, allowed) {
			t.Errorf("%s imports %s; it may import %v", who, target, allowed)
		}
	}
}

// checkLibrary reports a library that has keepers, when room is none of them.
func checkLibrary(t *testing.T, room, library string) {
	for name, keepers := range keepers {
		if (library == name || strings.HasPrefix(library, name+"/")) && !within(room, keepers) {
			t.Errorf("%s imports %s; only %v may", room, library, keepers)
		}
	}
}

func within(name string, allowed []string) bool {
	return slices.ContainsFunc(allowed, func(a string) bool {
		below, all := strings.CutSuffix(a, "/...")
		return name == a || all && (name == below || strings.HasPrefix(name, below+"/"))
	})
}

// list is every package of the house. Examples of use stand outside the walls.
func list(t *testing.T) []listed {
	command := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	command.Dir = "../.."
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	var all []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := decoder.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(p.ImportPath, module+"deploy/examples/") {
			all = append(all, p)
		}
	}
	return all
}
