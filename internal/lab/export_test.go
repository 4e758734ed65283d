package lab

import "context"

// MakeInterlaced makes a standard clip of 1.2 seconds.
func MakeInterlaced(ctx context.Context, clips, cache, work string, encoding func()) (EdgeClip, error) {
	c := standardClips[3]
	c.name, c.width, c.height, c.footage = "small", 360, 288, []stretch{{path: "mdn_frog_480p30_h264_aac.mp4", length: 2, rate: 30}}
	return c.make(ctx, clips, cache, work, encoding)
}
