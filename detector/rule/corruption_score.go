package rule

import "math"

// symptoms are what the last pictures show of damage: all that the score of corruption reads. Logarithms are to base 2 of one more than
// VideoFrame's figures.
type symptoms struct {
	// packets is how many damaged ones the picture may hang on, logarithm; of one that is not tainted 0.
	packets float64
	// rows is macroblock's row_std, logarithm.
	rows float64
	// grown is the largest excess, over the last eight pictures, of row_std's or edge_share's logarithm over its median of the last pictures
	// without taint.
	grown float64
	// usualRows is the 30th percentile of rows over the last three seconds of the scene, rowsGrown the largest excess over it in the last eight
	// pictures, gridGrown that of the strength of the grid of 8, in log2.
	usualRows, rowsGrown, gridGrown float64
	// moved, grid and flat are means over the last eight pictures: of difference_share's logarithm, of the strength of the grid of 8 in log2, of
	// flat's logarithm.
	moved, grid, flat float64
}

// Gates of the score: below them there is nothing to be seen, or nothing to compare with.
const (
	// visible is the least growth of what tainted pictures show over what the others do: a factor of 1.4.
	visible = 0.5
	// rowsVisible and gridVisible are the same without the decoder's word. A picture whose texture grows has no stronger grid.
	rowsVisible, gridVisible = 0.3, 0.1
	// textured is the least of usualRows: out of black or a flat picture anything grows.
	textured = 2.5
	// manyPackets bounds packets: a harmless error in each packet is no growing damage.
	manyPackets = 5
)

// The weights are fitted (logistic regression) to pictures whose luma differs from the undamaged decode by less than 35 dB PSNR, against all others,
// of the clips named a to m, with 0.03 to 2 % of TS packets lost; the ones before them are lowered for precision, burned-in's so
// far that a train that passes is none. On those named n to z the area under the curve is 0.97 in-band, and 0.83 burned-in without the gates. At 0.75
// the precision of a picture is 0.86 to 0.95 in-band, with 0.12 % to 2 % lost.

// inBand is how likely a tainted picture shows damage that the decoder knows of, 0 to 1.
func (s *symptoms) inBand() float64 {
	if s.grown < visible {
		return 0
	}
	return logistic(-2.8 + 0.76*min(s.packets, manyPackets) + 0.27*s.rows + 0.23*s.grown)
}

// grow says that so much has grown over what is usual that the picture may show damage that it came with.
func (s *symptoms) grow() bool {
	return s.rowsGrown >= rowsVisible && s.gridGrown >= gridVisible && s.usualRows >= textured
}

// burnedIn is how likely it does, 0 to 1, where they grow.
func (s *symptoms) burnedIn() float64 {
	return logistic(-5.2 + 0.687*s.moved - 0.954*s.grid + 0.874*s.rowsGrown - 0.128*s.flat)
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
