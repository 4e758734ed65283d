#include "picture.h"

#include <math.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libavutil/video_enc_params.h>

// planar tells whether every sample of the format stands alone in its plane, low bits, native byte order: what is measured as it is.
static int planar(const AVPixFmtDescriptor *d)
{
	const uint64_t other = AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_HWACCEL |
			       AV_PIX_FMT_FLAG_FLOAT | AV_PIX_FMT_FLAG_BE | AV_PIX_FMT_FLAG_BAYER;
	if (d->flags & other)
		return 0;
	int colours = d->nb_components < 3 ? 1 : 3; // a fourth or second component is alpha
	for (int i = 0; i < colours; i++) {
		const AVComponentDescriptor *c = &d->comp[i];
		if (c->plane != i || c->offset || c->shift || c->depth < 8 || c->step != (c->depth > 8 ? 2 : 1))
			return 0;
	}
	return 1;
}

// target is the planar format that a picture of format d is converted to: its chroma sampling is kept, RGB becomes 4:4:4, and
// more than 8 bits become 16.
static enum AVPixelFormat target(const AVPixFmtDescriptor *d)
{
	int deep = d->comp[0].depth > 8;
	if (d->nb_components < 3 && !(d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL)))
		return deep ? AV_PIX_FMT_GRAY16LE : AV_PIX_FMT_GRAY8;
	if (d->log2_chroma_w == 1 && d->log2_chroma_h == 1)
		return deep ? AV_PIX_FMT_YUV420P16LE : AV_PIX_FMT_YUV420P;
	if (d->log2_chroma_w == 1)
		return deep ? AV_PIX_FMT_YUV422P16LE : AV_PIX_FMT_YUV422P;
	return deep ? AV_PIX_FMT_YUV444P16LE : AV_PIX_FMT_YUV444P;
}

static int reserve(fw_converter *c, enum AVPixelFormat format, int width, int height)
{
	if (!c->frame && !(c->frame = av_frame_alloc()))
		return AVERROR(ENOMEM);
	if (c->frame->data[0] && c->frame->format == format && c->frame->width == width && c->frame->height == height)
		return 0;
	av_frame_unref(c->frame);
	c->frame->format = format;
	c->frame->width = width;
	c->frame->height = height;
	return av_frame_get_buffer(c->frame, 0);
}

// convert draws f into c->frame, to limited range if f is RGB (ITU-R BT.709) and in f's own range and matrix otherwise.
static int convert(AVFrame *f, const AVPixFmtDescriptor *d, fw_converter *c)
{
	enum AVPixelFormat format = planar(d) ? f->format : target(d); // planar: upside down
	int error = reserve(c, format, f->width, f->height);
	if (error < 0)
		return error;
	c->scale = sws_getCachedContext(c->scale, f->width, f->height, f->format, f->width, f->height, format,
					SWS_POINT | SWS_ACCURATE_RND, NULL, NULL, NULL);
	if (!c->scale)
		return AVERROR(ENOSYS);
	int rgb = (d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL)) != 0;
	int full = f->color_range == AVCOL_RANGE_JPEG;
	const int *matrix = sws_getCoefficients(SWS_CS_ITU709);
	sws_setColorspaceDetails(c->scale, matrix, rgb || full, matrix, !rgb && full, 0, 1 << 16, 1 << 16);
	error = sws_scale(c->scale, (const uint8_t *const *)f->data, f->linesize, 0, f->height, c->frame->data, c->frame->linesize);
	if (error < 0)
		return error;
	c->frame->color_range = rgb ? AVCOL_RANGE_MPEG : f->color_range;
	c->frame->colorspace = rgb ? AVCOL_SPC_BT709 : f->colorspace;
	return 0;
}

static int upside_down(const AVFrame *f)
{
	for (int i = 0; i < 3; i++)
		if (f->linesize[i] < 0)
			return 1;
	return 0;
}

static enum AVColorRange range_of(const AVFrame *f)
{
	switch (f->format) {
	case AV_PIX_FMT_YUVJ411P:
	case AV_PIX_FMT_YUVJ420P:
	case AV_PIX_FMT_YUVJ422P:
	case AV_PIX_FMT_YUVJ440P:
	case AV_PIX_FMT_YUVJ444P:
		return AVCOL_RANGE_JPEG;
	}
	return f->color_range;
}

int fw_rotation(const uint8_t *matrix)
{
	double degrees = av_display_rotation_get((const int32_t *)matrix); // counter-clockwise, NaN when singular
	if (isnan(degrees))
		return 0;
	return ((int)lround(-degrees / 90) * 90 % 360 + 360) % 360;
}

