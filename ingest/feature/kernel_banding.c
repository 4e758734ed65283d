#include "kernel_banding.h"
#include "part.h"

enum {
	NONE = FW_BANDING_CODES, /* the code of what is not smooth */
	AROUND = 3,              /* lines on each side of a sample that its neighbourhood has */
	LEAST_EVEN = 22,         /* even samples that make a neighbourhood smooth */
	GROUP = 16,              /* codes that are counted and cleared together */
	CHUNK = 8,               /* samples that are counted together where they are equal */
};

/* CAMBI's weights of a step. */
static const uint32_t weights[FW_BANDING_STEPS] = {1, 2, 3, 4, 4, 5, 5, 6};

/* The sums of 2x2 samples of 8 bits are codes of 10. */
PART void sum_codes(uint16_t *restrict codes, const uint8_t *restrict row, const uint8_t *restrict below, int width)
{
	for (int x = 0; x < width - 1; x++)
		codes[x] = row[x] + row[x + 1] + below[x] + below[x + 1];
	codes[width - 1] = 2 * (row[width - 1] + below[width - 1]);
}

PART void shift_codes(uint16_t *restrict codes, const uint8_t *restrict row, int width, int depth)
{
	int left = depth < 10 ? 10 - depth : 0, right = depth > 10 ? depth - 10 : 0;
	for (int x = 0; x < width; x++) {
		uint16_t v;
		memcpy(&v, row + 2 * x, 2);
		uint32_t code = (uint32_t)v << left >> right;
		codes[x] = code < FW_BANDING_CODES ? code : FW_BANDING_CODES - 1;
	}
}

/* row has one sample more than width. */
PART void find_even(uint8_t *restrict even, const uint16_t *restrict row, const uint16_t *restrict below, int width)
{
	for (int x = 0; x < width; x++)
		even[x] = (row[x] == row[x + 1]) & (row[x] == below[x]);
}

PART void add_even(uint8_t *restrict columns, const uint8_t *restrict even, int width)
{
	for (int x = 0; x < width; x++)
		columns[x] += even[x];
}

PART void drop_even(uint8_t *restrict columns, const uint8_t *restrict even, int width)
{
	for (int x = 0; x < width; x++)
		columns[x] -= even[x];
}

/* columns begin AROUND before the row. */
PART void find_smooth(uint16_t *restrict smooth, const uint16_t *restrict codes, const uint8_t *restrict columns, int width)
{
	for (int x = 0; x < width; x++) {
		const uint8_t *c = columns + x;
		uint8_t even = c[0] + c[1] + c[2] + c[3] + c[4] + c[5] + c[6];
		uint16_t code = codes[x];
		smooth[x] = even >= LEAST_EVEN ? code : NONE;
	}
}

PART void halve(uint16_t *restrict to, const uint16_t *restrict from, int width)
{
	for (int x = 0; x < width; x++)
		to[x] = from[2 * x];
}

PART void find_changes(uint8_t *restrict changes, const uint16_t *restrict row, int width)
{
	for (int x = 0; x < width; x++)
		changes[x] = row[x] != row[x + 1];
}

PART void count(struct fw_banding_blocks *blocks, const uint16_t *row, const uint8_t *changes, int columns, int block)
{
	for (int c = 0; c < columns; c++, row += block, changes += block) {
		uint16_t *samples = blocks->samples[c];
		uint64_t used = 0;
		for (int x = 0, next; x < block; x = next) {
			uint64_t changed = 1;
			if (x + CHUNK <= block)
				memcpy(&changed, changes + x, CHUNK);
			next = changed ? x + 1 : x + CHUNK;
			if (!changed && row[x] == NONE)
				continue;
			samples[row[x]] += next - x;
			used |= (uint64_t)(row[x] < NONE) << row[x] / GROUP % 64;
		}
		blocks->used[c] |= used;
	}
}

/* The contrast of the code that is counted at at. */
PART uint32_t contrast(const uint32_t *at, int code, const int32_t *limits, uint32_t samples)
{
	uint64_t top = 0, bottom = 1;
	for (int d = 1; d <= FW_BANDING_STEPS; d++) {
		uint64_t other = at[d] > at[-d] ? at[d] : at[-d];
		if (!other || code >= limits[d - 1])
			continue;
		uint64_t weighted = weights[d - 1] * other, sum = *at + other;
		if (weighted * bottom > top * sum)
			top = weighted, bottom = sum;
	}
	return top * *at * FW_BANDING_UNIT / (bottom * samples);
}

