/* Derivatives of sampled rows. */
#ifndef FRAMEWATCH_PART_DETAIL_H
#define FRAMEWATCH_PART_DETAIL_H

#include "kernel.h"
#include "part.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#else
#include <math.h>
#endif

/* Square roots, correctly rounded on every processor; n is a multiple of 4. Spelled out, because to set errno compilers take them one by
 * one. */
PART void take_roots(float *values, int n)
{
#if defined(__SSE2__)
	for (int x = 0; x < n; x += 4)
		_mm_storeu_ps(values + x, _mm_sqrt_ps(_mm_loadu_ps(values + x)));
#elif defined(__aarch64__)
	for (int x = 0; x < n; x += 4)
		vst1q_f32(values + x, vsqrtq_f32(vld1q_f32(values + x)));
#else
	for (int x = 0; x < n; x++)
		values[x] = sqrtf(values[x]);
#endif
}

/* So many columns that no 32-bit sum below overflows. */
#define DETAIL_CHUNK 1024
#define HALF_CHUNK 256

/* The columns from x on of a row between its neighbours, each with a column on both sides. */
PART void add_gradients(struct fw_detail *d, const uint8_t *a, const uint8_t *b, const uint8_t *c, int n)
{
	int16_t across[DETAIL_CHUNK], down[DETAIL_CHUNK], laplacian[DETAIL_CHUNK], noise[DETAIL_CHUNK];
	for (int x = 0; x < n; x++) {
		int16_t left = a[x - 1] + 2 * b[x - 1] + c[x - 1], right = a[x + 1] + 2 * b[x + 1] + c[x + 1];
		across[x] = right - left;
		down[x] = (c[x - 1] - a[x - 1]) + 2 * (c[x] - a[x]) + (c[x + 1] - a[x + 1]);
		laplacian[x] = 4 * b[x] - a[x] - c[x] - b[x - 1] - b[x + 1];
		int16_t before = a[x - 1] - 2 * b[x - 1] + c[x - 1], here = a[x] - 2 * b[x] + c[x], after = a[x + 1] - 2 * b[x + 1] + c[x + 1];
		int16_t mask = before - 2 * here + after;
		noise[x] = mask < 0 ? -mask : mask;
	}

	float magnitudes[DETAIL_CHUNK];
	uint32_t squares = 0, sum = 0;
	for (int x = 0; x < n; x++) {
		int32_t square = across[x] * across[x] + down[x] * down[x];
		squares += square;
		magnitudes[x] = square;
	}
	for (int x = n; x % 4; x++)
		magnitudes[x] = 0;
	take_roots(magnitudes, (n + 3) / 4 * 4);
	for (int x = 0; x < n; x++)
		sum += (int32_t)(magnitudes[x] * FW_SOBEL_UNIT + 0.5f);
	d->sobel += sum;
	d->sobel_squares += squares;

	uint32_t laplacian_squares = 0, noises = 0;
	int32_t laplacians = 0;
	for (int x = 0; x < n; x++) {
		laplacians += laplacian[x];
		laplacian_squares += laplacian[x] * laplacian[x];
		noises += noise[x];
	}
	d->laplacian[0] += laplacians;
	d->laplacian_squares[0] += laplacian_squares;
	d->noise += noises;
}

/* The sums of 2x2 samples. */
PART void halve(uint16_t *restrict to, const uint8_t *restrict upper, const uint8_t *restrict lower, int n)
{
	for (int x = 0; x < n; x++)
		to[x] = upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1];
}

PART void add_half(struct fw_detail *d, const uint16_t *a, const uint16_t *b, const uint16_t *c, int n)
{
	int32_t sum = 0;
	uint32_t squares = 0;
	for (int x = 0; x < n; x++) {
		int32_t laplacian = 4 * b[x] - a[x] - c[x] - b[x - 1] - b[x + 1];
		sum += laplacian;
		squares += laplacian * laplacian;
	}
	d->laplacian[1] += sum;
	d->laplacian_squares[1] += squares;
}

PART void add_change(struct fw_detail *d, const uint8_t *row, const uint8_t *previous, int n)
{
	int32_t sum = 0;
	uint32_t squares = 0;
	for (int x = 0; x < n; x++) {
		int16_t change = row[x] - previous[x];
		sum += change;
		squares += change * change;
	}
	d->change += sum;
	d->change_squares += squares;
}

/* Row y, the last of those that the sampled row one above needs, or three above at half the size. */
PART void add_detail(struct fw_scan *s, int y, const uint8_t *row, const uint8_t *previous, int width, int stride, int every)
{
	struct fw_detail *d = &s->detail;
	if (previous && y % every == 0)
		add_change(d, row, previous, width);
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
