package schemas_test

import (
	"encoding/binary"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/schemas"
)

// varint is n as Avro writes a long.
func varint(n int64) []byte { return binary.AppendVarint(nil, n) }

// wire puts the header of a schema in front.
func wire[T any](s *schemas.Schema[T], parts ...[]byte) []byte {
	value := binary.BigEndian.AppendUint32([]byte{0}, schemas.ID(schemas.Baked(), s))
	for _, p := range parts {
		value = append(value, p...)
	}
	return value
}

// encoded is v on the wire.
func encoded[T any](t testing.TB, s *schemas.Schema[T], v *T) []byte {
	t.Helper()
	value, err := schemas.Append(schemas.Baked(), s, nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestPoisonIsNamed(t *testing.T) {
	tick := encoded(t, schemas.Features, &schemas.Feature{Tick: &schemas.Tick{Time: 1_700_000_000_000_000, Generation: 3}})
	sound := func(change func(b *schemas.AudioBlock)) []byte {
		b := full[schemas.AudioBlock]()
		change(b)
		return encoded(t, schemas.Features, &schemas.Feature{AudioBlock: b})
	}
	nan := []byte{0x7f, 0xc0, 0, 0}
	// An AudioBlock: ten numbers, the flags, then its list of channels.
	numbers := make([]byte, 11)
	for _, tt := range []struct {
		name  string
		value []byte
		want  string
	}{
		{"empty", nil, "too few"},
		{"header cut", tick[:4], "too few"},
		{"magic byte", append([]byte{1}, tick[1:]...), "magic byte is 0x1"},
		{"unknown id", append([]byte{0, 0, 0, 0, 9}, tick[5:]...), "schema id 9 is unknown"},
		{"another topic's schema", encoded(t, schemas.DefectEvents, full[schemas.DefectEvent]()), "union"},
		{"nothing after the header", tick[:5], "empty"},
		{"cut", tick[:len(tick)-1], "Tick"},
		{"trailing byte", append(tick[:len(tick):len(tick)], 0), "1 bytes are left over"},
		{"union index too large", wire(schemas.Features, varint(6)), "no branch has index"},
		{"union index negative", wire(schemas.Features, varint(-1)), "no branch has index"},
		{"union index of two bytes", wire(schemas.Features, varint(64)), "no branch has index"},
		{"number of eleven bytes", wire(schemas.Features, varint(4), []byte(strings.Repeat("\xff", 10)), []byte{1}, varint(1)), "Tick"},
		{"absurd list", wire(schemas.Features, varint(1), numbers, varint(500_000_000)), "AudioBlock"},
		{"absurd list in bytes", wire(schemas.Features, varint(1), numbers, varint(-500_000_000), varint(math.MaxInt64)), "AudioBlock"},
		{"least count there is", wire(schemas.Features, varint(1), numbers, varint(math.MinInt64), varint(8)), "AudioBlock"},
		{"absurd text", wire(schemas.Features, varint(5), varint(0), varint(0), varint(1<<40)), "Setting"},
		{"negative text", wire(schemas.Features, varint(5), varint(0), varint(0), varint(-2)), "Setting"},
		{"energy is no number", sound(func(b *schemas.AudioBlock) { b.Channels[1].KEnergy = nan }), "channels[1].k_energy: NaN"},
		{"energy is cut", sound(func(b *schemas.AudioBlock) { b.Channels[0].KEnergy = nan[:3] }), "channels[0].k_energy: 3 bytes"},
		{"pair is infinite", sound(func(b *schemas.AudioBlock) { (*b.Pairs)[1] = float32(math.Inf(-1)) }), "pairs[1]: -Inf"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			refused(t, schemas.Features, tt.value, tt.want)
		})
	}
}

func TestFiguresOfEventsAreFinite(t *testing.T) {
	refused(t, schemas.DefectEvents, encoded(t, schemas.DefectEvents, &schemas.DefectEvent{Value: math.NaN()}), "value: NaN")
	refused(t, schemas.DefectEvents, encoded(t, schemas.DefectEvents, &schemas.DefectEvent{Threshold: math.Inf(1)}), "threshold: +Inf")
	refused(t, schemas.Healths, encoded(t, schemas.Healths, &schemas.Health{Figures: []schemas.Figure{{Name: "frames", Mean: math.NaN()}}}), "figures.frames: NaN")
}

// A cut at every byte is an error, never a value or a panic.
func TestCutAnywhere(t *testing.T) {
	contract := schemas.Baked()
	generic := schemas.NewGeneric(contract)
	for _, g := range goldens() {
		value, _ := read(t, g.name)
		for n := range value {
			if _, err := g.recode(contract, value[:n]); err == nil {
				t.Errorf("%s: the first %d of %d bytes are read as a value", g.name, n, len(value))
			}
			if _, err := generic.Native(value[:n]); err == nil {
				t.Errorf("%s: the first %d of %d bytes are read generically", g.name, n, len(value))
			}
		}
	}
}

// refused wants an error with the text from Decode, an error from Generic where it does not depend on the Go type, and no more memory than a
// small record may cost.
func refused[T any](t *testing.T, s *schemas.Schema[T], value []byte, want string) {
	t.Helper()
	contract := schemas.Baked()
	generic := schemas.NewGeneric(contract)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := schemas.Decode(contract, s, value, new(T))
	_, _ = generic.Native(value) // it may take a NaN, and another topic's schema
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got error %v, want one with %q", err, want)
	}
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 16<<20 {
		t.Errorf("%d bytes made the codecs allocate %d", len(value), spent)
	}
}
