// What a decoded AVFrame of sound says, and its samples as planar float.
#pragma once
#include <libavutil/frame.h>

typedef struct {
	int count, sample_rate, channels, sample_format;
	// Order and mask of the channel layout: with the count of channels they tell layouts apart.
	int order;
	uint64_t mask;
	// Best effort, in the stream's time base; AV_NOPTS_VALUE when absent.
	int64_t pts;
} fw_sound;

// fw_sound_read fills out from f. 0, or AVERROR_INVALIDDATA when f holds no samples that can be read.
int fw_sound_read(const AVFrame *f, fw_sound *out);

// fw_samples writes f's samples of one channel to out, which has room for f->nb_samples, full scale 1.0. NaN and infinity pass.
void fw_samples(const AVFrame *f, int channel, float *out);
