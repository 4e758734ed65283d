/* The passes for processors that have AVX2. */
#include "part.h"

#ifdef FW_AVX2
#pragma GCC target("avx2")
#define CLONE(name) name##_avx2
#include "scan_chroma.h"
#include "scan_luma.h"
#endif
