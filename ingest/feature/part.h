/* What the kernels share: how they are compiled, and steps over one row. */
#ifndef FRAMEWATCH_PART_H
#define FRAMEWATCH_PART_H

#include <stdint.h>
#include <string.h>

/* Compiled once for AVX2 and once for any processor of the architecture, chosen when the program starts. All arithmetic is on integers, or on floats in one order,
 * so both give the same figures. FW_PLAIN (go test -tags plain) leaves the choice out, to test the second on a machine that has AVX2. */
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(FW_PLAIN)
#define FW_AVX2
#define FAST __attribute__((target_clones("avx2", "default")))
#else
#define FAST
#endif

/* Taken into each clone of its caller. */
#define PART static inline __attribute__((always_inline))

PART void narrow(uint8_t *restrict to, const uint8_t *restrict from, int width, int shift)
{
	for (int x = 0; x < width; x++) {
		uint16_t v;
		memcpy(&v, from + 2 * x, 2);
		v >>= shift;
		to[x] = v > 255 ? 255 : v;
	}
}

/* In this form it is three instructions for as many samples as fit a register. */
PART uint8_t distance(uint8_t a, uint8_t b)
{
	uint8_t high = a > b ? a : b, low = a > b ? b : a;
	return high - low;
}

PART void subtract(uint8_t *restrict to, const uint8_t *restrict a, const uint8_t *restrict b, int n)
{
	for (int x = 0; x < n; x++)
		to[x] = distance(a[x], b[x]);
}

#endif