static void planes(const AVFrame *f, const AVPixFmtDescriptor *d, fw_picture *out)
{
	for (int i = 0; i < 3; i++) {
		int used = i == 0 || d->nb_components >= 3;
		out->data[i] = used ? f->data[i] : NULL;
		out->stride[i] = used ? f->linesize[i] : 0;
		out->width[i] = used ? (i ? AV_CEIL_RSHIFT(f->width, d->log2_chroma_w) : f->width) : 0;
		out->height[i] = used ? (i ? AV_CEIL_RSHIFT(f->height, d->log2_chroma_h) : f->height) : 0;
	}
	out->pixel_format = f->format;
	out->depth = d->comp[0].depth;
	out->range = range_of(f);
	out->matrix = f->colorspace;
}

// quantisers reads those of all macroblocks, if the decoder lists them and the list lies within its memory.
static void quantisers(const AVFrame *f, fw_picture *out)
{
	out->qp_mean = out->qp_max = -1;
	const AVFrameSideData *d = av_frame_get_side_data(f, AV_FRAME_DATA_VIDEO_ENC_PARAMS);
	if (!d || d->size < sizeof(AVVideoEncParams))
		return;
	AVVideoEncParams *p = (AVVideoEncParams *)d->data;
	if (p->type != AV_VIDEO_ENC_PARAMS_H264 || !p->nb_blocks || p->block_size < sizeof(AVVideoBlockParams) ||
	    p->blocks_offset > d->size || p->nb_blocks > (d->size - p->blocks_offset) / p->block_size)
		return;
	int64_t sum = 0;
	int max = 0;
	for (unsigned i = 0; i < p->nb_blocks; i++) {
		int q = p->qp + av_video_enc_params_block(p, i)->delta_qp;
		sum += q;
		max = q > max ? q : max;
	}
	out->qp_mean = sum > 0 ? (sum + p->nb_blocks / 2) / p->nb_blocks : 0;
	out->qp_max = max;
}

// attached reads the side data of f whose size is what it should be at least.
static void attached(const AVFrame *f, fw_picture *out)
{
	const AVFrameSideData *d = av_frame_get_side_data(f, AV_FRAME_DATA_A53_CC);
	out->captions = d ? d->data : NULL;
	out->captions_size = d ? d->size : 0;
	d = av_frame_get_side_data(f, AV_FRAME_DATA_AFD);
	out->afd = d && d->size >= 1 ? d->data[0] & 15 : -1;
	d = av_frame_get_side_data(f, AV_FRAME_DATA_S12M_TIMECODE);
	out->timecode = d && d->size >= 2 * sizeof(uint32_t) && *(const uint32_t *)d->data > 0; // how many, then as many
	d = av_frame_get_side_data(f, AV_FRAME_DATA_GOP_TIMECODE);
	out->timecode |= d && d->size >= sizeof(int64_t);
}

int fw_picture_read(AVFrame *f, fw_converter *c, fw_picture *out)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);
	if (!d || f->width <= 0 || f->height <= 0 || !f->data[0])
		return AVERROR_INVALIDDATA;
	if (planar(d) && !upside_down(f)) {
		planes(f, d, out);
	} else {
		int error = convert(f, d, c);
		if (error < 0)
			return error;
		planes(c->frame, av_pix_fmt_desc_get(c->frame->format), out);
	}
	AVFrameSideData *matrix = av_frame_get_side_data(f, AV_FRAME_DATA_DISPLAYMATRIX);
	out->rotation = matrix && matrix->size >= 9 * sizeof(int32_t) ? fw_rotation(matrix->data) : -1;
	out->source_format = f->format;
	out->frame_width = f->width;
	out->frame_height = f->height;
	out->sar_num = f->sample_aspect_ratio.num;
	out->sar_den = f->sample_aspect_ratio.den;
	out->transfer = f->color_trc;
	out->primaries = f->color_primaries;
	out->pts = f->pts;
	out->best_effort_pts = f->best_effort_timestamp;
	out->packet_dts = f->pkt_dts;
	out->duration = f->pkt_duration;
	out->packet_position = f->pkt_pos;
	out->packet_size = f->pkt_size;
	out->key = f->key_frame;
	out->interlaced = f->interlaced_frame;
	out->top_field_first = f->top_field_first;
	out->corrupt = (f->flags & AV_FRAME_FLAG_CORRUPT) != 0;
	out->picture_type = f->pict_type;
	out->repeat = f->repeat_pict;
	out->error_flags = f->decode_error_flags;
	attached(f, out);
	quantisers(f, out);
	return 0;
}

void fw_converter_free(fw_converter *c)
{
	sws_freeContext(c->scale);
	c->scale = NULL;
	av_frame_free(&c->frame);
}
