/* Derivatives of sampled rows. */
#ifndef FRAMEWATCH_PART_DETAIL_H
#define FRAMEWATCH_PART_DETAIL_H

#include "kernel.h"
#include "simd.h"

/* So many columns that no 32-bit sum overflows, a multiple of WORDS. */
enum { DETAIL_CHUNK = 1024, HALF_CHUNK = 256 };

/* Words of a vector, and those of them that are left when there are but n. */
enum { WORDS = SIMD / 2 };
PART v256 left(int n)
{
	static const int16_t masks[2 * WORDS] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
	return load(masks + (n < WORDS ? WORDS - n : 0));
}

/* The magnitudes of gradients in 1/FW_SOBEL_UNIT, rounded, from their squares. */
PART v256 magnitudes(v256 squares)
{
	simde__m256 root = simde_mm256_sqrt_ps(simde_mm256_cvtepi32_ps(squares));
	simde__m256 scaled = simde_mm256_mul_ps(root, simde_mm256_set1_ps(FW_SOBEL_UNIT));
	return simde_mm256_cvttps_epi32(simde_mm256_add_ps(scaled, simde_mm256_set1_ps(0.5f)));
}

/* a + 2b + c, and a - 2b + c. */
PART v256 smooth(v256 a, v256 b, v256 c) { return add16(add16(a, c), twice16(b)); }
PART v256 bend(v256 a, v256 b, v256 c) { return sub16(add16(a, c), twice16(b)); }

PART v256 add_squares(v256 sums, v256 words) { return add32(sums, products16(words, words)); }

/* n columns of row b between a and c, each with a column on both sides. */
PART void add_gradients(struct fw_detail *d, const uint8_t *a, const uint8_t *b, const uint8_t *c, int n)
{
	v256 sobel = none(), sobel_squares = none(), laplacians = none(), laplacian_squares = none(), noises = none();
	for (int x = 0; x < n; x += WORDS) {
		v256 mask = left(n - x);
		v256 a0 = load_words(a + x - 1), a1 = load_words(a + x), a2 = load_words(a + x + 1);
		v256 b0 = load_words(b + x - 1), b1 = load_words(b + x), b2 = load_words(b + x + 1);
		v256 c0 = load_words(c + x - 1), c1 = load_words(c + x), c2 = load_words(c + x + 1);
		v256 across = both(mask, sub16(smooth(a2, b2, c2), smooth(a0, b0, c0)));
		v256 down = both(mask, sub16(smooth(c0, c1, c2), smooth(a0, a1, a2)));
		v256 bends = bend(a1, b1, c1);
		v256 laplacian = both(mask, add16(bends, bend(b0, b1, b2))); /* negated */
		v256 noise = both(mask, bend(bend(a0, b0, c0), bends, bend(a2, b2, c2)));

		v256 low = low_words(across, down), high = high_words(across, down);
		low = products16(low, low), high = products16(high, high);
		sobel_squares = add32(sobel_squares, add32(low, high));
		sobel = add32(sobel, add32(magnitudes(low), magnitudes(high)));
		laplacians = add_words(laplacians, laplacian);
		laplacian_squares = add_squares(laplacian_squares, laplacian);
		noises = add_words(noises, magnitude16(noise));
	}
	d->sobel += total32(sobel);
	d->sobel_squares += total32(sobel_squares);
	d->laplacian[0] -= signed_total32(laplacians);
	d->laplacian_squares[0] += total32(laplacian_squares);
	d->noise += total32(noises);
}

/* The sums of 2x2 samples. */
PART void halve(uint16_t *to, const uint8_t *upper, const uint8_t *lower, int n)
{
	for (int x = 0; x < n; x += WORDS)
		store(to + x, add16(pairs8(load(upper + 2 * x)), pairs8(load(lower + 2 * x))));
}

PART void add_half(struct fw_detail *d, const uint16_t *a, const uint16_t *b, const uint16_t *c, int n)
{
	v256 sums = none(), squares = none();
	for (int x = 0; x < n; x += WORDS) {
		v256 here = load(b + x), bends = add16(bend(load(a + x), here, load(c + x)), bend(load(b + x - 1), here, load(b + x + 1)));
		bends = both(left(n - x), bends);
		sums = add_words(sums, bends);
		squares = add_squares(squares, bends);
	}
	d->laplacian[1] -= signed_total32(sums);
	d->laplacian_squares[1] += total32(squares);
}

PART void add_change(struct fw_detail *d, const uint8_t *row, const uint8_t *previous, int stride)
{
	v256 sums = none(), squares = none();
	for (int x = 0; x < stride; x += WORDS) {
		v256 change = sub16(load_words(row + x), load_words(previous + x));
		sums = add_words(sums, change);
		squares = add_squares(squares, change);
	}
	d->change += signed_total32(sums);
	d->change_squares += total32(squares);
}

/* Row y, the last of those that the sampled row one above needs, or three above at half the size. */
PART void add_detail(struct fw_scan *s, int y, const uint8_t *row, const uint8_t *previous, int width, int stride, int every)
{
	struct fw_detail *d = &s->detail;
	if (previous && y % every == 0)
		add_change(d, row, previous, stride);
	if (y >= 2 && (y - 2) % every == 0)
		for (int x = 1; x < width - 1; x += DETAIL_CHUNK) {
			const uint8_t *at = row + x - stride;
			add_gradients(d, at - stride, at, at + stride, width - 1 - x < DETAIL_CHUNK ? width - 1 - x : DETAIL_CHUNK);
		}
	if (y < 5 || (y - 5) % (2 * every) != 0)
		return;
	for (int i = 0; i < 3; i++)
		halve(s->half[i], row + (2 * i - 5) * stride, row + (2 * i - 4) * stride, width / 2);
	for (int x = 1; x < width / 2 - 1; x += HALF_CHUNK)
		add_half(d, s->half[0] + x, s->half[1] + x, s->half[2] + x, width / 2 - 1 - x < HALF_CHUNK ? width / 2 - 1 - x : HALF_CHUNK);
}

#endif
