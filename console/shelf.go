package console

// shelf keeps the last so many things by key; the one that was put there first makes room. A key that was taken is not put there again.
type shelf[V any] struct {
	limit int
	by    map[string]V
	order []string
}

func newShelf[V any](limit int) *shelf[V] { return &shelf[V]{limit: limit, by: map[string]V{}} }

func (s *shelf[V]) put(key string, v V) {
	if _, had := s.by[key]; !had {
		s.order = append(s.order, key)
	}
	s.by[key] = v
	for len(s.by) > s.limit || len(s.order) > 2*s.limit {
		delete(s.by, s.order[0])
		s.order = s.order[1:]
	}
}

// take is what stands under key, which no longer does.
func (s *shelf[V]) take(key string) (v V, ok bool) {
	v, ok = s.by[key]
	delete(s.by, key)
	return v, ok
}