/* Every group of used begins at g. */
#define EACH_GROUP(g, used) for (uint64_t rest = used, g; g = rest ? __builtin_ctzll(rest) * GROUP : 0, rest; rest &= rest - 1)

PART void judge_windows(struct fw_banding *b, uint32_t *tally, const struct fw_banding_blocks *above, const struct fw_banding_blocks *below,
                        int columns, uint32_t samples, const int32_t *limits)
{
	uint32_t *window = b->window + FW_BANDING_STEPS;
	for (int c = 0; c + 1 < columns; c++) {
		uint64_t used = above->used[c] | above->used[c + 1] | below->used[c] | below->used[c + 1];
		EACH_GROUP(g, used)
			for (int v = g; v < (int)g + GROUP; v++)
				window[v] = above->samples[c][v] + above->samples[c + 1][v] + below->samples[c][v] + below->samples[c + 1][v];
		EACH_GROUP(g, used)
			for (int v = g; v < (int)g + GROUP; v++)
				if (window[v])
					tally[contrast(window + v, v, limits, samples)] += window[v];
		EACH_GROUP(g, used)
			memset(window + g, 0, GROUP * sizeof *window);
	}
}

PART void forget(struct fw_banding_blocks *blocks, int columns)
{
	for (int c = 0; c < columns; c++) {
		EACH_GROUP(g, blocks->used[c])
			memset(blocks->samples[c] + g, 0, GROUP * sizeof *blocks->samples[c]);
		blocks->samples[c][NONE] = 0;
		blocks->used[c] = 0;
	}
}

/* Takes row y, an even one, to the scales that have it. The first has no other rows, so half the samples in a window. */
PART void add_row(struct fw_banding *b, int y, int width, int height, int block, const int32_t *limits)
{
	for (int s = 0; s < FW_BANDING_SCALES && y % (1 << s) == 0; s++) {
		uint16_t *smooth = b->smooth[s % 2];
		if (s > 0) {
			width = (width + 1) / 2, height = (height + 1) / 2;
			halve(smooth, b->smooth[(s + 1) % 2], width);
		}
		int row = y >> s, step = s == 0 ? 2 : 1, at = row / block, columns = width / block;
		if (at >= height / block)
			continue;
		struct fw_banding_blocks *blocks = &b->blocks[s][at % 2], *above = &b->blocks[s][(at + 1) % 2];
		find_changes(b->changes, smooth, columns * block);
		count(blocks, smooth, b->changes, columns, block);
		if ((row + step) / block == at)
			continue;
		if (at > 0)
			judge_windows(b, b->tally[s], above, blocks, columns, 4 * block * block / step, limits);
		forget(above, columns);
	}
}

FAST void fw_scan_banding(struct fw_banding *b, const uint8_t *samples, int stride, int depth, int width, int height, int block,
                          const int32_t limits[FW_BANDING_STEPS])
{
	memset(b->tally, 0, sizeof b->tally);
	memset(b->columns, 0, width + 2 * AROUND);
	/* Whether a sample is even is known a row later, and whether it is smooth another AROUND rows later. */
	for (int y = 0; y < height + 1 + AROUND; y++) {
		uint16_t *codes = b->codes[y % FW_BANDING_RING];
		if (y < height) {
			const uint8_t *row = samples + (int64_t)y * stride;
			if (depth > 8)
				shift_codes(codes, row, width, depth);
			else
				sum_codes(codes, row, y + 1 < height ? row + stride : row, width);
			codes[width] = codes[width - 1];
		}
		int e = y - 1, gone = e - 2 * AROUND - 1, at = e - AROUND;
		if (e >= 0 && e < height) {
			const uint16_t *above = b->codes[e % FW_BANDING_RING];
			find_even(b->even[e % FW_BANDING_RING], above, y < height ? codes : above, width);
			add_even(b->columns + AROUND, b->even[e % FW_BANDING_RING], width);
		}
		if (gone >= 0)
			drop_even(b->columns + AROUND, b->even[gone % FW_BANDING_RING], width);
		if (at < 0 || at % 2)
			continue;
		find_smooth(b->smooth[0], b->codes[at % FW_BANDING_RING], b->columns, width);
		add_row(b, at, width, height, block, limits);
	}
	for (int s = 0; s < FW_BANDING_SCALES; s++)
		for (int i = 0; i < 2; i++)
			forget(&b->blocks[s][i], FW_BANDING_COLUMNS);
}
