/* How well a row fits between its neighbours, in this picture, the one before and the one after. */
#ifndef FRAMEWATCH_PART_FIELD_H
#define FRAMEWATCH_PART_FIELD_H

#include "kernel.h"
#include "simd.h"

PART v256 add_magnitudes(v256 sums, v256 words) { return add_words(sums, magnitude16(words)); }

/* idet's sums of one row (libavfilter/vf_idet.c): the row between its neighbours, and in its place that of the picture before or after.
 * They are kept by lanes, which hold those of the largest picture. */
PART void add_field(struct fw_scan *s, int y, const uint8_t *row, const uint8_t *before, const uint8_t *after, int stride)
{
	const uint8_t *above = row - stride, *below = row + stride;
	uint32_t(*lanes)[8] = s->combs[y & 1];
	v256 with_before = load(lanes[0]), with_after = load(lanes[1]), own = load(lanes[2]), change = load(lanes[3]);
	for (int x = 0; x < stride; x += FW_FIELD_PERIOD) {
		v256 neighbours = add16(load_words(above + x), load_words(below + x));
		v256 twice_row = twice16(load_words(row + x)), twice_before = twice16(load_words(before + x));
		with_before = add_magnitudes(with_before, sub16(neighbours, twice_before));
		with_after = add_magnitudes(with_after, sub16(neighbours, twice16(load_words(after + x))));
		own = add_magnitudes(own, sub16(neighbours, twice_row));
		change = add_magnitudes(change, sub16(twice_row, twice_before));
	}
	store(lanes[0], with_before);
	store(lanes[1], with_after);
	store(lanes[2], own);
	store(lanes[3], change);
}

PART void end_field(struct fw_scan *s)
{
	for (int odd = 0; odd < 2; odd++) {
		s->alpha[odd] += total32(load(s->combs[odd][0]));
		s->alpha[!odd] += total32(load(s->combs[odd][1]));
		s->delta += total32(load(s->combs[odd][2]));
		s->gamma[!odd] += total32(load(s->combs[odd][3]));
	}
}

#endif
