package ingest

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/framewatch/framewatch/ingest/feature"
	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/ingest/source"
	"github.com/framewatch/framewatch/schemas"
)

const (
	// inventoryEvery is how often the inventory is repeated, and pictureEvery how often a picture is kept; microseconds of presentation.
	inventoryEvery = 10_000_000
	pictureEvery   = 1_000_000
	// pictureWidth in pixels and pictureQuality (1-100) of the pictures that are kept.
	pictureWidth, pictureQuality = 320, 60
	// noTrack is none: what it would present goes by the newest line.
	noTrack = -1
	// joinTime is how much later than it is due a unit may be for another container's sake.
	joinTime = time.Second
	// guessedDuration is how long a picture lasts when nothing tells: 40 ms in 90 kHz.
	guessedDuration = media.Clock / 25
)

// worker is one stream's whole trip, within a process of its own: units from the source get their instant from the presentation clock, are
// measured, held until their time has come, and their records go out. One goroutine.
type worker struct {
	job job
	out *sender
	// elapsed is microseconds since session on the wall.
	elapsed func() int64
	intakes intakes
	clock   *clock

	// tracks is the inventory, offered what the decoder said last.
	tracks, offered *media.Tracks
	version         int32
	nextInventory   int64

	video       *feature.Video
	record      schemas.VideoFrame
	frames      int64
	videoEpoch  int32
	format      media.VideoFormat
	lastStep    int64
	lastPTS     int64
	decoding    decoding
	nextPicture int64
	// due is when the next picture is, as far as can be told, and lasts how long it lasts, microseconds.
	due, lasts int64
	thin       *thinning
	lag        *lag
	refusal    refusal
	damage     *feature.Damage

	sounds map[int]*sound

	// at is where the last unit stands in the file.
	at place
}

func newWorker(j job, out *sender, elapsed func() int64, in intakes, thin *thinning, damage *feature.Damage) *worker {
	w := &worker{job: j, out: out, elapsed: elapsed, intakes: in, clock: newClock(j.Mode),
		video: feature.NewVideo(), sounds: map[int]*sound{}, lastPTS: media.NoTime, thin: thin, damage: damage, lag: &lag{}}
	w.video.Scorer = damage
	if in.media != nil {
		w.lag.waiting = in.media.Waiting
	}
	return w
}

// Run takes the source to its end, or round and round when it loops. The error says why it could not be read on.
func (w *worker) Run(ctx context.Context, input source.Input) error {
	defer w.video.Close()
	if w.job.Mode != offline {
		input.Patience = w.patience
	}
	for {
		before := w.clock.end
		if err := w.play(ctx, input); err != nil {
			return err
		}
		if !w.job.Loop {
			return w.flush()
		}
		if w.clock.end == before {
			return fmt.Errorf("play in a loop: there are no pictures and no sound")
		}
		w.clock.Restart()
		w.at = place{Round: w.at.Round + 1}
	}
}

