package lab

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Lossy is a clip of which a share of the packets is lost on the way, as models of visible damage are trained on.
type Lossy struct {
	// Name is that of its footage and what was done; Source is the footage's.
	Name, Source string

	sample Sample
	share  float64
	seed   uint64
}

const (
	// lossyLead is sound, so that it is known what is usual; lossyLength is the clip's.
	lossyLead, lossyLength = 5 * time.Second, 16 * time.Second
	// lossyRecipe grows with every change of how packets are lost, or likenesses compared: what was made before is made anew.
	lossyRecipe = 1
	// noLikeness is told of pictures that are equal.
	noLikeness = 100
)

// lossySound is the sound of footage in other folders, lossySoundAbove in the folder that those are in: it does not matter.
const lossySound, lossySoundAbove = "chaplin_360p25_h264_mp3.mp4", "natural/" + lossySound

// lossyFootage is more than the evaluation set is made from: what is in other folders of clips than the house's.
var lossyFootage = []Footage{
	{Name: "asl", Path: "asl_again.mkv", Length: 2.5, Sound: lossySound},
	{Name: "bear", Path: "bear_240p2997_vp9_opus.webm", Length: 2.6, Sound: lossySound},
	{Name: "cockatoo", Path: "cockatoo_720p20_h264_444_mp3.mp4", Length: 11, Sound: lossySound},
	{Name: "foreman", Path: "foreman_cif30_h264.mp4", Length: 10, Sound: lossySound},
	{Name: "marathon", Path: "marathon_400p2997_h264.mp4", Length: 5, Sound: lossySound},
	{Name: "stars", Path: "stars_1080p50_h264_pcm.mov", Length: 2, Sound: lossySound},

	{Name: "broadcast", Path: "ts/tsduck_025_mpeg2_576i25_mp2.ts", From: 0.5, Length: 2.5, Sound: lossySoundAbove},
	{Name: "carphone", Path: "expected/carphone_pristine.mp4", Length: 4, Sound: lossySoundAbove},
	{Name: "croatia", Path: "dash/wave_croatia_25/combined.mpd", Length: 7.5, Sound: lossySoundAbove},
	{Name: "dog", Path: "odd/dog_720p2997_rot270_h264_aac.mp4", Length: 4.9, Sound: lossySoundAbove},
	{Name: "hall", Path: "odd/rooftop_1080p2997_hevc10_hlg_aac_editlist.mp4", Length: 2.5, Sound: lossySoundAbove},
	{Name: "journey", Path: "odd/ax_roadtrip-vp92-10bit.webm", Length: 3, Sound: lossySoundAbove},
	{Name: "lobby", Path: "ts/lpms_bad_cuvid.ts", From: 1, Length: 14, Sound: lossySoundAbove},
	{Name: "lorry", Path: "odd/pixel_aspect_ratio.mp4", Length: 16, Sound: lossySoundAbove},
}

// lossyRenditions are how the clips are coded, and the shares of packets that are lost of each.
var lossyRenditions = []struct {
	name, picture, encoder string
	shares                 []float64
}{
	{name: "as the set", encoder: setEncoder, shares: []float64{0.0012, 0.005}},
	{name: "H.264 at 1.5 Mb/s", encoder: "-c:v libx264 -preset veryfast -b:v 1500k -maxrate 1800k -bufsize 1500k -g 50 -bf 2 -threads 1 -pix_fmt yuv420p" + setSound, shares: []float64{0.0003, 0.0012, 0.01}},
	{name: "H.264 at 700 kb/s, long groups", encoder: "-c:v libx264 -preset veryfast -b:v 700k -maxrate 900k -bufsize 700k -g 125 -bf 3 -threads 1 -pix_fmt yuv420p" + setSound, shares: []float64{0.0025}},
	{name: "H.264 in four slices", encoder: "-c:v libx264 -preset veryfast -crf 23 -g 25 -bf 0 -slices 4 -threads 1 -pix_fmt yuv420p" + setSound, shares: []float64{0.0025, 0.01}},
	{name: "H.264, larger", picture: "scale=768:432", encoder: "-c:v libx264 -preset veryfast -b:v 2500k -maxrate 3000k -bufsize 2500k -g 50 -bf 2 -threads 1 -pix_fmt yuv420p" + setSound, shares: []float64{0.0012}},
	{name: "HEVC", encoder: "-c:v libx265 -preset superfast -x265-params log-level=error:pools=1:frame-threads=1 -crf 25 -g 50" + setSound, shares: []float64{0.0012, 0.005}},
	{name: "MPEG-2", encoder: "-c:v mpeg2video -b:v 3M -maxrate 4M -bufsize 1835k -g 12 -bf 2 -threads 1 -c:a mp2 -b:a 192k -ar 48000 -ac 2", shares: []float64{0.0012, 0.01}},
}

