package feature

import (
	"encoding/binary"

	"github.com/framewatch/framewatch/schemas"
)

// Hash identifies the picture: exactly, and as it looks.
type Hash struct{}

// Extract writes the group hash. It is nil for a picture of fewer than 9 columns or 8 rows, where some cell would be empty.
func (*Hash) Extract(p *Picture, out *schemas.VideoFrame) {
	if p.width < smallColumns || p.height < smallRows {
		out.Hash = nil
		return
	}
	if out.Hash == nil {
		out.Hash = new(schemas.PictureHash)
	}
	binary.BigEndian.PutUint64(out.Hash.Exact[:], p.scan.hash)
	binary.BigEndian.PutUint64(out.Hash.Perceptual[:], p.differenceHash())
}

// differenceHash is dHash (N. Krawetz, "Kind of like that", 2013): whether each cell is darker than its right neighbour.
func (p *Picture) differenceHash() uint64 {
	var hash uint64
	for r := range smallRows {
		for c := range smallColumns - 1 {
			left, right := uint64(p.scan.small[r*smallColumns+c]), uint64(p.scan.small[r*smallColumns+c+1])
			hash <<= 1
			// The means compared crosswise, so that nothing is rounded.
			if left*cellPixels(p, c+1, smallColumns, r, smallRows) < right*cellPixels(p, c, smallColumns, r, smallRows) {
				hash |= 1
			}
		}
	}
	return hash
}
