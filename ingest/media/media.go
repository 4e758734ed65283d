// Package media is the edge's vocabulary: the track, the decoded picture and the decoded sound, in plain Go memory.
package media

import "time"

// Clock is the rate of all time stamps here: 90 kHz.
const Clock = 90000

// NoTime is the time stamp of what carries none.
const NoTime int64 = -1 << 63

// Track describes one elementary stream.
type Track struct {
	// Index in the list of tracks.
	Index int
	// Kind is video, audio, subtitle or data.
	Kind string
	// Codec and Profile are FFmpeg's names; Profile may be empty.
	Codec, Profile string
	// Language is the container's tag, often ISO 639-2; may be empty.
	Language string
	// ID is the PID or track id.
	ID int
	// BitRate in bits per second; 0 when not declared.
	BitRate int64
	// Sound tells that it comes in the container that holds the source's sound alone.
	Sound bool
	// Video is set on video tracks, Audio on audio tracks.
	Video *VideoFormat
	Audio *AudioFormat
}

// VideoFormat is how pictures are to be understood. Comparable: a change of it starts an epoch.
type VideoFormat struct {
	Width, Height  int
	SARNum, SARDen int
	// PixelFormat, Transfer, Matrix and Primaries are FFmpeg's names.
	PixelFormat, Transfer, Matrix, Primaries string
	// Depth in bits of a sample: 8, 10, 12, 16.
	Depth int
	// Range is limited, full or unknown.
	Range string
	// FrameRateNum/FrameRateDen is the declared rate; 0/0 when none is.
	FrameRateNum, FrameRateDen int
	// Rotation in degrees clockwise: 0, 90, 180 or 270.
	Rotation int
}

// AudioFormat is how samples are to be understood. Comparable: a change of it starts an epoch.
type AudioFormat struct {
	SampleRate, Channels int
	// Layout and SampleFormat are FFmpeg's names.
	Layout, SampleFormat string
}

// Plane is one component of a picture. Samples of more than 8 bits take two bytes, little-endian, in the low bits.
type Plane struct {
	Data          []byte
	Stride        int
	Width, Height int
}

// Frame is a decoded picture. It is valid until the next unit is read: whoever keeps samples copies them.
type Frame struct {
	Track  int
	Format VideoFormat
	// Y, U and V. U and V are empty for grey. RGB is converted before it comes here.
	Y, U, V Plane
	// PTS and DTS in 90 kHz as the container has them, not unwrapped; NoTime when absent.
	PTS, DTS int64
	// Duration in 90 kHz; 0 when unknown.
	Duration int64
	// Key, Interlaced, TopFieldFirst, Corrupt and PacketCorrupt are FFmpeg's flags of the frame and its packet.
	Key, Interlaced, TopFieldFirst, Corrupt, PacketCorrupt bool
	// Caption is what is attached to it besides the picture.
	Caption Caption
	// PictureType is AVPictureType; Repeat is repeat_pict.
	PictureType, Repeat int
	// ErrorFlags is decode_error_flags; Concealed the macroblocks that the decoder's log says it concealed.
	ErrorFlags, Concealed int
	// Errors that the decoder's log tells of its packet; Lost counts the reference pictures missing before it, by H.264's frame_num.
	Errors, Lost int
	// Ancestors counts the damaged packets since the last clean key picture that it may be predicted from, its own among them.
	Ancestors int
	// QPMean and QPMax are the mean and the largest quantiser of its macroblocks; -1 when the decoder does not tell.
	QPMean, QPMax int
	// PacketSize in bytes.
	PacketSize int
	// Alone tells that only key pictures are decoded, each by itself.
	Alone bool
	// DecodeTime spent since the previous picture's.
	DecodeTime time.Duration
}

// Caption is the captions, the active format and the time code that come with a picture.
type Caption struct {
	// Attached tells that there are A/53 captions, be they all padding.
	Attached bool
	// CEA608 and CEA708 count the bytes of captions that are no padding.
	CEA608, CEA708 int
	// AFD is the active format description, 0 to 15; -1 when there is none.
	AFD int
	// Timecode tells that there is a time code.
	Timecode bool
}

// Samples is a stretch of decoded sound of one track. It is valid until the next unit is read.
type Samples struct {
	Track  int
	Format AudioFormat
	// Channels holds one slice of samples each, full scale 1.0, all of one length.
	Channels [][]float32
	// PTS of the first sample, 90 kHz as the container has it; NoTime when absent.
	PTS int64
	// PacketCorrupt and DecodeError tell that the samples may be damaged.
	PacketCorrupt, DecodeError bool
}

// Packet is a piece of one track as it was encoded. It is valid until the next unit is read.
type Packet struct {
	Track int
	// PTS and DTS in 90 kHz as the container has them, not unwrapped; NoTime when absent. Duration is 0 when unknown.
	PTS, DTS, Duration int64
	// Key tells that decoding can begin here, Video that it is of the track whose pictures are yielded.
	Key, Video bool
	Data       []byte
}

// Coding is what a muxer must know of one track besides its packets.
type Coding struct {
	Track int
	Video bool
	// Codec, Profile, Level, PixelFormat and SampleFormat are libav's numbers, which hold within one build of it.
	Codec, Profile, Level, PixelFormat, SampleFormat int
	// ExtraData is what decoders need before the first packet.
	ExtraData []byte
	BitRate   int64
	// Width, Height, SARNum/SARDen, FrameRateNum/FrameRateDen and DisplayMatrix are a video track's.
	Width, Height, SARNum, SARDen, FrameRateNum, FrameRateDen int
	DisplayMatrix                                             []byte
	// SampleRate, Channels and FrameSize are an audio track's.
	SampleRate, Channels, FrameSize int
}

// Unit is what a source yields: exactly one field is set.
type Unit struct {
	Frame   *Frame
	Samples *Samples
	// Codings are those of all tracks whose packets are yielded, and come before the first packet that they hold for.
	Codings []Coding
	Packet  *Packet
	// Tracks is sent first, and again whenever the set of tracks or a format changes.
	Tracks *Tracks
	// Passed is a picture of the chosen track that was passed over undecoded, as was asked for.
	Passed bool
}

// Tracks is the whole set.
type Tracks struct {
	// Container is FFmpeg's name of the demuxer.
	Container string
	List      []Track
}
