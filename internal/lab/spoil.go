package lab

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/framewatch/framewatch/replay"
)

// How the set's clips are coded: as a broadcaster's small rendition is.
const (
	setPictures = "-c:v libx264 -preset veryfast -crf 21 -maxrate 2500k -bufsize 2500k -g 50 -bf 2 -threads 1 -pix_fmt yuv420p"
	setSound    = " -c:a aac -b:a 128k -ar 48000 -ac 2"
	setEncoder  = setPictures + setSound
	starved     = setPictures + " -x264-params zones={from},{last},q=51" + setSound
	scarce      = "-c:v libx264 -preset veryfast -b:v 250k -maxrate 300k -bufsize 300k -g 50 -bf 2 -threads 1 -pix_fmt yuv420p" + setSound
	// ample has as many bits as noise takes: by setEncoder what is left of a sigma of 50 are blocks.
	ample = "-c:v libx264 -preset veryfast -crf 23 -g 50 -bf 2 -threads 1 -pix_fmt yuv420p" + setSound
	// setMuxer keeps the time stamps of the pictures as they are.
	setMuxer = " -fps_mode passthrough -flags +bitexact -f mpegts -pes_payload_size 0 -mpegts_pmt_start_pid 4096 -streamid 0:256 -streamid 1:257"
)

// stereo says of sound what PCM in Matroska and some filters leave open.
const stereo = "aformat=channel_layouts=stereo"

// quantised is coding with one quantiser.
func quantised(qp int) string {
	return fmt.Sprintf("-c:v libx264 -preset veryfast -qp %d -g 50 -bf 2 -threads 1 -pix_fmt yuv420p", qp)
}

// quantisedHEVC is the same in HEVC, as BVI-Artefact has it.
func quantisedHEVC(qp int) string {
	return fmt.Sprintf("-c:v libx265 -preset veryfast -x265-params log-level=error:pools=1:frame-threads=1:qp=%d:keyint=50 -pix_fmt yuv420p", qp)
}

// Made is a sample as a file, and what is known of it.
type Made struct {
	File   string         `json:"-"`
	Labels []replay.Label `json:"labels"`
}

// Make makes the sample or finds it in the cache. clips is the folder of the footage.
func (s Sample) Make(ctx context.Context, clips, cache string) (Made, error) {
	made, err := s.make(ctx, clips, cache)
	if err != nil {
		return made, fmt.Errorf("make %s: %w", s.Name, err)
	}
	return made, nil
}

func (s Sample) make(ctx context.Context, clips, cache string) (Made, error) {
	master, err := s.Footage.master(ctx, clips, cache)
	if err != nil {
		return Made{}, err
	}
	base := filepath.Join(cache, s.key(master))
	made := Made{File: base + ".ts"}
	if known, err := os.ReadFile(base + ".json"); err == nil {
		return made, json.Unmarshal(known, &made)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return made, err
	}
	work, err := os.MkdirTemp("", "framewatch-sample-")
	if err != nil {
		return made, err
	}
	defer os.RemoveAll(work)
	if made.Labels, err = s.spoil(ctx, master, work, made.File); err != nil {
		return made, err
	}
	known, err := json.Marshal(made)
	if err != nil {
		return made, err
	}
	// The labels come last: where they are, the clip is whole.
	part := filepath.Join(work, "labels.json")
	return made, errors.Join(os.WriteFile(part, known, 0o644), moveFile(part, base+".json"))
}

// key names the sample in the cache.
func (s Sample) key(master string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%q\n%d\n", filepath.Base(master), s.arguments("", make([]string, len(s.faults))), s.seed)
	for _, f := range s.faults {
		for _, e := range []*packetEdit{f.Packets, f.CodedPackets} {
			if e != nil {
				fmt.Fprintf(h, "%s %d %d\n", e.name, f.from, f.to)
			}
		}
		fmt.Fprintf(h, "%q %q %q %v %s\n", f.Kind, f.Variant, f.Level, f.Also, f.Coded)
	}
	return fmt.Sprintf("sample-%s-%x", s.Footage.Name, h.Sum(nil)[:12])
}

