package topology

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/schemas"
)

// prefix of the topics' names where the configuration has no other.
const prefix = "framewatch."

const (
	// kafkaBinding is the version of AsyncAPI's binding.
	kafkaBinding = "0.5.0"
	// avroFormat is how AsyncAPI names an Avro schema; version 1.9.0 is the one that it knows.
	avroFormat = "application/vnd.apache.avro;version=1.9.0"
)

const contractDescription = "What Framewatch tells others over Kafka. Made from the topics and schemas of the program (`go generate ./schemas`).\n\n" +
	"**Values** are Avro in Confluent's wire format: a zero byte, the schema's id as four bytes, high byte first, and Avro's binary encoding by that " +
	"schema. Read each value by the schema of its own id, since older records stay as they were written. The ids are those of the Schema Registry that " +
	"is configured (subjects by `TopicNameStrategy`). Without one they are 0x7F000000 and the first 24 bits of the SHA-256 of the schema's parsing " +
	"canonical form, and the console serves the reading side of the Schema Registry API: `GET /schemas/ids/{id}`.\n\n" +
	"**Readers** set `isolation.level=read_committed`. Examples in Go, Python and Java stand in `deploy/examples`.\n\n" +
	"**Versions**: fields are added, with a default; none is renamed, retyped or reused. `x-compatibility` is what the registry enforces; the minor " +
	"version of this document counts the versions of DefectEvent.\n\n" +
	"**Names** have the prefix `framewatch.` unless the configuration (`kafka.prefix`) says otherwise."

// AsyncAPI is the contract for others as an AsyncAPI 3.0 document in YAML: the topics that promise something.
func AsyncAPI() string {
	channels, operations, values := object{}, object{}, object{}
	for _, s := range Topics() {
		if s.Promise == "" {
			continue
		}
		channels = append(channels, member{s.Name, channel(s)})
		operations = append(operations, member{"send." + s.Name, object{
			{"action", "send"}, {"channel", ref("channels", s.Name)}, {"summary", s.Doc},
			{"messages", []any{ref("channels", s.Name, "messages", s.Type)}},
		}})
		if !values.has(s.Type) {
			values = append(values, member{s.Type, object{{"schemaFormat", avroFormat}, {"schema", literal(s.Schema)}}})
		}
	}
	return printed(object{
		{"asyncapi", "3.0.0"},
		{"info", object{{"title", "Framewatch"}, {"version", contractVersion()}, {"description", contractDescription}}},
		{"defaultContentType", avroContent},
		{"servers", object{{"kafka", server()}}},
		{"channels", channels},
		{"operations", operations},
		{"components", object{{"schemas", values}}},
	})
}

// contractVersion grows with each published version of what a defect's event holds. The major version is that in the events' type.
func contractVersion() string {
	return fmt.Sprintf("1.%d.0", len(schemas.Versions(Defects.Schema))-1)
}

func server() object {
	return object{
		{"host", "{broker}"}, {"protocol", "kafka"},
		{"description", "The cluster that Framewatch writes to, with the encryption and authentication that it asks for."},
		{"variables", object{{"broker", object{{"default", "localhost:9092"}, {"description", "Any broker, host:port. Without a cluster of its own, `framewatch run` has one at 127.0.0.1:9392."}}}}},
		{"bindings", object{{"kafka", object{
			{"schemaRegistryUrl", "http://localhost:8080"}, {"schemaRegistryVendor", "confluent"}, {"bindingVersion", kafkaBinding},
		}}}},
	}
}

func channel(s *Spec) object {
	var policies []string
	settings := object{}
	if s.Compact {
		policies = append(policies, "compact")
	}
	if s.Delete {
		policies = append(policies, "delete")
		settings = append(settings, member{"retention.ms", s.Retention.Milliseconds()})
	}
	settings = append(object{{"cleanup.policy", policies}}, settings...)
	return object{
		{"address", prefix + s.Name}, {"summary", s.Doc}, {"description", s.Promise},
		{"messages", object{{s.Type, message(s)}}},
		{"bindings", object{{"kafka", object{{"topic", prefix + s.Name}, {"topicConfiguration", settings}, {"bindingVersion", kafkaBinding}}}}},
		{"x-compatibility", s.Compatibility},
	}
}

func message(s *Spec) object {
	m := object{{"name", s.Type}, {"contentType", avroContent}}
	if len(s.Headers) > 0 {
		m = append(m, member{"headers", headers(s.Headers)})
	}
	return append(m, object{
		{"payload", ref("components", "schemas", s.Type)},
		{"bindings", object{{"kafka", object{
			{"key", object{{"type", "string"}, {"description", s.Key + ", UTF-8."}}},
			{"schemaIdLocation", "payload"}, {"schemaIdPayloadEncoding", "confluent"}, {"schemaLookupStrategy", "TopicNameStrategy"},
			{"bindingVersion", kafkaBinding},
		}}}},
	}...)
}

func headers(list []Header) object {
	var names []string
	properties := object{}
	for _, h := range list {
		names = append(names, h.Name)
		p := object{{"type", "string"}, {"description", h.Doc}}
		if len(h.Values) > 0 {
			p = append(p, member{"enum", h.Values})
		}
		if h.Format != "" {
			p = append(p, member{"format", h.Format})
		}
		properties = append(properties, member{h.Name, p})
	}
	return object{{"type", "object"}, {"required", names}, {"properties", properties}}
}

// object is a YAML mapping that keeps its order.
type object []member

type member struct {
	name  string
	value any
}

func (o object) has(name string) bool {
	for _, m := range o {
		if m.name == name {
			return true
		}
	}
	return false
}

// MarshalYAML makes a node of it.
func (o object) MarshalYAML() (any, error) {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, m := range o {
		var name, value yaml.Node
		name.SetString(m.name)
		if err := value.Encode(m.value); err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		n.Content = append(n.Content, &name, &value)
	}
	return n, nil
}

// ref points at another part of the document.
func ref(path ...string) object {
	pointer := "#"
	for _, p := range path {
		pointer += "/" + p
	}
	return object{{"$ref", pointer}}
}

// literal is a JSON text as a node, in block style.
func literal(text string) *yaml.Node {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		panic(err) // the schemas are part of the program
	}
	return plain(document.Content[0])
}

// plain takes the JSON's brackets and quotes away, where YAML does not need them.
func plain(n *yaml.Node) *yaml.Node {
	n.Style = 0
	for _, child := range n.Content {
		plain(child)
	}
	return n
}

func printed(document object) string {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(document); err != nil {
		panic(err) // nothing in it comes from outside
	}
	return out.String()
}
