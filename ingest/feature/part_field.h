/* How well a row fits between its neighbours, in this picture, the one before and the one after. */
#ifndef FRAMEWATCH_PART_FIELD_H
#define FRAMEWATCH_PART_FIELD_H

#include "kernel.h"
#include "part.h"

typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef int16_t words16 __attribute__((vector_size(32)));
typedef uint16_t sums16 __attribute__((vector_size(32)));

/* Macros and not functions, because a vector of 32 bytes has no place in the calling convention of a processor without AVX. */
#define widen(to, from)                             \
	do {                                        \
		bytes16 b16;                        \
		memcpy(&b16, from, 16);             \
		to = __builtin_convertvector(b16, words16); \
	} while (0)
#define add_absolute(to, value)                    \
	do {                                       \
		words16 d = value, sign = d >> 15; \
		to += (sums16)((d ^ sign) - sign); \
	} while (0)

/* Adds to sums |above + below - 2*c| for c = before, after and row, and |2*row - 2*before|, over every second stretch of FW_FIELD_STRETCH
 * samples. */
PART void add_combs(uint64_t sums[4], const uint8_t *row, const uint8_t *before, const uint8_t *after, int stride)
{
	const uint8_t *above = row - stride, *below = row + stride;
	/* A lane of 16 bits holds 128 differences of at most 510. */
	const int step = 2 * FW_FIELD_STRETCH, chunk = 128 * step;
	for (int begin = 0; begin < stride; begin += chunk) {
		int end = begin + chunk < stride ? begin + chunk : stride;
		sums16 lanes[4] = {{0}};
		for (int x = begin; x < end; x += step) {
			words16 a, b, p, q, r;
			widen(a, above + x);
			widen(b, below + x);
			widen(p, before + x);
			widen(q, after + x);
			widen(r, row + x);
			a += b;
			r += r;
			p += p;
			add_absolute(lanes[0], a - p);
			add_absolute(lanes[1], a - q - q);
			add_absolute(lanes[2], a - r);
			add_absolute(lanes[3], r - p);
		}
		for (int i = 0; i < 4; i++)
			for (int lane = 0; lane < 16; lane++)
				sums[i] += lanes[i][lane];
	}
}

/* idet's sums of one row (libavfilter/vf_idet.c): the row between its neighbours, and in its place that of the picture before or after. */
PART void add_field(struct fw_scan *s, int y, const uint8_t *row, const uint8_t *before, const uint8_t *after, int stride)
{
	uint64_t sums[4] = {0};
	add_combs(sums, row, before, after, stride);
	s->alpha[y & 1] += sums[0];
	s->alpha[~y & 1] += sums[1];
	s->delta += sums[2];
	s->gamma[~y & 1] += sums[3];
}

#endif
