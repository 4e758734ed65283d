package lab

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/framewatch/framewatch/ingest/feature"
	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// videoFunction is what a warm function has at hand: the extractors, which forget the pictures of the call before.
type videoFunction struct{ video *feature.Video }

func newVideoFunction() *videoFunction {
	f := &videoFunction{video: feature.NewVideo()}
	f.video.Scorer = feature.NewDamage()
	return f
}

// detectVideo gets a second's pictures and the one before them, which the first is compared with, and measures them.
func (s *Steps) detectVideo(ctx context.Context, n stored) (result []byte, err error) {
	names := make([]string, 0, s.config.Rate+1)
	if n.n > 0 {
		names = append(names, pictureObject(n.stream, n.n-1, s.config.Rate-1))
	}
	for i := range s.config.Rate {
		names = append(names, pictureObject(n.stream, n.n, i))
	}
	pictures, err := s.get(ctx, StepVideo, names)
	if err != nil {
		return nil, err
	}
	function := s.warm.Get().(*videoFunction)
	defer s.warm.Put(function)
	err = s.clocked(StepVideo, func() error {
		result, err = function.measure(n, pictures, s.config.Rate)
		return err
	})
	return result, err
}

// get reads objects, all at once.
func (s *Steps) get(ctx context.Context, step Step, names []string) ([][]byte, error) {
	objects := make([][]byte, len(names))
	gets, ctx := errgroup.WithContext(ctx)
	for i, name := range names {
		gets.Go(func() error {
			return s.clocked(step, func() (err error) {
				objects[i], err = s.store.Get(ctx, name)
				return err
			})
		})
	}
	return objects, gets.Wait()
}

// measure gives the records of the last rate pictures.
func (f *videoFunction) measure(n stored, pictures [][]byte, rate int) (result []byte, err error) {
	f.video.Reset()
	step := time.Second.Microseconds() / int64(rate)
	for i, object := range pictures {
		frame, err := decodePicture(object)
		if err != nil {
			return nil, fmt.Errorf("decode a picture of %s: %w", n.stream, err)
		}
		i := int64(i - len(pictures) + rate)
		record := schemas.VideoFrame{
			Session: n.began.UnixMicro(), Seq: n.n*int64(rate) + i, At: n.n*time.Second.Microseconds() + i*step,
			Duration: int32(media.Clock / rate), Sampling: 1,
		}
		record.PTS = record.At * 9 / 100
		f.video.Measure(frame, &record)
		if i < 0 {
			continue
		}
		if result, err = appendRecord(result, &schemas.Feature{VideoFrame: &record}); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// decodePicture decodes a JPEG into its planes as they are coded.
func decodePicture(object []byte) (*media.Frame, error) {
	decoded, err := jpeg.Decode(bytes.NewReader(object))
	if err != nil {
		return nil, err
	}
	p, ok := decoded.(*image.YCbCr)
	if !ok {
		return nil, fmt.Errorf("it is a %T", decoded)
	}
	width, height := p.Rect.Dx(), p.Rect.Dy()
	chromaWidth, chromaHeight := (width+1)/2, (height+1)/2
	if p.SubsampleRatio != image.YCbCrSubsampleRatio420 {
		return nil, fmt.Errorf("its chroma is %s", p.SubsampleRatio)
	}
	return &media.Frame{
		Format: media.VideoFormat{Width: width, Height: height, PixelFormat: "yuvj420p", Depth: 8, Range: "full"},
		Y:      media.Plane{Data: p.Y, Stride: p.YStride, Width: width, Height: height},
		U:      media.Plane{Data: p.Cb, Stride: p.CStride, Width: chromaWidth, Height: chromaHeight},
		V:      media.Plane{Data: p.Cr, Stride: p.CStride, Width: chromaWidth, Height: chromaHeight},
	}, nil
}

// detectAudio gets a second's sound and measures it.
func (s *Steps) detectAudio(ctx context.Context, n stored) (result []byte, err error) {
	objects, err := s.get(ctx, StepAudio, []string{soundObject(n.stream, n.n)})
	if err != nil {
		return nil, err
	}
	err = s.clocked(StepAudio, func() error {
		result, err = measureSound(n, objects[0])
		return err
	})
	return result, err
}

// measureSound gives the records of the second's blocks; what stands before them only settles the filters.
func measureSound(n stored, object []byte) (result []byte, err error) {
	if len(object) != soundBefore+soundSecond {
		return nil, fmt.Errorf("measure the sound of %s: it has %d bytes", n.stream, len(object))
	}
	channels := make([][]float32, stepsChannels)
	for c := range channels {
		channels[c] = make([]float32, len(object)/2/stepsChannels)
		for i := range channels[c] {
			channels[c][i] = float32(int16(binary.LittleEndian.Uint16(object[2*(i*stepsChannels+c):]))) / (1 << 15)
		}
	}
	format := media.AudioFormat{SampleRate: stepsSampleRate, Channels: stepsChannels, Layout: "stereo", SampleFormat: "s16"}
	block := 0
	const settle, blocksPerSecond = 3, 10
	feature.NewAudio(format).Add(&media.Samples{Format: format, Channels: channels}, func(b *schemas.AudioBlock, _ int) {
		i := int64(block - settle)
		block++
		if i < 0 || err != nil {
			return
		}
		b.Session, b.Track, b.Seq = n.began.UnixMicro(), 1, n.n*blocksPerSecond+i
		b.At = n.n*time.Second.Microseconds() + i*time.Second.Microseconds()/blocksPerSecond
		b.PTS = b.At * 9 / 100
		result, err = appendRecord(result, &schemas.Feature{AudioBlock: b})
	})
	return result, err
}

// tell notifies of an event of a defect: of its opening there is a step, with a request of its own.
func (s *Steps) tell(ctx context.Context, n stored, e *schemas.DefectEvent) error {
	if s.config.Event != nil {
		s.config.Event(e)
	}
	if e.State != "opened" || s.config.Notify == "" {
		return nil
	}
	err := s.clocked(StepNotify, func() error {
		body, err := json.Marshal(map[string]any{"data": e})
		if err != nil {
			return err
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.config.Notify, bytes.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := s.client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16)); err != nil {
			return err
		}
		if response.StatusCode/100 != 2 {
			return fmt.Errorf("notify: %s", response.Status)
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.counts.notifications.Add(1)
	return s.journal.Record(n.stream, n.n, StepNotify+Step("/"+e.ID), nil)
}

// appendRecord puts a record after others, with its length.
func appendRecord(to []byte, f *schemas.Feature) ([]byte, error) {
	value, err := schemas.Append(stepsContract(), schemas.Features, nil, f)
	if err != nil {
		return nil, err
	}
	return append(binary.AppendUvarint(to, uint64(len(value))), value...), nil
}

// stepsContract is that of what functions hand on.
var stepsContract = sync.OnceValue(schemas.Baked)
