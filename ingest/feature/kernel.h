#ifndef FRAMEWATCH_KERNEL_H
#define FRAMEWATCH_KERNEL_H

#include <stdint.h>

/* Largest width and height. Every 32-bit sum below holds for it. */
#define FW_MAX_SIZE 16384

/* Rows of our copies are padded with zeros to a multiple of this, so that loops over them need no remainder. */
#define FW_ROW_ALIGN 32

/* The sums of fields take so many columns at the beginning of each so many. */
#define FW_FIELD_STRETCH 16
#define FW_FIELD_PERIOD 64

/* Columns and rows of a macroblock; those at the right and at the bottom that are not whole do not count. */
#define FW_MACROBLOCK 16

/* The points of the cumulative distribution. */
#define FW_LEVELS 24

/* The sum of Sobel magnitudes is in so much of a level. */
#define FW_SOBEL_UNIT 64

/* The pools: a cell (c, r) of C by R covers columns c*w/C up to (c+1)*w/C of the picture, rows alike. Four cells of the 64x36 pool in
 * each direction make one of the 16x9 grid. */
enum { FW_POOL_COLUMNS = 64, FW_POOL_ROWS = 36, FW_GRID_COLUMNS = 16, FW_GRID_ROWS = 9, FW_SMALL_COLUMNS = 9, FW_SMALL_ROWS = 8 };

/* Derivatives over sampled rows, without the picture's outermost lines. */
struct fw_detail {
	uint64_t sobel, sobel_squares; /* of the gradient's magnitude in single precision, in 1/FW_SOBEL_UNIT level rounded to nearest, and of its square */
	int64_t laplacian[2];          /* of 4 times a sample less its four neighbours, and, in 1/4 level, of 2x2 means */
	uint64_t laplacian_squares[2];
	uint64_t noise;                /* of the magnitude of Immerkaer's mask */
	int64_t change;                /* of differences to the previous picture, outermost columns included; 0 without one */
	uint64_t change_squares;
};

/* The parts of the pass over luma whose time can be told apart. account.go has their names. */
enum { FW_PART_COPY, FW_PART_HASH, FW_PART_LUMA, FW_PART_LINES, FW_PART_FIELD, FW_PART_MACROBLOCK, FW_PART_DETAIL, FW_PART_COLUMNS, FW_PARTS };

/* What one pass over a picture's luma gathers, on 8-bit samples. kernel.go has its twin. */
struct fw_scan {
	uint64_t hash;       /* of the samples as they came, all bits */
	uint64_t sad_before; /* sum of absolute differences to the picture two back; 0 without one */
	uint64_t alpha[2], delta, gamma[2]; /* the sums of FFmpeg's idet for the previous picture, with its neighbours; 0 without both */
	uint64_t squares;    /* sum of squares */
	uint32_t below[FW_LEVELS];
	uint32_t low_end, high_end; /* smallest and largest sample */
	uint32_t pool[FW_POOL_ROWS * FW_POOL_COLUMNS];    /* sums of the 64x36 pool */
	uint32_t small[FW_SMALL_ROWS * FW_SMALL_COLUMNS]; /* sums of the 9x8 pool */
	uint32_t sad[FW_GRID_ROWS * FW_GRID_COLUMNS];     /* sums of absolute differences to the previous picture; 0 without one */
	/* Borders between macroblocks, of the picture and of its difference to the previous one: how many have more excess than the limit,
	 * and the largest, in 1/32 level; 0 where all are below. The excess is the mean step over the border less the mean of the steps
	 * beside it; of even rows where the border is upright. */
	uint32_t edges[2], edge_max[2];
	struct fw_detail detail;
	/* Working space: samples of stretches that lie below the i-th bound and the later ones, all of them; and of the other stretches those
	 * below the i-th bound, by column modulo FW_ROW_ALIGN, up to 255 each. */
	uint32_t all_below[FW_LEVELS + 1];
	uint8_t counts[FW_LEVELS][FW_ROW_ALIGN];
	uint32_t combs[2][4][8]; /* working space: the field's sums of even and of odd rows, in lanes */

	/* As many as the picture has lines; what is beyond is of an older one. */
	uint32_t rows[FW_MAX_SIZE];                       /* sum of each row */
	uint32_t columns[FW_MAX_SIZE];                    /* sum of each column */
	uint32_t row_steps[FW_MAX_SIZE];                  /* of each row, sum of absolute differences to the next row */
	uint32_t column_steps[FW_MAX_SIZE];               /* of each column, the same to the next column, over the even rows */

	/* Working space. */
	uint16_t band[FW_MAX_SIZE];
	uint16_t difference[FW_MAX_SIZE];
	uint32_t pairs[FW_MAX_SIZE / 2];                       /* of columns */
	uint16_t steps[2][FW_MAX_SIZE];                        /* across the columns of a row of macroblocks */
	uint16_t across[2][3][FW_MAX_SIZE / FW_MACROBLOCK + 1]; /* across rows: above, on and below the border of macroblocks */
	uint8_t changes[2][FW_MAX_SIZE];                       /* absolute differences to the previous picture of an even row and of an odd one */
	uint8_t low[FW_MAX_SIZE], high[FW_MAX_SIZE];           /* of the columns of a row of macroblocks */
	uint16_t half[3][FW_MAX_SIZE / 2 + FW_ROW_ALIGN];      /* sums of 2x2 samples */
	uint32_t lanes[32];
	uint64_t clocked;          /* not 0: time is taken */
	uint64_t spent[FW_PARTS];  /* nanoseconds, added to */
};

