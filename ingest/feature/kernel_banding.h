#ifndef FRAMEWATCH_KERNEL_BANDING_H
#define FRAMEWATCH_KERNEL_BANDING_H

#include "kernel.h"

enum {
	FW_BANDING_SCALES = 5,
	FW_BANDING_STEPS = 8,     /* the largest step that counts, in codes of 10 bits */
	FW_BANDING_CODES = 1024,
	FW_BANDING_COLUMNS = 150, /* of blocks, at most */
	FW_BANDING_UNIT = 1024,   /* of contrast */
	FW_BANDING_MOST = 6 * FW_BANDING_UNIT / 4, /* contrast of a window of two codes in equal parts, by the largest weight */
	FW_BANDING_RING = 8,      /* rows that are kept */
};

/* The samples of one row of blocks: how many have each code, and which sixteens of codes there are. */
struct fw_banding_blocks {
	uint64_t used[FW_BANDING_COLUMNS];
	uint16_t samples[FW_BANDING_COLUMNS][FW_BANDING_CODES + 16]; /* the first after the codes is of no use to anybody */
};

/* What one pass over a picture's luma gathers about banding. banding.go has its twin. */
struct fw_banding {
	uint32_t tally[FW_BANDING_SCALES][FW_BANDING_MOST + 1]; /* the smooth samples of all windows by their contrast */

	/* Working space. The first two are zeros before and after. */
	struct fw_banding_blocks blocks[FW_BANDING_SCALES][2];
	uint32_t window[FW_BANDING_STEPS + FW_BANDING_CODES + FW_BANDING_STEPS];
	uint16_t codes[FW_BANDING_RING][FW_MAX_SIZE + 1];
	uint8_t even[FW_BANDING_RING][FW_MAX_SIZE];
	uint8_t columns[FW_MAX_SIZE + 6];
	uint16_t smooth[2][FW_MAX_SIZE + 1];
	uint8_t changes[FW_MAX_SIZE];
};

/* fw_scan_banding fills b's tally from a plane of samples as in fw_scan_luma. Blocks are of block by block samples, at least 4 and so many
 * that no more than FW_BANDING_COLUMNS of them lie side by side. A step of d codes is seen below limits[d - 1]. */
void fw_scan_banding(struct fw_banding *b, const uint8_t *samples, int stride, int depth, int width, int height, int block,
                     const int32_t limits[FW_BANDING_STEPS]);

#endif
