package feature

import "gocv.io/x/gocv"

// OpenCV is the version of OpenCV.
func OpenCV() string { return gocv.OpenCVVersion() }