// spoil makes the clip and tells what is known of it.
func (s Sample) spoil(ctx context.Context, master, work, file string) ([]replay.Label, error) {
	random := s.random()
	coded := make([]string, len(s.faults))
	spans, seen := make([]span, len(s.faults)), make([]span, len(s.faults))
	for i, f := range s.faults {
		spans[i] = span{pictures(f.from), pictures(f.to)}
		seen[i] = spans[i]
		if f.Coded == "" {
			continue
		}
		coded[i] = filepath.Join(work, fmt.Sprintf("coded-%d.ts", i))
		if err := encode(ctx, s.codedArguments(master, f), coded[i]); err != nil {
			return nil, err
		}
		if f.CodedPackets != nil {
			var err error
			if spans[i], seen[i], err = f.hurt(ctx, f.CodedPackets, coded[i], spans[i], s.random()); err != nil {
				return nil, err
			}
			seen[i].to = min(seen[i].to, pictures(f.to))
		}
	}
	sent := filepath.Join(work, "sent.ts")
	if err := encode(ctx, s.arguments(master, coded), sent); err != nil {
		return nil, err
	}
	for i, f := range s.faults {
		if f.Packets == nil {
			continue
		}
		var err error
		if spans[i], seen[i], err = f.hurt(ctx, f.Packets, sent, spans[i], random); err != nil {
			return nil, err
		}
	}
	var labels []replay.Label
	for i, f := range s.faults {
		labels = append(labels, s.label(f.Kind, f, seen[i].from, seen[i].to))
		for _, kind := range f.Also {
			labels = append(labels, s.label(kind, f, spans[i].from, spans[i].to))
		}
	}
	return labels, moveFile(sent, file)
}

// span is a stretch of a clip.
type span struct{ from, to time.Duration }

// hurt spoils the packets of a file while the fault lasts. It gives the span of the packets that were changed, and that of what is wrong with the
// pictures: for damage that is to be seen they are compared, and losses that nobody can see are drawn again; for other kinds it is the same span.
func (p placement) hurt(ctx context.Context, e *packetEdit, file string, at span, random *rand.Rand) (changed, wrong span, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return changed, wrong, err
	}
	sound, draws := file+".sound", 8
	for range draws {
		out, err := e.apply(data, at.from, at.to, random)
		if err == nil {
			err = os.WriteFile(file, out.data, 0o644)
		}
		changed = span{out.first, out.last + pictures(1)}
		if err != nil || p.Kind != "corruption" {
			return changed, changed, err
		}
		if err := os.WriteFile(sound, data, 0o644); err != nil {
			return changed, wrong, err
		}
		wrong, visible, err := visibleDamage(ctx, file, sound)
		if err != nil || visible && wrong.from < at.to {
			return changed, wrong, err
		}
	}
	return changed, wrong, fmt.Errorf("spoil packets: nothing can be seen of %s, drawn %d times", e.name, draws)
}

// visibleBelow is the likeness of two pictures, as the signal-to-noise ratio of their luma in dB, below which damage is seen.
const visibleBelow = 35

// likeness is a picture's number, from 1, and the ratio of its luma as FFmpeg's psnr tells it.
var likeness = regexp.MustCompile(`n:(\d+) .*psnr_y:([0-9.]+)`)

// visibleDamage compares the pictures of a file with sound ones, and gives the span of those that are visibly wrong.
func visibleDamage(ctx context.Context, file, sound string) (wrong span, visible bool, err error) {
	compare := fmt.Sprintf("[0:v:0]setpts=PTS-STARTPTS,fps=%[1]d[a];[1:v:0]setpts=PTS-STARTPTS,fps=%[1]d[b];[a][b]psnr=stats_file=-", FrameRate)
	out, err := exec.CommandContext(ctx, "ffmpeg", "-v", "quiet", "-nostdin", "-f", "mpegts", "-i", file, "-f", "mpegts", "-i", sound, "-lavfi", compare, "-f", "null", "-").Output()
	if err != nil {
		return wrong, false, fmt.Errorf("compare pictures: ffmpeg: %w", err)
	}
	for _, picture := range likeness.FindAllSubmatch(out, -1) {
		n, _ := strconv.Atoi(string(picture[1]))
		ratio, _ := strconv.ParseFloat(string(picture[2]), 64)
		if ratio >= visibleBelow {
			continue
		}
		if !visible {
			wrong.from, visible = pictures(n-1), true
		}
		wrong.to = pictures(n)
	}
	return wrong, visible, nil
}

