package replay

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/parquet-go/parquet-go"
)

// cursor is the values of one row, column by column in the order of a shape, and how many of each have been read.
type cursor struct {
	columns [][]parquet.Value
	at      []int
}

// errColumn is of a row in which a value is missing that every record has.
var errColumn = errors.New("a value is missing that every record has")

// level is how deeply the next value of a column is defined.
func (c *cursor) level(column int) int {
	if c.at[column] >= len(c.columns[column]) {
		return 0
	}
	return c.columns[column][c.at[column]].DefinitionLevel()
}

// repeats tells whether the next value of a column is of one more element of a list at that level.
func (c *cursor) repeats(column, level int) bool {
	return c.at[column] < len(c.columns[column]) && c.columns[column][c.at[column]].RepetitionLevel() == level
}

// pass passes over the one null of each of the columns from one on up to another.
func (c *cursor) pass(from, to int) {
	for column := from; column < to; column++ {
		c.at[column]++
	}
}

// gather puts a value together of its columns: it undoes a shred.
type gather func(c *cursor, v reflect.Value) error

// gathering makes what gathers from the columns that a shape makes of the same types.
type gathering struct{ leaves int }

func (g *gathering) record(t reflect.Type, optional bool) gather {
	fields := make([]gather, t.NumField())
	for i := range fields {
		fields[i] = g.field(t.Field(i).Type, optional)
	}
	return gatherEach(fields)
}

func gatherEach(fields []gather) gather {
	return func(c *cursor, v reflect.Value) error {
		for i, field := range fields {
			if err := field(c, v.Field(i)); err != nil {
				return err
			}
		}
		return nil
	}
}

// field undoes shape.field. A record is there when any of its columns is: each has a field that it cannot be without.
func (g *gathering) field(t reflect.Type, optional bool) gather {
	from := g.leaves
	switch {
	case t.Kind() == reflect.Pointer:
		present := g.field(t.Elem(), true)
		to := g.leaves
		return func(c *cursor, v reflect.Value) error {
			there := false
			for column := from; column < to; column++ {
				there = there || c.level(column) > 0
			}
			if !there {
				c.pass(from, to)
				return nil
			}
			v.Set(reflect.New(t.Elem()))
			return present(c, v.Elem())
		}
	case t.Kind() == reflect.Struct:
		return g.record(t, optional)
	case optional:
		return g.value(t, 0, 1)
	}
	return g.value(t, 0, 0)
}

// value undoes shape.value.
func (g *gathering) value(t reflect.Type, repetition, definition int) gather {
	from := g.leaves
	switch {
	case t.Kind() == reflect.Pointer:
		present := g.value(t.Elem(), repetition, definition+1)
		to := g.leaves
		return func(c *cursor, v reflect.Value) error {
			if c.level(from) <= definition {
				c.pass(from, to)
				return nil
			}
			v.Set(reflect.New(t.Elem()))
			return present(c, v.Elem())
		}
	case t.Kind() == reflect.Struct:
		fields := make([]gather, t.NumField())
		for i := range fields {
			fields[i] = g.value(t.Field(i).Type, repetition, definition)
		}
		return gatherEach(fields)
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		element := g.value(t.Elem(), repetition+1, definition+1)
		return g.several(from, repetition, definition, func(c *cursor, v reflect.Value) error {
			one := reflect.New(t.Elem()).Elem()
			err := element(c, one)
			v.Set(reflect.Append(v, one))
			return err
		})
	case t.Kind() == reflect.Map:
		key, element := g.leaf(definition+1), g.value(t.Elem(), repetition+1, definition+1)
		return g.several(from, repetition, definition, func(c *cursor, v reflect.Value) error {
			name, one := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
			err := errors.Join(key(c, name), element(c, one))
			v.SetMapIndex(name, one)
			return err
		})
	}
	return g.leaf(definition)
}

// several gathers the elements of a list or a map.
func (g *gathering) several(from, repetition, definition int, one gather) gather {
	to := g.leaves
	return func(c *cursor, v reflect.Value) error {
		if v.Kind() == reflect.Slice {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0)) // one that is nil is written as none
		} else {
			v.Set(reflect.MakeMap(v.Type()))
		}
		if c.level(from) <= definition {
			c.pass(from, to)
			return nil
		}
		for {
			if err := one(c, v); err != nil || !c.repeats(from, repetition+1) {
				return err
			}
		}
	}
}

// leaf reads one value of a column, which is there.
func (g *gathering) leaf(definition int) gather {
	column := g.leaves
	g.leaves++
	return func(c *cursor, v reflect.Value) error {
		if c.at[column] >= len(c.columns[column]) {
			return errColumn
		}
		value := c.columns[column][c.at[column]]
		c.at[column]++
		if value.IsNull() || value.DefinitionLevel() != definition {
			return errColumn
		}
		return set(v, value)
	}
}

// set undoes leaf.
func set(v reflect.Value, value parquet.Value) error {
	switch kind := value.Kind(); {
	case v.Kind() == reflect.Bool && kind == parquet.Boolean:
		v.SetBool(value.Boolean())
	case v.Kind() == reflect.Int32 && kind == parquet.Int32:
		v.SetInt(int64(value.Int32()))
	case v.Kind() == reflect.Int64 && kind == parquet.Int64:
		v.SetInt(value.Int64())
	case v.Kind() == reflect.Float32 && kind == parquet.Float:
		v.SetFloat(float64(value.Float()))
	case v.Kind() == reflect.Float64 && kind == parquet.Double:
		v.SetFloat(value.Double())
	case v.Kind() == reflect.String && kind == parquet.ByteArray:
		v.SetString(string(value.ByteArray()))
	case v.Kind() == reflect.Slice && kind == parquet.ByteArray:
		v.SetBytes(append([]byte{}, value.ByteArray()...))
	case v.Kind() == reflect.Array && kind == parquet.FixedLenByteArray && len(value.ByteArray()) == v.Len():
		reflect.Copy(v, reflect.ValueOf(value.ByteArray()))
	default:
		return fmt.Errorf("a %v is no %v", kind, v.Type())
	}
	return nil
}
