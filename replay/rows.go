package replay

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"github.com/framewatch/framewatch/schemas"
)

// rows is how the values of a topic become rows of tables, one for each kind of record.
type rows struct {
	kinds []kind
	// read is a value as a pointer to the struct of one of the kinds, valid until the next.
	read func(value []byte) (index int, row any, err error)
}

// kind is one kind of record.
type kind struct {
	name   string
	record reflect.Type
	// schema is the text of the schema that has the record.
	schema string
}

// typed are the topics' values by the name of their schema.
var typed = map[string]func(*schemas.Contract) rows{
	"Feature":       features,
	"StreamSpec":    only(schemas.StreamSpecs),
	"Health":        only(schemas.Healths),
	"DefectEvent":   only(schemas.DefectEvents),
	"Evidence":      only(schemas.Evidences),
	"Verdict":       only(schemas.Verdicts),
	"Profile":       only(schemas.Profiles),
	"Model":         only(schemas.Models),
	"Notification":  only(schemas.Notifications),
	"NotifierState": only(schemas.NotifierStates),
	"Audit":         only(schemas.Audits),
	"DeadLetter":    only(schemas.DeadLetters),
	"WriterSchema":  only(schemas.WriterSchemas),
}

// features has a kind for each field of a Feature.
func features(c *schemas.Contract) rows {
	reader, union := schemas.NewReader(c, schemas.Features), reflect.TypeFor[schemas.Feature]()
	var kinds []kind
	for i := range union.NumField() {
		name, _, _ := strings.Cut(union.Field(i).Tag.Get("json"), ",")
		kinds = append(kinds, kind{name, union.Field(i).Type.Elem(), schemas.Features.Text()})
	}
	return rows{kinds, func(value []byte) (int, any, error) {
		f, err := reader.Read(value)
		if err != nil {
			return 0, nil, err
		}
		for i, v := 0, reflect.ValueOf(f).Elem(); i < v.NumField(); i++ {
			if !v.Field(i).IsNil() {
				return i, v.Field(i).Interface(), nil
			}
		}
		return 0, nil, fmt.Errorf("the feature is empty")
	}}
}

// only is a topic of one kind of record.
func only[T any](s *schemas.Schema[T]) func(*schemas.Contract) rows {
	return func(c *schemas.Contract) rows {
		reader := schemas.NewReader(c, s)
		return rows{[]kind{{snake(s.Name), reflect.TypeFor[T](), s.Text()}}, func(value []byte) (int, any, error) {
			row, err := reader.Read(value)
			return 0, row, err
		}}
	}
}

// snake writes DefectEvent as defect_event.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
