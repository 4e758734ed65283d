// What a decoded picture's AVFrame says, in one call: go-astiav has no accessor for most of it.
#pragma once
#include <libavcodec/avcodec.h>
#include <libswscale/swscale.h>

typedef struct {
	// Planes of the picture as delivered: planar YUV or grey, native byte order, rows from the top down. Unused ones are NULL.
	uint8_t *data[3];
	int stride[3], width[3], height[3];
	// pixel_format as delivered; source_format as decoded; depth in bits of a sample.
	int pixel_format, source_format, depth;
	int frame_width, frame_height, sar_num, sar_den;
	// AVColorRange, AVColorTransferCharacteristic, AVColorSpace, AVColorPrimaries as delivered.
	int range, transfer, matrix, primaries;
	// Degrees clockwise by the frame's own display matrix; -1 when it has none.
	int rotation;
	// In the stream's time base; AV_NOPTS_VALUE when absent.
	int64_t pts, best_effort_pts, packet_dts, duration;
	// Of the packet that held the picture, as the decoder remembers it.
	int64_t packet_position;
	int packet_size;
	int key, interlaced, top_field_first, corrupt, picture_type, repeat, error_flags;
	// A/53 caption data as cc_data triplets, NULL when there are none; f's memory.
	const uint8_t *captions;
	size_t captions_size;
	// Active format description, -1 when there is none; whether there is a time code.
	int afd, timecode;
	// Mean and largest quantiser of the macroblocks, -1 when the decoder does not tell.
	int qp_mean, qp_max;
} fw_picture;

// fw_converter turns what is not planar YUV or grey into what is. Zero is ready for use.
typedef struct {
	struct SwsContext *scale;
	AVFrame *frame;
} fw_converter;

// fw_picture_read fills out from f, converting the picture if it must. 0 or a negative AVERROR.
int fw_picture_read(AVFrame *f, fw_converter *c, fw_picture *out);
void fw_converter_free(fw_converter *c);

// fw_rotation is the clockwise rotation (0, 90, 180, 270) of a display matrix of 9 int32.
int fw_rotation(const uint8_t *matrix);
