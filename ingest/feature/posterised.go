package feature

import "math"

const (
	// posterisedMost is up to which share of the samples a level counts: a bar, a caption or a drawn surface is no row of levels.
	posterisedMost = 1.0 / 50
	// posterisedTurn divides a turn; spacings are looked for from posterisedTurn/widestSpacing, 32 levels, down to posterisedTurn/narrowestSpacing, 4.
	posterisedTurn                  = 512
	widestSpacing, narrowestSpacing = 16, 128
	// posterisedUnit is the field's.
	posterisedUnit = 4096
)

// posterised gives the share of a picture's samples that stand on evenly spaced levels, in 1/posterisedUnit: what is left of luma of fewer bits, also
// after it was coded. Luma's distribution is a comb then, and its Fourier transform has a peak at the comb's spacing, with next to nothing half way
// to the next and the last one. Natural pictures have none; single levels, of bars and captions, weigh as much everywhere.
func posterised(p *Picture) int32 {
	every := sampledEvery(p.height)
	var counts [256]uint32
	for y := 0; y < p.height; y += every {
		for _, v := range p.planes[0][y*p.stride:][:p.width] {
			counts[v]++
		}
	}
	strength, share := levelSpectrum(&counts, p.width*sampledRows(p.height, every)), 0.0
	for i := widestSpacing; i <= narrowestSpacing; i += 2 {
		share = max(share, strength[i]-max(strength[i/2], strength[i+i/2]))
	}
	return nearest(posterisedUnit * share)
}

// levelSpectrum is the magnitude of the Fourier transform of the shares that levels have of so many samples, at i/posterisedTurn periods a level.
func levelSpectrum(counts *[256]uint32, samples int) (strength [narrowestSpacing + narrowestSpacing/2 + 1]float64) {
	for i := widestSpacing / 2; i < len(strength); i++ {
		across, along := 0.0, 0.0
		for level, n := range counts {
			if n > 0 {
				share := min(float64(n)/float64(samples), posterisedMost)
				at := turns[i*level%posterisedTurn]
				across, along = across+float64(share*at[0]), along+float64(share*at[1])
			}
		}
		strength[i] = math.Sqrt(float64(across*across) + float64(along*along))
	}
	return strength
}

// turns are the cosine and the sine of each part of a turn.
var turns = func() (all [posterisedTurn][2]float64) {
	for i := range all {
		all[i][1], all[i][0] = math.Sincos(2 * math.Pi * float64(i) / posterisedTurn)
	}
	return all
}()
