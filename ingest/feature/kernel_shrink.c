#include "kernel.h"
#include "part.h"

/* Sums of each column's samples in some rows. */
PART void column_sums(const uint8_t *samples, int stride, int wide, int width, int rows, uint32_t *sums)
{
	for (int x = 0; x < width; x++)
		sums[x] = 0;
	for (int y = 0; y < rows; y++) {
		const uint8_t *row = samples + (int64_t)y * stride;
		if (wide)
			for (int x = 0; x < width; x++)
				sums[x] += row[2 * x] | row[2 * x + 1] << 8;
		else
			for (int x = 0; x < width; x++)
				sums[x] += row[x];
	}
}

/* Where a stretch of length begins of which there are parts; an empty one takes the next sample. */
PART int begin_of(int part, int length, int parts) { return (int64_t)part * length / parts; }

PART int mean_of(uint64_t sum, uint64_t n, int depth)
{
	uint64_t mean;
	if (depth == 8)
		sum += n / 2;
	if (sum <= UINT32_MAX)
		mean = (uint32_t)sum / (uint32_t)n; /* which takes a fraction of the time */
	else
		mean = sum / n;
	mean >>= depth - 8;
	return mean > 255 ? 255 : mean;
}

void fw_shrink(const uint8_t *samples, int stride, int depth, int width, int height, uint8_t *to, int to_width, int to_height)
{
	uint32_t sums[FW_MAX_SIZE];
	int begins[FW_MAX_SIZE + 1];
	for (int c = 0; c <= to_width; c++)
		begins[c] = begin_of(c, width, to_width);
	for (int r = 0; r < to_height; r++) {
		int y0 = begin_of(r, height, to_height), rows = begin_of(r + 1, height, to_height) - y0;
		rows += rows == 0;
		column_sums(samples + (int64_t)y0 * stride, stride, depth > 8, width, rows, sums);
		for (int c = 0; c < to_width; c++) {
			int x0 = begins[c], x1 = begins[c + 1];
			x1 += x1 == x0;
			uint64_t sum = 0;
			for (int x = x0; x < x1; x++)
				sum += sums[x];
			*to++ = mean_of(sum, (uint64_t)(x1 - x0) * rows, depth);
		}
	}
}
