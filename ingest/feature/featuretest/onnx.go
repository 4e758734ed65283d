// Package featuretest draws networks for tests.
package featuretest

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Network is a network that finds every tile as likely damaged as the last. Its weights are a constant; the zero value of a field stands for what the edge wants.
type Network struct {
	// Probability that it gives, above 0 and below 1.
	Probability float64
	// Planes and Side of its input: 2 and 224.
	Planes, Side int
	// Outputs are how many numbers it gives: 1.
	Outputs int
	// Costly has it look at the whole tile with 128 filters of 9x9 first.
	Costly bool
}

// ONNX is the network as a file.
func (n Network) ONNX() []byte {
	for _, field := range []struct {
		value  *int
		wanted int
	}{{&n.Planes, 2}, {&n.Side, 224}, {&n.Outputs, 1}} {
		if *field.value == 0 {
			*field.value = field.wanted
		}
	}
	var graph message
	last, planes := "x", n.Planes
	if n.Costly {
		planes = 128
		graph.convolution(last, "wide", planes, n.Planes, 9, 0)
		last = "wide"
	}
	graph.message(1, node("GlobalAveragePool", last, "mean"))
	graph.convolution("mean", "logit", n.Outputs, planes, 1, math.Log(n.Probability/(1-n.Probability)))
	graph.message(1, node("Sigmoid", "logit", "y"))
	graph.text(2, "constant")
	graph.message(11, blob("x", 1, n.Planes, n.Side, n.Side))
	graph.message(12, blob("y", 1, n.Outputs, 1, 1))

	var model, opset message
	opset.number(2, 13)
	model.number(1, 7)
	model.message(7, graph)
	model.message(8, opset)
	return model
}

// message is one of protocol buffers; the numbers of the fields are onnx.proto's.
type message []byte

func (m *message) number(field protowire.Number, v int) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.VarintType), uint64(v))
}

func (m *message) text(field protowire.Number, s string) { m.message(field, []byte(s)) }

func (m *message) message(field protowire.Number, inner []byte) {
	*m = protowire.AppendBytes(protowire.AppendTag(*m, field, protowire.BytesType), inner)
}

// convolution adds one of side by side whose weights are 0.
func (m *message) convolution(from, to string, outputs, planes, side int, bias float64) {
	var kernel message
	kernel.text(1, "kernel_shape")
	kernel.number(8, side)
	kernel.number(8, side)
	kernel.number(20, 7)
	n := node("Conv", from, to, to+"w", to+"b")
	n.message(5, kernel)
	m.message(1, n)
	m.message(5, tensor(to+"w", make([]float32, outputs*planes*side*side), outputs, planes, side, side))
	biases := make([]float32, outputs)
	for i := range biases {
		biases[i] = float32(bias)
	}
	m.message(5, tensor(to+"b", biases, outputs))
}

func node(operator, from, to string, weights ...string) (n message) {
	for _, input := range append([]string{from}, weights...) {
		n.text(1, input)
	}
	n.text(2, to)
	n.text(3, to)
	n.text(4, operator)
	return n
}

func tensor(name string, values []float32, dims ...int) (t message) {
	for _, d := range dims {
		t.number(1, d)
	}
	t.number(2, 1)
	t.text(8, name)
	var raw []byte
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	t.message(9, raw)
	return t
}

// blob says of what shape an input or output is.
func blob(name string, dims ...int) (b message) {
	var shape, of, kind message
	for _, d := range dims {
		var dim message
		dim.number(1, d)
		shape.message(1, dim)
	}
	of.number(1, 1)
	of.message(2, shape)
	kind.message(1, of)
	b.text(1, name)
	b.message(2, kind)
	return b
}
