package feature

import (
	"fmt"
	"math"

	"gocv.io/x/gocv"

	"github.com/framewatch/framewatch/ingest/media"
)

// JPEG encodes f as a colour picture at most width pixels wide, with the aspect ratio and the way up that a viewer sees; quality is 1 to
// 100. Small pictures are not enlarged. High dynamic range is shown as it is coded.
func JPEG(f *media.Frame, width, quality int) ([]byte, error) {
	if !readable(&f.Y, f.Format.Depth) {
		return nil, fmt.Errorf("encode jpeg: no picture in a plane of %dx%d", f.Y.Width, f.Y.Height)
	}
	w, h := thumbnailSize(f, width)
	upright := gocv.NewMatWithSize(h, w, gocv.MatTypeCV8UC3)
	defer upright.Close()
	samples, err := upright.DataPtrUint8()
	if err != nil {
		return nil, fmt.Errorf("encode jpeg: %w", err)
	}
	blueGreenRed(f, w, h, samples)
	if code, ok := rotations[f.Format.Rotation]; ok {
		gocv.Rotate(upright, &upright, code)
	}
	encoded, err := gocv.IMEncodeWithParams(gocv.JPEGFileExt, upright, []int{gocv.IMWriteJpegQuality, quality})
	if err != nil {
		return nil, fmt.Errorf("encode jpeg: %w", err)
	}
	defer encoded.Close()
	return append([]byte(nil), encoded.GetBytes()...), nil
}

var rotations = map[int]gocv.RotateFlag{90: gocv.Rotate90Clockwise, 180: gocv.Rotate180Clockwise, 270: gocv.Rotate90CounterClockwise}

// thumbnailSize is the size before rotation of the thumbnail that is width wide, or less, after it.
func thumbnailSize(f *media.Frame, width int) (w, h int) {
	across, down := float64(f.Y.Width), float64(f.Y.Height)
	if f.Format.SARNum > 0 && f.Format.SARDen > 0 {
		across *= float64(f.Format.SARNum) / float64(f.Format.SARDen)
	}
	shown := across
	if f.Format.Rotation%180 != 0 {
		shown = down
	}
	scale := min(1, float64(width)/shown)
	size := func(x float64) int { return int(min(MaxSize, max(1, math.Round(x*scale)))) }
	return size(across), size(down)
}

// blueGreenRed shrinks the planes of f to w by h and writes them to out as interleaved 8-bit BGR (ITU-T H.273, MatrixCoefficients).
func blueGreenRed(f *media.Frame, w, h int, out []byte) {
	depth := f.Format.Depth
	y := shrink(&f.Y, depth, w, h)
	var u, v []byte
	if readable(&f.U, depth) && readable(&f.V, depth) {
		u, v = shrink(&f.U, depth, w, h), shrink(&f.V, depth, w, h)
	}
	kr, kb := matrix(&f.Format)
	kg := 1 - kr - kb
	black, lumaScale, chromaScale := 16.0, 255.0/219, 255.0/224
	if fullRange(f.Format) {
		black, lumaScale, chromaScale = 0, 1, 1
	}
	for i := range y {
		luma, cb, cr := (float64(y[i])-black)*lumaScale, 0.0, 0.0
		if u != nil {
			cb, cr = (float64(u[i])-128)*chromaScale, (float64(v[i])-128)*chromaScale
		}
		red, blue := luma+2*(1-kr)*cr, luma+2*(1-kb)*cb
		green := (luma - kr*red - kb*blue) / kg
		out[3*i], out[3*i+1], out[3*i+2] = octet(blue), octet(green), octet(red)
	}
}

// matrix gives the weights of red and blue in luma. Where none is signalled, pictures of 720 rows or more are taken for BT.709, smaller
// ones for BT.601, as players do.
func matrix(f *media.VideoFormat) (kr, kb float64) {
	switch {
	case f.Matrix == "bt2020nc" || f.Matrix == "bt2020c":
		return 0.2627, 0.0593
	case f.Matrix == "bt709":
		return 0.2126, 0.0722
	case f.Matrix == "smpte170m" || f.Matrix == "bt470bg" || f.Matrix == "fcc" || f.Height < 720:
		return 0.299, 0.114
	}
	return 0.2126, 0.0722
}

func octet(x float64) byte { return byte(max(0, min(255, math.Round(x)))) }
