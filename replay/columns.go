package replay

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
)

// ordered is a group of Parquet whose fields stand in the order of the schema instead of the alphabet's.
type ordered struct {
	parquet.Group
	names []string
}

func newOrdered() *ordered { return &ordered{Group: parquet.Group{}} }

func (g *ordered) add(name string, node parquet.Node) {
	if g.Group[name] != nil {
		panic(fmt.Sprintf("replay: two columns are called %q", name))
	}
	g.Group[name], g.names = node, append(g.names, name)
}

func (g *ordered) Fields() []parquet.Field {
	fields := g.Group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int {
		return slices.Index(g.names, a.Name()) - slices.Index(g.names, b.Name())
	})
	return fields
}

// batch is the values of some rows, column by column.
type batch struct {
	values [][]parquet.Value
	// memory is where the values' bytes are kept.
	memory []byte
}

func (b *batch) put(column, repetition, definition int, v parquet.Value) {
	if repetition|definition != 0 {
		v = v.Level(repetition, definition, column)
	}
	b.values[column] = append(b.values[column], v)
}

// nulls puts one null into each of the columns from one on up to another.
func (b *batch) nulls(from, to, repetition, definition int) {
	for column := from; column < to; column++ {
		b.put(column, repetition, definition, parquet.Value{})
	}
}

// keep copies bytes that are gone with the next record.
func (b *batch) keep(bytes []byte) []byte {
	at := len(b.memory)
	b.memory = append(b.memory, bytes...)
	return b.memory[at:len(b.memory):len(b.memory)]
}

// text keeps a text; readers of Parquet refuse a whole file for one that is not UTF-8.
func (b *batch) text(s string) parquet.Value {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	at := len(b.memory)
	b.memory = append(b.memory, s...)
	return parquet.ByteArrayValue(b.memory[at:len(b.memory):len(b.memory)])
}

// clear makes room for the next rows.
func (b *batch) clear() {
	for i := range b.values {
		b.values[i] = b.values[i][:0]
	}
	b.memory = b.memory[:0]
}

// shred takes a value apart into a batch's columns (Dremel, Melnik et al. 2010), at a level of repetition.
type shred func(b *batch, v reflect.Value, repetition int)

// shape makes the columns of a generated struct. What is in a record is a column of its own, called after the record and the field; what is in a
// list or a map stays in it.
type shape struct {
	root   *ordered
	leaves int
}

// record makes columns of the fields of a struct, which may be absent when it is optional.
func (s *shape) record(prefix string, t reflect.Type, optional bool) shred {
	fields := make([]shred, t.NumField())
	for i := range fields {
		fields[i] = s.field(prefix+t.Field(i).Tag.Get("avro"), t.Field(i).Type, optional)
	}
	return each(fields)
}

func each(fields []shred) shred {
	return func(b *batch, v reflect.Value, repetition int) {
		for i, field := range fields {
			field(b, v.Field(i), repetition)
		}
	}
}

// field makes the columns of one field.
func (s *shape) field(name string, t reflect.Type, optional bool) shred {
	from := s.leaves
	switch {
	case t.Kind() == reflect.Pointer:
		present := s.field(name, t.Elem(), true)
		to := s.leaves
		return func(b *batch, v reflect.Value, repetition int) {
			if v.IsNil() {
				b.nulls(from, to, repetition, 0)
				return
			}
			present(b, v.Elem(), repetition)
		}
	case t.Kind() == reflect.Struct:
		return s.record(name+"_", t, optional)
	case optional:
		node, present := s.value(t, 0, 1)
		s.root.add(name, parquet.Optional(node))
		return present
	}
	node, present := s.value(t, 0, 0)
	s.root.add(name, node)
	return present
}

