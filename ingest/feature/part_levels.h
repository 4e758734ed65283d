/* How many samples lie below each of some levels. */
#ifndef FRAMEWATCH_PART_LEVELS_H
#define FRAMEWATCH_PART_LEVELS_H

#include "kernel.h"
#include "part.h"

typedef uint8_t bytes32 __attribute__((vector_size(32)));

/* So many samples are looked at together. Neighbours have few levels between them, and only those need to be compared. */
enum { LEVELS_STRETCH = 256, LEVELS_VECTOR = 32 };

PART void ends(const uint8_t *row, int n, uint8_t *low, uint8_t *high)
{
	uint8_t smallest = 255, largest = 0;
	for (int x = 0; x < n; x++) {
		smallest = row[x] < smallest ? row[x] : smallest;
		largest = row[x] > largest ? row[x] : largest;
	}
	*low = smallest, *high = largest;
}

/* Counts the samples below bound among n, a multiple of LEVELS_VECTOR and at most LEVELS_STRETCH. */
PART uint32_t count_below(const uint8_t *row, int n, uint8_t bound)
{
	bytes32 counts = {0}, bounds = {0};
	bounds += bound;
	for (int x = 0; x < n; x += LEVELS_VECTOR) {
		bytes32 v;
		memcpy(&v, row + x, sizeof v);
		counts -= (bytes32)(v < bounds);
	}
	uint8_t lanes[LEVELS_VECTOR];
	memcpy(lanes, &counts, sizeof lanes);
	static const uint8_t none[LEVELS_VECTOR];
	return sad(lanes, none, LEVELS_VECTOR);
}

/* Adds a row that is padded with zeros. reached tells of each value how many of the bounds it does not lie below. */
PART void add_levels(struct fw_scan *s, const uint8_t *row, int width, const uint16_t *bounds, const uint8_t *reached)
{
	for (int x = 0; x < width; x += LEVELS_STRETCH) {
		int n = width - x < LEVELS_STRETCH ? width - x : LEVELS_STRETCH;
		int padded = (n + LEVELS_VECTOR - 1) / LEVELS_VECTOR * LEVELS_VECTOR;
		uint8_t low, high;
		ends(row + x, n, &low, &high);
		s->low_end = low < s->low_end ? low : s->low_end;
		s->high_end = high > s->high_end ? high : s->high_end;
		for (int i = reached[low]; i < reached[high]; i++)
			s->below[i] += count_below(row + x, padded, bounds[i]) - (padded - n);
		s->all_below[reached[high]] += n;
	}
}

PART uint64_t square_sum(const uint8_t *row, int n)
{
	uint32_t sum = 0;
	for (int x = 0; x < n; x++)
		sum += row[x] * row[x];
	return sum;
}

#endif
