#ifndef FW_BOUND_H
#define FW_BOUND_H

#include <stdint.h>
#include <libavformat/avformat.h>

// fw_find_stream_info is avformat_find_stream_info with decoders that refuse pictures of more than max_pixels.
int fw_find_stream_info(AVFormatContext *container, int64_t max_pixels);

#endif
