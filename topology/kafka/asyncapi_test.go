package kafka_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// What the AsyncAPI document says of the topics' settings is what a cluster has once they are applied.
func TestAppliedTopicsAreAsTheDocumentSays(t *testing.T) {
	var document struct {
		Channels map[string]struct {
			Address  string
			Bindings struct {
				Kafka struct {
					Configuration map[string]any `yaml:"topicConfiguration"`
				}
			}
		}
	}
	if err := yaml.Unmarshal([]byte(topology.AsyncAPI()), &document); err != nil {
		t.Fatal(err)
	}
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		config := configFor(brokers)
		laidOut(t, config)
		_, admin := raw(t, brokers)
		for name, channel := range document.Channels {
			topic := config.Prefix + strings.TrimPrefix(channel.Address, "framewatch.")
			described, err := admin.DescribeTopicConfigs(within(t), topic)
			if err != nil || len(described) != 1 || described[0].Err != nil {
				t.Fatalf("%s: %v %+v", topic, err, described)
			}
			for key, want := range channel.Bindings.Kafka.Configuration {
				got := "nothing"
				if i := slices.IndexFunc(described[0].Configs, func(c kadm.Config) bool { return c.Key == key }); i >= 0 {
					got = described[0].Configs[i].MaybeValue()
				}
				if !slices.Equal(words(got), words(want)) {
					t.Errorf("%s: the document has %s=%v, the cluster %s", name, key, want, got)
				}
			}
		}
		if len(document.Channels) < 5 {
			t.Errorf("the document has %d channels", len(document.Channels))
		}
	})
}

// words of a setting, whether it is a list, a number or text.
func words(value any) []string {
	return strings.FieldsFunc(fmt.Sprint(value), func(r rune) bool { return strings.ContainsRune("[], ", r) })
}
