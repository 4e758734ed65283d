//go:build plain

// With this tag the tests judge the path that processors without AVX2 take.

package feature

// #cgo CFLAGS: -DFW_PLAIN
import "C"
