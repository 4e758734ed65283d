package feature

import "fmt"

// Weights are one version of a network, as ONNX. They are of one content for ever.
type Weights struct {
	Version int32  `json:"version"`
	ONNX    []byte `json:"onnx"`
}

// Network is what comes with the program of a network that edges look at pictures with.
type Network struct {
	Weights
	// Input says in a word what it is shown: networks that are shown something else have another.
	Input string
	// Card is its model card, Markdown.
	Card string
	// planes are those of its input.
	planes int
}

// Networks are those that edges have, by the name that they have among the models.
var Networks = map[string]Network{
	DamageNetwork: {Weights{damageVersion, damageModel}, "luma-and-change-2x224x224", damageCard, damagePlanes},
}

// Check tells why ONNX cannot be the network of a name. It is anybody's, and OpenCV has read it in this process then: call it in a sandbox.
func Check(name string, onnx []byte) error {
	known, ok := Networks[name]
	if !ok {
		return fmt.Errorf("no edge has a network called %.60q", name)
	}
	n, err := newNetwork(onnx, known.planes)
	if err != nil {
		return err
	}
	n.Close()
	return nil
}
