/* The pass over chroma; compiled as scan_luma.h is. */
#include "kernel.h"
#include "part.h"
#include "part_strip.h"

PART void add_moments(uint64_t *sum, uint64_t *squares, const uint8_t *row, int width)
{
	v256 sums = none(), square_sums = none();
	int x = 0;
	for (; x + SIMD <= width; x += SIMD) {
		v256 v = load(row + x);
		sums = add64(sums, distances8(v, none()));
		square_sums = add32(square_sums, squares_of(v));
	}
	*sum += total64(sums);
	*squares += total32(square_sums);
	for (; x < width; x++) {
		*sum += row[x];
		*squares += row[x] * row[x];
	}
}

PART void add_colours(struct fw_chroma *c, const uint8_t *u, const uint8_t *v, int width, int step, const uint32_t *colours)
{
	for (int x = 0, part = 0; x < width; x += step, part ^= 1) {
		uint32_t colour = colours[u[x] << 8 | v[x]];
		c->hue[part][colour & 7] += colour >> 3;
		c->levels[part][colour >> 11]++;
	}
}

void CLONE(fw_scan_chroma)(struct fw_chroma *c, const uint8_t *u, int u_stride, const uint8_t *v, int v_stride, int depth, int width, int height,
                           int every, int step, const uint32_t *colours)
{
	memset(c, 0, sizeof *c);
	for (int y = 0; y < height; y++, u += u_stride, v += v_stride) {
		const uint8_t *u8 = u, *v8 = v;
		if (depth > 8) {
			narrow(c->rows[0], u, width, depth - 8);
			narrow(c->rows[1], v, width, depth - 8);
			u8 = c->rows[0], v8 = c->rows[1];
		}
		add_moments(&c->sum[0], &c->squares[0], u8, width);
		add_moments(&c->sum[1], &c->squares[1], v8, width);
		if (y % every == 0)
			add_colours(c, u8, v8, width, step, colours);
	}
}