// value makes a node for a value that is there, at levels of repetition and definition.
func (s *shape) value(t reflect.Type, repetition, definition int) (parquet.Node, shred) {
	from := s.leaves
	switch t.Kind() {
	case reflect.Pointer:
		node, present := s.value(t.Elem(), repetition, definition+1)
		to := s.leaves
		return parquet.Optional(node), func(b *batch, v reflect.Value, r int) {
			if v.IsNil() {
				b.nulls(from, to, r, definition)
				return
			}
			present(b, v.Elem(), r)
		}
	case reflect.Struct:
		group, fields := newOrdered(), make([]shred, t.NumField())
		for i := range fields {
			var node parquet.Node
			node, fields[i] = s.value(t.Field(i).Type, repetition, definition)
			group.add(t.Field(i).Tag.Get("avro"), node)
		}
		return group, each(fields)
	case reflect.Slice:
		if t.Elem().Kind() != reflect.Uint8 {
			return s.list(t, repetition, definition)
		}
	case reflect.Map:
		return s.mapping(t, repetition, definition)
	}
	return s.leaf(t, definition)
}

func (s *shape) list(t reflect.Type, repetition, definition int) (parquet.Node, shred) {
	from := s.leaves
	node, element := s.value(t.Elem(), repetition+1, definition+1)
	to := s.leaves
	return parquet.List(node), func(b *batch, v reflect.Value, r int) {
		if v.Len() == 0 {
			b.nulls(from, to, r, definition)
		}
		for i := range v.Len() {
			element(b, v.Index(i), r)
			r = repetition + 1
		}
	}
}

// mapping writes entries in order of their keys: a Go map has none.
func (s *shape) mapping(t reflect.Type, repetition, definition int) (parquet.Node, shred) {
	from := s.leaves
	key, putKey := s.leaf(t.Key(), definition+1)
	node, putValue := s.value(t.Elem(), repetition+1, definition+1)
	to := s.leaves
	return parquet.Map(key, node), func(b *batch, v reflect.Value, r int) {
		if v.Len() == 0 {
			b.nulls(from, to, r, definition)
		}
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, key := range keys {
			putKey(b, key, r)
			putValue(b, v.MapIndex(key), r)
			r = repetition + 1
		}
	}
}

// leaf makes a column.
func (s *shape) leaf(t reflect.Type, definition int) (parquet.Node, shred) {
	column := s.leaves
	s.leaves++
	node, read := leaf(t)
	return node, func(b *batch, v reflect.Value, repetition int) { b.put(column, repetition, definition, read(b, v)) }
}

// leaf is the column's type and how a value is read.
func leaf(t reflect.Type) (parquet.Node, func(b *batch, v reflect.Value) parquet.Value) {
	switch t.Kind() {
	case reflect.Bool:
		return parquet.Leaf(parquet.BooleanType), func(_ *batch, v reflect.Value) parquet.Value { return parquet.BooleanValue(v.Bool()) }
	case reflect.Int32:
		return parquet.Encoded(parquet.Leaf(parquet.Int32Type), &parquet.DeltaBinaryPacked), func(_ *batch, v reflect.Value) parquet.Value { return parquet.Int32Value(int32(v.Int())) }
	case reflect.Int64:
		return parquet.Encoded(parquet.Leaf(parquet.Int64Type), &parquet.DeltaBinaryPacked), func(_ *batch, v reflect.Value) parquet.Value { return parquet.Int64Value(v.Int()) }
	case reflect.Float32:
		return parquet.Leaf(parquet.FloatType), func(_ *batch, v reflect.Value) parquet.Value { return parquet.FloatValue(float32(v.Float())) }
	case reflect.Float64:
		return parquet.Leaf(parquet.DoubleType), func(_ *batch, v reflect.Value) parquet.Value { return parquet.DoubleValue(v.Float()) }
	case reflect.String:
		return parquet.Encoded(parquet.String(), &parquet.RLEDictionary), func(b *batch, v reflect.Value) parquet.Value { return b.text(v.String()) }
	case reflect.Slice:
		return parquet.Leaf(parquet.ByteArrayType), func(b *batch, v reflect.Value) parquet.Value { return parquet.ByteArrayValue(b.keep(v.Bytes())) }
	case reflect.Array:
		return parquet.Leaf(parquet.FixedLenByteArrayType(t.Len())), func(b *batch, v reflect.Value) parquet.Value {
			return parquet.FixedLenByteArrayValue(b.keep(v.Bytes()))
		}
	}
	panic(fmt.Sprintf("replay: no column holds a %s", t)) // a new type of the schemas' generator
}
