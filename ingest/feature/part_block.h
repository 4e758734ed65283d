/* Steps at the borders of macroblocks, and macroblocks without any. */
#ifndef FRAMEWATCH_PART_BLOCK_H
#define FRAMEWATCH_PART_BLOCK_H

#include "kernel.h"
#include "part.h"

PART void judge(struct fw_scan *s, int which, int excess, int limit)
{
	s->edges[which] += excess > limit;
	if (excess > (int)s->edge_max[which])
		s->edge_max[which] = excess;
}

PART void add_steps(uint16_t *restrict steps, const uint8_t *restrict row, int n)
{
	for (int x = 0; x < n; x++)
		steps[x] += distance(row[x], row[x + 1]);
}

/* Sums of absolute differences over the columns of each macroblock. */
PART void step_across(uint16_t *restrict sums, const uint8_t *restrict row, const uint8_t *restrict above, int macroblocks)
{
	for (int c = 0; c < macroblocks; c++, row += FW_MACROBLOCK, above += FW_MACROBLOCK)
		sums[c] = sad(row, above, FW_MACROBLOCK);
}

/* Row y of the picture (which 0) or of its difference (1), and the row above it. */
PART void add_macroblocks(struct fw_scan *s, int which, int y, const uint8_t *row, const uint8_t *above, int width, int height, int limit)
{
	uint16_t *steps = s->steps[which];
	int columns = width / FW_MACROBLOCK;
	if (y % 2 == 0)
		add_steps(steps, row, width - 1);

	/* Rows 15, 16 and 17 have the steps above, on and below the border to the macroblocks from row 16 on. */
	int place = (y + 1) % FW_MACROBLOCK;
	if (place < 3 && y >= FW_MACROBLOCK - 1 && (y + 1) / FW_MACROBLOCK < height / FW_MACROBLOCK) {
		uint16_t(*sums)[FW_MAX_SIZE / FW_MACROBLOCK] = s->across[which];
		step_across(sums[place], row, above, columns);
		for (int c = 0; place == 2 && c < columns; c++)
			judge(s, which, 2 * sums[1][c] - sums[0][c] - sums[2][c], limit);
	}

	if (place != 0)
		return;
	/* Of eight rows, so doubled. */
	for (int x = FW_MACROBLOCK - 1; x < columns * FW_MACROBLOCK - 1; x += FW_MACROBLOCK)
		judge(s, which, 2 * (2 * steps[x] - steps[x - 1] - steps[x + 1]), limit);
	for (int x = 0; which == 0 && x < width; x++)
		s->column_steps[x] += steps[x];
	memset(steps, 0, width * sizeof *steps);
}

PART void stretch(uint8_t *restrict low, uint8_t *restrict high, const uint8_t *restrict row, int n)
{
	for (int x = 0; x < n; x++) {
		low[x] = row[x] < low[x] ? row[x] : low[x];
		high[x] = row[x] > high[x] ? row[x] : high[x];
	}
}

PART int is_flat(const uint8_t *low, const uint8_t *high)
{
	for (int x = 0; x < FW_MACROBLOCK; x++)
		if (low[x] != *low || high[x] != *low)
			return 0;
	return 1;
}

/* Writes the macroblocks that end with row y to flat, and gives where the next ones go. */
PART int16_t *find_flat(struct fw_scan *s, int y, const uint8_t *row, int width, int16_t *flat)
{
	if (y % FW_MACROBLOCK == 0) {
		memcpy(s->low, row, width);
		memcpy(s->high, row, width);
	} else if (y % 2 == 0) {
		stretch(s->low, s->high, row, width);
	}
	if (y % FW_MACROBLOCK < FW_MACROBLOCK - 1)
		return flat;
	for (int x = 0; x + FW_MACROBLOCK <= width; x += FW_MACROBLOCK)
		*flat++ = is_flat(s->low + x, s->high + x) ? s->low[x] : -1;
	return flat;
}

#endif
