package replay

import (
	"bytes"
	"context"
	"fmt"

	"github.com/framewatch/framewatch/schemas"
)

// LastEvent reads the defects topic for the last event of a defect, and tells the partition that it stands in.
func LastEvent(ctx context.Context, defects Source, c *schemas.Contract, id string) (*schemas.DefectEvent, int32, error) {
	var last *schemas.DefectEvent
	var partition int32
	err := Read(ctx, defects, Range{}, func(r Record) error {
		if !bytes.Contains(r.Value, []byte(id)) {
			return nil
		}
		event := new(schemas.DefectEvent)
		if err := schemas.Decode(c, schemas.DefectEvents, r.Value, event); err != nil || event.ID != id || last != nil && event.Revision < last.Revision {
			return nil
		}
		last, partition = event, r.Partition
		return nil
	})
	if err == nil && last == nil {
		err = fmt.Errorf("the topic %s has no defect %s", defects.Topic, id)
	}
	return last, partition, err
}
