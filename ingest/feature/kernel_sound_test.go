package feature_test

import (
	"encoding/json"
	"hash/fnv"
	"runtime"
	"testing"
)

// The kernels for AVX2 and for any processor (-tags plain) give the same records to the last bit: of both, this is the hash. Processors
// that multiply and add in one step round otherwise.
func TestSoundKernelsAgree(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the hash is of amd64")
	}
	const want = 0x10b287e2bf7590d3
	sum := fnv.New64a()
	for _, rate := range []int{8000, 11025, 32000, 44100, 48000, 96000, 192000} {
		sound := hiss(rate)
		for i := range sound {
			if i%3000 < 1000 {
				sound[i] *= float32(i%1000) / 250 // up to twice full scale
			}
		}
		other := tone(rate, 997, stretch{1, []float64{-3}})[0]
		// A second, and lengths that are no multiple of what fits a register, from places that are none either.
		for _, part := range [][2]int{{0, rate}, {0, 1}, {1, 8}, {3, 66}, {5, rate/10 + 4}, {7, rate/10 + 20}, {11, rate / 3}} {
			got, _ := blocks(rate, 1024, sound[part[0]:part[1]], other[part[0]:part[1]])
			if err := json.NewEncoder(sum).Encode(got); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := sum.Sum64(); got != want {
		t.Errorf("the hash of the records is %#x, want %#x", got, uint64(want))
	}
}
