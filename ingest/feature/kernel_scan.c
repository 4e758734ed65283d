/* The passes for any processor, and the choice between them and those for AVX2. */
#define CLONE(name) name##_plain
#include "scan_chroma.h"
#include "scan_luma.h"

#ifdef FW_AVX2
/* In kernel_avx2.c. */
void fw_scan_luma_avx2(struct fw_scan *s, const uint8_t *samples, int samples_stride, int depth, int width, int height,
                       uint8_t *current, const uint8_t *previous, const uint8_t *before, int stride, int edge_limit, int16_t *flat,
                       int every, const uint16_t bounds[FW_LEVELS]);
void fw_scan_chroma_avx2(struct fw_chroma *c, const uint8_t *u, int u_stride, const uint8_t *v, int v_stride, int depth, int width, int height,
                         int every, int step, const uint32_t *colours);
#endif

void fw_scan_luma(struct fw_scan *s, const uint8_t *samples, int samples_stride, int depth, int width, int height,
                  uint8_t *current, const uint8_t *previous, const uint8_t *before, int stride, int edge_limit, int16_t *flat,
                  int every, const uint16_t bounds[FW_LEVELS])
{
#ifdef FW_AVX2
	if (__builtin_cpu_supports("avx2")) {
		fw_scan_luma_avx2(s, samples, samples_stride, depth, width, height, current, previous, before, stride, edge_limit,
		                  flat, every, bounds);
		return;
	}
#endif
	fw_scan_luma_plain(s, samples, samples_stride, depth, width, height, current, previous, before, stride, edge_limit,
	                   flat, every, bounds);
}

void fw_scan_chroma(struct fw_chroma *c, const uint8_t *u, int u_stride, const uint8_t *v, int v_stride, int depth, int width, int height,
                    int every, int step, const uint32_t *colours)
{
#ifdef FW_AVX2
	if (__builtin_cpu_supports("avx2")) {
		fw_scan_chroma_avx2(c, u, u_stride, v, v_stride, depth, width, height, every, step, colours);
		return;
	}
#endif
	fw_scan_chroma_plain(c, u, u_stride, v, v_stride, depth, width, height, every, step, colours);
}
