package feature

import "gocv.io/x/gocv"

// Version grows with every change of what is measured of the same pictures or sound, so that what was measured before and kept is known to be of another.
const Version = 1

// OpenCV is the version of OpenCV.
func OpenCV() string { return gocv.OpenCVVersion() }
