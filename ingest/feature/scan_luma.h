/* The pass over luma; compiled by kernel_scan.c for any processor and by kernel_avx2.c for those with AVX2. */
#include <stddef.h>
#include <time.h>

#include "kernel.h"
#include "part.h"
#include "part_block.h"
#include "part_cells.h"
#include "part_detail.h"
#include "part_field.h"
#include "part_hash.h"
#include "part_levels.h"
#include "part_lines.h"
#include "part_strip.h"

/* Sets a row of n cells to what the columns, of all rows so far, have more than before, which is brought up to date. */
PART void set_cells(uint32_t *cells, int n, const uint32_t *columns, int width, uint32_t *before)
{
	for (int c = 0; c < n; c++) {
		uint32_t sum = 0;
		for (int x = c * width / n; x < (c + 1) * width / n; x++)
			sum += columns[x];
		cells[c] = sum - before[c];
		before[c] = sum;
	}
}

/* The row of n in which y lies; it is at least r. */
PART int row_of(int y, int height, int n, int r)
{
	while ((r + 1) * height / n <= y)
		r++;
	return r;
}

/* Books the time since the last lap on a part. */
PART void lap(struct fw_scan *s, uint64_t *last, int part)
{
	if (!s->clocked)
		return;
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	uint64_t ns = (uint64_t)now.tv_sec * 1000000000u + now.tv_nsec;
	if (*last)
		s->spent[part] += ns - *last;
	*last = ns;
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
		memset(s->steps[i], 0, stride * sizeof *s->steps[i]);
	memset(s->low, 255, stride);
	memset(s->high, 0, stride);
}

void CLONE(fw_scan_luma)(struct fw_scan *s, const uint8_t *samples, int samples_stride, int depth, int width, int height,
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

	uint64_t last = 0;
	lap(s, &last, FW_PART_COPY);
	uint32_t above[FW_SMALL_COLUMNS] = {0};
	int pool_row = 0, small_row = 0, rows = 0, begin = 0, fresh = 0;
	for (int y = 0; y < height; y++) {
		const uint8_t *row = samples + (int64_t)y * samples_stride;
		int64_t at = (int64_t)y * stride;
		uint8_t *now = current + at;
		if (depth > 8)
			narrow(now, row, width, depth - 8);
		else
			memcpy(now, row, width);
		lap(s, &last, FW_PART_COPY);
		hash_row(s->lanes, row, depth > 8 ? 2 * width : width);
		lap(s, &last, FW_PART_HASH);
		fresh = add_levels(s, now, width, bounds, reached, fresh);
		lap(s, &last, FW_PART_LUMA);
		add_lines(s, y, now, y > 0 ? now - stride : 0, before ? before + at : 0, stride);
		lap(s, &last, FW_PART_LINES);
		if (before && y >= 2 && y < height - 2)
			add_field(s, y, previous + at, before + at, now, stride);
		lap(s, &last, FW_PART_FIELD);
		add_level(s, y, now, previous ? previous + at : 0, width, height, stride, edge_limit);
		lap(s, &last, FW_PART_MACROBLOCK);
		add_detail(s, y, now, previous ? previous + at : 0, width, stride, every);
		lap(s, &last, FW_PART_DETAIL);

		/* Where a row of macroblocks or of either pool ends, what came since the last such end is gathered column by column. */
		pool_row = row_of(y, height, FW_POOL_ROWS, pool_row);
		small_row = row_of(y, height, FW_SMALL_ROWS, small_row);
		int whole = (y + 1) % FW_MACROBLOCK == 0;
		int pooled = y + 1 >= (pool_row + 1) * height / FW_POOL_ROWS || y + 1 >= (small_row + 1) * height / FW_SMALL_ROWS;
		if (!whole && !pooled)
			continue;
		add_rows(s, begin, y + 1, current, previous, stride);
		rows += y + 1 - begin;
		begin = y + 1;
		if (whole) {
			judge_upright(s, 0, width, edge_limit);
			judge_upright(s, 1, width, edge_limit);
			flat = find_flat(s, width, flat);
			memset(s->low, 255, stride);
			memset(s->high, 0, stride);
		}

		/* The 16-bit sums go to the cells before they overflow. */
		if (!pooled && rows + FW_MACROBLOCK <= 257) {
			lap(s, &last, FW_PART_COLUMNS);
			continue;
		}
		rows = 0;
		for (int x = 0; x < width; x++)
			s->columns[x] += s->band[x];
		add_cells(s->pool + pool_row * FW_POOL_COLUMNS, FW_POOL_COLUMNS, s->band, width, s->pairs);
		memset(s->band, 0, stride * sizeof *s->band);
		if (previous) {
			add_cells(s->sad + pool_row / 4 * FW_GRID_COLUMNS, FW_GRID_COLUMNS, s->difference, width, s->pairs);
			memset(s->difference, 0, stride * sizeof *s->difference);
		}
		if (y + 1 >= (small_row + 1) * height / FW_SMALL_ROWS)
			set_cells(s->small + small_row * FW_SMALL_COLUMNS, FW_SMALL_COLUMNS, s->columns, width, above);
		lap(s, &last, FW_PART_COLUMNS);
	}
	for (int x = 0; x < width; x++)
		s->column_steps[x] += s->steps[0][x];
	collect(s);
	end_field(s);
	for (uint32_t i = 0, sum = 0; i < FW_LEVELS; i++) {
		sum += s->all_below[i];
		s->below[i] += sum;
	}
	s->hash = fold(s->lanes);
}
