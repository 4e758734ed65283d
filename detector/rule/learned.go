package rule

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/framewatch/framewatch/detector/model"
	"github.com/framewatch/framewatch/internal/catalogue"
)

// Learned is a rule of which a model scores some part.
type Learned interface {
	Rule
	// ModelOf names the model that scores a part; empty: none does.
	ModelOf(part string) string
	// Use offers a model: a rule that has a part scored by one of its name takes it from the next record on. It begins with the shipped one.
	Use(m *model.Trees)
}

// Models are the features of the models that rules use, by the model's name. One version of each comes with the program, in the folder models.
var Models = map[string]model.Features{
	corruptionModel: DamageFeatures,
}

//go:embed models/*.json models/*.md
var shippedFiles embed.FS

// ReadModel makes a model of its file, for the rule that uses it. It is an error when no rule uses one of its name, or when it does not score the features
// that the rule has.
func ReadModel(data []byte) (*model.Trees, error) {
	f, err := model.Parse(data)
	if err != nil {
		return nil, err
	}
	features, known := Models[f.Name]
	if !known {
		return nil, fmt.Errorf("read model: no rule uses one called %q%s", f.Name, catalogue.Suggest(f.Name, slices.Sorted(maps.Keys(Models))))
	}
	return model.Read(data, features)
}

// ShippedFile is the file of the model of a name that comes with the program.
func ShippedFile(name string) []byte { return embedded(name + ".json") }

// ShippedCard is its model card, Markdown.
func ShippedCard(name string) string { return string(embedded(name + ".md")) }

func embedded(file string) []byte {
	data, err := shippedFiles.ReadFile("models/" + file)
	if err != nil {
		panic(err) // it is embedded
	}
	return data
}

// Shipped is the model of a name that comes with the program: it is in force unless a Setting names another version.
func Shipped(name string) *model.Trees { return shipped()[name] }

var shipped = sync.OnceValue(func() map[string]*model.Trees {
	all := map[string]*model.Trees{}
	for name := range Models {
		m, err := ReadModel(ShippedFile(name))
		if err != nil {
			panic(err) // a test reads each
		}
		all[name] = m
	}
	return all
})
