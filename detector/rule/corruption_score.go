package rule

import "math"

// symptoms are what the last pictures show of damage that they came with: all that its score reads. Logarithms are to base 2 of one more than
// VideoFrame's figures.
type symptoms struct {
	// usualRows is the 30th percentile of rows over the last three seconds of the scene, rowsGrown the largest excess over it in the last eight
	// pictures, gridGrown that of the strength of the grid of 8, in log2.
	usualRows, rowsGrown, gridGrown float64
	// moved, grid and flat are means over the last eight pictures: of difference_share's logarithm, of the strength of the grid of 8 in log2, of
	// flat's logarithm.
	moved, grid, flat float64
}

// Gates of the score: below them there is nothing to be seen.
const (
	// rowsVisible and gridVisible are the least growth, in octaves: of less nothing is seen, and a picture whose texture grows has no stronger grid.
	rowsVisible, gridVisible = 0.3, 0.1
	// textured is the least of usualRows: out of black or a flat picture anything grows.
	textured = 2.5
)

// The weights are fitted (logistic regression) to pictures whose luma differs from the undamaged decode by less than 35 dB PSNR, against all others,
// of the clips named a to m, with 0.03 to 2 % of TS packets lost; the one before them is lowered for precision so
// far that a train that passes is none. On those named n to z the area under the curve is 0.83 without the gates.

// grow says that so much has grown over what is usual that the picture may show damage that it came with.
func (s *symptoms) grow() bool {
	return s.rowsGrown >= rowsVisible && s.gridGrown >= gridVisible && s.usualRows >= textured
}

// burnedIn is how likely it does, 0 to 1, where they grow.
func (s *symptoms) burnedIn() float64 {
	return logistic(-5.2 + 0.687*s.moved - 0.954*s.grid + 0.874*s.rowsGrown - 0.128*s.flat)
}

// evidence is the logit of damage in a picture of whose worst tiles the edge's network says so much. The weights are fitted to pictures of recordings that the
// network was not trained on, some of them made to move a lot and coded with few bits (deploy/training/damage/evaluate.py).
func (s *symptoms) evidence(worst float64) float64 {
	return -3.796 + 0.520*worst + 1.384*s.rowsGrown + 0.531*s.gridGrown + 0.185*s.moved - 0.103*s.grid - 0.091*s.flat + 0.033*s.usualRows
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
