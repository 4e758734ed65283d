package lab

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// StepsKinds are the kinds of defect that both designs are compared by.
var StepsKinds = []string{"black", "freeze", "silence"}

// stepsJudge is the aggregate function of one stream: the detector's own rules for StepsKinds, in memory from call to call. One goroutine.
type stepsJudge struct {
	stream    string
	partition *detector.Partition
	offset    int64
	// still judges freezes where pictures are too far apart for the rule; nil: the rule does.
	still *sparseFreeze
}

func newStepsJudge(stream string, rate int) *stepsJudge {
	j := &stepsJudge{stream: stream, partition: detector.New(detector.Config{})}
	if rate < freezeRate {
		j.still = &sparseFreeze{stream: stream, black: rule.NewBlack()}
	}
	return j
}

// freezeRate is the fewest pictures a second that the rule judges stillness by.
const freezeRate = 5

// stepsRules turns all rules off but those compared, and what explains them.
var stepsRules = func() string {
	off := map[string]map[string]bool{}
	for _, kind := range rule.Catalogue.Names() {
		if !slices.Contains(StepsKinds, kind) {
			off[kind] = map[string]bool{"disabled": true}
		}
	}
	text, err := json.Marshal(off)
	if err != nil {
		panic(err)
	}
	return string(text)
}()

// judge folds what the detectors of a second gave.
func (j *stepsJudge) judge(n stored, results ...[]byte) (events []*schemas.DefectEvent, err error) {
	var records []*schemas.Feature
	for _, result := range results {
		if records, err = readRecords(records, result); err != nil {
			return nil, fmt.Errorf("judge %s: %w", j.stream, err)
		}
	}
	slices.SortStableFunc(records, func(a, b *schemas.Feature) int { return cmp.Compare(at(a), at(b)) })
	session, end := n.began.UnixMicro(), (n.n+1)*time.Second.Microseconds()
	fold := func(key string, f *schemas.Feature) {
		j.partition.Fold(detector.Input{Stream: key, Offset: j.offset, Feature: f}, func(out detector.Output) {
			if out.Defect != nil {
				events = append(events, out.Defect)
			}
		})
		j.offset++
	}
	if j.offset == 0 {
		fold("", &schemas.Feature{Setting: &schemas.Setting{Time: session, Generation: 1, Stream: j.stream, Profile: "default", Rules: stepsRules}})
	}
	blocks, frames := int32(0), int32(0)
	for _, f := range records {
		switch v := f.VideoFrame; {
		case v == nil:
			blocks++
		case j.still != nil:
			events = append(events, j.still.judge(v)...)
			fallthrough
		default:
			frames++
		}
		fold(j.stream, f)
	}
	fold(j.stream, &schemas.Feature{StreamSecond: &schemas.StreamSecond{Session: session, Seq: n.n, At: end, State: "up", FramesDecoded: frames, FramesAnalysed: frames, AudioBlocks: blocks}})
	fold("", &schemas.Feature{Tick: &schemas.Tick{Time: session + end, Generation: 1}})
	return events, nil
}

// readRecords reads what appendRecord wrote.
func readRecords(records []*schemas.Feature, text []byte) ([]*schemas.Feature, error) {
	for len(text) > 0 {
		length, n := binary.Uvarint(text)
		if n <= 0 || length > uint64(len(text)-n) {
			return nil, errors.New("a result is cut off")
		}
		value, err := schemas.NewReader(stepsContract(), schemas.Features).Read(text[n : n+int(length)])
		if err != nil {
			return nil, err
		}
		records, text = append(records, value), text[n+int(length):]
	}
	return records, nil
}

// sparseFreeze judges whether a picture stands still by pictures that are further apart than the rule needs them: a freeze is open once all of them have been
// as the one before for as long as the rule waits.
type sparseFreeze struct {
	stream string
	black  rule.Rule
	last   int64
	// since is when what stands still was seen first, 0: nothing does; told is the event of the freeze that is open.
	since int64
	told  *schemas.DefectEvent
}

const (
	// sparseMoving is the grid difference of a cell that has moved, 4 levels: JPEG, a coder's key pictures and what it mends after them change less.
	sparseMoving = 9
	// sparseCells may move in a still picture.
	sparseCells = 2
)

func (f *sparseFreeze) judge(v *schemas.VideoFrame) []*schemas.DefectEvent {
	now := v.Session + v.At
	defer func() { f.last = now }()
	if f.last == 0 || !f.still(v, now) {
		return f.close(now)
	}
	if f.since == 0 {
		f.since = f.last
	}
	if f.told != nil || now-f.since < rule.NewFreeze().Common().For.Microseconds() {
		return nil
	}
	f.told = &schemas.DefectEvent{ID: fmt.Sprintf("%s-freeze-%d", f.stream, f.since), State: "opened", Stream: f.stream, Kind: "freeze", Severity: "warning",
		Profile: "default", Session: v.Session, Onset: f.since, End: now, Detected: now, Labels: []schemas.Label{}}
	return []*schemas.DefectEvent{f.told}
}

// close ends the freeze, if one is open.
func (f *sparseFreeze) close(now int64) []*schemas.DefectEvent {
	f.since = 0
	if f.told == nil {
		return nil
	}
	closed := *f.told
	closed.State, closed.Revision, closed.End, closed.Detected, f.told = "closed", 1, f.last, now, nil
	return []*schemas.DefectEvent{&closed}
}

// still tells whether a picture that is not black is as the one before.
func (f *sparseFreeze) still(v *schemas.VideoFrame, now int64) bool {
	if v.Grid == nil || v.Grid.Difference == nil {
		return false
	}
	var record rule.Record
	record.Take(now, &schemas.Feature{VideoFrame: v})
	if verdict, ok := f.black.Judge(&record); ok && verdict.State == rule.Bad {
		return false
	}
	moved := 0
	for _, b := range v.Grid.Difference {
		for _, cell := range []byte{b >> 4, b & 15} {
			if cell >= sparseMoving {
				moved++
			}
		}
	}
	return moved <= sparseCells
}
