package lab

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/framewatch/framewatch/replay"
)

// Sample is one clip of the evaluation set: footage with what was done to it.
type Sample struct {
	// Name is that of its footage and what was done.
	Name    string
	Footage Footage
	// Recipe tells that faults are in it as in BVI-Artefact: each of them or not, at random.
	Recipe bool

	faults []placement
	clean  rendering
	// length in pictures.
	length int
	seed   uint64
}

// rendering is a way for sound footage to be sent, and what programmes do that looks like a fault and is none.
type rendering struct {
	name, picture, sound, encoder string
}

// renderings make the clean half of the set.
var renderings = []rendering{
	{name: "as it is"},
	{name: "at 500 kb/s", encoder: "-c:v libx264 -preset veryfast -b:v 500k -maxrate 600k -bufsize 600k -g 50 -bf 2" + setSound},
	{name: "in HEVC", encoder: "-c:v libx265 -preset superfast -x265-params log-level=error:pools=1:frame-threads=1 -crf 25 -g 50" + setSound},
	{name: "in MPEG-2", encoder: "-c:v mpeg2video -b:v 3M -maxrate 4M -bufsize 1835k -g 12 -bf 2 -c:a mp2 -b:a 192k -ar 48000 -ac 2"},
	{name: "with an open GOP", picture: "hflip", encoder: "-c:v libx264 -preset veryfast -crf 23 -g 60 -bf 3 -x264-params open-gop=1:b-pyramid=normal" + setSound},
	{name: "small", picture: "scale=256:144"},
	{name: "with fades", picture: "fade=out:st=7:d=0.5:enable='between(t,7,7.6)',fade=in:st=7.8:d=0.5:enable='between(t,7.6,8.5)'," +
		"fade=out:st=16:d=1:enable='between(t,16,17.1)',fade=in:st=17.2:d=1:enable='between(t,17.1,18.5)'"},
	{name: "with photo flashes", picture: "drawbox=color=white:t=fill:enable='eq(mod(n,75),37)'"},
	{name: "with pauses", sound: "volume=0:enable='lt(mod(t-5,8),1.2)*gte(t,5)'"},
	{name: "with short stills", picture: "select='not(between(mod(n,200),150,187))',fps=25"},
}

// artefactOrder is that in which BVI-Artefact puts faults into one clip, each with a probability of a half; of each one a level at random.
var artefactOrder = []struct{ kind, variant string }{
	{"blockiness", "HEVC"}, {"dropped_frames", ""}, {"blur", ""}, {"corruption", "burned-in"}, {"black", ""},
}

// Artefacts are those of the recipe as BVI-Artefact names them, and what says here that they are there.
var Artefacts = []replay.Artefact{
	{Name: "black frames", Kinds: []string{"black"}},
	{Name: "frame dropping", Kinds: []string{"dropped_frames"}},
	{Name: "transmission errors", Kinds: []string{"corruption"}},
	{Name: "blockiness", Kinds: []string{"blockiness"}},
	{Name: "spatial blur", Kinds: []string{"blur"}},
}

const (
	// recipesPerFootage is how many clips of the recipe are made of each footage.
	recipesPerFootage = 6
	// footagePerHalf is how much footage of each half most injections are put into, in turn; headline kinds are put into all.
	footagePerHalf = 3
)

// headline are the kinds of which most is asked.
var headline = []string{"black", "freeze", "silence", "no_signal", "dropped_frames"}

// Samples are the evaluation set made from footage: each injection by itself, the recipe, and a clean set that is as long as those together, or a share
// of that. The same seed gives the same set.
func Samples(footage []Footage, seed uint64, clean float64) []Sample {
	var all []Sample
	turn := map[string]int{}
	for i, in := range Injections {
		for _, half := range []string{TuneHalf, TestHalf} {
			some := slices.DeleteFunc(slices.Clone(footage), func(f Footage) bool { return f.Half() != half })
			if len(some) > footagePerHalf && (!slices.Contains(headline, in.Kind) || in.Variant != "") {
				first := turn[half]
				turn[half] += footagePerHalf
				some = slices.Concat(some, some)[first%len(some):][:footagePerHalf]
			}
			for _, f := range some {
				s := newSample(f, seed, Injections[i].name())
				s.inject(in.place(s.random()))
				all = append(all, s)
			}
		}
	}
	for _, f := range footage {
		for n := range recipesPerFootage {
			all = append(all, cooccurring(f, seed, n))
		}
	}
	return append(all, cleanSamples(footage, seed, clean, all)...)
}

// cleanSamples are together a share as long as the others; none without footage or length.
func cleanSamples(footage []Footage, seed uint64, share float64, others []Sample) (all []Sample) {
	total := 0
	for _, s := range others {
		total += s.length
	}
	length := int(share * float64(total) / float64(len(footage)*len(renderings)))
	if length == 0 {
		return nil
	}
	for _, f := range footage {
		for _, r := range renderings {
			s := newSample(f, seed, "clean "+r.name)
			s.clean, s.length = r, length
			all = append(all, s)
		}
	}
	return all
}

// cooccurring is the n-th clip of the recipe.
func cooccurring(f Footage, seed uint64, n int) Sample {
	s := newSample(f, seed, fmt.Sprintf("recipe %d", n))
	s.Recipe = true
	random := s.random()
	for _, artefact := range artefactOrder {
		if random.IntN(2) == 0 {
			continue
		}
		levels := slices.DeleteFunc(slices.Clone(Injections), func(in Injection) bool {
			brief := artefact.kind != "black" || in.Brief
			return in.Kind != artefact.kind || in.Variant != artefact.variant || !brief
		})
		in := levels[random.IntN(len(levels))]
		in.Lead = longLead
		s.inject(in.place(random))
	}
	s.length = max(s.length, frames(longLead+10*time.Second))
	return s
}

func newSample(f Footage, seed uint64, what string) Sample {
	return Sample{Name: f.Name + ": " + what, Footage: f, seed: seed}
}

// inject adds a fault, and makes the clip long enough for it.
func (s *Sample) inject(p placement) {
	s.faults = append(s.faults, p)
	s.length = max(s.length, p.to+frames(setTail))
}

// random is the sample's own source of chance.
func (s *Sample) random() *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(s.Name))
	return rand.New(rand.NewPCG(s.seed, h.Sum64()))
}

// name of the injection in words.
func (in Injection) name() string {
	return strings.Join(slices.DeleteFunc([]string{in.Kind, in.Variant, in.Level}, func(s string) bool { return s == "" }), " ")
}

// Kinds are those that the sample is labelled with; none: it is clean.
func (s Sample) Kinds() (kinds []string) {
	for _, f := range s.faults {
		kinds = append(append(kinds, f.Kind), f.Also...)
	}
	return kinds
}

// Companions are the kinds that its faults explain.
func (s Sample) Companions() (kinds []string) {
	for _, f := range s.faults {
		kinds = append(kinds, f.Companions...)
	}
	return kinds
}

// Length of the clip.
func (s Sample) Length() time.Duration { return pictures(s.length) }

// label is what is known of a fault from start to end. Brief ones are optional for who judges durations.
func (s Sample) label(kind string, p placement, start, end time.Duration) replay.Label {
	return replay.Label{Stream: s.Name, Kind: kind, Variant: p.Variant, Level: p.Level, Optional: p.Brief,
		Start: time.UnixMicro(start.Microseconds()).UTC(), End: time.UnixMicro(end.Microseconds()).UTC()}
}
