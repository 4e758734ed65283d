package rule

import (
	"slices"

	"github.com/framewatch/framewatch/detector/window"
	"github.com/framewatch/framewatch/schemas"
)

const (
	// columns and rows of VideoFrame's grid.
	columns, rows = 16, 9
	// A logo stands in a corner of at most so many cells.
	logoColumns, logoRows = 5, 3
	// standsOut is how much brighter, in levels, a cell is for anything to be seen in it: dim thin letters make 3, noise 1.
	standsOut = 3
)

// inCorner tells whether cell i of the grid lies in one of the corners.
func inCorner(i int) bool {
	c, r := i%columns, i/columns
	return (c < logoColumns || c >= columns-logoColumns) && (r < logoRows || r >= rows-logoRows)
}

// litMiddle tells whether a cell outside the corners stands out from the darkest cell: a title, a face, a slate.
func litMiddle(g *schemas.Grid) bool {
	darkest := slices.Min(g.Mean[:])
	return !window.CellsFrom(&g.Mean, int(darkest)+standsOut).Without(cornerCells).Empty()
}

// cornerCells and middleCells are the cells of which inCorner and inMiddle are true, edgeCells those around the middle.
var (
	cornerCells, middleCells = window.CellsOf(inCorner), window.CellsOf(inMiddle)
	edgeCells                = window.CellsOf(func(i int) bool { return !inMiddle(i) })
)

// inMiddle tells whether cell i of the grid lies where neither tickers (the top row, the two bottom rows) nor clocks (the upper corners) are.
func inMiddle(i int) bool {
	c, r := i%columns, i/columns
	corner := r < 2 && (c < 4 || c >= columns-4)
	return r >= 1 && r < rows-2 && !corner
}