// play takes the source to its end once.
func (w *worker) play(ctx context.Context, input source.Input) error {
	decoder, err := source.Open(ctx, input)
	if err != nil {
		return err
	}
	defer decoder.Close()
	for unit, err := range decoder.Units() {
		if err == nil {
			err = w.tell(place{w.at.Round, decoder.Position()})
		}
		if err != nil {
			return err
		}
		decoder.KeysOnly(w.thin.Wanted() == keysOnly)
		switch {
		case unit.Packet != nil:
			err = w.packet(unit.Packet)
		case unit.Tracks != nil:
			err = w.inventory(unit.Tracks)
		case unit.Codings != nil:
			err = w.out.Codings(unit.Codings)
		case unit.Passed:
			w.pass()
		case unit.Frame != nil:
			err = w.picture(unit.Frame)
		case unit.Samples != nil:
			err = w.sound(unit.Samples)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tell sends where the next unit stands, if that is asked for and news.
func (w *worker) tell(at place) error {
	if !w.job.Places || at == w.at {
		return nil
	}
	w.at = at
	return w.out.Place(at)
}

// inventory takes what the decoder says the tracks are. Opened anew, it first says what the container declares, which decoding then
// corrects as before: formats are looked at when a unit has one that is not in the inventory.
func (w *worker) inventory(t *media.Tracks) error {
	w.offered = &media.Tracks{Container: t.Container, List: slices.Clone(t.List)}
	if w.tracks != nil && sameTracks(w.tracks, w.offered) {
		return nil
	}
	if w.job.Path == "" && t.Container != "mpegts" {
		w.clock.Pace() // Over HTTP nothing else is live.
	}
	return w.adopt()
}

// adopt makes what the decoder said last the inventory.
func (w *worker) adopt() error {
	if w.tracks != nil && reflect.DeepEqual(w.tracks, w.offered) {
		return nil
	}
	w.tracks = w.offered
	w.version++
	return w.sendInventory(w.now())
}

// picture takes one frame all the way.
func (w *worker) picture(f *media.Frame) error {
	if w.frames > 0 && f.Format != w.format {
		w.clock.Change()
	}
	w.format = f.Format
	if !hasFormat(w.tracks, f.Track, f.Format, func(t media.Track) *media.VideoFormat { return t.Video }) {
		if err := w.adopt(); err != nil {
			return err
		}
	}
	began, apart := w.elapsed(), w.thin.Apart(f)
	known, lasts := w.duration(f, apart)
	came, waited := w.arrival(f.Track)
	i := w.clock.Stamp(f.Track, f.PTS, lasts, w.reference(came))
	if i.Epoch != w.videoEpoch || apart {
		w.video.Reset()
		w.videoEpoch = i.Epoch
	}
	r := &w.record
	r.Session, r.Epoch, r.Seq, r.At, r.PTS = w.job.Session, i.Epoch, w.frames, i.At, i.PTS
	w.lasts, w.due = microseconds(lasts), i.At+microseconds(lasts)
	r.DTSDelta, r.Duration, r.Arrival = dtsDelta(f), int32(known), w.arrived(came, i.At)
	r.DecodeUS, r.Format = int32(f.DecodeTime.Microseconds()), w.version
	r.Flags = pictureFlags(f)
	w.decoding.Fill(f, r)
	measured := w.thin.Take(f, i.At, i.Missing*10 >= lasts*9 && !apart)
	if measured {
		w.measure(f, r)
	}
	w.frames++
	w.refusal.Over()
	w.present(i.At, came, waited, w.elapsed()-began+f.DecodeTime.Microseconds())
	if measured {
		if err := w.out.Record(&schemas.Feature{VideoFrame: r}); err != nil {
			return err
		}
	}
	if err := w.keep(f, i.At); err != nil {
		return err
	}
	return w.repeatInventory(i.At)
}

// pass lets the time of a picture pass that was not decoded: so that it counts when it is on, and sound keeps its place.
func (w *worker) pass() {
	w.thin.Pass()
	if w.clock.mode == paced {
		time.Sleep(time.Duration(w.due-w.elapsed()) * time.Microsecond)
	}
	w.due += w.lasts
}

// measure fills r with what f shows.
func (w *worker) measure(f *media.Frame, r *schemas.VideoFrame) {
	w.thin.Mark(r)
	if r.Skipped > 0 {
		w.video.Skip()
	}
	w.video.Measure(f, r)
}

// keep sends a small picture for the evidence, once a second.
func (w *worker) keep(f *media.Frame, at int64) error {
	if !w.job.Pictures || at < w.nextPicture {
		return nil
	}
	w.nextPicture = at + pictureEvery
	jpeg, err := feature.JPEG(f, pictureWidth, pictureQuality)
	if err != nil {
		return nil // A picture that cannot be shown was measured all the same; its groups tell.
	}
	return w.out.Picture(picture{At: at, JPEG: jpeg})
}

// packet sends a packet for the evidence. One that is too large for it is left out.
func (w *worker) packet(p *media.Packet) error {
	if len(p.Data) > packetMost-packetHead {
		return nil
	}
	return w.out.Packet(w.clock.Expect(p.Track, p.PTS, w.now()), p)
}

// present waits until the unit's time has come and tells the clock how it was met. It was worked on for so many microseconds.
func (w *worker) present(at, came, waited, worked int64) {
	if w.job.Mode == offline {
		return
	}
	now := w.elapsed()
	w.lag.Note(w.behind(at, came, now), worked, w.clock.mode == live)
	wait := w.clock.Hold(at, now)
	if w.clock.mode == live {
		w.clock.Presented(came-at, waited, now)
	} else {
		w.clock.Presented(max(now-at, 0), waited, now)
	}
	time.Sleep(wait)
}

// behind is how late the unit was ready by our own doing: after its data had come and, unless it is presented as it comes, its time too.
func (w *worker) behind(at, came, now int64) int64 {
	switch {
	case w.intakes.media == nil:
		return now - at
	case w.clock.mode == live:
		return now - came
	}
	return now - max(at, came)
}

// arrival is when the unit's last byte came, and how long it had waited for the decoder.
func (w *worker) arrival(track int) (came, waited int64) {
	i := w.intakes.media
	if w.offered != nil && track < len(w.offered.List) {
		i = w.intakes.of(w.offered.List[track])
	}
	if i == nil {
		return w.intakes.direct.Arrival(), 0
	}
	return i.Arrival()
}

// patience is how long a packet with this time stamp may wait for one of the other container: until joinTime after it is due.
func (w *worker) patience(pts int64) time.Duration {
	now := w.elapsed()
	return joinTime + time.Duration(w.clock.Expect(noTrack, pts, now)-now)*time.Microsecond
}

// reference is what presentation time is anchored to: arrival when live, else now.
func (w *worker) reference(came int64) int64 {
	if w.clock.mode == live {
		return came
	}
	return w.elapsed()
}

// arrived is the record's arrival, as far as it is known: offline there is none but at.
func (w *worker) arrived(came, at int64) int64 {
	if w.job.Mode == offline {
		return 0
	}
	return came - at
}

// duration is how long the picture lasts in 90 kHz: as far as known (0 when it is not), and for the clock's use. A picture apart tells nothing of the one before.
func (w *worker) duration(f *media.Frame, apart bool) (known, lasts int64) {
	if w.lastPTS != media.NoTime && f.PTS > w.lastPTS && !apart {
		w.lastStep = f.PTS - w.lastPTS
	}
	w.lastPTS = f.PTS
	known = f.Duration
	if known <= 0 || known > maxJump {
		known = min(nominal(f.Format), maxJump)
	}
	for _, d := range []int64{known, w.lastStep} {
		if d > 0 && d <= maxJump {
			return known, d
		}
	}
	return known, guessedDuration
}

// now is the present moment on the presentation clock.
func (w *worker) now() int64 {
	if w.job.Mode == offline {
		return w.clock.end
	}
	return w.elapsed()
}

func (w *worker) repeatInventory(at int64) error {
	if w.tracks == nil || at < w.nextInventory {
		return nil
	}
	return w.sendInventory(at)
}

func (w *worker) sendInventory(at int64) error {
	w.nextInventory = at + inventoryEvery
	return w.out.Record(&schemas.Feature{Inventory: &schemas.Inventory{
		Session: w.job.Session, Epoch: w.clock.epoch, At: at, Version: w.version, Container: w.tracks.Container, Tracks: inventoryTracks(w.tracks.List),
	}})
}
