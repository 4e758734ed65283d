package lab

import "time"

const sec = time.Second

// Injections are the faults of the evaluation set, one a row. Levels of black, dropped frames, blur, noise and blockiness are those of BVI-Artefact
// (Feng et al., PCS 2024), from very noticeable to very subtle.
var Injections = []Injection{
	{Kind: "black", Level: "8 s", Length: 8 * sec, Picture: fill("black"), Companions: littleSent},
	{Kind: "black", Level: "4 s", Length: 4 * sec, Picture: fill("black"), Companions: littleSent},
	{Kind: "black", Level: "2 s", Length: 2 * sec, Picture: fill("black"), Companions: littleSent},
	{Kind: "black", Level: "4 s, noisy", Length: 4 * sec, Picture: "lutyuv=y=19:u=128:v=128,noise=c0s=4:c0f=t", Companions: littleSent},
	{Kind: "black", Level: "16 frames", Length: pictures(16), Picture: fill("black"), Brief: true},
	{Kind: "black", Level: "12 frames", Length: pictures(12), Picture: fill("black"), Brief: true},
	{Kind: "black", Level: "8 frames", Length: pictures(8), Picture: fill("black"), Brief: true},
	{Kind: "black", Level: "4 frames", Length: pictures(4), Picture: fill("black"), Brief: true},

	{Kind: "black_with_logo", Level: "right", Length: 5 * sec, Picture: blackWithMark("0.80"), Companions: littleSent},
	{Kind: "black_with_logo", Level: "left", Length: 5 * sec, Picture: blackWithMark("0.06"), Companions: littleSent},

	{Kind: "flat_colour", Level: "blue", Length: 5 * sec, Picture: fill("blue"), Companions: littleSent},
	{Kind: "flat_colour", Level: "green", Length: 5 * sec, Picture: fill("0x008000"), Companions: littleSent},
	{Kind: "flat_colour", Level: "grey", Length: 5 * sec, Picture: fill("gray"), Companions: littleSent},
	{Kind: "flat_colour", Level: "white", Length: 5 * sec, Picture: fill("white"), Companions: littleSent},

	{Kind: "freeze", Level: "8 s", Length: 8 * sec, Picture: still, Companions: littleSent},
	{Kind: "freeze", Level: "5 s", Length: 5 * sec, Picture: still, Companions: littleSent},
	{Kind: "freeze", Level: "3 s", Length: 3 * sec, Picture: still, Companions: littleSent},
	{Kind: "freeze", Level: "5 s at 250 kb/s", Length: 5 * sec, Picture: still, Encoder: scarce, Companions: littleSent},

	{Kind: "slate", Level: "SMPTE bars", Length: 6 * sec, Picture: card("smptehdbars"), Companions: standing},
	{Kind: "slate", Level: "EBU bars", Length: 6 * sec, Picture: card("pal75bars"), Companions: standing},
	{Kind: "slate", Level: "EBU bars 100 %", Length: 6 * sec, Picture: card("pal100bars"), Companions: standing},
	{Kind: "slate", Level: "test card", Length: 6 * sec, Picture: card("testsrc"), Companions: standing},

	{Kind: "corruption", Variant: "in-band", Level: "1 % lost", Length: 5 * sec, Packets: losing(0.01), Also: lossKinds, Companions: damaged},
	{Kind: "corruption", Variant: "in-band", Level: "0.5 % lost", Length: 5 * sec, Packets: losing(0.005), Also: lossKinds, Companions: damaged},
	{Kind: "corruption", Variant: "in-band", Level: "0.25 % lost", Length: 5 * sec, Packets: losing(0.0025), Also: lossKinds, Companions: damaged},
	{Kind: "corruption", Variant: "in-band", Level: "0.12 % lost", Length: 5 * sec, Packets: losing(0.0012), Also: lossKinds, Companions: damaged},
	{Kind: "corruption", Variant: "burned-in", Level: "1 % lost", Length: 5 * sec, Coded: setPictures, CodedPackets: losing(0.01), Companions: damaged},
	{Kind: "corruption", Variant: "burned-in", Level: "0.5 % lost", Length: 5 * sec, Coded: setPictures, CodedPackets: losing(0.005), Companions: damaged},
	{Kind: "corruption", Variant: "burned-in", Level: "0.25 % lost", Length: 5 * sec, Coded: setPictures, CodedPackets: losing(0.0025), Companions: damaged},
	{Kind: "corruption", Variant: "burned-in", Level: "0.12 % lost", Length: 5 * sec, Coded: setPictures, CodedPackets: losing(0.0012), Companions: damaged},

	{Kind: "decode_error", Level: "20 bytes/s wrong", Length: 5 * sec, Packets: garbling(20), Companions: append(damaged, "corruption")},
	{Kind: "decode_error", Level: "5 bytes/s wrong", Length: 5 * sec, Packets: garbling(5), Companions: append(damaged, "corruption")},
	{Kind: "decode_error", Level: "1 byte/s wrong", Length: 5 * sec, Packets: garbling(1), Companions: append(damaged, "corruption")},

	{Kind: "blur", Level: "kernel 9", Lead: longLead, Length: 20 * sec, Picture: gaussian(9)},
	{Kind: "blur", Level: "kernel 7", Lead: longLead, Length: 20 * sec, Picture: gaussian(7)},
	{Kind: "blur", Level: "kernel 5", Lead: longLead, Length: 20 * sec, Picture: gaussian(5)},
	{Kind: "blur", Level: "kernel 3", Lead: longLead, Length: 20 * sec, Picture: gaussian(3)},

	{Kind: "blockiness", Level: "QP 47", Lead: longLead, Length: 12 * sec, Coded: quantised(47), Companions: coarse},
	{Kind: "blockiness", Level: "QP 42", Lead: longLead, Length: 12 * sec, Coded: quantised(42), Companions: coarse},
	{Kind: "blockiness", Level: "QP 37", Lead: longLead, Length: 12 * sec, Coded: quantised(37), Companions: coarse},
	{Kind: "blockiness", Level: "QP 32", Lead: longLead, Length: 12 * sec, Coded: quantised(32), Companions: coarse},

	{Kind: "blockiness", Variant: "HEVC", Level: "QP 47", Lead: longLead, Length: 12 * sec, Coded: quantisedHEVC(47), Companions: coarse},
	{Kind: "blockiness", Variant: "HEVC", Level: "QP 42", Lead: longLead, Length: 12 * sec, Coded: quantisedHEVC(42), Companions: coarse},
	{Kind: "blockiness", Variant: "HEVC", Level: "QP 37", Lead: longLead, Length: 12 * sec, Coded: quantisedHEVC(37), Companions: coarse},
	{Kind: "blockiness", Variant: "HEVC", Level: "QP 32", Lead: longLead, Length: 12 * sec, Coded: quantisedHEVC(32), Companions: coarse},

	{Kind: "noise", Level: "sigma 50", Lead: longLead, Length: 14 * sec, Picture: grain(50), Encoder: ample, Companions: []string{"blockiness"}},
	{Kind: "noise", Level: "sigma 25", Lead: longLead, Length: 14 * sec, Picture: grain(25), Encoder: ample, Companions: []string{"blockiness"}},
	{Kind: "noise", Level: "sigma 10", Lead: longLead, Length: 14 * sec, Picture: grain(10), Encoder: ample},
	{Kind: "noise", Level: "sigma 5", Lead: longLead, Length: 14 * sec, Picture: grain(5), Encoder: ample},

	{Kind: "banding", Level: "steps of 32", Lead: longLead, Length: 26 * sec, Picture: "lutyuv=y='floor(val/32)*32+16'"},
	{Kind: "banding", Level: "steps of 16", Lead: longLead, Length: 26 * sec, Picture: "lutyuv=y='floor(val/16)*16+8'"},
	{Kind: "banding", Level: "steps of 8", Lead: longLead, Length: 26 * sec, Picture: "lutyuv=y='floor(val/8)*8+4'"},
	{Kind: "banding", Level: "steps of 4", Lead: longLead, Length: 26 * sec, Picture: "lutyuv=y='floor(val/4)*4+2'"},

	{Kind: "letterbox", Level: "2.39:1", Lead: longLead, Length: 8 * sec, Picture: bars(0.128, 0)},
	{Kind: "letterbox", Level: "4:3", Lead: longLead, Length: 8 * sec, Picture: bars(0, 0.125)},
	{Kind: "letterbox", Level: "14:9", Lead: longLead, Length: 8 * sec, Picture: bars(0, 0.0625)},
	{Kind: "letterbox", Level: "all around", Lead: longLead, Length: 8 * sec, Picture: bars(0.125, 0.125)},

	{Kind: "interlace", Level: "fields of two pictures", Lead: longLead, Length: 6 * sec, Picture: "separatefields,trim=start_frame=1,setpts=PTS-STARTPTS,weave=first_field=bottom"},

	{Kind: "flash", Level: "12.5 Hz", Length: 3 * sec, Picture: flashes(1)},
	{Kind: "flash", Level: "6.3 Hz", Length: 3 * sec, Picture: flashes(2)},
	{Kind: "flash", Level: "4.2 Hz", Length: 3 * sec, Picture: flashes(3)},

	{Kind: "dropped_frames", Level: "16 frames", Length: pictures(16), Timing: leftOut, Companions: []string{"ts_error"}},
	{Kind: "dropped_frames", Level: "12 frames", Length: pictures(12), Timing: leftOut, Companions: []string{"ts_error"}},
	{Kind: "dropped_frames", Level: "8 frames", Length: pictures(8), Timing: leftOut, Companions: []string{"ts_error"}},
	{Kind: "dropped_frames", Level: "4 frames", Length: pictures(4), Timing: leftOut, Companions: []string{"ts_error"}},
	{Kind: "dropped_frames", Variant: "no hole left", Level: "16 frames", Length: pictures(16), Timing: closedUp, Companions: []string{"av_offset"}},
	{Kind: "dropped_frames", Variant: "no hole left", Level: "8 frames", Length: pictures(8), Timing: closedUp, Companions: []string{"av_offset"}},

	{Kind: "stutter", Level: "12 of 25 held", Length: 6 * sec, Picture: held(12), Companions: []string{"freeze", "dropped_frames"}},
	{Kind: "stutter", Level: "8 of 25 held", Length: 6 * sec, Picture: held(8), Companions: []string{"freeze", "dropped_frames"}},
	{Kind: "stutter", Level: "4 of 25 held", Length: 6 * sec, Picture: held(4), Companions: []string{"freeze", "dropped_frames"}},
	{Kind: "stutter", Level: "every second held", Length: 6 * sec, Picture: "select='not(mod(n-{from},2))',fps=25", Companions: []string{"freeze", "dropped_frames"}},

	{Kind: "silence", Level: "8 s", Length: 8 * sec, Sound: "volume=0"},
	{Kind: "silence", Level: "5 s", Length: 5 * sec, Sound: "volume=0"},
	{Kind: "silence", Level: "3.5 s", Length: 3500 * time.Millisecond, Sound: "volume=0"},
	{Kind: "silence", Level: "5 s, -85 LUFS", Length: 5 * sec, Sound: "volume=-62dB"},

	{Kind: "audio_dropout", Level: "200 ms", Length: 3 * sec, Sound: holes(200), Companions: []string{"click"}},
	{Kind: "audio_dropout", Level: "100 ms", Length: 3 * sec, Sound: holes(100), Companions: []string{"click"}},
	{Kind: "audio_dropout", Level: "40 ms", Length: 3 * sec, Sound: holes(40), Companions: []string{"click"}},
	{Kind: "audio_dropout", Level: "20 ms", Length: 3 * sec, Sound: holes(20), Companions: []string{"click"}},

	{Kind: "click", Level: "0.8", Lead: 9 * sec, Length: 6 * sec, Sound: clicks(0.8)},
	{Kind: "click", Level: "0.5", Lead: 9 * sec, Length: 6 * sec, Sound: clicks(0.5)},
	{Kind: "click", Level: "0.3", Lead: 9 * sec, Length: 6 * sec, Sound: clicks(0.3)},
	{Kind: "click", Level: "0.15", Lead: 9 * sec, Length: 6 * sec, Sound: clicks(0.15)},

	{Kind: "clipping", Level: "30 dB over", Length: 7 * sec, Sound: overdriven(30), Companions: tooLoud},
	{Kind: "clipping", Level: "24 dB over", Length: 7 * sec, Sound: overdriven(24), Companions: tooLoud},
	{Kind: "clipping", Level: "18 dB over", Length: 7 * sec, Sound: overdriven(18), Companions: tooLoud},
	{Kind: "clipping", Level: "12 dB over", Length: 7 * sec, Sound: overdriven(12), Companions: tooLoud},

	{Kind: "true_peak", Level: "+9 dBTP", Length: 2 * sec, Sound: loud("9"), Companions: tooLoud},
	{Kind: "true_peak", Level: "+6 dBTP", Length: 2 * sec, Sound: loud("6"), Companions: tooLoud},
	{Kind: "true_peak", Level: "+4.5 dBTP", Length: 2 * sec, Sound: loud("4.5"), Companions: tooLoud},
	{Kind: "true_peak", Level: "+3.5 dBTP", Length: 2 * sec, Sound: loud("3.5"), Companions: tooLoud},

	{Kind: "loudness", Level: "16 LU", Lead: 14 * sec, Length: 28 * sec, Sound: louder(16), Companions: tooLoud},
	{Kind: "loudness", Level: "13 LU", Lead: 14 * sec, Length: 28 * sec, Sound: louder(13), Companions: tooLoud},

	{Kind: "phase", Level: "mono, one upside down", Length: 9 * sec, Sound: "pan=stereo|c0=0.5*c0+0.5*c1|c1=-0.5*c0-0.5*c1"},
	{Kind: "phase", Level: "one weaker", Length: 9 * sec, Sound: "pan=stereo|c0=0.5*c0+0.5*c1|c1=-0.2*c0-0.2*c1"},

	{Kind: "channel_missing", Level: "left", Length: 14 * sec, Sound: "pan=stereo|c0=0*c0|c1=c1"},
	{Kind: "channel_missing", Level: "right", Length: 14 * sec, Sound: "pan=stereo|c0=c0|c1=0*c1"},

	{Kind: "hum", Level: "-15 dBFS", Length: 14 * sec, Sound: mains("-15"), Companions: []string{"loudness"}},
	{Kind: "hum", Level: "-25 dBFS", Length: 14 * sec, Sound: mains("-25")},
	{Kind: "hum", Level: "-35 dBFS", Length: 14 * sec, Sound: mains("-35")},
	{Kind: "hum", Level: "-45 dBFS", Length: 14 * sec, Sound: mains("-45")},

	{Kind: "av_offset", Level: "1000 ms", Lead: longLead, Length: 14 * sec, Packets: soundLate(1000 * time.Millisecond), Companions: outOfTime},
	{Kind: "av_offset", Level: "500 ms", Lead: longLead, Length: 14 * sec, Packets: soundLate(500 * time.Millisecond), Companions: outOfTime},
	{Kind: "av_offset", Level: "250 ms", Lead: longLead, Length: 14 * sec, Packets: soundLate(250 * time.Millisecond), Companions: outOfTime},
	{Kind: "av_offset", Level: "125 ms", Lead: longLead, Length: 14 * sec, Packets: soundLate(125 * time.Millisecond), Companions: outOfTime},

	{Kind: "no_signal", Level: "8 s", Length: 8 * sec, Packets: allGone, Companions: afterHole},
	{Kind: "no_signal", Level: "6 s", Length: 6 * sec, Packets: allGone, Companions: afterHole},
	{Kind: "no_signal", Level: "5 s", Length: 5 * sec, Packets: allGone, Companions: afterHole},

	{Kind: "bitrate", Level: "QP 51", Length: 12 * sec, Encoder: starved, Companions: []string{"blockiness", "blur", "banding", "corruption", "freeze", "noise"}},

	{Kind: "track_missing", Level: "sound", Length: 7 * sec, Packets: trackGone(pidSound), Companions: afterHole},
	{Kind: "track_missing", Level: "picture", Length: 7 * sec, Packets: trackGone(pidPicture), Companions: afterHole},

	{Kind: "pts_error", Level: "4 jumps", Lead: 12 * sec, Length: 6 * sec, Packets: jumping, Companions: outOfTime},

	{Kind: "ts_error", Level: "packets lost", Length: 3 * sec, Packets: losingSound, Companions: []string{"audio_dropout", "click"}},
	{Kind: "ts_error", Level: "sync bytes wrong", Length: 3 * sec, Packets: wrongSync, Companions: append(damaged, "corruption")},
	{Kind: "ts_error", Level: "transport error flags", Length: 3 * sec, Packets: flagged, Companions: append(damaged, "corruption")},
	{Kind: "ts_error", Level: "PAT gone", Length: 3 * sec, Packets: trackGone(pidPAT)},
	{Kind: "ts_error", Level: "PMT broken", Length: 3 * sec, Packets: brokenTable},
}

