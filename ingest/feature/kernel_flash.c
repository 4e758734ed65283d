#include "kernel.h"
#include "part.h"

/* Adds n samples of a row. */
PART void add_row(uint32_t *restrict columns, const uint8_t *restrict row, int n)
{
	for (int x = 0; x < n; x++)
		columns[x] += row[x];
}

FAST void fw_pool_chroma(struct fw_chroma_pool *p, const uint8_t *samples, int stride, int depth, int width, int height)
{
	int every = height / FW_CHROMA_ROWS < 1 ? 1 : height / FW_CHROMA_ROWS;
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
		for (int c = 0; c < FW_POOL_COLUMNS; c++) {
			int left = c * width / FW_POOL_COLUMNS, right = (c + 1) * width / FW_POOL_COLUMNS, x = left;
			uint32_t sum = 0;
			do
				sum += p->columns[x++];
			while (x < right);
			uint32_t n = (x - left) * rows;
			p->means[r * FW_POOL_COLUMNS + c] = (FW_MEAN_UNIT * sum + n / 2) / n;
		}
	}
}
