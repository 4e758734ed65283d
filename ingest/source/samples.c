#include "samples.h"

#include <libavutil/error.h>
#include <libavutil/samplefmt.h>

int fw_sound_read(const AVFrame *f, fw_sound *out)
{
	enum AVSampleFormat packed = av_get_packed_sample_fmt(f->format);
	if (f->nb_samples <= 0 || f->sample_rate <= 0 || f->ch_layout.nb_channels <= 0 || packed < 0 || !f->extended_data || !f->extended_data[0])
		return AVERROR_INVALIDDATA;
	out->count = f->nb_samples;
	out->sample_rate = f->sample_rate;
	out->channels = f->ch_layout.nb_channels;
	out->sample_format = f->format;
	out->order = f->ch_layout.order;
	out->mask = f->ch_layout.order == AV_CHANNEL_ORDER_NATIVE ? f->ch_layout.u.mask : 0;
	out->pts = f->best_effort_timestamp;
	return 0;
}

#define CONVERT(type, expression)                                         \
	do {                                                              \
		const type *in = (const type *)data + first;              \
		for (int i = 0; i < f->nb_samples; i++, in += step)       \
			out[i] = (float)(expression);                     \
	} while (0)

void fw_samples(const AVFrame *f, int channel, float *out)
{
	int planar = av_sample_fmt_is_planar(f->format);
	const uint8_t *data = f->extended_data[planar ? channel : 0];
	int first = planar ? 0 : channel, step = planar ? 1 : f->ch_layout.nb_channels;
	switch (av_get_packed_sample_fmt(f->format)) {
	case AV_SAMPLE_FMT_U8:
		CONVERT(uint8_t, (*in - 128) * (1.0f / 128));
		break;
	case AV_SAMPLE_FMT_S16:
		CONVERT(int16_t, *in * (1.0f / 32768));
		break;
	case AV_SAMPLE_FMT_S32:
		CONVERT(int32_t, *in * (1.0 / 2147483648.0));
		break;
	case AV_SAMPLE_FMT_S64:
		CONVERT(int64_t, *in * (1.0 / 9223372036854775808.0));
		break;
	case AV_SAMPLE_FMT_FLT:
		CONVERT(float, *in);
		break;
	case AV_SAMPLE_FMT_DBL:
		CONVERT(double, *in);
		break;
	default:
		break;
	}
}
