package schemas

import "sync"

// ReadHistory lets tests publish versions of their own.
var ReadHistory = readHistory

var byLibrary sync.Map

// ByLibrary decodes a value of s, without its header, by the library alone.
func ByLibrary[T any](s *Schema[T], src []byte) (*T, []byte, error) {
	decode, ok := byLibrary.Load(s)
	if !ok {
		made, err := s.resolve(s.parsed)
		if err != nil {
			return nil, nil, err
		}
		decode, _ = byLibrary.LoadOrStore(s, made)
	}
	return decode.(decoder[T])(src)
}
