package feature_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/ingest/feature"
	"github.com/framewatch/framewatch/ingest/feature/featuretest"
)

// A network is anybody's: what cannot be the edge's is told of, by whatever it fails, and nothing else happens.
func TestNetworksThatDoNotFitAreRefused(t *testing.T) {
	shipped := feature.Networks[feature.DamageNetwork].ONNX
	for _, c := range []struct {
		name string
		onnx []byte
		want string
	}{
		{"the shipped one", shipped, ""},
		{"a constant", featuretest.Network{Probability: 0.9}.ONNX(), ""},
		{"nothing", nil, "no ONNX of one input"},
		{"no ONNX", []byte("<html>"), "no ONNX of one input"},
		{"half of it", shipped[:len(shipped)/2], "no ONNX of one input"},
		{"three planes", featuretest.Network{Probability: 0.9, Planes: 3}.ONNX(), "its input is [1 3 224 224]"},
		{"a smaller tile", featuretest.Network{Probability: 0.9, Side: 112}.ONNX(), "its input is [1 2 112 112], and [1 2 224 224] is"},
		{"a node that there is not", bytes.ReplaceAll(shipped, []byte("Conv"), []byte("Wonk")), "cannot read it"},
		{"two numbers", featuretest.Network{Probability: 0.9, Outputs: 2}.ONNX(), "it gives 2 numbers, and one is wanted"},
		{"too much work", featuretest.Network{Probability: 0.9, Costly: true}.ONNX(), "operations"},
	} {
		err := feature.Check(feature.DamageNetwork, c.onnx)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	if err := feature.Check("elsewhere", shipped); err == nil {
		t.Error("a network that no edge has is let through")
	}
}

// The next tiles are looked at by other weights, and by those before them when the others cannot be used.
func TestDamageTakesOtherWeights(t *testing.T) {
	d := feature.NewDamage()
	defer d.Close()
	score := func() (byte, int32) {
		var out [1]byte
		version, ok := d.Score(damageTiles[:1], out[:])
		if !ok {
			t.Fatalf("there is no score: %s", d.Refused())
		}
		return out[0], version
	}
	broken := feature.Weights{Version: 2, ONNX: []byte("broken")}
	for _, step := range []struct {
		name    string
		use     *feature.Weights
		score   byte // 255 times the probability
		version int32
		refused bool
	}{
		{"broken before the first tile", &broken, 13, 1, true},
		{"another", &feature.Weights{Version: 3, ONNX: featuretest.Network{Probability: 0.2}.ONNX()}, 51, 3, false},
		{"nothing new", nil, 51, 3, false},
		{"broken", &broken, 51, 3, true},
		{"the shipped one", &feature.Weights{Version: 1, ONNX: feature.Networks[feature.DamageNetwork].ONNX}, 13, 1, false},
	} {
		if step.use != nil {
			d.Use(*step.use)
		}
		got, version := score()
		if diff := int(got) - int(step.score); diff < -1 || diff > 1 || version != step.version {
			t.Errorf("%s: score %d by version %d, want %d by %d", step.name, got, version, step.score, step.version)
		}
		if why := d.Refused(); strings.Contains(why, "damage@2") != step.refused {
			t.Errorf("%s: refused is %q", step.name, why)
		}
	}
}
