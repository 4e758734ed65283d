/* How many samples lie below each of some levels. */
#ifndef FRAMEWATCH_PART_LEVELS_H
#define FRAMEWATCH_PART_LEVELS_H

#include "kernel.h"
#include "simd.h"

/* So many samples are looked at together. Neighbours have few levels between them, and only those need to be compared. */
enum { LEVELS_STRETCH = 256 };

/* The smallest and the largest of n samples, at least 1. */
PART void ends(const uint8_t *row, int n, uint8_t *low, uint8_t *high)
{
	*low = 255, *high = 0;
	if (n < SIMD) {
		for (int x = 0; x < n; x++) {
			*low = row[x] < *low ? row[x] : *low;
			*high = row[x] > *high ? row[x] : *high;
		}
		return;
	}
	v256 least = load(row + n - SIMD), most = least;
	for (int x = 0; x + SIMD <= n; x += SIMD) {
		least = least8(least, load(row + x));
		most = most8(most, load(row + x));
	}
	*low = smallest8(least), *high = largest8(most);
}

/* Counts by lane the samples below bound, which is from 1 to 255, among n, a multiple of SIMD. */
PART void count_below(uint8_t *counts, const uint8_t *row, int n, uint8_t bound)
{
	v256 sum = load(counts), most = bytes_of(bound - 1);
	for (int x = 0; x < n; x += SIMD) {
		v256 v = load(row + x);
		sum = sub8(sum, equal8(least8(v, most), v)); /* equal is -1 */
	}
	store(counts, sum);
}

/* Moves the counts of lanes to below. */
PART void collect(struct fw_scan *s)
{
	for (int i = 0; i < FW_LEVELS; i++)
		s->below[i] += (uint32_t)total64(distances8(load(s->counts[i]), none()));
	memset(s->counts, 0, sizeof s->counts);
}

/* Adds a row that is padded with zeros, and collects before a lane might overflow; fresh is how many vectors have been counted since.
 * reached tells of each value how many of the bounds it does not lie below. */
PART int add_levels(struct fw_scan *s, const uint8_t *row, int width, const uint16_t *bounds, const uint8_t *reached, int fresh)
{
	for (int x = 0; x < width; x += LEVELS_STRETCH) {
		int n = width - x < LEVELS_STRETCH ? width - x : LEVELS_STRETCH;
		int padded = (n + SIMD - 1) / SIMD * SIMD;
		uint8_t low, high;
		ends(row + x, n, &low, &high);
		s->low_end = low < s->low_end ? low : s->low_end;
		s->high_end = high > s->high_end ? high : s->high_end;
		fresh += padded / SIMD;
		if (fresh > 255) {
			collect(s);
			fresh = padded / SIMD;
		}
		for (int i = reached[low]; i < reached[high]; i++) {
			count_below(s->counts[i], row + x, padded, bounds[i]);
			s->below[i] -= padded - n;
		}
		s->all_below[reached[high]] += n;
	}
	return fresh;
}

#endif
