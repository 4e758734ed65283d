package feature

import "github.com/framewatch/framewatch/ingest/media"

// PoolChroma gives the 64x36 means of a plane of chroma in 1/16 level.
func PoolChroma(p *media.Plane, depth int) []uint16 {
	c := new(chromaPool)
	c.read(p, depth)
	return c.means[:]
}

// Shrink is shrink.
func Shrink(p *media.Plane, depth, width, height int) []byte { return shrink(p, depth, width, height) }
