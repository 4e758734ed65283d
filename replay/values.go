package replay

import (
	"context"

	"github.com/framewatch/framewatch/schemas"
)

// Values hands the values of a range of a topic to handle, as Read does the records. Tombstones and what cannot be read are passed over: who
// wanted them in time has set them aside. The value is handle's to keep.
func Values[T any](ctx context.Context, s Source, r Range, c *schemas.Contract, schema *schemas.Schema[T], handle func(Record, *T) error) error {
	return Read(ctx, s, r, func(record Record) error {
		v := new(T)
		if record.Value == nil || schemas.Decode(c, schema, record.Value, v) != nil {
			return nil
		}
		return handle(record, v)
	})
}
