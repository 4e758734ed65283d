package kafka

import (
	"testing"

	"github.com/framewatch/framewatch/topology"
)

// Who asks for a producer under a transactional id fences who uses it, so what doctor asks for is nobody's.
func TestNoTransactionInUseIsAskedFor(t *testing.T) {
	names := []string{topology.Operator, topology.Shadow.Name}
	for _, s := range topology.Stages() {
		names = append(names, s.Name)
	}
	asked := 0
	for _, name := range names {
		for _, prefix := range []string{"framewatch.", "lab.", ""} {
			for _, g := range topology.Grants(name, prefix) {
				if g.Resource != topology.TransactionResource {
					continue
				}
				asked++
				if id := unused(g); id == g.Name {
					t.Errorf("%s under %q: doctor asks for %q, which is in use", name, prefix, id)
				}
			}
		}
	}
	if asked == 0 {
		t.Error("nobody is granted a transaction")
	}
}
