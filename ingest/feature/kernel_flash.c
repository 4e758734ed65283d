#include "kernel.h"
#include "part.h"
#include "part_cells.h"

/* Adds n samples of a row. */
PART void add_row(uint16_t *restrict columns, const uint8_t *restrict row, int n)
{
	for (int x = 0; x < n; x++)
		columns[x] += row[x];
}

/* The mean of n samples in 1/FW_MEAN_UNIT level, halves up. A double holds sum and n exactly, and their quotient is never so near below a
 * whole number that it is rounded up to it. */
PART int32_t mean_of(uint32_t sum, uint32_t n) { return (double)(int32_t)(FW_MEAN_UNIT * sum + n / 2) / (int32_t)n; }

FAST void fw_pool_chroma(struct fw_chroma_pool *p, const uint8_t *samples, int stride, int depth, int width, int height)
{
	int every = height / FW_CHROMA_ROWS < 1 ? 1 : height / FW_CHROMA_ROWS;
	memset(p->sums, 0, sizeof p->sums);
	for (int r = 0; r < FW_POOL_ROWS; r++) {
		int top = r * height / FW_POOL_ROWS, end = (r + 1) * height / FW_POOL_ROWS, rows = 0;
		memset(p->columns, 0, width * sizeof *p->columns);
		for (int y = top; y == top || y < end; y += every, rows++) {
			const uint8_t *row = samples + (int64_t)y * stride;
			if (depth > 8) {
				narrow(p->row, row, width, depth - 8);
				row = p->row;
			}
			add_row(p->columns, row, width);
		}
		uint32_t *sums = p->sums + r * FW_POOL_COLUMNS, *pixels = p->pixels + r * FW_POOL_COLUMNS;
		if (width >= FW_POOL_COLUMNS)
			add_cells(sums, FW_POOL_COLUMNS, p->columns, width, p->pairs);
		for (int c = 0; c < FW_POOL_COLUMNS; c++) {
			int left = c * width / FW_POOL_COLUMNS, right = (c + 1) * width / FW_POOL_COLUMNS;
			if (width < FW_POOL_COLUMNS)
				sums[c] = p->columns[left];
			pixels[c] = (left < right ? right - left : 1) * rows;
		}
	}
	for (int i = 0; i < FW_POOL_ROWS * FW_POOL_COLUMNS; i++)
		p->means[i] = mean_of(p->sums[i], p->pixels[i]);
}

/* The light of a code, which may be outside of what there is. */
PART int32_t lit(const struct fw_light *l, int32_t x)
{
	x >>= FW_WEIGHT_BITS;
	x = x < 0 ? 0 : x;
	return l->linear[x > 255 * FW_MEAN_UNIT ? 255 * FW_MEAN_UNIT : x];
}

/* Everything fits 32 bits: a mean is below 2^12, a weight below 2^15, the lights together weigh 2^14. */
FAST void fw_shine(struct fw_shine *s, const struct fw_light *light, const uint32_t *sums, const uint32_t *pixels, const uint16_t *u,
                   const uint16_t *v, int32_t least_light, int32_t least_red)
{
	int64_t luminance_sum = 0, red_sum = 0;
	int32_t lighter = 0, darker = 0, redder = 0, paler = 0;
	for (int i = 0; i < FW_POOL_ROWS * FW_POOL_COLUMNS; i++) {
		int32_t y = light->luma * (mean_of(sums[i], pixels[i]) - light->black) + (1 << (FW_WEIGHT_BITS - 1));
		int32_t cb = u[i] - 128 * FW_MEAN_UNIT, cr = v[i] - 128 * FW_MEAN_UNIT;
		int32_t r = lit(light, y + light->red_v * cr);
		int32_t g = lit(light, y + light->green_u * cb + light->green_v * cr);
		int32_t b = lit(light, y + light->blue_u * cb);
		int32_t luminance = (light->lights[0] * r + light->lights[1] * g + light->lights[2] * b) >> FW_WEIGHT_BITS;
		int32_t saturated = (r > 0) & (r >= 4 * (g + b)); /* r / (r+g+b) >= 0.8 */
		int32_t red = saturated ? r - g - b : 0;
		int32_t up = luminance - s->luminance[i], redder_by = red - s->red[i];
		s->luminance[i] = luminance;
		s->red[i] = red;
		luminance_sum += luminance;
		red_sum += red;
		lighter += up > least_light;
		darker += up < -least_light;
		redder += redder_by > least_red;
		paler += redder_by < -least_red;
	}
	s->luminance_sum = luminance_sum;
	s->red_sum = red_sum;
	s->lighter = lighter;
	s->darker = darker;
	s->redder = redder;
	s->paler = paler;
}
