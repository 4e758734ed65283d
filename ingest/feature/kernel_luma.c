#include <stddef.h>

#include "kernel.h"
#include "part.h"
#include "part_block.h"
#include "part_detail.h"
#include "part_field.h"
#include "part_hash.h"
#include "part_levels.h"

/* The difference to zeros is the sum, and processors have an instruction for that difference. */
static const uint8_t zeros[FW_MAX_SIZE];

PART void add(uint16_t *restrict columns, const uint8_t *restrict row, int n)
{
	for (int x = 0; x < n; x++)
		columns[x] += row[x];
}

PART void subtract(uint8_t *restrict to, const uint8_t *restrict a, const uint8_t *restrict b, int n)
{
	for (int x = 0; x < n; x++)
		to[x] = distance(a[x], b[x]);
}

/* Adds the sums of n stretches of the columns to cells. */
PART void spread(uint32_t *cells, int n, const uint32_t *prefix, int width)
{
	for (int c = 0; c < n; c++)
		cells[c] += prefix[(c + 1) * width / n] - prefix[c * width / n];
}

PART void sum_up(uint32_t *restrict prefix, uint16_t *restrict columns, int width)
{
	uint32_t sum = 0;
	for (int x = 0; x < width; x++) {
		prefix[x] = sum;
		sum += columns[x];
	}
	prefix[width] = sum;
	memset(columns, 0, width * sizeof *columns);
}

/* The row of n in which y lies; it is at least r. */
PART int row_of(int y, int height, int n, int r)
{
	while ((r + 1) * height / n <= y)
		r++;
	return r;
}

/* Clears what is added up; the rest is set before it is read. */
PART void clear(struct fw_scan *s, int width, int stride)
{
	memset(s, 0, offsetof(struct fw_scan, rows));
	memset(s->columns, 0, width * sizeof *s->columns);
	memset(s->column_steps, 0, width * sizeof *s->column_steps);
	memset(s->band, 0, stride * sizeof *s->band);
	memset(s->difference, 0, stride * sizeof *s->difference);
	for (int i = 0; i < 2; i++)
		memset(s->steps[i], 0, width * sizeof *s->steps[i]);
}

FAST void fw_scan_luma(struct fw_scan *s, const uint8_t *samples, int samples_stride, int depth, int width, int height,
                       uint8_t *current, const uint8_t *previous, const uint8_t *before, int stride, int edge_limit, int16_t *flat,
                       int every, const uint16_t bounds[FW_LEVELS])
{
	clear(s, width, stride);
	for (int i = 0; i < 32; i++)
		s->lanes[i] = i + 1;
	s->low_end = 255;
	uint8_t reached[256];
	for (int v = 0, i = 0; v < 256; v++) {
		while (i < FW_LEVELS && bounds[i] <= v)
			i++;
		reached[v] = i;
	}

	int pool_row = 0, small_row = 0, rows = 0;
	for (int y = 0; y < height; y++) {
		const uint8_t *row = samples + (int64_t)y * samples_stride;
		int64_t at = (int64_t)y * stride;
		uint8_t *now = current + at;
		if (depth > 8)
			narrow(now, row, width, depth - 8);
		else
			memcpy(now, row, width);
		hash_row(s->lanes, row, depth > 8 ? 2 * width : width);
		add_levels(s, now, width, bounds, reached);
		s->squares += square_sum(now, width);
		add(s->band, now, stride);
		s->rows[y] = sad(now, zeros, stride);
		uint8_t *change = s->changes[y & 1];
		if (previous) {
			subtract(change, now, previous + at, stride);
			add(s->difference, change, stride);
		}
		if (before)
			s->sad_before += sad(now, before + at, stride);
		if (before && y >= 2 && y < height - 2)
			add_field(s, y, previous + at, before + at, now, stride);
		if (y > 0)
			s->row_steps[y - 1] = sad(now, now - stride, stride);
		add_macroblocks(s, 0, y, now, now - stride, width, height, edge_limit);
		if (previous)
			add_macroblocks(s, 1, y, change, s->changes[~y & 1], width, height, edge_limit);
		flat = find_flat(s, y, now, width, flat);
		add_detail(s, y, now, previous ? previous + at : 0, width, stride, every);

		/* The 16-bit sums go to the cells where a row of either pool ends, and before they overflow. */
		rows++;
		pool_row = row_of(y, height, FW_POOL_ROWS, pool_row);
		small_row = row_of(y, height, FW_SMALL_ROWS, small_row);
		if (y + 1 < (pool_row + 1) * height / FW_POOL_ROWS && y + 1 < (small_row + 1) * height / FW_SMALL_ROWS && rows < 257)
			continue;
		rows = 0;
		for (int x = 0; x < width; x++)
			s->columns[x] += s->band[x];
		sum_up(s->prefix, s->band, width);
		spread(s->pool + pool_row * FW_POOL_COLUMNS, FW_POOL_COLUMNS, s->prefix, width);
		spread(s->small + small_row * FW_SMALL_COLUMNS, FW_SMALL_COLUMNS, s->prefix, width);
		if (previous) {
			sum_up(s->prefix, s->difference, width);
			spread(s->sad + pool_row / 4 * FW_GRID_COLUMNS, FW_GRID_COLUMNS, s->prefix, width);
		}
	}
	for (int x = 0; x < width; x++)
		s->column_steps[x] += s->steps[0][x];
	for (uint32_t i = 0, sum = 0; i < FW_LEVELS; i++) {
		sum += s->all_below[i];
		s->below[i] += sum;
	}
	s->hash = fold(s->lanes);
}
