package lab

import (
	"fmt"
)

// What the renditions' MPEG-TS looks like; the encoder's options say so.
const (
	packetSize = 188
	pidPAT     = 0
	pidPMT     = 4096
	pidPicture = 256
	pidSound   = 257

	// clockRate is the rate of MPEG-TS time stamps, Hz.
	clockRate   = 90000
	pieceTicks  = PieceFrames * clockRate / FrameRate
	pieceSounds = 90
)

// unit is one PES packet, a picture or an AAC frame, as the MPEG-TS packets that carry it.
type unit struct {
	// time is its time stamp from the start of its piece, in [0, pieceTicks).
	time int64
	// shift is what the time stamps in the packets are ahead of time.
	shift   int64
	packets []byte
}

// piece is PieceDuration of both tracks.
type piece struct {
	pictures, sounds []unit
}

// rendition is one encoding of a clip, cut into pieces.
type rendition struct {
	// tables are the packets of PAT and PMT.
	tables []byte
	pieces []piece
}

// cut makes pieces of a whole MPEG-TS. Sound from before the first picture, the encoder's priming, is left out.
func cut(data []byte) (*rendition, error) {
	tables, pictures, sounds, err := units(data)
	if err != nil {
		return nil, err
	}
	if len(pictures) == 0 || len(pictures)%PieceFrames != 0 {
		return nil, fmt.Errorf("cut rendition: %d pictures are no whole number of pieces", len(pictures))
	}
	r := &rendition{tables: tables, pieces: make([]piece, len(pictures)/PieceFrames)}
	start := pictures[0].shift
	for _, u := range pictures {
		if p := r.at(&u, start); p != nil {
			p.pictures = append(p.pictures, u)
		}
	}
	for _, u := range sounds {
		if p := r.at(&u, start); p != nil {
			p.sounds = append(p.sounds, u)
		}
	}
	for i, p := range r.pieces {
		if len(p.pictures) != PieceFrames || len(p.sounds) != pieceSounds {
			return nil, fmt.Errorf("cut rendition: piece %d has %d pictures and %d sounds, want %d and %d",
				i, len(p.pictures), len(p.sounds), PieceFrames, pieceSounds)
		}
	}
	return r, nil
}

// at sets u's time within its piece and returns the piece; nil when u is outside the rendition. start is the first picture's stamp.
func (r *rendition) at(u *unit, start int64) *piece {
	since := u.shift - start
	i := since / pieceTicks
	if since < 0 || i >= int64(len(r.pieces)) {
		return nil
	}
	u.time = since - i*pieceTicks
	u.shift -= u.time
	return &r.pieces[i]
}

// units groups the packets of data by PES packet. Each unit's shift is its presentation time stamp.
func units(data []byte) (tables []byte, pictures, sounds []unit, err error) {
	tracks := map[int]*[]unit{pidPicture: &pictures, pidSound: &sounds}
	seen := map[int]bool{}
	for at := 0; at < len(data); at += packetSize {
		if at+packetSize > len(data) || data[at] != 0x47 {
			return nil, nil, nil, fmt.Errorf("cut rendition: no packet at byte %d", at)
		}
		p := packet(data[at : at+packetSize])
		if (p.pid() == pidPAT || p.pid() == pidPMT) && !seen[p.pid()] {
			seen[p.pid()] = true
			tables = append(tables, p...)
		}
		track, ok := tracks[p.pid()]
		if !ok {
			continue
		}
		if p.starts() {
			stamp, err := p.pts()
			if err != nil {
				return nil, nil, nil, fmt.Errorf("cut rendition: byte %d: %w", at, err)
			}
			*track = append(*track, unit{shift: stamp})
		}
		if n := len(*track); n > 0 {
			(*track)[n-1].packets = append((*track)[n-1].packets, p...)
		}
	}
	return tables, pictures, sounds, nil
}