// NotInjected are the kinds that no row has, and why.
var NotInjected = map[string]string{
	"captions_missing": "three minutes without captions in a stream that has them",
	"content_mismatch": "it compares two streams",
	"error_seconds":    "it adds up the bad verdicts of other kinds over minutes",
	"manifest_error":   "a matter of a live server, which a file has not",
	"manifest_stale":   "a matter of a live server, which a file has not",
	"no_monitor":       "a matter of our own absence, which a file cannot have",
	"scte35":           "only whoever sends a stream knows how often cues come",
}

// longLead is before faults that show against what the stream is like otherwise.
const longLead = 18 * sec

var (
	// What else may be said of a fault, and be right.
	littleSent = []string{"bitrate"}
	standing   = []string{"bitrate", "freeze", "flat_colour", "banding", "letterbox", "blur"}
	damaged    = []string{"decode_error", "ts_error", "freeze", "stutter", "dropped_frames", "blockiness", "flat_colour", "noise", "blur", "interlace", "banding"}
	coarse     = []string{"blur", "corruption", "banding", "freeze", "stutter"}
	lossKinds  = []string{"ts_error"}
	tooLoud    = []string{"clipping", "true_peak", "loudness", "click"}
	outOfTime  = []string{"ts_error", "pts_error", "audio_dropout", "silence", "click", "dropped_frames", "av_offset", "decode_error"}
	afterHole  = []string{"ts_error", "pts_error", "decode_error", "corruption", "dropped_frames", "audio_dropout", "click", "silence", "av_offset", "freeze", "stutter"}
)

const (
	// still shows the last good picture, and then goes on where the footage is by then.
	still = "select='not(between(n,{from},{last}))',fps=25"
	// leftOut leaves a hole in the time stamps; closedUp leaves none.
	leftOut  = "select='not(between(n,{from},{last}))'"
	closedUp = leftOut + ",setpts=N/25/TB"
)

func blackWithMark(x string) string {
	return fill("black") + ",drawbox=x=iw*" + x + ":y=ih*0.07:w=iw*0.15:h=ih*0.19:color=0xd0d0d0:t=fill"
}
