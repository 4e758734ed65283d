package feature_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/framewatch/framewatch/ingest/feature"
	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// judge is a Scorer that keeps the tiles it is shown and gives them 10, 20 and so on.
type judge struct{ tiles, before [][]byte }

func (*judge) Close() {}

func (j *judge) Score(tiles []feature.Tile, out []byte) (int32, bool) {
	for i, tile := range tiles {
		j.tiles, j.before = append(j.tiles, bytes.Clone(tile.Luma)), append(j.before, bytes.Clone(tile.Before))
		out[i] = byte(10 * (i + 1))
	}
	return 7, true
}

// 960x720: cells of 60x80 around columns 30, 90 to 930 and rows 40, 120 to 680.
func TestTilesAreSpread(t *testing.T) {
	for _, c := range []struct {
		second int64
		want   []byte
	}{
		{0, []byte{0, 36, 72, 108}},
		{1, []byte{37, 73, 109, 1}},     // 37, 73, 109, 145 - 144
		{2, []byte{74, 110, 2, 38}},     // 74, 110, 146 - 144, 182 - 144
		{36, []byte{36, 72, 108, 0}},    // 37*36 = 1332 = 9*144 + 36: round once
		{1e9, []byte{64, 100, 136, 28}}, // 10^9 mod 144 = 64; 64*37 = 2368 = 16*144 + 64
	} {
		j := &judge{}
		got := sampledOf(j, []int64{1_000_000 * c.second}, draw(960, 720, flat(50)))[0]
		if !bytes.Equal(got.TileCells, c.want) || !bytes.Equal(got.Tiles, []byte{10, 20, 30, 40}) || *got.Model != 7 || len(j.tiles) != 4 {
			t.Errorf("second %d: got %s, want cells %v", c.second, describe(got), c.want)
		}
	}
}

// Every sample tells where it is: luma is 16 + the 16x16 square it lies in, counted in a way that repeats only far off.
func TestTilesAreCutAtNativeResolution(t *testing.T) {
	place := func(x, y int) int { return 16 + (x/16*7+y/16*31+x%16+y%16*3)%200 }
	for _, c := range []struct {
		name                string
		width, height, cell int
		left, top           int
	}{
		{"top left: 30 - 112 and 40 - 112 are off the picture", 960, 720, 0, 0, 0},
		// Cell 36 is column 4, row 2: 270 - 112 = 158 and 200 - 112 = 88, on the grid 144 and 80.
		{"on the grid", 960, 720, 36, 144, 80},
		// Cell 72 is column 8, row 4: 510 - 112 = 398 and 360 - 112 = 248, on the grid 384 and 240.
		{"in the middle", 960, 720, 72, 384, 240},
		// Cell 108 is column 12, row 6: 750 - 112 = 638 and 520 - 112 = 408, on the grid 624 and 400.
		{"to the right", 960, 720, 108, 624, 400},
		// Cell 108 of 250x230, 12*2+1 = 25 of 32 and 13 of 18: 195 - 112 = 83, at most 250 - 224 = 26, on the grid 16; 166 - 112 = 54, at most 6.
		{"nearly all of the picture", 250, 230, 108, 16, 0},
		{"all of the picture", 224, 224, 72, 0, 0},
	} {
		for _, depth := range []int{8, 10} {
			j := &judge{}
			f := drawAs(media.VideoFormat{Width: c.width, Height: c.height, Depth: depth, Range: "limited"}, 5,
				func(x, y int) int { return place(x, y) << (depth - 8) })
			got := sampledOf(j, []int64{0}, f)[0]
			i := slices.Index(got.TileCells, byte(c.cell))
			if i < 0 {
				t.Fatalf("%s: no tile around cell %d: %s", c.name, c.cell, describe(got))
			}
			want := make([]byte, 0, 224*224)
			for y := range 224 {
				for x := range 224 {
					want = append(want, byte(place(c.left+x, c.top+y)))
				}
			}
			if !bytes.Equal(j.tiles[i], want) {
				t.Errorf("%s, %d bits: the tile is not that at %d, %d", c.name, depth, c.left, c.top)
			}
		}
	}
}

// Full range 100 is 16 + 100*219/255 = 101.88 on the limited scale.
func TestTilesOfFullRange(t *testing.T) {
	j := &judge{}
	sampledOf(j, []int64{0}, drawAs(media.VideoFormat{Width: 224, Height: 224, Depth: 8, Range: "full"}, 0, flat(100)))
	if len(j.tiles) != 4 || !bytes.Equal(j.tiles[0], bytes.Repeat([]byte{102}, 224*224)) {
		t.Errorf("got %d tiles, the first begins with %v, want 102", len(j.tiles), j.tiles[0][:4])
	}
}

