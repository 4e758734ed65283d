/* Vectors of 256 bits, by SIMDe on any processor: AVX2 where the file is compiled for it, else what the processor has. */
#ifndef FRAMEWATCH_SIMD_H
#define FRAMEWATCH_SIMD_H

#include <simde/x86/avx2.h>

#include "part.h"

/* Bytes of a vector. */
enum { SIMD = 32 };
typedef simde__m256i v256;

PART v256 load(const void *p) { return simde_mm256_loadu_si256((const simde__m256i *)p); }
PART void store(void *p, v256 v) { simde_mm256_storeu_si256((simde__m256i *)p, v); }
PART v256 none(void) { return simde_mm256_setzero_si256(); }
PART v256 bytes_of(uint8_t b) { return simde_mm256_set1_epi8((char)b); }
PART v256 words_of(int16_t w) { return simde_mm256_set1_epi16(w); }

PART v256 least8(v256 a, v256 b) { return simde_mm256_min_epu8(a, b); }
PART v256 most8(v256 a, v256 b) { return simde_mm256_max_epu8(a, b); }
PART v256 distance8(v256 a, v256 b) { return simde_mm256_or_si256(simde_mm256_subs_epu8(a, b), simde_mm256_subs_epu8(b, a)); }
PART v256 add32(v256 a, v256 b) { return simde_mm256_add_epi32(a, b); }
/* Sums of the distances of eight bytes each, as 64 bits. */
PART v256 distances8(v256 a, v256 b) { return simde_mm256_sad_epu8(a, b); }
PART v256 equal8(v256 a, v256 b) { return simde_mm256_cmpeq_epi8(a, b); }
PART v256 sub8(v256 a, v256 b) { return simde_mm256_sub_epi8(a, b); }

/* The smallest and the largest byte. */
PART uint8_t smallest8(v256 v)
{
	simde__m128i n = simde_mm_min_epu8(simde_mm256_castsi256_si128(v), simde_mm256_extracti128_si256(v, 1));
	n = simde_mm_min_epu8(n, simde_mm_srli_si128(n, 8));
	n = simde_mm_min_epu8(n, simde_mm_srli_si128(n, 4));
	n = simde_mm_min_epu8(n, simde_mm_srli_si128(n, 2));
	n = simde_mm_min_epu8(n, simde_mm_srli_si128(n, 1));
	return (uint8_t)simde_mm_cvtsi128_si32(n);
}

PART uint8_t largest8(v256 v) { return (uint8_t)~smallest8(simde_mm256_xor_si256(v, bytes_of(255))); }

/* The sum of eight signed numbers of 32 bits; of unsigned ones. */
PART int64_t signed_total32(v256 v)
{
	int32_t n[8];
	int64_t sum = 0;
	store(n, v);
	for (int i = 0; i < 8; i++)
		sum += n[i];
	return sum;
}

PART uint64_t total32(v256 v)
{
	uint32_t n[8];
	uint64_t sum = 0;
	store(n, v);
	for (int i = 0; i < 8; i++)
		sum += n[i];
	return sum;
}

PART v256 add64(v256 a, v256 b) { return simde_mm256_add_epi64(a, b); }

/* The sum of four numbers of 64 bits. */
PART uint64_t total64(v256 v)
{
	simde__m128i two = simde_mm_add_epi64(simde_mm256_castsi256_si128(v), simde_mm256_extracti128_si256(v, 1));
	return (uint64_t)simde_mm_cvtsi128_si64(simde_mm_add_epi64(two, simde_mm_unpackhi_epi64(two, two)));
}

/* 16 bytes as so many words. */
PART v256 load_words(const uint8_t *p) { return simde_mm256_cvtepu8_epi16(simde_mm_loadu_si128((const simde__m128i *)p)); }
/* The first and the second eight bytes of each half, as words. */
PART v256 low_bytes(v256 v) { return simde_mm256_unpacklo_epi8(v, none()); }
PART v256 high_bytes(v256 v) { return simde_mm256_unpackhi_epi8(v, none()); }
/* The lower halves of a and b, and the upper ones. */
PART v256 lower_halves(v256 a, v256 b) { return simde_mm256_permute2x128_si256(a, b, 0x20); }
PART v256 upper_halves(v256 a, v256 b) { return simde_mm256_permute2x128_si256(a, b, 0x31); }

/* Words of a and b in turn: of the first and of the second half of each half. */
PART v256 low_words(v256 a, v256 b) { return simde_mm256_unpacklo_epi16(a, b); }
PART v256 high_words(v256 a, v256 b) { return simde_mm256_unpackhi_epi16(a, b); }
/* Sums of two neighbouring bytes as words. */
PART v256 pairs8(v256 v) { return simde_mm256_maddubs_epi16(v, bytes_of(1)); }
PART v256 both(v256 a, v256 b) { return simde_mm256_and_si256(a, b); }

PART v256 add16(v256 a, v256 b) { return simde_mm256_add_epi16(a, b); }
PART v256 sub16(v256 a, v256 b) { return simde_mm256_sub_epi16(a, b); }
PART v256 twice16(v256 a) { return simde_mm256_add_epi16(a, a); }
PART v256 magnitude16(v256 a) { return simde_mm256_abs_epi16(a); }
/* a[2i] * b[2i] + a[2i+1] * b[2i+1] of signed words, as 32 bits. */
PART v256 products16(v256 a, v256 b) { return simde_mm256_madd_epi16(a, b); }
/* Adds signed words to sums of 32 bits. */
PART v256 add_words(v256 sums, v256 words) { return add32(sums, products16(words, words_of(1))); }

#endif
