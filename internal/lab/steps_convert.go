package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// The sound that is stored: interleaved signed 16-bit samples, little-endian.
const (
	stepsSampleRate, stepsChannels = 48000, 2
	soundSecond                    = stepsSampleRate * stepsChannels * 2
	// soundBefore is how much of the second before stands in front of each: what the filters of the extractors need to settle.
	soundBefore = soundSecond * 3 / 10
)

// converter is FFmpeg making JPEG pictures and samples of a stream, in one process and on one thread, as it comes.
type converter struct {
	rate    int
	process *exec.Cmd
	said    strings.Builder
	fetched io.Closer
	// began is when the stream's first byte came.
	began          time.Time
	pictures       *os.File
	samples        *os.File
	pictureChannel chan []byte
	soundChannel   chan []byte

	mu sync.Mutex
	// spent is the process's CPU time as it was seen last, seconds.
	spent float64
}

// convertedSecond is the n-th second of a stream.
type convertedSecond struct {
	n        int64
	pictures [][]byte
	// sound has soundBefore of the second before in front; nothing but zeros in the first.
	sound []byte
}

// startConverter connects to the stream and starts FFmpeg. Who starts it calls each and then end.
func startConverter(ctx context.Context, url string, rate int) (*converter, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		return nil, fmt.Errorf("get the stream: %s", response.Status)
	}
	body := bufio.NewReaderSize(response.Body, 1<<16)
	if _, err := body.Peek(1); err != nil {
		response.Body.Close()
		return nil, fmt.Errorf("read the stream: %w", err)
	}
	c := &converter{rate: rate, fetched: response.Body, began: time.Now(), pictureChannel: make(chan []byte, 4*rate), soundChannel: make(chan []byte, 4)}
	if err := c.start(ctx, body); err != nil {
		response.Body.Close()
		return nil, err
	}
	return c, nil
}

// start runs FFmpeg on what comes from in; its pictures come by one pipe, its samples by another.
func (c *converter) start(ctx context.Context, in io.Reader) error {
	pictures, picturesTo, err := os.Pipe()
	if err != nil {
		return err
	}
	samples, samplesTo, err := os.Pipe()
	if err != nil {
		return errors.Join(err, pictures.Close(), picturesTo.Close())
	}
	c.pictures, c.samples = pictures, samples
	c.process = exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-nostdin", "-threads", "1", "-filter_threads", "1",
		"-probesize", "500000", "-analyzeduration", "500000", "-i", "pipe:0",
		"-map", "0:v:0", "-vf", fmt.Sprintf("select=not(mod(n\\,%d))", FrameRate/c.rate), "-fps_mode", "passthrough",
		"-c:v", "mjpeg", "-q:v", "3", "-threads", "1", "-f", "mpjpeg", "-flush_packets", "1", "pipe:3",
		"-map", "0:a:0", "-c:a", "pcm_s16le", "-ar", strconv.Itoa(stepsSampleRate), "-ac", strconv.Itoa(stepsChannels), "-f", "s16le", "-flush_packets", "1", "pipe:4")
	c.process.Stdin, c.process.Stderr, c.process.ExtraFiles = in, &c.said, []*os.File{picturesTo, samplesTo}
	c.process.WaitDelay = 5 * time.Second
	err = errors.Join(c.process.Start(), picturesTo.Close(), samplesTo.Close())
	if err != nil {
		return errors.Join(fmt.Errorf("start ffmpeg: %w", err), pictures.Close(), samples.Close())
	}
	return nil
}

// each hands on second after second until the stream ends, handle fails or ctx ends.
func (c *converter) each(ctx context.Context, handle func(convertedSecond) error) error {
	all, ctx := errgroup.WithContext(ctx)
	stop := context.AfterFunc(ctx, func() { // reads end
		c.pictures.Close()
		c.samples.Close()
	})
	defer stop()
	all.Go(func() error { return c.readPictures(ctx) })
	all.Go(func() error { return c.readSound(ctx) })
	all.Go(func() error {
		for n := int64(0); ; n++ {
			second, ok := c.second(n)
			if !ok {
				break
			}
			if err := handle(second); err != nil {
				return err
			}
		}
		// One track may be longer than the other.
		for range c.pictureChannel {
		}
		for range c.soundChannel {
		}
		return ctx.Err()
	})
	return all.Wait()
}

// second gathers the n-th second; false when there is no whole one left.
func (c *converter) second(n int64) (second convertedSecond, ok bool) {
	second.n = n
	for range c.rate {
		picture, ok := <-c.pictureChannel
		if !ok {
			return second, false
		}
		second.pictures = append(second.pictures, picture)
	}
	second.sound, ok = <-c.soundChannel
	return second, ok
}

// readPictures reads parts of a multipart stream, each with its length.
func (c *converter) readPictures(ctx context.Context) error {
	defer close(c.pictureChannel)
	in := bufio.NewReaderSize(c.pictures, 1<<16)
	headers := textproto.NewReader(in)
	for {
		boundary, err := headers.ReadLine()
		if err != nil {
			return pipeEnd(err)
		}
		if !strings.HasPrefix(boundary, "--") {
			continue
		}
		header, err := headers.ReadMIMEHeader()
		if err != nil {
			return pipeEnd(err)
		}
		length, err := strconv.Atoi(header.Get("Content-Length"))
		if err != nil || length < 1 || length > largestObject {
			return fmt.Errorf("read a picture: its length is %q", header.Get("Content-Length"))
		}
		picture := make([]byte, length)
		if _, err := io.ReadFull(in, picture); err != nil {
			return pipeEnd(err)
		}
		if !give(ctx, c.pictureChannel, picture) {
			return ctx.Err()
		}
	}
}

// readSound reads seconds of samples.
func (c *converter) readSound(ctx context.Context) error {
	defer close(c.soundChannel)
	before := make([]byte, soundBefore)
	for {
		sound := make([]byte, soundBefore+soundSecond)
		copy(sound, before)
		if _, err := io.ReadFull(c.samples, sound[soundBefore:]); err != nil {
			return pipeEnd(err)
		}
		before = sound[soundSecond:]
		if !give(ctx, c.soundChannel, sound) {
			return ctx.Err()
		}
	}
}

// give hands on a piece; false when ctx ended first.
func give(ctx context.Context, to chan<- []byte, piece []byte) bool {
	select {
	case to <- piece:
		return true
	case <-ctx.Done():
		return false
	}
}

// pipeEnd is err, unless it says that a pipe has come to its end.
func pipeEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// end waits for FFmpeg; err is how the reading ended.
func (c *converter) end(err error) error {
	c.cpu()
	c.pictures.Close()
	c.samples.Close()
	if err != nil {
		c.process.Process.Kill()
		c.fetched.Close()
	}
	waited := c.process.Wait()
	c.fetched.Close()
	switch {
	case err != nil:
		return err
	case waited != nil:
		return fmt.Errorf("ffmpeg: %w: %s", waited, strings.TrimSpace(c.said.String()))
	}
	return nil
}

// cpu is what the process has taken so far, seconds.
func (c *converter) cpu() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spent = max(c.spent, ProcessCPU(c.process.Process.Pid))
	return c.spent
}
