package replay_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// filler fills records with values that differ, leaving some of what may be left out.
type filler struct {
	*rand.Rand
	count int
}

func (f *filler) fill(v reflect.Value) {
	f.count++
	switch v.Kind() {
	case reflect.Pointer:
		if f.IntN(4) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			f.fill(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f.fill(v.Field(i))
		}
	case reflect.Slice:
		n := f.IntN(4)
		if v.Type().Elem().Kind() == reflect.Uint8 {
			n *= 4 // some are float32s
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for i := range f.IntN(4) {
			value := reflect.New(v.Type().Elem()).Elem()
			f.fill(value)
			v.SetMapIndex(reflect.ValueOf(fmt.Sprintf("key %d", i)), value)
		}
	case reflect.String:
		v.SetString(fmt.Sprintf("té\"xt\\ %d", f.count))
	case reflect.Bool:
		v.SetBool(f.IntN(2) == 0)
	case reflect.Uint8:
		v.SetUint(f.Uint64N(0x7f)) // no float32 of these is infinite
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(f.count) / 8)
	case reflect.Int64:
		v.SetInt(f.Int64() - 1<<62)
	case reflect.Int32:
		v.SetInt(int64(f.count) - 100)
	default:
		panic(v.Type())
	}
}

// recorded is so many features of every kind in turn, each with other values; the same every time.
func recorded(n int) []topology.Message {
	f := &filler{Rand: rand.New(rand.NewPCG(1, 2))}
	var log []topology.Message
	for i := range n {
		feature := new(schemas.Feature)
		field := reflect.ValueOf(feature).Elem().Field(i % reflect.TypeFor[schemas.Feature]().NumField())
		field.Set(reflect.New(field.Type().Elem()))
		f.fill(field.Elem())
		key := fmt.Sprintf("stream/%d", i%3)
		if feature.Tick != nil || feature.Setting != nil {
			key = ""
		}
		log = append(log, topology.Features.Message(key, feature))
	}
	return log
}
