package detector_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/schemas"
)

// FuzzFold hands the partition whatever decodes: it must not panic, and what it tells must be encodable and hold only numbers.
func FuzzFold(f *testing.F) {
	contract := schemas.Baked()
	log, err := readLog("video a moving*1s black*2s still*3s\naudio a tone*1s silent*4s\nheartbeat a up*3s down*3s", "{}")
	if err != nil {
		f.Fatal(err)
	}
	var seed bytes.Buffer
	for i, e := range log {
		value, err := schemas.Append(contract, schemas.Features, nil, e.Feature)
		if err != nil {
			f.Fatal(err)
		}
		if i%7 == 0 {
			f.Add(value, value)
		}
		seed.Write(value)
	}
	setting := &schemas.Feature{Setting: &schemas.Setting{Stream: "a", Rules: `{"black": {"raise": 1e308}}`}}
	f.Fuzz(func(t *testing.T, one, two []byte) {
		p := detector.New(detector.Config{Log: quiet})
		p.Restore([]schemas.DefectEvent{{ID: "x", Stream: "a", Kind: "black", State: "updated", Offset: 2, Onset: math.MaxInt64, End: math.MinInt64}})
		var offset int64
		take := func(feature *schemas.Feature) {
			p.Fold(detector.Input{Stream: "a", Offset: offset, Feature: feature}, func(out detector.Output) { checkOutput(t, contract, out) })
			offset++
		}
		take(setting)
		for range 3 {
			for _, value := range [][]byte{one, two} {
				var feature schemas.Feature
				if schemas.Decode(contract, schemas.Features, value, &feature) == nil {
					take(&feature)
				}
			}
			for _, e := range log[:40] {
				take(e.Feature)
			}
		}
	})
}

func checkOutput(t *testing.T, contract *schemas.Contract, out detector.Output) {
	var err error
	numbers := []float64{}
	switch {
	case out.Defect != nil:
		_, err = schemas.Append(contract, schemas.DefectEvents, nil, out.Defect)
		numbers = append(numbers, out.Defect.Value)
	case out.Health != nil:
		_, err = schemas.Append(contract, schemas.Healths, nil, out.Health)
		for _, f := range out.Health.Figures {
			numbers = append(numbers, f.Min, f.Mean, f.Max)
		}
	}
	if err != nil {
		t.Error(err)
	}
	for _, x := range numbers {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			t.Errorf("%v is told", x)
		}
	}
}