// 960x720: cells of 60x80, macroblocks of 16x16. A macroblock that stands out by n levels has four borders of an excess of n. Those above
// and to its left are its own; those below and to its right are of the macroblocks that begin there.
func TestTilesLieWhereBordersStandOut(t *testing.T) {
	type block struct{ column, row, by int } // row -1: all of them
	before := draw(960, 720, func(x, y int) int { return choose(x/16 == 40 && y/16 == 20, 150, 100) })
	for _, c := range []struct {
		name   string
		blocks []block
		want   []byte
	}{
		{"none", nil, nil},
		// Macroblock (20,10) begins at 320, 160: cell (5,2), number 37, as do those to its right (336) and below (176).
		{"one", []block{{20, 10, 40}}, []byte{37}},
		{"8 levels do not count", []block{{20, 10, 8}}, nil},
		{"9 do", []block{{20, 10, 9}}, []byte{37}},
		// Macroblock (3,4) begins at 48, 64: cell (0,0) has its left border and the one above. To its right, 64 is cell (1,0); below, 80 is cell
		// (0,1): one border each, and less than the first. Around all three tiles overlap, so there is but one.
		{"in three cells", []block{{3, 4, 40}}, []byte{0}},
		// (50,40) begins at 800, 640: cell (13,8), number 141, whose tile is from 688, 496 on; that of 37 from 208, 80 on.
		{"the stronger first", []block{{20, 10, 20}, {50, 40, 60}}, []byte{141, 37}},
		{"the first of equal ones", []block{{50, 40, 20}, {20, 10, 20}}, []byte{37, 141}},
		// (22,10) begins at 352, still in cell 37, and what is to its right at 368, in cell 38: 4*20 + 3*20 against 4*30.
		{"two in a cell", []block{{50, 40, 30}, {20, 10, 20}, {22, 10, 20}}, []byte{37, 141}},
		// (25,10) begins at 400: cell (6,2), whose tile overlaps that of its neighbour.
		{"no overlap", []block{{20, 10, 30}, {25, 10, 20}}, []byte{37}},
		// Tiles of cell (5,2) end at 432; that of cell (9,2), 570 - 112 = 458, begins at 448.
		{"side by side", []block{{20, 10, 30}, {36, 10, 20}}, []byte{37, 41}},
		// (50,6) begins at 800, 96: (13,1), 29; (20,40) at 320, 640: (5,8), 133; (36,40) at 576, 640: (9,8), 137.
		// Both sides of column 20 begin in cells (5,r), rows at 80r. Around (5,0) the tile has rows 0 to 223, around (5,4), 360 - 112, from 240
		// on, around (5,7), 600 - 112, from 480 on.
		{"upright borders alone", []block{{20, -1, 9}}, []byte{5, 69, 117}},
		{"four at most", []block{{20, 10, 30}, {36, 10, 31}, {50, 6, 32}, {20, 40, 33}, {36, 40, 34}}, []byte{137, 133, 29, 41}},
	} {
		f := draw(960, 720, func(x, y int) int {
			for _, b := range c.blocks {
				if x/16 == b.column && (y/16 == b.row || b.row < 0) {
					return 100 + b.by
				}
			}
			return 100
		})
		got := sampledOf(&judge{}, []int64{0, 144_000_000}, before, f)[1] // 144 seconds on, the spread ones are the same
		want := append(slices.Clone(c.want), 0, 36, 72, 108)
		if !bytes.Equal(got.TileCells, want) || len(got.Tiles) != len(want) {
			t.Errorf("%s: got %s, want cells %v", c.name, describe(got), want)
		}
	}
}

// Of full range 9 are 9*219/255 = 7.7 levels, and 10 are 8.6.
func TestTilesOfFullRangeCountLevelsOfLimited(t *testing.T) {
	for by, want := range map[int]int{9: 4, 10: 5} {
		f := drawAs(media.VideoFormat{Width: 960, Height: 720, Depth: 8, Range: "full"}, 0,
			func(x, y int) int { return choose(x/16 == 20 && y/16 == 10, 100+by, 100) })
		if got := len(sampledOf(&judge{}, []int64{0}, f)[0].Tiles); got != want {
			t.Errorf("a step of %d: got %d tiles, want %d", by, got, want)
		}
	}
}

func TestNoTiles(t *testing.T) {
	for _, size := range [][2]int{{223, 400}, {400, 223}} {
		if got := sampledOf(&judge{}, []int64{0}, draw(size[0], size[1], flat(50)))[0]; got.Model != nil || len(got.Tiles)+len(got.TileCells) > 0 {
			t.Errorf("%v: got %s, want no tiles", size, describe(got))
		}
	}
	if got := sampledOf(nil, []int64{0}, draw(400, 300, flat(50)))[0]; got.Model != nil || len(got.Tiles)+len(got.TileCells) > 0 {
		t.Errorf("without a model: got %s, want no tiles", describe(got))
	}
}

// The tiles of the picture before are of the same places; of the first there is none, and one that others were left out before is not shown.
func TestTilesOfThePictureBefore(t *testing.T) {
	j := &judge{}
	v := feature.NewVideo()
	defer v.Close()
	v.Scorer = j
	step := func(left byte) *media.Frame {
		return draw(960, 720, func(x, _ int) int { return choose(x < 480, int(left), 70) })
	}
	for i, frame := range []*media.Frame{step(64), step(65), step(66), step(67)} {
		if i == 3 {
			v.Skip()
		}
		v.Measure(frame, &schemas.VideoFrame{At: int64(i) * 1_000_000})
	}
	if len(j.tiles) != 12 {
		t.Fatalf("got %d tiles, want four of each picture but the last", len(j.tiles))
	}
	// Cells 0, 37 and 74 are the first ones of their seconds: columns 0, 5 and 10, whose tiles begin at 0, 208 and 512.
	for i, want := range [][2]byte{{64, 64}, {65, 64}, {70, 70}} {
		if got := [2]byte{j.tiles[4*i][0], j.before[4*i][0]}; got != want {
			t.Errorf("second %d: got luma %d after %d, want %d after %d", i, got[0], got[1], want[0], want[1])
		}
	}
}