/* fw_scan_luma copies the samples of a plane, each of depth bits (8: one byte; more: two, little-endian), to current as 8 bits, and
 * fills s. previous and before, the copies of the last picture and of the one before it, may be null. The copies have rows of stride
 * bytes, a multiple of FW_ROW_ALIGN, zero after width, and as many bytes more as that at their end. below counts the samples below each of
 * bounds, which ascend from 0 to 256. An excess counts when it is above edge_limit, in 1/32 level. flat is told of each
 * macroblock, row by row, its luma where all samples of its even rows are equal, else -1. detail is of one row in every; at half the size, of one of its rows in every. */
void fw_scan_luma(struct fw_scan *s, const uint8_t *samples, int samples_stride, int depth, int width, int height,
                  uint8_t *current, const uint8_t *previous, const uint8_t *before, int stride, int edge_limit, int16_t *flat,
                  int every, const uint16_t bounds[FW_LEVELS]);
/* What one pass over a picture's chroma gathers, on 8-bit samples. chroma.go has its twin. */
struct fw_chroma {
	uint64_t sum[2], squares[2]; /* of U and of V */

	/* Over one sample in step of one row in every: the sum of their distances from neutral, in 1/256 level, by sector of hue, and how
	 * many are so many whole levels away; in two parts, so that equal neighbours do not wait for each other. */
	uint64_t hue[2][8];
	uint32_t levels[2][256];

	uint8_t rows[2][FW_MAX_SIZE]; /* working space */
};

/* fw_scan_chroma fills c from planes of one size, each of samples as in fw_scan_luma. colours tells of each u << 8 | v its distance from
 * neutral in 1/256 level, times 8, plus its sector of hue. */
void fw_scan_chroma(struct fw_chroma *c, const uint8_t *u, int u_stride, const uint8_t *v, int v_stride, int depth, int width, int height,
                    int every, int step, const uint32_t *colours);

/* A plane of chroma pooled to 64x36 means in 1/FW_MEAN_UNIT level. It looks at one row in n, from the first of each cell on, with n a
 * FW_CHROMA_ROWS-th of the rows rounded down, but at least 1; a cell has at least one sample. flash.go has its twin. */
enum { FW_MEAN_UNIT = 16, FW_CHROMA_ROWS = 144 };
struct fw_chroma_pool {
	uint16_t means[FW_POOL_ROWS * FW_POOL_COLUMNS];

	/* Working space. A cell has at most eight of the rows that are looked at, so that 16 bits hold the sum of a column. */
	uint32_t sums[FW_POOL_ROWS * FW_POOL_COLUMNS], pixels[FW_POOL_ROWS * FW_POOL_COLUMNS];
	uint16_t columns[FW_MAX_SIZE];
	uint32_t pairs[FW_MAX_SIZE / 2];
	uint8_t row[FW_MAX_SIZE];
};

/* fw_pool_chroma fills p from a plane of samples as in fw_scan_luma. */
void fw_pool_chroma(struct fw_chroma_pool *p, const uint8_t *samples, int stride, int depth, int width, int height);

/* How means of 8-bit samples become light, with factors of FW_WEIGHT_BITS binary places. light.go has its twin, and says what each is. */
enum { FW_WEIGHT_BITS = 14 };
struct fw_light {
	int32_t linear[255 * FW_MEAN_UNIT + 1];
	int32_t black, luma, red_v, green_u, green_v, blue_u;
	int32_t lights[3];
};

/* What the cells of the 64x36 pool shine, and how that differs from the picture before. flash.go has its twin. */
struct fw_shine {
	int32_t luminance[FW_POOL_ROWS * FW_POOL_COLUMNS], red[FW_POOL_ROWS * FW_POOL_COLUMNS];
	int64_t luminance_sum, red_sum;
	int32_t lighter, darker, redder, paler; /* cells that changed by more than the least */
};

/* fw_shine brings s up to date with a picture whose luma has such sums over cells of so many pixels, and whose chroma has such means. A
 * change counts when it is more than least_light or least_red. */
void fw_shine(struct fw_shine *s, const struct fw_light *light, const uint32_t *sums, const uint32_t *pixels, const uint16_t *u,
              const uint16_t *v, int32_t least_light, int32_t least_red);

/* fw_shrink pools the samples of a plane to to_width by to_height means of 8 bits, rows packed. A cell has at least one sample, so it
 * repeats samples where the target is larger. */
void fw_shrink(const uint8_t *samples, int stride, int depth, int width, int height, uint8_t *to, int to_width, int to_height);

#endif
