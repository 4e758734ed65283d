package ingest

import (
	"slices"

	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// Bits of VideoFrame.flags and AudioBlock.flags that are set here; feature sets the others of AudioBlock.
const (
	flagKey           = 1 << 0
	flagInterlaced    = 1 << 1
	flagTopFieldFirst = 1 << 2
	flagCorrupt       = 1 << 3
	flagPacketCorrupt = 1 << 4
	flagGapBefore     = 1 << 5
	flagCaptions      = 1 << 6
	shiftPictureType  = 8
	shiftRepeat       = 11

	flagSoundGapBefore = 1 << 2
)

// pictureFlags are the flags that FFmpeg gave the picture.
func pictureFlags(f *media.Frame) int32 {
	flags := int32(f.PictureType&7)<<shiftPictureType | int32(f.Repeat&7)<<shiftRepeat
	for _, b := range []struct {
		set bool
		bit int32
	}{
		{f.Key, flagKey}, {f.Interlaced, flagInterlaced}, {f.TopFieldFirst, flagTopFieldFirst},
		{f.Corrupt, flagCorrupt}, {f.PacketCorrupt, flagPacketCorrupt}, {f.Caption.Attached, flagCaptions},
	} {
		if b.set {
			flags |= b.bit
		}
	}
	return flags
}

// dtsDelta is PTS minus DTS of a picture, nil when one is missing or the two cannot belong together. Both wrap at 33 bits.
func dtsDelta(f *media.Frame) *int32 {
	if f.PTS == media.NoTime || f.DTS == media.NoTime {
		return nil
	}
	const wrap = 1 << 33
	delta := f.PTS - f.DTS
	delta -= (delta + wrap/2) >> 33 * wrap
	if delta != int64(int32(delta)) {
		return nil
	}
	narrow := int32(delta)
	return &narrow
}

// nominal is how long a picture of the format lasts by its declared rate, 90 kHz; 0 when none is declared.
func nominal(f media.VideoFormat) int64 {
	if f.FrameRateNum <= 0 || f.FrameRateDen <= 0 {
		return 0
	}
	return media.Clock * int64(f.FrameRateDen) / int64(f.FrameRateNum)
}

// sameTracks tells whether two sets are of the same tracks, be their formats what they may: those are only known for sure when a picture
// or a sound has been decoded.
func sameTracks(a, b *media.Tracks) bool {
	return a.Container == b.Container && slices.EqualFunc(a.List, b.List, func(x, y media.Track) bool {
		return x.Index == y.Index && x.Kind == y.Kind && x.Codec == y.Codec && x.ID == y.ID && x.Language == y.Language
	})
}

// hasFormat tells whether the set has the track with exactly that format of picture or sound.
func hasFormat[F comparable](t *media.Tracks, index int, format F, of func(media.Track) *F) bool {
	return t != nil && slices.ContainsFunc(t.List, func(track media.Track) bool {
		f := of(track)
		return track.Index == index && f != nil && *f == format
	})
}

// inventoryTracks are the tracks in the contract's terms.
func inventoryTracks(list []media.Track) []schemas.Track {
	tracks := make([]schemas.Track, 0, len(list))
	for _, t := range list {
		out := schemas.Track{Index: int32(t.Index), Kind: t.Kind, Codec: t.Codec, Profile: t.Profile, Language: t.Language, ID: int32(t.ID), BitRate: t.BitRate}
		if v := t.Video; v != nil {
			out.Video = &schemas.VideoFormat{
				Width: int32(v.Width), Height: int32(v.Height), SARNum: int32(v.SARNum), SARDen: int32(v.SARDen),
				PixelFormat: v.PixelFormat, Depth: int32(v.Depth), Range: v.Range, Transfer: v.Transfer, Matrix: v.Matrix, Primaries: v.Primaries,
				FrameRateNum: int32(v.FrameRateNum), FrameRateDen: int32(v.FrameRateDen), Rotation: int32(v.Rotation),
			}
		}
		if a := t.Audio; a != nil {
			out.Audio = &schemas.AudioFormat{SampleRate: int32(a.SampleRate), Channels: int32(a.Channels), Layout: a.Layout, SampleFormat: a.SampleFormat}
		}
		tracks = append(tracks, out)
	}
	return tracks
}
