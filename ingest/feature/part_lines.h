/* What is summed up over a whole row. */
#ifndef FRAMEWATCH_PART_LINES_H
#define FRAMEWATCH_PART_LINES_H

#include "kernel.h"
#include "simd.h"

/* Row y: its sum, its steps from the row above, if there is one, and its difference to the same row of the picture before the last, if
 * there is one. */
PART void add_lines(struct fw_scan *s, int y, const uint8_t *row, const uint8_t *above, const uint8_t *before, int stride)
{
	v256 sum = none(), steps = none(), changes = none();
	for (int x = 0; x < stride; x += SIMD) {
		v256 v = load(row + x);
		sum = add64(sum, distances8(v, none()));
		if (above)
			steps = add64(steps, distances8(v, load(above + x)));
		if (before)
			changes = add64(changes, distances8(v, load(before + x)));
	}
	s->rows[y] = (uint32_t)total64(sum);
	if (above)
		s->row_steps[y - 1] = (uint32_t)total64(steps);
	s->sad_before += total64(changes);
}

#endif
