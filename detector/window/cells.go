package window

import (
	"encoding/binary"
	"iter"
	"math/bits"
)

// Cells is the number of cells of VideoFrame's grid.
const Cells = 144

// CellSet is a set of cells of VideoFrame's grid: bit i%64 of word i/64 is cell i.
type CellSet [3]uint64

// ones has the lowest bit of each of the eight bytes of a word.
const ones = 0x0101010101010101

// CellsOf are the cells of which in is true.
func CellsOf(in func(i int) bool) (s CellSet) {
	for i := range Cells {
		if in(i) {
			s[i/64] |= 1 << (i % 64)
		}
	}
	return s
}

// CellsFrom are the cells whose figure is n or more.
func CellsFrom(figures *[Cells]byte, n int) (s CellSet) {
	switch {
	case n <= 0:
		return CellsOf(func(int) bool { return true })
	case n > 255:
		return s
	}
	least := leastByte(n)
	for k := range Cells / 8 {
		// The product brings bit 8i to bit 56+i.
		s[k/8] |= least.reach(binary.LittleEndian.Uint64(figures[8*k:])) * 0x0102040810204080 >> 56 << (k % 8 * 8)
	}
	return s
}

// reaching finds the bytes of a word that are some figure or more, eight at once: the sum of a byte's lower seven bits and what is missing to the next 128
// has its top bit set where they reach it; the byte's own top bit decides for figures up to 128, and else must be set as well.
type reaching struct{ missing, upper uint64 }

// leastByte is the figure n, from 1 to 255.
func leastByte(n int) reaching {
	if n > 128 {
		return reaching{uint64(256-n) * ones, ^uint64(0)}
	}
	return reaching{uint64(128-n) * ones, 0}
}

// reach has the lowest bit set of each byte of x that reaches the figure.
func (r reaching) reach(x uint64) uint64 {
	sum := x&(0x7f*ones) + r.missing
	return (sum&x&r.upper | (sum|x)&^r.upper) >> 7 & ones
}

// pairBits are the lowest bits of the bytes of two words, in turns.
func pairBits(first, second uint64) uint64 {
	y := first | second<<1 // two bits a byte
	y = (y | y>>6) & 0x000f000f000f000f
	y = (y | y>>12) & 0x000000ff000000ff
	return (y | y>>24) & 0xffff
}

// NibblesBelow is how many cells have a figure of four bits below n, n from 1 to 15; two cells a byte.
func NibblesBelow(figures *[Cells / 2]byte, n int) int {
	missing, reach := uint64(16-n)*ones, 0
	for k := range Cells / 16 {
		first, second := pairs(figures, k)
		reach += bits.OnesCount64((first+missing)>>4&ones | (second+missing)>>3&(2*ones))
	}
	return Cells - reach
}

// Len is the number of cells.
func (s CellSet) Len() int {
	return bits.OnesCount64(s[0]) + bits.OnesCount64(s[1]) + bits.OnesCount64(s[2])
}

// And are the cells that are in both.
func (s CellSet) And(o CellSet) CellSet { return CellSet{s[0] & o[0], s[1] & o[1], s[2] & o[2]} }

// Without are the cells that are not in o.
func (s CellSet) Without(o CellSet) CellSet { return CellSet{s[0] &^ o[0], s[1] &^ o[1], s[2] &^ o[2]} }

// Empty tells whether there are none.
func (s CellSet) Empty() bool { return s[0]|s[1]|s[2] == 0 }

// Each gives the cells in order.
func (s CellSet) Each() iter.Seq[int] {
	return func(yield func(int) bool) {
		for w, word := range s {
			for ; word != 0; word &= word - 1 {
				if !yield(64*w + bits.TrailingZeros64(word)) {
					return
				}
			}
		}
	}
}
