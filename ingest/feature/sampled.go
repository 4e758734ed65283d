package feature

import (
	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// sampleEvery is the time between sampled pictures, in microseconds of presentation.
const sampleEvery = 1_000_000

// sampled measures what takes too long for every picture: of the first readable picture in each second. It needs the samples as they came,
// of all bits, and the instant, so it stands beside the extractors.
type sampled struct {
	// next is the second from which on a picture is due.
	next    int64
	banding *banding
	tiles   *tiles
}

// measure writes the group sampled of a picture whose at is known; nil for one that is not due or cannot be read. The group is a new one
// each time. What it needs to work in is made when it is first needed.
func (x *sampled) measure(f *media.Frame, p *Picture, scorer Scorer, out *schemas.VideoFrame) {
	out.Sampled = nil
	second := out.At / sampleEvery
	if p.width == 0 || second < x.next {
		return
	}
	x.next = second + 1
	out.Sampled = &schemas.Sampled{}
	if bands(p.width, p.height) {
		if x.banding == nil {
			x.banding = new(banding)
		}
		index, version := x.banding.measure(&f.Y, f.Format.Depth, p.full), int32(bandingVersion)
		out.Sampled.Banding, out.Sampled.BandingVersion = &index, &version
		share := posterised(p)
		out.Sampled.Posterised = &share
	}
	if scorer != nil && !p.gap && p.width >= TileSize && p.height >= TileSize {
		if x.tiles == nil {
			x.tiles = new(tiles)
		}
		x.tiles.score(p, second, scorer, out.Sampled)
	}
}
