package lab

import (
	"fmt"
	"time"
)

// Fault is one way for a stream to go wrong, named as the detector names the defect. A fault replaces the stream's picture or its
// sound and leaves the other alone; one that replaces neither takes the whole source away.
type Fault struct {
	Kind string
	// Picture and Sound make the FFmpeg filter chain of what is broken; nil: it goes on.
	Picture, Sound func(Clip) string
}

// Faults are the kinds that the demo injects.
var Faults = []Fault{
	{Kind: "black", Picture: black},
	{Kind: "black_with_logo", Picture: blackWithLogo},
	{Kind: "freeze", Picture: freeze},
	{Kind: "silence", Sound: silent},
	{Kind: "no_signal"},
}

// FaultPieces is how many pieces a fault lasts: 7.68 s, well over the rules' defaults of when to open.
const FaultPieces = 4

// Outage tells that the fault takes the whole source away.
func (f Fault) Outage() bool { return f.Picture == nil && f.Sound == nil }

// Pieces is how long the fault lasts over protocol p. The buffer of an HLS client hides the first six seconds of an outage.
func (f Fault) Pieces(p Protocol) int64 {
	if f.Outage() && p == HLS {
		return 2 * FaultPieces
	}
	return FaultPieces
}

// picture is the clip's own, fitted to the stream's format.
func picture(c Clip) string {
	return fmt.Sprintf("[0:v:0]setpts=PTS-STARTPTS,scale=%[1]d:%[2]d:force_original_aspect_ratio=decrease:out_range=tv,"+
		"pad=%[1]d:%[2]d:-1:-1,setsar=1,fps=%[3]d", c.Width, c.Height, FrameRate)
}

// sound is the clip's own, at a broadcast's level.
func sound(c Clip) string {
	return fmt.Sprintf("[0:a:0]aresample=48000:async=1:first_pts=0,aformat=channel_layouts=stereo,volume=%gdB,alimiter=limit=0.9:level=0,apad", c.Gain)
}

func black(c Clip) string {
	return fmt.Sprintf("color=black:size=%dx%d:rate=%d", c.Width, c.Height, FrameRate)
}

// blackWithLogo keeps a station's mark, a light frame around a coloured bar, in the upper right corner of black: 3 % of the picture.
func blackWithLogo(c Clip) string {
	return black(c) + ",drawbox=x=iw*0.76:y=ih*0.06:w=iw*0.19:h=ih*0.22:color=0xd0d0d0:t=ih*0.05" +
		",drawbox=x=iw*0.82:y=ih*0.14:w=iw*0.08:h=ih*0.06:color=0xd0a040:t=fill"
}

// freeze holds the last picture of the clip. It is encoded like any other, so that key frames pulse.
func freeze(c Clip) string {
	last := c.Pieces*PieceFrames - 1
	return picture(c) + fmt.Sprintf(",trim=start_frame=%d:end_frame=%d,loop=loop=-1:size=1,setpts=N/%d/TB", last, last+1, FrameRate)
}

func silent(Clip) string { return "anullsrc=channel_layout=stereo:sample_rate=48000" }

// duration is a number of pieces as time.
func duration(pieces int64) time.Duration { return time.Duration(pieces) * PieceDuration }
