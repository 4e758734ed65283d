/* The hash of the samples, row by row. */
#ifndef FRAMEWATCH_PART_HASH_H
#define FRAMEWATCH_PART_HASH_H

#include "part.h"

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

#endif
