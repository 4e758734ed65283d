#include "kernel.h"

#include <string.h>

/* Compiled once for AVX2 and once for any processor of the architecture, chosen when the program starts. All arithmetic is on integers,
 * so both give the same figures. FW_PLAIN (go test -tags plain) leaves the choice out, to test the second on a machine that has AVX2. */
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(FW_PLAIN)
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

/* Eight tables, so that equal neighbours do not wait for each other's counter. */
PART void count(uint32_t tables[8][256], const uint8_t *row, int width)
{
	int x = 0;
	for (; x + 8 <= width; x += 8) {
		uint64_t v;
		memcpy(&v, row + x, 8);
		tables[0][v & 255]++;
		tables[1][v >> 8 & 255]++;
		tables[2][v >> 16 & 255]++;
		tables[3][v >> 24 & 255]++;
		tables[4][v >> 32 & 255]++;
		tables[5][v >> 40 & 255]++;
		tables[6][v >> 48 & 255]++;
		tables[7][v >> 56]++;
	}
	for (; x < width; x++)
		tables[0][row[x]]++;
}

PART void add(uint16_t *restrict columns, const uint8_t *restrict row, int n)
{
	for (int x = 0; x < n; x++)
		columns[x] += row[x];
}

PART void add_difference(uint16_t *restrict columns, const uint8_t *restrict a, const uint8_t *restrict b, int n)
{
	for (int x = 0; x < n; x++) {
		uint8_t high = a[x] > b[x] ? a[x] : b[x], low = a[x] > b[x] ? b[x] : a[x];
		columns[x] += (uint8_t)(high - low);
	}
}

PART uint32_t sad(const uint8_t *restrict a, const uint8_t *restrict b, int n)
{
	uint32_t sum = 0;
	for (int x = 0; x < n; x++) {
		int d = a[x] - b[x];
		sum += d < 0 ? -d : d;
	}
	return sum;
}

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

/* The difference to zeros is the sum, and processors have an instruction for that difference. */
static const uint8_t zeros[FW_MAX_SIZE];

/* One step of the hash: 32 lanes of 32 bits, each a bijection of lane and word, so that one changed word always changes the lane. */
PART void mix(uint32_t *restrict lanes, const uint8_t *restrict block)
{
	for (int i = 0; i < 32; i++) {
		uint32_t word;
		memcpy(&word, block + 4 * i, 4);
		uint32_t v = lanes[i] ^ word;
		lanes[i] = (v << 15 | v >> 17) * 0x9E3779B1u;
	}
}

PART void hash_row(uint32_t *restrict lanes, const uint8_t *restrict row, int bytes)
{
	int x = 0;
	for (; x + 128 <= bytes; x += 128)
		mix(lanes, row + x);
	if (x < bytes) {
		uint8_t block[128] = {0};
		memcpy(block, row + x, bytes - x);
		mix(lanes, block);
	}
}

/* The lanes folded through the finaliser of MurmurHash3. */
PART uint64_t fold(const uint32_t *lanes)
{
	uint64_t h = 0;
	for (int i = 0; i < 32; i += 2) {
		h ^= (uint64_t)lanes[i] << 32 | lanes[i + 1];
		h = (h ^ h >> 33) * 0xFF51AFD7ED558CCDull;
		h = (h ^ h >> 33) * 0xC4CEB9FE1A85EC53ull;
		h ^= h >> 33;
	}
	return h;
}

/* Adds the sums of n stretches of the columns to cells. */
PART void spread(uint32_t *cells, int n, const uint32_t *prefix, int width)
{
	for (int c = 0; c < n; c++)
		cells[c] += prefix[(c + 1) * width / n] - prefix[c * width / n];
}

