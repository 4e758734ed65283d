package rule

import (
	"fmt"
	"math"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

const (
	// boxStep is the step of stream time of which one picture's borders are looked at.
	boxStep = 200 * time.Millisecond
	// boxNow is how long borders must have stood to be those of now, boxSpan how far back goes what was shown before.
	boxNow, boxSpan = 2 * time.Second, 12 * time.Second
	// boxAgree of the pictures of now must have the same borders; boxPast is in how many of those before a part of the picture must have been
	// lit to belong to it: a second's worth, since a flash or a subtitle in the border is no picture.
	boxAgree, boxPast = 0.8, 5
	// boxEven is how far borders that are equal may be apart, as a share of the picture: chroma and coding soften an edge.
	boxEven = 0.01
	// boxDark is the share of the picture within its borders that may be black: titles and night scenes have no borders that could be told.
	boxDark = 0.5
)

// Letterbox judges whether black borders have appeared or grown against what the stream showed in the last seconds: above and below (part
// "letterbox"), at both sides (part "pillarbox"), or all around (part "windowbox"). What has stood for ten seconds is how the stream looks, and
// no defect any more. The figure is the share of the picture of before that is border now. With Expect it judges, in the part "aspect", the
// ratio of width to height within the borders too, for as long as it is another.
type Letterbox struct {
	Options `yaml:",inline"`
	// Expect is the ratio of width to height that the picture within its borders is to have, as it is displayed; 0: any. The figure is the share
	// by which it is missed.
	Expect float64 `yaml:"expect"`

	queue `yaml:"-"`
	epoch int32
	// began and last are the times of the first and newest picture without a break.
	began, last int64
	// seen are the borders of one picture in each step.
	seen []box
	// size is what the newest Inventory says, at when it came.
	size frameSize
	at   int64
}

// box is where the first and last rows and columns are that are lit.
type box struct {
	time                     int64
	top, bottom, left, right int32
	// clear says that its edges are sharp and what is within them is no darkness.
	clear bool
}

// frameSize of the pictures, in samples; sar is the shape of one, width by height.
type frameSize struct {
	width, height int32
	sar           float64
}

// NewLetterbox is the rule with its documented defaults.
func NewLetterbox() Rule {
	return &Letterbox{Options: Options{
		// 1.85:1 within 16:9 is 0.04, 4:3 is 0.25, 2.39:1 is 0.26.
		Raise: 0.03, Clear: 0.02,
		For: 2 * time.Second, KeepFiringFor: 2 * time.Second,
		// A programme may be of another format than the one before.
		Severity: "info",
	}, last: never, at: never}
}

// Judge compares the borders of now with those of before.
func (l *Letterbox) Judge(r *Record) (Verdict, bool) {
	if i := r.Inventory; i != nil {
		l.size, l.at = sizeOf(i), r.Time
	}
	f := r.VideoFrame
	if f == nil {
		return Verdict{}, false
	}
	if f.Epoch != l.epoch || r.Time-l.last > sequenceGap.Microseconds() {
		l.seen, l.began = l.seen[:0], r.Time
	}
	due := stepped(l.last, r.Time, boxStep)
	l.epoch, l.last = f.Epoch, r.Time
	if !due {
		return Verdict{}, false
	}
	l.forget(r.Time - boxSpan.Microseconds())
	if f.Border != nil && f.Luma != nil && whole(f) {
		l.seen = append(l.seen, l.look(r.Time, f))
	}
	l.judge(r.Time)
	return l.More()
}

// Describe tells what the figure is.
func (*Letterbox) Describe() Description {
	return Description{
		Version: 1, Records: VideoFrames | Inventories, Unit: "share", Summary: "Black borders have come over %s of the picture", Window: boxSpan + 2*time.Second, Gap: time.Second,
		Parents: []string{"no_signal", "black", "black_with_logo", "flat_colour"},
	}
}

// Validate tells what is wrong with the options.
func (l *Letterbox) Validate() error {
	if l.Expect < 0 || !finite(l.Expect) {
		return fmt.Errorf("expect %v is no ratio of width to height", l.Expect)
	}
	return l.Options.Validate()
}

// judge queues the verdicts on the picture at t.
func (l *Letterbox) judge(t int64) {
	l.begin()
	now, since, stands := l.now(t)
	verdicts := [4]Verdict{}
	if stands && t-l.began >= boxSpan.Microseconds() && l.shown(t) {
		rows, columns, around := 0.0, 0.0, 0.0
		if now.top > 0 || now.left > 0 { // else there is no border on both sides
			before := l.before(t)
			rows = grown(now.top-before.top, before.bottom-now.bottom, before.bottom-before.top+1)
			columns = grown(now.left-before.left, before.right-now.right, before.right-before.left+1)
		}
		if rows >= l.Raise && columns >= l.Raise {
			rows, columns, around = 0, 0, 1-(1-rows)*(1-columns)
		}
		verdicts[0], verdicts[1], verdicts[2] = l.verdict(rows), l.verdict(columns), l.verdict(around)
	}
	if size, ok := l.known(t); l.Expect > 0 && stands && ok {
		ratio := float64(now.right-now.left+1) * size.sar / float64(now.bottom-now.top+1)
		verdicts[3] = l.verdict(1 - min(ratio/l.Expect, l.Expect/ratio))
	}
	for i, part := range [...]string{"letterbox", "pillarbox", "windowbox", "aspect"} {
		if part == "aspect" && l.Expect == 0 {
			continue
		}
		l.say(part, verdicts[i].over(since, t))
	}
}

// look reads a picture's borders.
func (l *Letterbox) look(t int64, f *schemas.VideoFrame) box {
	b := f.Border
	x := box{time: t, top: b.Top24, bottom: b.Bottom24, left: b.Left24, right: b.Right24}
	if !x.lit() {
		return x
	}
	width, height := x.right+1, x.bottom+1
	if size, ok := l.known(t); ok {
		width, height = max(width, size.width), max(height, size.height)
	}
	for _, s := range l.seen {
		width, height = max(width, s.right+1), max(height, s.bottom+1)
	}
	soft := max(b.Top40-b.Top24, b.Bottom24-b.Bottom40, b.Left40-b.Left24, b.Right24-b.Right40)
	within := float64(x.right-x.left+1) * float64(x.bottom-x.top+1) / (float64(width) * float64(height))
	dark := darkShare(f.Luma, 24) - (1 - within)
	x.clear = float64(soft) <= 2*boxEven*float64(max(width, height)) && dark <= boxDark*within
	return x
}

// now are the borders that the picture has had for a while up to t, and since when.
func (l *Letterbox) now(t int64) (b box, since int64, stands bool) {
	since = t
	n := len(l.seen)
	if n == 0 || l.seen[n-1].time < t-boxStep.Microseconds() {
		return b, since, false
	}
	b = l.seen[n-1]
	same, all := 0, 0
	for i := n - 1; i >= 0 && l.seen[i].time > t-boxNow.Microseconds(); i-- {
		all++
		if l.seen[i].clear && l.seen[i].like(b) {
			same++
			since = l.seen[i].time
		}
	}
	return b, since, b.clear && all > boxPast && float64(same) >= boxAgree*float64(all)
}

// shown tells whether the pictures before those of now were lit for long enough to say what the picture was.
func (l *Letterbox) shown(t int64) bool {
	n := 0
	for i := 0; i < len(l.seen) && l.seen[i].time <= t-boxNow.Microseconds(); i++ {
		if l.seen[i].lit() {
			n++
		}
	}
	return n >= 2*boxPast
}

// before is the part of the picture that was lit for a second in all of the time before that of now.
func (l *Letterbox) before(t int64) box {
	var top, bottom, left, right [boxPast]int32
	for i := range boxPast {
		top[i], left[i], bottom[i], right[i] = math.MaxInt32, math.MaxInt32, -1, -1
	}
	for i := 0; i < len(l.seen) && l.seen[i].time <= t-boxNow.Microseconds(); i++ {
		s := &l.seen[i]
		if !s.lit() {
			continue
		}
		least(&top, s.top)
		least(&left, s.left)
		most(&bottom, s.bottom)
		most(&right, s.right)
	}
	const last = boxPast - 1
	return box{top: top[last], bottom: bottom[last], left: left[last], right: right[last]}
}

// known is the size of the pictures, as long as an Inventory may speak of it.
func (l *Letterbox) known(t int64) (frameSize, bool) {
	return l.size, l.size.width > 0 && t-l.at <= (inventoryEvery+2*time.Second).Microseconds()
}

// forget drops what was seen at or before t.
func (l *Letterbox) forget(t int64) {
	old := 0
	for old < len(l.seen) && l.seen[old].time <= t {
		old++
	}
	l.seen = l.seen[:copy(l.seen, l.seen[old:])]
}

// lit says that there is something within the borders.
func (x *box) lit() bool { return x.top <= x.bottom && x.left <= x.right }

// like says that two pictures have the same borders.
func (x box) like(y box) bool {
	rows, columns := boxEven*float64(y.bottom+1)+1, boxEven*float64(y.right+1)+1
	return math.Abs(float64(x.top-y.top)) <= rows && math.Abs(float64(x.bottom-y.bottom)) <= rows &&
		math.Abs(float64(x.left-y.left)) <= columns && math.Abs(float64(x.right-y.right)) <= columns
}

// grown is the share of an extent that two borders have taken; 0 where one of them has taken much less than the other: that is no border but
// something dark.
func grown(a, b, extent int32) float64 {
	if extent <= 0 || min(a, b) <= 0 || float64(max(a, b)-min(a, b)) > 0.25*float64(max(a, b))+boxEven*float64(extent) {
		return 0
	}
	return float64(a+b) / float64(extent)
}

// least keeps the smallest figures in growing order, most the largest in falling order.
func least(kept *[boxPast]int32, x int32) {
	if x >= kept[boxPast-1] {
		return
	}
	for i := range kept {
		if x < kept[i] {
			x, kept[i] = kept[i], x
		}
	}
}

func most(kept *[boxPast]int32, x int32) {
	if x <= kept[boxPast-1] {
		return
	}
	for i := range kept {
		if x > kept[i] {
			x, kept[i] = kept[i], x
		}
	}
}

// sizeOf is the size of the pictures that an Inventory tells of; zero without any.
func sizeOf(i *schemas.Inventory) frameSize {
	for _, track := range i.Tracks {
		v := track.Video
		if v == nil {
			continue
		}
		size := frameSize{v.Width, v.Height, 1}
		if v.SARNum > 0 && v.SARDen > 0 {
			size.sar = float64(v.SARNum) / float64(v.SARDen)
		}
		return size
	}
	return frameSize{}
}
