/* Columns gathered to cells. */
#ifndef FRAMEWATCH_PART_CELLS_H
#define FRAMEWATCH_PART_CELLS_H

#include "part.h"

/* Adds width columns to n cells: cell c has columns c*width/n up to (c+1)*width/n. While all cells are of an even number of columns, those are
 * first made half as many: work has room for that. */
PART void add_cells(uint32_t *restrict cells, int n, const uint16_t *restrict columns, int width, uint32_t *restrict work)
{
	if (width % (2 * n)) {
		for (int c = 0; c < n; c++)
			for (int x = c * width / n; x < (c + 1) * width / n; x++)
				cells[c] += columns[x];
		return;
	}
	width /= 2;
	for (int x = 0; x < width; x++)
		work[x] = columns[2 * x] + columns[2 * x + 1];
	while (width % (2 * n) == 0) {
		width /= 2;
		for (int x = 0; x < width; x++)
			work[x] = work[2 * x] + work[2 * x + 1];
	}
	for (int c = 0, each = width / n; c < n; c++)
		for (int x = 0; x < each; x++)
			cells[c] += work[c * each + x];
}

#endif
