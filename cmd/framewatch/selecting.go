package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/topology"
)

// selecting is the flags that say which records of a topic are meant.
type selecting struct {
	stretch
	offsets, streams []string
	partitions       []int
	defect           string
	before, after    time.Duration
	rate             float64
	// conditions are those of streams that are about labels.
	conditions []matcher
}

// part is what is selected of a topic.
type part struct {
	replay.Range
	replay.Selection
	// partitions to be read; none: all. rate in bytes a second; 0: as fast as it comes.
	partitions []int32
	rate       int64
}

func (s *selecting) flags(cmd *cobra.Command) {
	s.stretch.flags(cmd)
	cmd.Flags().StringArrayVar(&s.offsets, "offsets", nil, "offsets of a partition, PARTITION:FROM-TO, TO not included, either may be left out; may be repeated, and others are not read then")
	cmd.Flags().IntSliceVar(&s.partitions, "partition", nil, "partitions, comma-separated (default: all)")
	cmd.Flags().StringArrayVar(&s.streams, "stream", nil, `streams: an id, which may hold * and ?, or a condition on labels such as region="eu" or genre=~"news|sport"; repeated: one of the ids and all of the conditions`)
	cmd.Flags().StringVar(&s.defect, "defect", "", "the features of a defect's stream around its time, by media time; the defect's id")
	cmd.Flags().DurationVar(&s.before, "before", 10*time.Second, "with --defect: begin so long before its onset")
	cmd.Flags().DurationVar(&s.after, "after", 10*time.Second, "with --defect: end so long after its end")
	cmd.Flags().Float64Var(&s.rate, "rate", 0, "read at most so many megabytes a second (default: as fast as it comes)")
}

// part reads the flags for a topic. What must be looked up on the log is left to lookUp.
func (s *selecting) part(topic *topology.Spec) (*part, error) {
	p := new(part)
	return p, cmp.Or(s.checkSelection(topic), s.bound(p), s.name(p))
}

// lookUp finds on the log what the flags leave open: which streams have such labels, and when the defect was.
func (s *selecting) lookUp(ctx context.Context, a *app, p *part) error {
	return errors.Join(s.choose(ctx, a, p), s.around(ctx, a, p))
}

// checkSelection looks at the flags by themselves.
func (s *selecting) checkSelection(topic *topology.Spec) error {
	switch {
	case s.rate < 0 || s.rate > 1e6:
		return fmt.Errorf("--rate: %v is not within 0 and 1000000 MB/s", s.rate)
	case s.before < 0 || s.after < 0:
		return errors.New("--before and --after are lengths of time, not less than 0")
	case len(s.streams) > 0 && topic.Key != topology.Features.Key:
		return fmt.Errorf("--stream: the key of the topic %s is no stream id but %s", topic.Name, topic.Key)
	case s.defect == "":
		return nil
	case topic.Name != topology.Features.Name:
		return fmt.Errorf("--defect: only features are found by a defect, not %s", topic.Name)
	case !defectID.MatchString(s.defect):
		return fmt.Errorf("--defect: %.100q is no defect's id: 32 hexadecimal digits", s.defect)
	case s.from != "" || s.to != "" || len(s.streams)+len(s.offsets)+len(s.partitions) > 0:
		return errors.New("--defect says which stream and when: leave out --from, --to, --stream, --offsets and --partition")
	}
	return nil
}

var defectID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// bound reads which stretch of the topic is meant.
func (s *selecting) bound(p *part) (err error) {
	if p.Range, err = s.span(time.Now()); err != nil {
		return err
	}
	p.rate = int64(s.rate * 1e6)
	for _, number := range s.partitions {
		if number < 0 || number > 1<<20 {
			return fmt.Errorf("--partition: %d is no partition", number)
		}
		p.partitions = append(p.partitions, int32(number))
	}
	if len(s.offsets) == 0 {
		return nil
	}
	if len(s.partitions) > 0 {
		return errors.New("--offsets name their partitions: leave out --partition")
	}
	p.Range.Offsets = map[int32]replay.Span{}
	for _, text := range s.offsets {
		span, err := offsets(text)
		if err != nil {
			return fmt.Errorf("--offsets: %w", err)
		}
		if _, again := p.Range.Offsets[span.Partition]; again {
			return fmt.Errorf("--offsets: partition %d is named twice", span.Partition)
		}
		p.Range.Offsets[span.Partition] = span
	}
	p.partitions = slices.Sorted(maps.Keys(p.Range.Offsets))
	return nil
}

var offsetsForm = regexp.MustCompile(`^(\d{1,7}):(\d{0,18})-(\d{0,18})$`)

func offsets(text string) (replay.Span, error) {
	parts := offsetsForm.FindStringSubmatch(text)
	if parts == nil {
		return replay.Span{}, fmt.Errorf("%.100q is not like 3:1000-2000", text)
	}
	var numbers [3]int64
	for i := range numbers {
		numbers[i], _ = strconv.ParseInt(parts[i+1], 10, 64) // digits, or nothing
	}
	s := replay.Span{Partition: int32(numbers[0]), Start: numbers[1], End: numbers[2]}
	if parts[3] != "" && s.End <= s.Start {
		return s, fmt.Errorf("%q is empty", text)
	}
	return s, nil
}

// name reads which streams are meant.
func (s *selecting) name(p *part) error {
	for _, text := range s.streams {
		if !strings.ContainsAny(text, "=~") {
			p.Selection.Streams = append(p.Selection.Streams, text)
			continue
		}
		m, err := parseMatcher(text)
		if err != nil {
			return fmt.Errorf("--stream: %w", err)
		}
		s.conditions = append(s.conditions, m)
	}
	return nil
}

// choose finds the streams whose labels fulfil the conditions.
func (s *selecting) choose(ctx context.Context, a *app, p *part) error {
	if len(s.conditions) == 0 {
		return nil
	}
	streams, err := current(ctx, a.cluster, topology.Streams)
	if err != nil {
		return err
	}
	p.Selection.Among = []string{}
	wanted := selector{matchers: s.conditions}
	for _, id := range slices.Sorted(maps.Keys(streams)) {
		if wanted.fits(streams[id].Labels) {
			p.Selection.Among = append(p.Selection.Among, id)
		}
	}
	if len(p.Selection.Among) == 0 {
		return fmt.Errorf("--stream: no stream fits %s: framewatch streams list -o json shows their labels", wanted)
	}
	return nil
}

// late is by how much features may be written after the instants that they are about, or seem to be before it.
const late = time.Minute

// around makes the selection that of a defect.
func (s *selecting) around(ctx context.Context, a *app, p *part) error {
	if s.defect == "" {
		return nil
	}
	source, err := a.source(topology.Defects.Name)
	if err != nil {
		return err
	}
	event, partition, err := replay.LastEvent(ctx, source, a.contract, s.defect)
	if err != nil {
		return fmt.Errorf("--defect: %w", err)
	}
	onset := event.Onset
	if event.OnsetRefined != nil {
		onset = min(onset, *event.OnsetRefined)
	}
	begin, end := time.UnixMicro(onset).Add(-s.before), time.UnixMicro(event.End).Add(s.after)
	p.partitions = []int32{partition}
	p.Selection = replay.Selection{Among: []string{event.Stream}, Begin: begin.UnixMicro(), End: end.UnixMicro() + 1}
	p.Range = replay.Range{From: begin.Add(-late), To: end.Add(late)}
	return nil
}
