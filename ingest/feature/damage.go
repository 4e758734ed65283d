package feature

import (
	_ "embed"
	"fmt"
	"math"
	"sync/atomic"
)

// DamageNetwork is the name that the network for damage has among the models.
const DamageNetwork = "damage"

var (
	// damageModel are the weights that come with the program, which deploy/training/damage makes.
	//
	//go:embed damage.onnx
	damageModel []byte
	// damageCard is their model card.
	//
	//go:embed damage.md
	damageCard string
)

const (
	// damageVersion is that of the weights: others are another.
	damageVersion = 1
	// damagePlanes are what the network is shown of a tile: luma and its change.
	damagePlanes = 2
)

// Damage is a Scorer: a small convolutional network that sees damage which was there before the picture was encoded. The same tiles get the
// same scores by the same version on processors with the same instructions. Use and Refused may be called from any goroutine.
type Damage struct {
	// wanted are weights to be loaded before the next tile, refused why those that were wanted last cannot be used.
	wanted  atomic.Pointer[Weights]
	refused atomic.Pointer[string]
	// net is nil before the first tile, and version that of its weights.
	net     *network
	version int32
}

// The network's scale of luma.
const damageMiddle, damageLevels = 112, 48

// NewDamage makes a Damage of the network that comes with the program. It is loaded when there is something to be seen.
func NewDamage() *Damage { return &Damage{} }

// Use has the next tiles looked at by other weights. Where they cannot be used, it goes on with those it has.
func (d *Damage) Use(w Weights) { d.wanted.Store(&w) }

// Refused is why the weights that were wanted last are not used; empty: they are, or nothing was to be seen since.
func (d *Damage) Refused() string {
	if why := d.refused.Load(); why != nil {
		return *why
	}
	return ""
}

// Score writes the probability of each tile.
func (d *Damage) Score(tiles []Tile, out []byte) (version int32, ok bool) {
	if d.net == nil && !d.load(Networks[DamageNetwork].Weights) {
		return 0, false
	}
	if w := d.wanted.Swap(nil); w != nil {
		d.load(*w)
	}
	for i, tile := range tiles {
		d.show(tile)
		probability, err := d.net.Run()
		if err != nil {
			d.refuse(d.version, err)
			return 0, false
		}
		out[i] = byte(math.Round(255 * float64(probability)))
	}
	return d.version, true
}

// load takes other weights, if they can be used.
func (d *Damage) load(w Weights) bool {
	net, err := newNetwork(w.ONNX, damagePlanes)
	if err != nil {
		d.refuse(w.Version, err)
		return false
	}
	d.refused.Store(nil)
	d.Close()
	d.net, d.version = net, w.Version
	return true
}

// refuse notes why a version cannot be used.
func (d *Damage) refuse(version int32, err error) {
	why := fmt.Sprintf("%s@%d: %v", DamageNetwork, version, err)
	d.refused.Store(&why)
}

// show writes a tile to the network's input.
func (d *Damage) show(tile Tile) {
	luma, change := d.net.values[:TileSize*TileSize], d.net.values[TileSize*TileSize:]
	for i, y := range tile.Luma {
		luma[i] = float32(int(y)-damageMiddle) / damageLevels
		change[i] = float32(int(y)-int(tile.Before[i])) / damageLevels
	}
}

// Close lets go of the memory.
func (d *Damage) Close() {
	if d.net != nil {
		d.net.Close()
		d.net = nil
	}
}
