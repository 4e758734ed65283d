package schemas

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"
)

// Plain reads one value in Confluent's wire format into what people read and ask about: the name of its record, and its fields as they are called in the
// schema, without the names of the branches of unions, which goavro's native form and Avro's JSON encoding have. Bytes are hexadecimal digits, and figures
// that are infinite or no number are texts, so that it can be written as JSON.
func (g *Generic) Plain(src []byte) (record string, value any, err error) {
	id, err := WireID(src)
	if err != nil {
		return "", nil, err
	}
	native, _, err := g.decode(src)
	if err != nil {
		return "", nil, err
	}
	s, err := g.shape(id)
	if err != nil {
		return "", nil, err
	}
	record, value = s.plain(native)
	return record, value, nil
}

// shapes are those of schemas by id, as far as they were needed.
type shapes struct {
	mu sync.Mutex
	by map[uint32]*shape
}

// shape finds or makes the shape of the schema behind id.
func (g *Generic) shape(id uint32) (*shape, error) {
	g.shapes.mu.Lock()
	defer g.shapes.mu.Unlock()
	if s := g.shapes.by[id]; s != nil {
		return s, nil
	}
	text, ok := g.contract.Text(id)
	if !ok {
		return nil, fmt.Errorf("decode: schema id %d is unknown", id)
	}
	var parsed any
	if err := json.Unmarshal([]byte(text), &parsed); err != nil {
		return nil, fmt.Errorf("decode: read schema id %d: %w", id, err)
	}
	s := shapeOf(parsed, "", map[string]*shape{})
	if g.shapes.by == nil {
		g.shapes.by = map[uint32]*shape{}
	}
	g.shapes.by[id] = s
	return s, nil
}

// shape is what a walk along a native value needs of its schema.
type shape struct {
	// name of a record, an enum or fixed bytes, with its namespace; else of the type.
	name string
	// branches of a union by name, fields of a record by name, items of an array or map.
	branches, fields map[string]*shape
	items            *shape
}

// shapeOf reads a schema; named are the types seen so far, which others may name.
func shapeOf(schema any, namespace string, named map[string]*shape) *shape {
	switch v := schema.(type) {
	case string:
		if s := named[qualified(v, namespace)]; s != nil {
			return s
		}
		return &shape{name: v}
	case []any:
		s := &shape{branches: map[string]*shape{}}
		for _, branch := range v {
			b := shapeOf(branch, namespace, named)
			s.branches[b.name] = b
		}
		return s
	case map[string]any:
		return shapeOfObject(v, namespace, named)
	}
	return &shape{}
}

func shapeOfObject(v map[string]any, namespace string, named map[string]*shape) *shape {
	kind, isText := v["type"].(string)
	if !isText {
		return shapeOf(v["type"], namespace, named)
	}
	s := &shape{name: kind}
	if own, ok := v["namespace"].(string); ok {
		namespace = own
	}
	switch kind {
	case "array":
		s.items = shapeOf(v["items"], namespace, named)
	case "map":
		s.items = shapeOf(v["values"], namespace, named)
	case "record", "enum", "fixed":
		name, _ := v["name"].(string)
		s.name = qualified(name, namespace)
		named[s.name] = s
		fields, _ := v["fields"].([]any)
		for _, f := range fields {
			if field, ok := f.(map[string]any); ok {
				if s.fields == nil {
					s.fields = map[string]*shape{}
				}
				name, _ := field["name"].(string)
				s.fields[name] = shapeOf(field["type"], namespace, named)
			}
		}
	}
	return s
}

func qualified(name, namespace string) string {
	if namespace == "" || strings.Contains(name, ".") {
		return name
	}
	return namespace + "." + name
}

// plain is a native value without the names of branches, and the record's name where it is one.
func (s *shape) plain(native any) (record string, value any) {
	if s == nil {
		return "", native
	}
	switch v := native.(type) {
	case float32:
		return s.plain(float64(v))
	case float64:
		if !isFinite(v) {
			return "", fmt.Sprint(v) // JSON has no such number
		}
	case []byte:
		return "", hex.EncodeToString(v)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			_, list[i] = s.items.plain(v[i])
		}
		return "", list
	case map[string]any:
		if s.branches != nil {
			for name, inner := range maps.All(v) {
				return s.branches[name].plain(inner)
			}
		}
		fields := make(map[string]any, len(v))
		for name, inner := range v {
			of := s.items
			if s.fields != nil {
				of = s.fields[name]
			}
			_, fields[name] = of.plain(inner)
		}
		if s.fields == nil {
			return "", fields
		}
		return s.name[strings.LastIndexByte(s.name, '.')+1:], fields
	}
	return "", native
}
