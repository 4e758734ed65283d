package feature_test

import (
	"testing"

	"github.com/framewatch/framewatch/ingest/feature"
)

// tile draws both pictures of a tile.
func tile(luma, before func(x, y int) int) feature.Tile {
	t := feature.Tile{Luma: make([]byte, 224*224), Before: make([]byte, 224*224)}
	for i := range t.Luma {
		t.Luma[i], t.Before[i] = byte(luma(i%224, i/224)), byte(before(i%224, i/224))
	}
	return t
}

func texture(x, y int) int { return 60 + (x*7+y*13+x*y/16)%101 }

// misplaced has the texture of elsewhere in one of three macroblocks.
func misplaced(x, y int) int {
	if (x/16*7+y/16*5)%3 == 0 {
		return texture(x+5, y+9) / 2
	}
	return texture(x, y)
}

func slope(x, y int) int { return 40 + (x+y)/4 }

// stripe has a slice of another place.
func stripe(x, y int) int {
	if y >= 96 && y < 144 {
		return slope((x+100)%224, y+60)
	}
	return slope(x, y)
}

var damageTiles = []feature.Tile{
	tile(flat(112), flat(112)), tile(texture, texture), tile(misplaced, texture), tile(misplaced, misplaced), tile(stripe, slope), tile(slope, slope),
}

// The scores are those that PyTorch gives for the weights before they are exported (deploy/training/damage/golden.py).
func TestDamageIsAsTrained(t *testing.T) {
	want := []int{13, 139, 212, 130, 171, 11}
	d := feature.NewDamage()
	defer d.Close()
	got := make([]byte, len(damageTiles))
	d.Score(damageTiles, got)
	for i := range want {
		if diff := int(got[i]) - want[i]; diff < -1 || diff > 1 {
			t.Errorf("tile %d: score %d, want %d", i, got[i], want[i])
		}
	}
}

// A tile's score does not depend on what was seen before it, nor on who sees it.
func TestDamageForgets(t *testing.T) {
	var first []byte
	for range 3 {
		d := feature.NewDamage()
		for range 2 {
			got := make([]byte, len(damageTiles))
			for i := range damageTiles {
				at := (i*5 + len(first)) % len(damageTiles)
				d.Score(damageTiles[at:at+1], got[at:at+1])
			}
			if first == nil {
				first = got
			}
			if string(got) != string(first) {
				t.Errorf("scores are %v, and were %v", got, first)
			}
		}
		d.Close()
	}
}

func BenchmarkDamage(b *testing.B) {
	d := feature.NewDamage()
	defer d.Close()
	out := make([]byte, 8)
	tiles := append(damageTiles, damageTiles[:2]...)
	for b.Loop() {
		d.Score(tiles, out)
	}
}
