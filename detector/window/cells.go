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
	// Eight bytes at once: the sum of a byte's lower seven bits and what is missing from n to the next 128 has its top bit set where they reach n; the
	// byte's own top bit decides for n up to 128, and else must be set as well.
	missing, upper := uint64(128-n)*ones, uint64(0)
	if n > 128 {
		missing, upper = uint64(256-n)*ones, ^uint64(0)
	}
	for k := range Cells / 8 {
		x := binary.LittleEndian.Uint64(figures[8*k:])
		sum := x&(0x7f*ones) + missing
		reach := (sum&x&upper | (sum|x)&^upper) >> 7 & ones
		// The product brings bit 8i to bit 56+i.
		s[k/8] |= reach * 0x0102040810204080 >> 56 << (k % 8 * 8)
	}
	return s
}

// nibblesFrom are the cells whose figure of four bits is n or more, n from 1 to 15; two cells a byte, the first in the high nibble.
func nibblesFrom(figures *[Cells / 2]byte, n byte) (s CellSet) {
	missing := uint64(16-n) * ones
	for k := range Cells / 16 {
		x := binary.LittleEndian.Uint64(figures[8*k:])
		first, second := x>>4&(0x0f*ones)+missing, x&(0x0f*ones)+missing
		y := first>>4&ones | second>>3&(2*ones) // two bits a byte
		y = (y | y>>6) & 0x000f000f000f000f
		y = (y | y>>12) & 0x000000ff000000ff
		s[k/4] |= (y | y>>24) & 0xffff << (k % 4 * 16)
	}
	return s
}

// NibblesBelow is how many cells have a figure of four bits below n, n from 1 to 15; two cells a byte.
func NibblesBelow(figures *[Cells / 2]byte, n int) int {
	missing, reach := uint64(16-n)*ones, 0
	for k := range Cells / 16 {
		x := binary.LittleEndian.Uint64(figures[8*k:])
		first, second := x>>4&(0x0f*ones)+missing, x&(0x0f*ones)+missing
		reach += bits.OnesCount64(first>>4&ones | second>>3&(2*ones))
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

// cellCounts counts for each cell how many sets hold it. Its n-th plane holds the n-th bits of the counts, so that a set is added to all of them at
// once.
type cellCounts struct{ planes []CellSet }

func (c *cellCounts) add(s CellSet) {
	for i := 0; !s.Empty(); i++ {
		if i == len(c.planes) {
			c.planes = append(c.planes, CellSet{})
		}
		p := &c.planes[i]
		for w := range s {
			p[w], s[w] = p[w]^s[w], p[w]&s[w]
		}
	}
}

// remove takes out a set that was added.
func (c *cellCounts) remove(s CellSet) {
	for i := 0; !s.Empty(); i++ {
		p := &c.planes[i]
		for w := range s {
			p[w], s[w] = p[w]^s[w], s[w]&^p[w]
		}
	}
}

func (c *cellCounts) reset() { clear(c.planes) }

// above are the cells that are in more than n sets.
func (c *cellCounts) above(n int) (more CellSet) {
	if n>>len(c.planes) != 0 {
		return more
	}
	equal := CellSet{^uint64(0), ^uint64(0), ^uint64(0)}
	for i := len(c.planes) - 1; i >= 0; i-- {
		p := &c.planes[i]
		for w := range p {
			if n>>i&1 == 0 {
				more[w] |= equal[w] & p[w]
				equal[w] &^= p[w]
			} else {
				equal[w] &= p[w]
			}
		}
	}
	return more
}
