package feature

// #cgo pkg-config: opencv4
// void cvSetNumThreads(int threads);
import "C"

import (
	_ "embed"
	"math"

	"gocv.io/x/gocv"
)

// damageModel are the weights, which deploy/training/damage makes.
//
//go:embed damage.onnx
var damageModel []byte

// damageVersion is that of the weights: others are another.
const damageVersion = 1

// Damage is a Scorer: a small convolutional network that sees damage which was there before the picture was encoded. The same tiles get the
// same scores on processors with the same instructions.
type Damage struct {
	net    gocv.Net
	planes gocv.Mat
	// values are those of planes: how bright each sample is, and then how much brighter than before. Nil before the first tile.
	values []float32
}

// The network's scale of luma.
const damageMiddle, damageLevels = 112, 48

// NewDamage makes a Damage. The network is loaded when there is something to be seen.
func NewDamage() *Damage { return &Damage{} }

// Version of the model.
func (*Damage) Version() int32 { return damageVersion }

// Score writes the probability of each tile.
func (d *Damage) Score(tiles []Tile, out []byte) {
	if d.values == nil {
		d.load()
	}
	for i, tile := range tiles {
		d.show(tile)
		d.net.SetInput(d.planes, "")
		probability := d.net.Forward("")
		out[i] = byte(math.Round(255 * float64(probability.GetFloatAt(0, 0))))
		probability.Close()
	}
}

// load reads the network. It works in the caller's thread alone, and so does all of OpenCV in the process from then on.
func (d *Damage) load() {
	C.cvSetNumThreads(1)
	var err error
	if d.net, err = gocv.ReadNetFromONNXBytes(damageModel); err != nil {
		panic(err) // it is part of the program
	}
	d.net.SetPreferableBackend(gocv.NetBackendOpenCV)
	d.net.SetPreferableTarget(gocv.NetTargetCPU)
	d.planes = gocv.NewMatWithSizes([]int{1, 2, TileSize, TileSize}, gocv.MatTypeCV32F)
	if d.values, err = d.planes.DataPtrFloat32(); err != nil {
		panic(err) // it was made just now
	}
}

// show writes a tile to the network's input.
func (d *Damage) show(tile Tile) {
	luma, change := d.values[:TileSize*TileSize], d.values[TileSize*TileSize:]
	for i, y := range tile.Luma {
		luma[i] = float32(int(y)-damageMiddle) / damageLevels
		change[i] = float32(int(y)-int(tile.Before[i])) / damageLevels
	}
}

// Close lets go of the memory.
func (d *Damage) Close() {
	if d.values == nil {
		return
	}
	d.values = nil
	d.planes.Close()
	d.net.Close()
}
