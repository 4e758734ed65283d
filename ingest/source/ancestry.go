package source

import "github.com/framewatch/framewatch/ingest/media"

// suspicion is for how many packets after a corrupt one a key picture is not trusted: libavformat's parser may tell of the damage up to
// two packets too early, and not every decoder tells of its own.
const suspicion = 2

// ancestry counts the damaged packets that the pictures of the next packet may be predicted from. It goes by the order of decoding:
// damage is in a picture's ancestry also when that picture is shown before the damaged one.
type ancestry struct {
	// key is the time stamp of the last clean key picture, in the stream's time base.
	key int64
	// damaged packets since then; leading are those since the clean key picture before it, which count for pictures that are decoded
	// after the last key picture and shown before it.
	damaged, leading int
	// suspect is for how many packets more a key picture is not trusted.
	suspect int
}

// damaged tells whether anything says so of the packet itself.
func (p *packet) damaged() bool { return p.corrupt || p.flagged || p.told != told{} }

// ancestry is that of the packet after p.
func (p *packet) ancestry() ancestry {
	a := p.before
	switch {
	case p.damaged(), p.key && a.suspect > 0:
		a.damaged++
		a.leading++
	case p.key:
		a = ancestry{key: p.pts, leading: a.damaged}
	}
	a.suspect = max(a.suspect-1, 0)
	if p.corrupt {
		a.suspect = suspicion
	}
	return a
}

// ancestors is how many damaged packets p's picture hangs on, p itself among them.
func (p *packet) ancestors() int {
	a := p.ancestry()
	if p.pts != media.NoTime && p.pts < a.key {
		return a.leading
	}
	return a.damaged
}
