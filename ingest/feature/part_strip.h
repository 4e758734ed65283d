/* What is gathered column by column over a few rows: as wide a strip as fits a register, from top to bottom. */
#ifndef FRAMEWATCH_PART_STRIP_H
#define FRAMEWATCH_PART_STRIP_H

#include "kernel.h"
#include "simd.h"

/* The left and the right half of each half of a strip are added up apart, as registers are cut; add_strip brings them into order. */
struct strip_sums { v256 part[2]; };

PART void add_bytes(struct strip_sums *s, v256 bytes)
{
	s->part[0] = add16(s->part[0], low_bytes(bytes));
	s->part[1] = add16(s->part[1], high_bytes(bytes));
}

PART void add_strip(uint16_t *to, const struct strip_sums *s)
{
	store(to, add16(load(to), lower_halves(s->part[0], s->part[1])));
	store(to + 16, add16(load(to + 16), upper_halves(s->part[0], s->part[1])));
}

/* The sums of the squares of four bytes each, as 32 bits. */
PART v256 squares_of(v256 bytes)
{
	v256 low = low_bytes(bytes), high = high_bytes(bytes);
	return add32(products16(low, low), products16(high, high));
}

/* Adds rows y up to end, at most those of a row of macroblocks, of the picture and of its difference to the previous one, if there is one:
 * to the columns' sums and the sum of squares; the even rows also to the steps between columns, and to their smallest and largest
 * samples. It reads one sample behind the last row. */
PART void add_rows(struct fw_scan *s, int y, int end, const uint8_t *now, const uint8_t *previous, int stride)
{
	v256 square_sums = none();
	for (int x = 0; x < stride; x += SIMD) {
		struct strip_sums band = {{none(), none()}}, difference = band, steps = band, changes = band;
		v256 low = load(s->low + x), high = load(s->high + x);
		for (int row = y; row < end; row++) {
			const uint8_t *at = now + (int64_t)row * stride + x, *at_previous = previous ? previous + (int64_t)row * stride + x : 0;
			v256 v = load(at), change = none();
			add_bytes(&band, v);
			square_sums = add32(square_sums, squares_of(v));
			if (previous) {
				change = distance8(v, load(at_previous));
				add_bytes(&difference, change);
			}
			if (row & 1)
				continue;
			low = least8(low, v);
			high = most8(high, v);
			v256 right = load(at + 1);
			add_bytes(&steps, distance8(v, right));
			if (previous)
				add_bytes(&changes, distance8(change, distance8(right, load(at_previous + 1))));
		}
		store(s->low + x, low);
		store(s->high + x, high);
		add_strip(s->band + x, &band);
		add_strip(s->steps[0] + x, &steps);
		if (previous) {
			add_strip(s->difference + x, &difference);
			add_strip(s->steps[1] + x, &changes);
		}
	}
	s->squares += total32(square_sums);
}

#endif
