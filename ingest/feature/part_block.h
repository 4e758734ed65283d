/* Steps at the borders of macroblocks, and macroblocks without any. */
#ifndef FRAMEWATCH_PART_BLOCK_H
#define FRAMEWATCH_PART_BLOCK_H

#include "kernel.h"
#include "simd.h"

PART void judge(struct fw_scan *s, int which, int excess, int limit)
{
	s->edges[which] += excess > limit;
	if (excess > (int)s->edge_max[which])
		s->edge_max[which] = excess;
}

/* Sums of absolute differences over the columns of each macroblock, and of one more where they are odd. */
PART void step_across(uint16_t *sums, const uint8_t *row, const uint8_t *above, int macroblocks)
{
	for (int c = 0; c < macroblocks; c += SIMD / FW_MACROBLOCK) {
		uint64_t eight[SIMD / 8];
		store(eight, distances8(load(row + FW_MACROBLOCK * c), load(above + FW_MACROBLOCK * c)));
		sums[c] = eight[0] + eight[1];
		sums[c + 1] = eight[2] + eight[3];
	}
}

/* Judges the level borders of the picture (which 0) or of its difference (1). Rows 15, 16 and 17 have the steps above, on and below the
 * border to the macroblocks from row 16 on; place is 0, 1 and 2. */
PART void judge_level(struct fw_scan *s, int which, int place, const uint8_t *row, const uint8_t *above, int macroblocks, int limit)
{
	uint16_t(*sums)[FW_MAX_SIZE / FW_MACROBLOCK + 1] = s->across[which];
	step_across(sums[place], row, above, macroblocks);
	for (int c = 0; place == 2 && c < macroblocks; c++)
		judge(s, which, 2 * sums[1][c] - sums[0][c] - sums[2][c], limit);
}

/* Row y of the picture and of the previous one, if there is one; stride is the distance to the rows above. */
PART void add_level(struct fw_scan *s, int y, const uint8_t *now, const uint8_t *previous, int width, int height, int stride, int limit)
{
	int place = (y + 1) % FW_MACROBLOCK, macroblocks = width / FW_MACROBLOCK;
	if (y < FW_MACROBLOCK - 2 || (place > 2 && place < FW_MACROBLOCK - 1))
		return;
	uint8_t *change = s->changes[y & 1];
	if (previous)
		subtract(change, now, previous, macroblocks * FW_MACROBLOCK);
	if (place > 2 || (y + 1) / FW_MACROBLOCK >= height / FW_MACROBLOCK)
		return;
	judge_level(s, 0, place, now, now - stride, macroblocks, limit);
	if (previous)
		judge_level(s, 1, place, change, s->changes[~y & 1], macroblocks, limit);
}

/* Judges the upright borders within a row of macroblocks that is complete; of eight rows, so doubled. */
PART void judge_upright(struct fw_scan *s, int which, int width, int limit)
{
	uint16_t *steps = s->steps[which];
	for (int x = FW_MACROBLOCK - 1; x < width / FW_MACROBLOCK * FW_MACROBLOCK - 1; x += FW_MACROBLOCK)
		judge(s, which, 2 * (2 * steps[x] - steps[x - 1] - steps[x + 1]), limit);
	for (int x = 0; which == 0 && x < width; x++)
		s->column_steps[x] += steps[x];
	memset(steps, 0, width * sizeof *steps);
}

PART int is_flat(const uint8_t *low, const uint8_t *high)
{
	for (int x = 0; x < FW_MACROBLOCK; x++)
		if (low[x] != *low || high[x] != *low)
			return 0;
	return 1;
}

/* Writes a row of macroblocks that is complete to flat, and gives where the next one goes. */
PART int16_t *find_flat(struct fw_scan *s, int width, int16_t *flat)
{
	for (int x = 0; x + FW_MACROBLOCK <= width; x += FW_MACROBLOCK)
		*flat++ = is_flat(s->low + x, s->high + x) ? s->low[x] : -1;
	return flat;
}

#endif
