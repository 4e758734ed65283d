package lab

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Injection is one way to spoil footage at one level: a row of Injections. What it does not name it leaves alone. In its filter chains and its encoder
// {from} is the number of the fault's first picture, {last} that of its last, {start} its time in seconds and {i} a number of its own.
type Injection struct {
	// Kind is what the detector should call it; Variant and Level say in words how it is done and how strong it is.
	Kind, Variant, Level string
	// Length of the fault, and Lead before it when it needs more than setLead.
	Length, Lead time.Duration
	// Picture makes spoilt pictures of sound ones, one of each, and Sound spoilt samples: FFmpeg filter chains whose output takes the place of the
	// footage while the fault lasts.
	Picture, Sound string
	// Coded is an encoder by whose pictures those of the footage are replaced while the fault lasts; CodedPackets spoils its packets first.
	Coded        string
	CodedPackets *packetEdit
	// Timing is a chain through which all pictures go in the end: it leaves some out.
	Timing string
	// Encoder replaces that of the set.
	Encoder string
	// Packets spoils the MPEG-TS as it is sent.
	Packets *packetEdit
	// Also are further kinds that the fault is, Companions kinds that it may cause, which need not be found.
	Also, Companions []string
	// Brief faults are shorter than the rules' defaults of when to open.
	Brief bool
}

// The measures of the set's clips.
const (
	// setLead is before a fault, as long as most rules look back, setTail after it.
	setLead = 7 * time.Second
	setTail = 3500 * time.Millisecond
	// jitter moves a fault against the encoder's groups of pictures.
	jitter = FrameRate
)

// A placement is a fault at its place in a clip, in pictures: from the first to before the last.
type placement struct {
	Injection
	from, to int
}

// lead is what comes before the fault.
func (in Injection) lead() time.Duration { return max(in.Lead, setLead) }

// place puts the fault somewhere behind its lead.
func (in Injection) place(random *rand.Rand) placement {
	from := frames(in.lead()) + random.IntN(jitter)
	return placement{in, from, from + frames(in.Length)}
}

// frames is how many pictures a stretch of time has.
func frames(d time.Duration) int { return int(d * FrameRate / time.Second) }

// pictures is the time of n pictures.
func pictures(n int) time.Duration { return time.Duration(n) * time.Second / FrameRate }

// soundOnly tells that the pictures are as they were.
func (in Injection) soundOnly() bool {
	return in.Picture == "" && in.Coded == "" && in.Timing == "" && in.Encoder == "" && in.Packets == nil
}

// fill is the whole picture in one colour.
func fill(colour string) string { return "drawbox=color=" + colour + ":t=fill" }

// card is a picture that FFmpeg draws, in place of the footage.
func card(source string) string {
	return fmt.Sprintf("null[under{i}];%s=size=%dx%d:rate=%d,format=yuv420p,setsar=1[card{i}];[under{i}][card{i}]overlay=shortest=1", source, setWidth, setHeight, FrameRate)
}

// gaussian is a blur by a kernel of size k, whose deviation is OpenCV's for that size.
func gaussian(k int) string { return fmt.Sprintf("gblur=sigma=%.2f", 0.3*(float64(k-1)*0.5-1)+0.8) }

// grain is Gaussian noise of deviation sigma, in levels; FFmpeg's strength is sqrt(3) of it.
func grain(sigma float64) string { return fmt.Sprintf("noise=alls=%.0f:allf=t", sigma*1.7320508) }

// bars covers a share of the picture's height, or width, on both sides with black.
func bars(height, width float64) string {
	return fmt.Sprintf("scale=trunc(iw*%[1]g/2)*2:trunc(ih*%[2]g/2)*2,pad=%[3]d:%[4]d:-1:-1:black", 1-2*width, 1-2*height, setWidth, setHeight)
}

// flashes alternates the picture with white, n pictures each.
func flashes(n int) string {
	return fmt.Sprintf("drawbox=color=white:t=fill:enable='gte(mod(n,%d),%d)'", 2*n, n)
}

// held shows the first of n pictures for all of them, once a second.
func held(n int) string {
	return fmt.Sprintf("select='not(between(mod(n-{from},25),1,%d))',fps=%d", n-1, FrameRate)
}

// both is an expression for each channel of a stereo sound, where val is the channel.
func both(expression string) string {
	return fmt.Sprintf("aeval='st(0,val(0));%[1]s|st(0,val(1));%[1]s':c=same", expression)
}

// holes cuts the sound out once a second.
func holes(ms int) string {
	return both(fmt.Sprintf("ld(0)*gte(mod(t-{start},1),%g)", float64(ms)/1000))
}

// clicks adds a step of so much of full scale twice a second.
func clicks(step float64) string { return both(fmt.Sprintf("ld(0)+%g*lt(mod(n,24000),1)", step)) }

// mains adds hum at a level in dBFS, with harmonics.
func mains(level string) string {
	return "aeval='st(0,pow(10,(" + level + ")/20)*(sin(2*PI*50*t)+0.4*sin(2*PI*100*t)+0.3*sin(2*PI*150*t)));val(0)+ld(0)|val(1)+ld(0)':c=same"
}

// loud is a tone that peaks at a level in dBFS, in place of the sound.
func loud(level string) string {
	return "aeval='pow(10,(" + level + ")/20)*sin(2*PI*1000*t)|pow(10,(" + level + ")/20)*sin(2*PI*1000*t)':c=same"
}

// overdriven is sound that is amplified beyond full scale.
func overdriven(db int) string { return fmt.Sprintf("volume=%ddB,%s", db, both("clip(ld(0),-1,1)")) }

// louder is sound that is amplified and kept below full scale.
func louder(db int) string { return fmt.Sprintf("volume=%ddB,alimiter=limit=0.85:level=0", db) }
