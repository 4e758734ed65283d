package replay

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// described is what a record's Avro schema says of its columns.
type described struct {
	// docs by column, and by group of columns.
	docs map[string]string
	// columns are the names in the schema's order.
	columns []string
}

// describe reads the schema of a record out of a schema's text: its own, or one of a union.
func describe(text, record string) (described, error) {
	d := described{docs: map[string]string{}}
	var root json.RawMessage = []byte(text)
	for _, member := range members(root) {
		if object, ok := parsed(member); ok && object.Name == record {
			d.record("", object)
			return d, nil
		}
	}
	return d, fmt.Errorf("the schema has no record %s", record)
}

// avroType is a record or another type that has parts.
type avroType struct {
	Type   any    `json:"type"`
	Name   string `json:"name"`
	Doc    string `json:"doc"`
	Fields []struct {
		Name string          `json:"name"`
		Doc  string          `json:"doc"`
		Type json.RawMessage `json:"type"`
	} `json:"fields"`
}

// members are those of a union, or the type itself.
func members(text json.RawMessage) []json.RawMessage {
	var union []json.RawMessage
	if json.Unmarshal(text, &union) != nil {
		return []json.RawMessage{text}
	}
	return union
}

// parsed is a type that is an object.
func parsed(text json.RawMessage) (t avroType, ok bool) {
	return t, json.Unmarshal(text, &t) == nil
}

func (d *described) record(prefix string, t avroType) {
	for _, field := range t.Fields {
		name, group := prefix+field.Name, false
		d.docs[name] = field.Doc
		for _, member := range members(field.Type) {
			if object, ok := parsed(member); ok && object.Type == "record" {
				group = true
				if field.Doc == "" {
					d.docs[name] = object.Doc
				}
				d.record(name+"_", object)
			}
		}
		if !group {
			d.columns = append(d.columns, name)
		}
	}
}

// text is the docs as JSON, in order of name.
func (d described) text() (string, error) {
	maps.DeleteFunc(d.docs, func(_, doc string) bool { return doc == "" })
	text, err := json.Marshal(d.docs)
	return string(text), err
}

// compare is an error when there is a column that the schema does not have, or the other way round.
func (d described) compare(columns []string) error {
	for _, name := range d.columns {
		if !slices.Contains(columns, name) {
			return fmt.Errorf("the field %s has no column", name)
		}
	}
	for _, name := range columns {
		if !slices.Contains(d.columns, name) {
			return fmt.Errorf("the column %s is no field", name)
		}
	}
	return nil
}
