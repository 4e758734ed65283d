#include "bound.h"

#include <libavutil/dict.h>
#include <libavutil/error.h>
#include <libavutil/mem.h>

int fw_find_stream_info(AVFormatContext *container, int64_t max_pixels)
{
	unsigned n = container->nb_streams;
	if (n == 0) // libav takes the options by stream
		return avformat_find_stream_info(container, NULL);
	AVDictionary **options = av_calloc(n, sizeof *options);
	int code = options ? 0 : AVERROR(ENOMEM);
	for (unsigned i = 0; i < n && code >= 0; i++)
		code = av_dict_set_int(&options[i], "max_pixels", max_pixels, 0);
	if (code >= 0)
		code = avformat_find_stream_info(container, options);
	for (unsigned i = 0; options && i < n; i++)
		av_dict_free(&options[i]);
	av_free(options);
	return code;
}