// lookalikes are what programmes show that looks like damage and is none, as filter chains. The damage is that of packets lost besides.
var lookalikes = []struct{ name, picture string }{
	{"mosaic", "split[lu][lv];[lv]scale=32:18:flags=area,scale=512:288:flags=neighbor[lw];[lu][lw]overlay=enable='lt(mod(t,4),1.5)'"},
	{"confetti", "split[lu][lv];[lv]scale=64:36,drawbox=color=black:t=fill,noise=alls=100:allf=t,scale=512:288:flags=neighbor,format=yuva420p,lumakey=threshold=0:tolerance=0.2:softness=0[lw];[lu][lw]overlay"},
	{"rain", "split[lu][lv];[lv]drawbox=color=black:t=fill,noise=c0s=100:c0f=t,avgblur=sizeX=1:sizeY=12,lutyuv=y='clip((val-30)*8,0,120)'[lw];[lu][lw]blend=c0_mode=addition:c1_opacity=0:c2_opacity=0"},
	{"retro graphics", "scale=128:72:flags=area,lutyuv=y='floor(val/24)*24':u='floor(val/32)*32':v='floor(val/32)*32',scale=512:288:flags=neighbor"},
	{"subtitles", "drawbox=x=96:y=240:w=320:h=32:color=black:t=fill:enable='lt(mod(t,3),2)',drawbox=x=112:y=248:w=96:h=16:color=white:t=fill:enable='lt(mod(t,3),2)'," +
		"drawbox=x=224:y=248:w=64:h=16:color=white:t=fill:enable='lt(mod(t,3),2)',drawbox=x=304:y=248:w=96:h=16:color=white:t=fill:enable='lt(mod(t,3),2)'"},
}

// lookalikeShare is how many packets are lost of each.
const lookalikeShare = 0.0025

// LossyClips are all that can be made of the footage that is in one of the folders of clips; the same seed gives the same.
func LossyClips(folders []string, seed uint64) (all []Lossy, folderOf map[string]string) {
	folderOf = map[string]string{}
	for _, folder := range folders {
		for _, f := range footageIn(folder, append(slices.Clone(AllFootage), lossyFootage...)) {
			if folderOf[f.Name] != "" {
				continue
			}
			folderOf[f.Name] = folder
			for _, r := range lossyRenditions {
				s := newSample(f, 1, "sound, "+r.name) // the same for each seed: it is coded once
				s.clean, s.length = rendering{picture: r.picture, encoder: r.encoder}, frames(lossyLength)
				for _, share := range r.shares {
					all = append(all, newLossy(s, r.name, share, seed))
				}
			}
			for _, r := range lookalikes {
				s := newSample(f, 1, "sound, with "+r.name)
				s.clean, s.length = rendering{picture: r.picture}, frames(lossyLength)
				all = append(all, newLossy(s, "with "+r.name, lookalikeShare, seed))
			}
		}
	}
	return all, folderOf
}

func newLossy(s Sample, rendition string, share float64, seed uint64) Lossy {
	return Lossy{Name: fmt.Sprintf("%s: %s, %g %% lost", s.Footage.Name, rendition, 100*share), Source: s.Footage.Name, sample: s, share: share, seed: seed}
}

