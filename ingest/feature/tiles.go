package feature

import "github.com/framewatch/framewatch/schemas"

// Scorer is a model that looks at tiles of luma for damage. One goroutine.
type Scorer interface {
	// Score writes how probable it is that each tile shows damage, 255 being certain, and tells by which version of the model; false: it cannot. There is a
	// place in out for each tile.
	Score(tiles []Tile, out []byte) (version int32, ok bool)
	// Close lets go of its memory; it is not used after it.
	Close()
}

// Tile is a part of a picture: TileSize rows of TileSize samples of luma, 8 bits on the limited scale, packed. Valid until Score returns.
type Tile struct {
	Luma []byte
	// Before is the same part of the picture before; of an epoch's first picture it is Luma's own samples.
	Before []byte
}

const (
	// TileSize is the width and height of a tile, in pixels: a whole number of macroblocks.
	TileSize = 224
	// halfTiles are spread over the picture; as many more, at most, lie where it is suspicious.
	halfTiles = 4
)

// tiles are cut out of a picture at its own resolution, so that a model sees the grid of macroblocks as it was coded.
type tiles struct {
	samples [2 * halfTiles][2][TileSize * TileSize]byte
	// cells of the 16x9 grid are what the tiles lie around.
	cells []byte
	cut   []Tile
	// excess of the borders of macroblocks that begin in each cell, in the kernel's unit, as far as they count.
	excess [gridColumns * gridRows]int
}

// score hands the scorer the tiles of a picture that is no smaller than one.
func (t *tiles) score(p *Picture, second int64, scorer Scorer, out *schemas.Sampled) {
	t.cells, t.cut = t.cells[:0], t.cut[:0]
	t.addSuspicious(p)
	for i := range halfTiles {
		// They lie 36 cells apart and go on by one more each second, so that in 36 seconds each cell is taken once.
		t.add(p, int((37*second+int64(i)*gridColumns*gridRows/halfTiles)%(gridColumns*gridRows)))
	}
	scores := make([]byte, len(t.cut))
	if version, ok := scorer.Score(t.cut, scores); ok {
		out.Model, out.Tiles, out.TileCells = &version, scores, append([]byte(nil), t.cells...)
	}
}

// addSuspicious adds a tile around each of the cells with the most excess at borders of macroblocks, the first of equal ones, as far as they
// do not overlap.
func (t *tiles) addSuspicious(p *Picture) {
	t.findExcess(p)
	for len(t.cells) < halfTiles {
		best := -1
		for cell, excess := range t.excess {
			if excess > 0 && (best < 0 || excess > t.excess[best]) && t.free(p, cell) {
				best = cell
			}
		}
		if best < 0 {
			return
		}
		t.add(p, best)
	}
}

// free tells whether the tile around a cell overlaps none of those added.
func (t *tiles) free(p *Picture, cell int) bool {
	left, top := tileAt(p.width, p.height, cell)
	for _, other := range t.cells {
		x, y := tileAt(p.width, p.height, int(other))
		if max(left-x, x-left) < TileSize && max(top-y, y-top) < TileSize {
			return false
		}
	}
	return true
}

// add cuts out the tile around a cell.
func (t *tiles) add(p *Picture, cell int) {
	left, top := tileAt(p.width, p.height, cell)
	samples := &t.samples[len(t.cells)]
	p.cutOut(left, top, p.planes[0], samples[0][:])
	p.cutOut(left, top, p.planes[min(p.seen, 1)], samples[1][:])
	t.cells, t.cut = append(t.cells, byte(cell)), append(t.cut, Tile{samples[0][:], samples[1][:]})
}

// cutOut copies a tile of one of our planes, on the limited scale.
func (p *Picture) cutOut(left, top int, plane, tile []byte) {
	for y := range TileSize {
		row := tile[y*TileSize:][:TileSize]
		copy(row, plane[(top+y)*p.stride+left:])
		for x := 0; p.full && x < TileSize; x++ {
			row[x] = byte(p.level(int(row[x])))
		}
	}
}

// tileAt gives the left column and the top row of the tile around the middle of a cell, moved up and to the left onto the grid of
// macroblocks, and into the picture.
func tileAt(width, height, cell int) (left, top int) {
	c, r := cell%gridColumns, cell/gridColumns
	return tileStart((2*c+1)*width/(2*gridColumns), width), tileStart((2*r+1)*height/(2*gridRows), height)
}

func tileStart(middle, size int) int {
	return max(0, min(middle-TileSize/2, size-TileSize)) / macroblock * macroblock
}

// findExcess sums the excess of the borders above and to the left of the macroblocks that begin in each cell. Borders are measured as
// those of the group macroblock are, and count as they do.
func (t *tiles) findExcess(p *Picture) {
	t.excess = [gridColumns * gridRows]int{}
	limit := p.edgeLimit()
	for y := 0; y+macroblock <= p.height; y += macroblock {
		for x := 0; x+macroblock <= p.width; x += macroblock {
			cell := &t.excess[cellOf(y, p.height, gridRows)*gridColumns+cellOf(x, p.width, gridColumns)]
			if y > 0 {
				*cell += counted(p.borderExcess(x, y, 1, p.stride, macroblock), limit)
			}
			if x > 0 {
				*cell += counted(2*p.borderExcess(x, y, 2*p.stride, 1, macroblock/2), limit)
			}
		}
	}
}

// cellOf is the cell, of n along a side of so many lines, that a line lies in: cell c has those from c*lines/n up to (c+1)*lines/n.
func cellOf(line, lines, n int) int { return (n*line + n - 1) / lines }

// borderExcess is twice the step over a border less the steps a line before and a line behind it, summed up over so many samples from x, y
// on. In our copy of the picture, along leads to the next of them and over to the line behind the border.
func (p *Picture) borderExcess(x, y, along, over, samples int) int {
	sum := 0
	for i := range samples {
		at := y*p.stride + x + i*along
		a, b, c, d := int(p.planes[0][at-2*over]), int(p.planes[0][at-over]), int(p.planes[0][at]), int(p.planes[0][at+over])
		sum += 2*max(c-b, b-c) - max(b-a, a-b) - max(d-c, c-d)
	}
	return sum
}

// counted is an excess above the limit, else 0.
func counted(excess, limit int) int {
	if excess > limit {
		return excess
	}
	return 0
}
