package feature

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Fields of onnx.proto on the way from a model to the shape of an input.
const (
	modelGraph       = 7
	graphInitializer = 5
	graphInput       = 11
	tensorName       = 8
	inputName        = 1
	inputType        = 2
	typeTensor       = 1
	tensorShape      = 2
	shapeDim         = 1
	dimValue         = 1
)

// declares tells why a file does not say that its one input is of a shape. OpenCV does not look: it stretches what was made for other sizes.
func declares(onnx []byte, shape []uint64) error {
	var weights []string
	inputs := map[string][]byte{}
	for _, graph := range inner(onnx, modelGraph) {
		for _, tensor := range inner(graph, graphInitializer) {
			for _, name := range inner(tensor, tensorName) {
				weights = append(weights, string(name))
			}
		}
		for _, input := range inner(graph, graphInput) {
			for _, name := range inner(input, inputName) {
				inputs[string(name)] = input
			}
		}
	}
	for _, name := range weights {
		delete(inputs, name) // older files list them among the inputs
	}
	if len(inputs) != 1 {
		return fmt.Errorf("it is no ONNX of one input, but has %d", len(inputs))
	}
	for _, input := range inputs {
		if got := shapeOf(input); !slices.Equal(got, shape) {
			return fmt.Errorf("its input is %d, and %d is what the edge has", got, shape)
		}
	}
	return nil
}

// shapeOf is an input's shape; a dimension that is no number is 0.
func shapeOf(input []byte) (dims []uint64) {
	for _, kind := range inner(input, inputType) {
		for _, tensor := range inner(kind, typeTensor) {
			for _, shape := range inner(tensor, tensorShape) {
				for _, dim := range inner(shape, shapeDim) {
					dims = append(dims, number(dim, dimValue))
				}
			}
		}
	}
	return dims
}

// inner are the messages or texts in the fields of one number, as far as the message can be read.
func inner(message []byte, field protowire.Number) (found [][]byte) {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeField(message)
		if n < 0 {
			return found
		}
		if number == field && kind == protowire.BytesType {
			_, _, tag := protowire.ConsumeTag(message)
			value, _ := protowire.ConsumeBytes(message[tag:])
			found = append(found, value)
		}
		message = message[n:]
	}
	return found
}

// number is the last in the fields of one number, else 0.
func number(message []byte, field protowire.Number) (last uint64) {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeField(message)
		if n < 0 {
			return last
		}
		if number == field && kind == protowire.VarintType {
			_, _, tag := protowire.ConsumeTag(message)
			last, _ = protowire.ConsumeVarint(message[tag:])
		}
		message = message[n:]
	}
	return last
}
