package detector

import (
	"log/slog"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/framewatch/framewatch/detector/model"
	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// staleAfter is how long, by ticks, a stream may be without heartbeat before its lamp goes out.
const staleAfter = 3 * time.Second

// stream is the state of one stream.
type stream struct {
	id string
	// settled says that a Setting has come. Until then the stream only keeps the defects that were restored.
	settled bool
	// generation and time of the newest Setting.
	generation int32
	time       int64

	labels  []schemas.Label
	profile string
	// rules are in force; refused is the last text of rules that could not be used.
	rules   ruleset
	refused string
	judges  []*judge
	// models are in force, by name; unusable are the versions that could not be used last. A name that is in neither has the shipped one.
	models map[string]*model.Trees
	// networks are the versions of the edge's networks whose scores count, where it is not that which comes with the program.
	networks map[string]int64
	unusable map[string]int64
	// expected is what is no defect of this stream.
	expected expected
	// hearing are the judges by the kind of record that they look at, in the order of judges.
	hearing [rule.RecordKinds][]listener
	// stirred says that an episode has changed since known looked for worst, the lamp of all that is known whatever its age, and for calm, that
	// nothing explains anything.
	stirred, calm bool
	worst         string

	owner owner
	// first and now are the times of the first and newest judged record; adopted is set at the end of the warm-up after the first.
	first, now int64
	adopted    bool
	// beat is the log's time of the last heartbeat, state and edge are what it said; they are forgotten when no other comes for voidAfter.
	beat        int64
	state, edge string
	// lost is the time of the last heartbeat that told of something that we lost of the stream ourselves.
	lost int64

	// format of the pictures that the baselines are of, as Health.usual has it.
	format string
	health health
	record rule.Record
}

// spoilt is how long after a heartbeat that tells of what we lost ourselves nothing is known of pictures and sound: what is missing may be our
// doing, and what was lost in the next second is told by the next.
const spoilt = 2 * time.Second

// newStream makes the state of a stream without a Setting: the default rules, so that defects can be restored.
func newStream(id string) *stream {
	s := &stream{id: id, rules: defaultRules, lost: math.MinInt64 / 4, health: health{lamp: lampUnknown}}
	s.appoint(defaultRules.judges())
	s.listen()
	return s
}

// appoint puts judges in force that have no episodes yet.
func (s *stream) appoint(judges []*judge) {
	s.judges, s.stirred = judges, true
	for _, j := range judges {
		j.stream = s
	}
}

// listen makes the lists of which judges look at which kind of record.
func (s *stream) listen() {
	for kind := range s.hearing {
		s.hearing[kind] = nil
		for _, j := range s.judges {
			if j.description.Records.Hold(kind) {
				s.hearing[kind] = append(s.hearing[kind], listener{rule: j.rule, parted: j.parted, several: j.several, baseline: j.baseline, judge: j})
			}
		}
	}
}

// outdated tells whether a Setting comes from an older owner than the one in force, whose next is not overdue.
func (s *stream) outdated(setting *schemas.Setting) bool {
	return s.settled && setting.Generation < s.generation && setting.Time < s.time+settingInterval.Microseconds()
}

// set takes the stream's effective settings at the log's time. From the first on absence counts. Rules that cannot be used change nothing, and the log says so once.
func (s *stream) set(setting *schemas.Setting, p *Partition, out emitter) {
	if !s.settled {
		s.beat, s.owner.heard = p.clock.now, p.clock.now
	}
	s.settled, s.generation, s.time = true, setting.Generation, setting.Time
	s.profile = setting.Profile
	s.labels = make([]schemas.Label, 0, len(setting.Labels))
	for _, name := range slices.Sorted(maps.Keys(setting.Labels)) {
		s.labels = append(s.labels, schemas.Label{Name: name, Value: setting.Labels[name]})
	}
	s.expect(setting, p.log)
	s.learnt(setting, p)
	if setting.Rules == s.rules.text || setting.Rules != "" && setting.Rules == s.refused {
		return
	}
	rules, err := p.ruleset(setting.Rules)
	if err != nil {
		s.refused = setting.Rules
		p.log.Warn("rules cannot be used, keeping those in force", "stream", s.id, "profile", setting.Profile, "error", err)
		return
	}
	old := s.rules
	s.rules, s.refused = rules, ""
	if rules.effective != old.effective {
		s.renew(setting.Time, rules.alike(old), out)
	}
}

// ruleset is what a Setting says of the rules.
func (p *Partition) ruleset(text string) (ruleset, error) {
	if text != p.parsed.text {
		rules, err := parseRules(text)
		if err != nil {
			return rules, err
		}
		p.parsed = rules
	}
	return p.parsed, nil
}

// expect takes what is expected of the stream. What cannot be used changes nothing, and the log says so once.
func (s *stream) expect(setting *schemas.Setting, log *slog.Logger) {
	text := ""
	if setting.Expectations != nil {
		text = *setting.Expectations
	}
	if text == s.expected.text || text != "" && text == s.expected.refused {
		return
	}
	if err := s.expected.use(text); err != nil {
		s.expected.refused = text
		log.Warn("expectations cannot be used, keeping those in force", "stream", s.id, "error", err)
		return
	}
	s.expected.refused = ""
	s.want()
}

// want tells the rules what the stream must have.
func (s *stream) want() {
	for _, j := range s.judges {
		if w, ok := j.rule.(rule.Wanting); ok {
			w.Want(s.expected.Wanted)
		}
	}
}

// renew makes the rules in force anew, with nothing seen, but for the kinds to keep, which go on. What was firing goes on with the new rule of
// its kind, or closes without one; what was usual stays so.
func (s *stream) renew(t int64, keep map[string]bool, out emitter) {
	old := s.judges
	s.appoint(s.rules.judges())
	defer s.want()
	defer s.listen()
	defer s.model()
	for _, o := range old {
		j := s.judge(o.kind)
		if j != nil && keep[o.kind] {
			j.goOn(o)
			continue
		}
		if j != nil && j.baseline != nil {
			*j.baseline = *o.baseline
			j.baseline.Drop()
		}
		for _, e := range o.episodes {
			switch {
			case !e.firing():
			case j == nil:
				e.close(t, removed, out)
			default:
				goesOn := j.episode(e.part)
				goesOn.told, goesOn.value, goesOn.end, goesOn.bad = e.told, e.value, e.end, e.bad
			}
		}
	}
}

// judge of a kind; nil when there is none.
func (s *stream) judge(kind string) *judge {
	for _, j := range s.judges {
		if j.kind == kind {
			return j
		}
	}
	return nil
}

// take folds a record of the stream itself.
func (s *stream) take(f *schemas.Feature, now int64, out emitter) {
	session, at := f.Origin()
	t := session + at
	if !plausible(session) || !plausible(at) || !plausible(t) {
		return
	}
	ok, changed := s.owner.accept(session, t, now)
	if !ok {
		return
	}
	if changed {
		s.expected.breaks = breaks{}
		s.renew(t, nil, out)
	}
	s.expected.breaks.see(t, f)
	if s.now = t; s.first == 0 {
		s.first = t
	}
	if b := f.StreamSecond; b != nil && b.Dropped > 0 {
		s.lost = t
	}
	s.health.measure(f)
	if f.Inventory != nil {
		s.see(f.Inventory)
	}
	s.judgeRecord(t, f, out)
	if b := f.StreamSecond; b != nil {
		s.beat, s.state, s.edge = now, b.State, b.Edge
		s.lapse(t, false, out)
	}
	s.health.show(s, now, out)
}

// tick folds the passing of time.
func (s *stream) tick(f *schemas.Feature, step passing, out emitter) {
	s.owner.tick(step)
	if step.away {
		s.beat = step.now
	}
	if step.now-s.beat >= voidAfter.Microseconds() {
		s.state, s.edge = "", ""
	}
	if s.stale(step.now) {
		s.expected.breaks = breaks{}
		s.eachEpisode(func(e *episode) {
			switch {
			case e.judge.description.Absence:
			case e.firing() && s.owner.silent(step.now) >= hold.Microseconds():
				e.close(step.now, unknown, out)
			default:
				e.forget()
				e.lapse(s.now, out)
			}
		})
	}
	s.judgeRecord(step.now, f, out)
	s.lapse(step.now, true, out)
	s.health.tick(s, step, out)
	s.health.show(s, step.now, out)
}

// stale says that the heartbeat has been missing for some time.
func (s *stream) stale(now int64) bool { return now-s.beat >= staleAfter.Microseconds() }

// judgeRecord lets every rule look at one record.
func (s *stream) judgeRecord(t int64, f *schemas.Feature, out emitter) {
	s.record.Take(t, f)
	ours := (f.VideoFrame != nil || f.AudioBlock != nil) && t-s.lost <= spoilt.Microseconds()
	hearing := s.hearing[s.record.Kind()]
	for i := range hearing {
		l := &hearing[i]
		j := l.judge
		for v, ok := l.rule.Judge(&s.record); ok; v, ok = l.more() {
			if s.stirred {
				s.know()
			}
			part := l.part()
			expected := !ours && v.State == rule.Bad && s.expected.covers(j, part, t)
			counts := !ours && !expected && (s.calm || !j.explained(part))
			if !counts {
				v.State = rule.Unknown
			}
			if l.baseline != nil {
				l.baseline.Settle(counts)
			}
			if e := l.episode(part); !e.repeats(t, v.State, v.Value) && e.take(t, v, expected, out) {
				s.suppress(e, t, out)
			}
		}
	}
	s.record.Feature = nil
}

// suppress ends what a defect that has opened explains: what began before it closes, what did not was never a defect of its own. One that is only recorded explains no
// other that people are told of.
func (s *stream) suppress(parent *episode, t int64, out emitter) {
	for _, child := range parent.judge.children {
		for _, e := range child.episodes {
			switch {
			case !e.firing() || parent.dry() && !e.dry():
				continue
			case e.told.Onset < parent.told.Onset:
				e.close(t, suppressed, out)
			default:
				e.retract(t, suppressed, out)
			}
			e.forget() // else its verdicts, which may be older than the lookback, would look like another that is pending
		}
	}
}

// lapse lets time pass, by the stream's own for what is judged from its records, and by ticks for absence.
func (s *stream) lapse(t int64, absence bool, out emitter) {
	s.eachEpisode(func(e *episode) {
		if e.judge.description.Absence == absence {
			e.lapse(t, out)
		}
	})
}

// close ends all that is firing because the stream is gone.
func (s *stream) close(t int64, out emitter) {
	s.eachEpisode(func(e *episode) {
		if e.firing() {
			e.close(t, removed, out)
		}
	})
}

// eachEpisode calls do for each episode, parents before children.
func (s *stream) eachEpisode(do func(*episode)) {
	for _, j := range s.judges {
		for _, e := range j.episodes {
			do(e)
		}
	}
}
