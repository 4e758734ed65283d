#include "kernel.h"
#include "part.h"

PART uint64_t box(const uint8_t *samples, int stride, int wide, int x0, int x1, int y0, int y1)
{
	uint64_t sum = 0;
	for (int y = y0; y < y1; y++) {
		const uint8_t *row = samples + (int64_t)y * stride;
		for (int x = x0; x < x1; x++)
			sum += wide ? row[2 * x] | row[2 * x + 1] << 8 : row[x];
	}
	return sum;
}

void fw_shrink(const uint8_t *samples, int stride, int depth, int width, int height, uint8_t *to, int to_width, int to_height)
{
	for (int r = 0; r < to_height; r++) {
		int y0 = (int64_t)r * height / to_height, y1 = (int64_t)(r + 1) * height / to_height;
		if (y1 == y0)
			y1++;
		for (int c = 0; c < to_width; c++) {
			int x0 = (int64_t)c * width / to_width, x1 = (int64_t)(c + 1) * width / to_width;
			if (x1 == x0)
				x1++;
			uint64_t n = (uint64_t)(x1 - x0) * (y1 - y0);
			uint64_t mean = depth > 8 ? box(samples, stride, 1, x0, x1, y0, y1) / n >> (depth - 8)
			                          : (box(samples, stride, 0, x0, x1, y0, y1) + n / 2) / n;
			*to++ = mean > 255 ? 255 : mean;
		}
	}
}