PART void sum_up(uint32_t *restrict prefix, uint16_t *restrict columns, int width)
{
	uint32_t sum = 0;
	for (int x = 0; x < width; x++) {
		prefix[x] = sum;
		sum += columns[x];
	}
	prefix[width] = sum;
	memset(columns, 0, width * sizeof *columns);
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

/* The row of n in which y lies; it is at least r. */
PART int row_of(int y, int height, int n, int r)
{
	while ((r + 1) * height / n <= y)
		r++;
	return r;
}

FAST void fw_scan_luma(struct fw_scan *s, const uint8_t *samples, int samples_stride, int depth, int width, int height,
                       uint8_t *current, const uint8_t *previous, const uint8_t *before, int stride)
{
	memset(s, 0, sizeof *s);
	for (int i = 0; i < 32; i++)
		s->lanes[i] = i + 1;

	int pool_row = 0, small_row = 0, rows = 0;
	for (int y = 0; y < height; y++) {
		const uint8_t *row = samples + (int64_t)y * samples_stride;
		int64_t at = (int64_t)y * stride;
		uint8_t *now = current + at;
		if (depth > 8)
			narrow(now, row, width, depth - 8);
		else
			memcpy(now, row, width);
		hash_row(s->lanes, row, depth > 8 ? 2 * width : width);
		count(s->tables, now, width);
		add(s->band, now, stride);
		s->rows[y] = sad(now, zeros, stride);
		if (previous)
			add_difference(s->difference, now, previous + at, stride);
		if (before)
			s->sad_before += sad(now, before + at, stride);
		if (before && y >= 2 && y < height - 2)
			add_field(s, y, previous + at, before + at, now, stride);

		/* The 16-bit sums go to the cells where a row of either pool ends, and before they overflow. */
		rows++;
		pool_row = row_of(y, height, FW_POOL_ROWS, pool_row);
		small_row = row_of(y, height, FW_SMALL_ROWS, small_row);
		if (y + 1 < (pool_row + 1) * height / FW_POOL_ROWS && y + 1 < (small_row + 1) * height / FW_SMALL_ROWS && rows < 257)
			continue;
		rows = 0;
		for (int x = 0; x < width; x++)
			s->columns[x] += s->band[x];
		sum_up(s->prefix, s->band, width);
		spread(s->pool + pool_row * FW_POOL_COLUMNS, FW_POOL_COLUMNS, s->prefix, width);
		spread(s->small + small_row * FW_SMALL_COLUMNS, FW_SMALL_COLUMNS, s->prefix, width);
		if (previous) {
			sum_up(s->prefix, s->difference, width);
			spread(s->sad + pool_row / 4 * FW_GRID_COLUMNS, FW_GRID_COLUMNS, s->prefix, width);
		}
	}
	for (int t = 0; t < 8; t++)
		for (int v = 0; v < 256; v++)
			s->histogram[v] += s->tables[t][v];
	s->hash = fold(s->lanes);
}

PART void add_moments(uint64_t *sum, uint64_t *squares, const uint8_t *row, int width)
{
	uint32_t s = 0, q = 0;
	for (int x = 0; x < width; x++) {
		s += row[x];
		q += row[x] * row[x];
	}
	*sum += s;
	*squares += q;
}

PART void add_colours(struct fw_chroma *c, const uint8_t *u, const uint8_t *v, int width, const uint32_t *colours)
{
	for (int x = 0; x < width; x += 2) {
		uint32_t colour = colours[u[x] << 8 | v[x]];
		int part = x >> 1 & 1;
		c->hue[part][colour & 7] += colour >> 3;
		c->levels[part][colour >> 11]++;
	}
}

FAST void fw_scan_chroma(struct fw_chroma *c, const uint8_t *u, int u_stride, const uint8_t *v, int v_stride, int depth, int width, int height,
                         const uint32_t *colours)
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
		if (y % 2 == 0)
			add_colours(c, u8, v8, width, colours);
	}
}

PART uint64_t box(const uint8_t *samples, int stride, int wide, int x0, int x1, int y0, int y1)
{
	uint64_t sum = 0;
	for (int y = y0; y < y1; y++) {
		const uint8_t *row = samples + (int64_t)y * stride;
		for (int x = x0; x < x1; x++)
			sum += wide ? row[2 * x] | row[2 * x + 1] << 8 : row[x];
	}
	return sum;
}

void fw_shrink(const uint8_t *samples, int stride, int depth, int width, int height, uint8_t *to, int to_width, int to_height)
{
	for (int r = 0; r < to_height; r++) {
		int y0 = (int64_t)r * height / to_height, y1 = (int64_t)(r + 1) * height / to_height;
		if (y1 == y0)
			y1++;
		for (int c = 0; c < to_width; c++) {
			int x0 = (int64_t)c * width / to_width, x1 = (int64_t)(c + 1) * width / to_width;
			if (x1 == x0)
				x1++;
			uint64_t n = (uint64_t)(x1 - x0) * (y1 - y0);
			uint64_t mean = depth > 8 ? box(samples, stride, 1, x0, x1, y0, y1) / n >> (depth - 8)
			                          : (box(samples, stride, 0, x0, x1, y0, y1) + n / 2) / n;
			*to++ = mean > 255 ? 255 : mean;
		}
	}
}
