package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
)

const (
	// frames are how many pictures a filmstrip has, and framesSince how many of them are from the onset on, at most.
	frames, framesSince = 6, 4
	// stripColumns is how many stand beside each other: 960 pixels fit a letter and a page.
	stripColumns = 3
	// frameMost bounds a frame's side in pixels; stripQuality is 1 to 100; markHeight is that of the bar below each frame, pixels.
	frameMost, stripQuality, markHeight = 1024, 75, 6
)

// The bar below a frame from before the onset, and from then on.
var before, since = color.RGBA{0x80, 0x80, 0x80, 0xff}, color.RGBA{0xd0, 0x20, 0x20, 0xff}

// filmstrip puts pictures, the oldest first, into one JPEG of three columns, each above a bar that is grey before the onset and red from then
// on. A picture that cannot be read is left out.
func filmstrip(pictures []Picture, onset int64) ([]byte, error) {
	var shown []image.Image
	var marks []color.RGBA
	for _, p := range pictures {
		frame, err := readFrame(p.JPEG)
		if err != nil {
			continue
		}
		mark := before
		if p.At >= onset {
			mark = since
		}
		shown, marks = append(shown, frame), append(marks, mark)
	}
	if len(shown) == 0 {
		return nil, errors.New("make a filmstrip: there are no pictures")
	}
	cell := image.Point{}
	for _, f := range shown {
		cell.X, cell.Y = max(cell.X, f.Bounds().Dx()), max(cell.Y, f.Bounds().Dy()+markHeight)
	}
	rows := (len(shown) + stripColumns - 1) / stripColumns
	sheet := image.NewRGBA(image.Rect(0, 0, cell.X*min(len(shown), stripColumns), cell.Y*rows))
	draw.Draw(sheet, sheet.Bounds(), image.Black, image.Point{}, draw.Src)
	for i, f := range shown {
		at := image.Rectangle{Max: cell}.Add(image.Pt(i%stripColumns*cell.X, i/stripColumns*cell.Y))
		draw.Draw(sheet, at, f, f.Bounds().Min, draw.Src)
		bar := image.Rect(at.Min.X, at.Max.Y-markHeight, at.Max.X, at.Max.Y)
		draw.Draw(sheet, bar, image.NewUniform(marks[i]), image.Point{}, draw.Src)
	}
	var out bytes.Buffer
	err := jpeg.Encode(&out, sheet, &jpeg.Options{Quality: stripQuality})
	return out.Bytes(), err
}

// readFrame decodes a JPEG that a worker has made, which may hold anything: its size is looked at first.
func readFrame(data []byte) (image.Image, error) {
	config, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if config.Width > frameMost || config.Height > frameMost || config.Width < 1 || config.Height < 1 {
		return nil, fmt.Errorf("a picture of %dx%d pixels", config.Width, config.Height)
	}
	return jpeg.Decode(bytes.NewReader(data))
}

// around are the pictures of a stream for a filmstrip: the last before onset and the first from then on, none after to.
func (s *Pictures) around(stream string, onset, to int64) (chosen []Picture) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.streams[stream]
	if r == nil {
		return nil
	}
	middle, end := r.after(onset-1), r.after(to)
	end = max(middle, min(end, middle+framesSince))
	for _, k := range r.pictures[max(0, end-frames):end] {
		chosen = append(chosen, k.Picture)
	}
	return chosen
}
