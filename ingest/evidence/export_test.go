package evidence

// What the tests of this room look at from outside it.
var (
	Filmstrip = filmstrip
	OpenS3    = openS3
)

// Around are the pictures for a filmstrip.
func (s *Pictures) Around(stream string, onset, to int64) []Picture {
	return s.around(stream, onset, to)
}

// Surplus is what an archive would drop, with its partition.
var Surplus = (*Archive).surplus