// moveFile puts a file where it belongs in one step, also onto another file system.
func moveFile(from, to string) error {
	part, err := os.CreateTemp(filepath.Dir(to), "part-*")
	if err != nil {
		return err
	}
	defer os.Remove(part.Name())
	data, err := os.ReadFile(from)
	if err != nil {
		return errors.Join(err, part.Close())
	}
	_, err = bytes.NewReader(data).WriteTo(part)
	if err = errors.Join(err, part.Close()); err != nil {
		return err
	}
	return os.Rename(part.Name(), to)
}

// looped repeats the footage's pictures to the clip's length.
func (s Sample) looped() string {
	return fmt.Sprintf("[0:v:0]loop=loop=-1:size=32767,setpts=N/%d/TB,trim=end_frame=%d", FrameRate, s.length)
}

// codedArguments make a copy of the footage in a fault's own coding.
func (s Sample) codedArguments(master string, f placement) []string {
	return append([]string{"-i", master, "-filter_complex", s.looped() + "[v]", "-map", "[v]"}, strings.Fields(f.Coded+setMuxer)...)
}

// arguments are FFmpeg's up to the output; coded are the copies of the faults that have one.
func (s Sample) arguments(master string, coded []string) []string {
	inputs := []string{"-i", master}
	g := graph{}
	g.add("", s.looped(), "p")
	g.add("", fmt.Sprintf("[0:a:0]aformat=sample_fmts=fltp,aloop=loop=-1:size=2000000000,asetpts=N/SR/TB,atrim=end=%g", s.Length().Seconds()), "s")
	timing, encoder, soundOnly := "", setEncoder, len(s.faults) > 0
	for i, f := range s.faults {
		f := f.at(i)
		soundOnly = soundOnly && f.soundOnly()
		if f.Coded != "" {
			inputs = append(inputs, "-i", coded[i])
			g.add("", fmt.Sprintf("[%d:v:0]setpts=PTS-STARTPTS,fps=%d", len(inputs)/2-1, FrameRate), "c")
			g.replacePicture(f)
		}
		if f.Picture != "" {
			g.split("split", "p", "c")
			g.add("c", f.Picture, "c")
			g.replacePicture(f)
		}
		if f.Sound != "" {
			g.add("s", stereo, "s")
			g.split("asplit", "s", "d")
			g.add("d", f.Sound+","+stereo, "d")
			g.replaceSound(f)
		}
		if f.Timing != "" {
			timing = f.Timing
		}
		if f.Encoder != "" {
			encoder = f.Encoder
		}
	}
	if s.clean.picture != "" {
		g.add("p", s.clean.picture, "p")
	}
	if s.clean.sound != "" {
		g.add("s", s.clean.sound, "s")
	}
	if s.clean.encoder != "" {
		encoder = s.clean.encoder
	}
	if soundOnly {
		g.add("p", "scale=256:144", "p")
	}
	if timing != "" {
		g.add("p", timing, "p")
	}
	return append(append(inputs, "-filter_complex", g.text(), "-map", g.out("p"), "-map", g.out("s")), strings.Fields(encoder+setMuxer)...)
}

// at fills in where the fault is.
func (p placement) at(i int) placement {
	fill := strings.NewReplacer("{from}", fmt.Sprint(p.from), "{last}", fmt.Sprint(p.to-1), "{start}", fmt.Sprintf("%.3f", pictures(p.from).Seconds()), "{i}", fmt.Sprint(i))
	p.Picture, p.Sound, p.Timing, p.Encoder = fill.Replace(p.Picture), fill.Replace(p.Sound), fill.Replace(p.Timing), fill.Replace(p.Encoder)
	return p
}