// ErrBegunAnew says that a clip cannot be compared with what was sent: after a loss FFmpeg has begun to count pictures anew, with others side by side.
var ErrBegunAnew = errors.New("compare pictures: ffmpeg has begun anew within the clip")

// LossyMade is a clip as a file, and how alike each of its pictures, 25 a second from the first, is to what was sent: the signal-to-noise ratio of
// luma in dB, 100 where they are equal, as all after the last are.
type LossyMade struct {
	File     string
	Likeness []float64
}

// Make makes the clip or finds it in the cache. clips is the folder of its footage.
func (l Lossy) Make(ctx context.Context, clips, cache string) (LossyMade, error) {
	sound, err := l.sample.Make(ctx, clips, cache)
	if err != nil {
		return LossyMade{}, err
	}
	made := LossyMade{File: l.file(sound.File)}
	if _, err := os.Stat(made.File); errors.Is(err, fs.ErrNotExist) {
		err = l.lose(sound.File, made.File)
		if err != nil {
			return made, fmt.Errorf("make %s: %w", l.Name, err)
		}
	}
	return made, l.compare(ctx, &made, sound.File)
}

// file is where the clip is kept: beside the sound one, which is called after what it is made of, by all that makes it another.
func (l Lossy) file(sound string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%d %q %v %v %v %d", lossyRecipe, l.Name, lossyLead, lossyLength, l.share, l.seed)
	return fmt.Sprintf("%s-lost-%x.ts", strings.TrimSuffix(sound, ".ts"), h.Sum(nil)[:8])
}

// compare fills in the likenesses, which are kept beside the file.
func (l Lossy) compare(ctx context.Context, made *LossyMade, sound string) error {
	kept := made.File + ".json"
	if known, err := os.ReadFile(kept); err == nil {
		return json.Unmarshal(known, &made.Likeness)
	}
	var err error
	if made.Likeness, err = likenesses(ctx, made.File, sound); err != nil {
		return err
	}
	text, err := json.Marshal(made.Likeness)
	if err != nil {
		return err
	}
	return Keep(kept, text)
}

// lose leaves out packets of a file.
func (l Lossy) lose(sound, file string) error {
	data, err := os.ReadFile(sound)
	if err != nil {
		return err
	}
	h := fnv.New64a()
	h.Write([]byte(l.Name))
	out, err := losing(l.share).apply(data, lossyLead, lossyLength, rand.New(rand.NewPCG(l.seed, h.Sum64())))
	if err != nil {
		return err
	}
	return Keep(file, out.data)
}

// likenesses compares each picture of a file with that of a sound one.
func likenesses(ctx context.Context, file, sound string) ([]float64, error) {
	compare := fmt.Sprintf("[0:v:0]setpts=PTS-STARTPTS,fps=%[1]d[a];[1:v:0]setpts=PTS-STARTPTS,fps=%[1]d[b];[a][b]psnr=stats_file=-", FrameRate)
	out, err := exec.CommandContext(ctx, "ffmpeg", "-v", "quiet", "-nostdin", "-threads", "1", "-f", "mpegts", "-i", file, "-threads", "1", "-f", "mpegts", "-i", sound, "-lavfi", compare, "-f", "null", "-").Output()
	if err != nil {
		return nil, fmt.Errorf("compare pictures: ffmpeg: %w", err)
	}
	var all []float64
	last := 0
	for _, picture := range likeness.FindAllSubmatch(out, -1) { // those that are equal, whose ratio is inf, are none of them
		n, _ := strconv.Atoi(string(picture[1]))
		if n <= last {
			return nil, ErrBegunAnew
		}
		last = n
		ratio, _ := strconv.ParseFloat(string(picture[2]), 64)
		for len(all) < n {
			all = append(all, noLikeness)
		}
		all[n-1] = min(ratio, noLikeness)
	}
	return all, nil
}
