package feature

// #cgo pkg-config: opencv4
// #include <stdlib.h>
// #include "network.h"
import "C"

import (
	"fmt"
	"math"
	"unsafe"
)

const (
	// operationsMost and bytesMost bound what a network may take to look at one tile: floating-point operations, four times the shipped one's, and bytes of memory.
	operationsMost, bytesMost = 128_000_000, 16 << 20
	// reasonRoom is for what OpenCV says of a network that it cannot use, in bytes.
	reasonRoom = 300
)

// network is one that gives a probability for planes of TileSize by TileSize numbers. One goroutine.
type network struct {
	c *C.fw_network
	// values are the input.
	values []float32
}

// newNetwork reads ONNX, and has it look at nothing once: a network that is read can be run. From then on all of OpenCV in the process works in the caller's
// thread alone.
func newNetwork(onnx []byte, planes int) (*network, error) {
	if err := declares(onnx, []uint64{1, uint64(planes), TileSize, TileSize}); err != nil {
		return nil, err
	}
	why := (*C.char)(C.calloc(1, reasonRoom))
	defer C.free(unsafe.Pointer(why))
	c := C.fw_network_load(unsafe.Pointer(&onnx[0]), C.size_t(len(onnx)), C.int(planes), TileSize, why, reasonRoom)
	if c == nil {
		return nil, fmt.Errorf("OpenCV %s cannot read it: %s", OpenCV(), C.GoString(why))
	}
	n := &network{c, make([]float32, planes*TileSize*TileSize)}
	if err := n.try(planes, why); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// try tells whether the network can be run, and at a cost that may be.
func (n *network) try(planes int, why *C.char) error {
	var operations, bytes C.int64_t
	if C.fw_network_cost(n.c, &operations, &bytes, why, reasonRoom) == 0 {
		return fmt.Errorf("it does not take 1x%dx%dx%d numbers: %s", planes, TileSize, TileSize, C.GoString(why))
	}
	if operations > operationsMost || bytes > bytesMost {
		return fmt.Errorf("it takes %d operations and %d bytes for a tile, at most %d and %d may be", operations, bytes, operationsMost, bytesMost)
	}
	_, err := n.Run()
	return err
}

// Run gives the probability for values.
func (n *network) Run() (float32, error) {
	var out C.float
	var why [reasonRoom]C.char
	if C.fw_network_run(n.c, (*C.float)(&n.values[0]), &out, &why[0], reasonRoom) == 0 {
		return 0, fmt.Errorf("it cannot be run: %s", C.GoString(&why[0]))
	}
	if p := float64(out); !(p >= 0 && p <= 1) || math.IsNaN(p) {
		return 0, fmt.Errorf("it gives %v, which is no probability", p)
	}
	return float32(out), nil
}

// Close lets go of the memory.
func (n *network) Close() { C.fw_network_free(n.c) }
