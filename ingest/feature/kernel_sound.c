#include "kernel_sound.h"

#include <math.h>

#include "part.h"

/* The bits of floats that are not negative are ordered as they are, and loops over integers find their largest without a branch. */
enum { MAGNITUDE = 0x7fffffff, INFINITE = 0x7f800000, LARGEST = 0x49800000 /* 2^20 */, FULL_SCALE = 0x3f7fbe77 /* 0.999 */ };

PART uint32_t bits(float x)
{
	uint32_t b;
	memcpy(&b, &x, 4);
	return b;
}

FAST int fw_sound_clean(float *restrict to, const float *restrict from, int n)
{
	int bad = 0;
	for (int i = 0; i < n; i++) {
		uint32_t b = bits(from[i]);
		int32_t m = b & MAGNITUDE, lost = m >= INFINITE;
		m = m > LARGEST ? LARGEST : m;
		m = lost ? 0 : m;
		b = m == 0 ? 0 : (b & ~MAGNITUDE) | m;
		memcpy(to + i, &b, 4);
		bad += lost;
	}
	return bad;
}

void fw_sound_weigh(struct fw_biquad *first, struct fw_biquad *second, const float *samples, int n, struct fw_weight *w)
{
	struct fw_biquad p = *first, q = *second;
	double weighted = 0, plain = 0, sum = 0;
	for (int i = 0; i < n; i++) {
		double x = samples[i];
		double y = p.b0 * x + p.s1;
		p.s1 = p.b1 * x - p.a1 * y + p.s2;
		p.s2 = p.b2 * x - p.a2 * y;
		double z = q.b0 * y + q.s1;
		q.s1 = q.b1 * y - q.a1 * z + q.s2;
		q.s2 = q.b2 * y - q.a2 * z;
		weighted += z * z;
		plain += x * x;
		sum += x;
	}
	*first = p;
	*second = q;
	*w = (struct fw_weight){weighted, plain, sum};
}

/* The interpolating filter of ITU-R BS.1770-5 Annex 2, phases 0 and 1. Phases 3 and 2 are the same backwards. */
static const float phases[2][FW_SOUND_HISTORY + 1] = {
	{0.0017089843750f, 0.0109863281250f, -0.0196533203125f, 0.0332031250000f, -0.0594482421875f, 0.1373291015625f,
	 0.9721679687500f, -0.1022949218750f, 0.0476074218750f, -0.0266113281250f, 0.0148925781250f, -0.0083007812500f},
	{-0.0291748046875f, 0.0292968750000f, -0.0517578125000f, 0.0891113281250f, -0.1665039062500f, 0.4650878906250f,
	 0.7797851562500f, -0.2003173828125f, 0.1015625000000f, -0.0582275390625f, 0.0330810546875f, -0.0189208984375f},
};

PART uint32_t larger(uint32_t a, uint32_t b) { return (int32_t)a > (int32_t)b ? a : b; }

PART uint32_t true_peak(const float *restrict samples, int n)
{
	uint32_t peak = 0;
	for (int i = 0; i < n; i++) {
		const float *x = samples + i - FW_SOUND_HISTORY;
		float a = 0, b = 0, c = 0, d = 0;
#pragma GCC unroll 12
		for (int k = 0; k <= FW_SOUND_HISTORY; k++) {
			a += phases[0][k] * x[FW_SOUND_HISTORY - k];
			b += phases[1][k] * x[FW_SOUND_HISTORY - k];
			c += phases[1][k] * x[k];
			d += phases[0][k] * x[k];
		}
		uint32_t here = larger(larger(bits(a) & MAGNITUDE, bits(b) & MAGNITUDE), larger(bits(c) & MAGNITUDE, bits(d) & MAGNITUDE));
		peak = larger(peak, here);
	}
	return peak;
}

FAST void fw_sound_scan(const float *samples, int n, int from, struct fw_sound *s)
{
	uint32_t peak = 0, step = 0;
	int32_t zeros = 0, clipped = 0, equal = 0, crossings = 0;
	for (int i = 0; i < n; i++) {
		int32_t m = bits(samples[i]) & MAGNITUDE;
		peak = larger(peak, m);
		zeros += m == 0;
		clipped += m >= FULL_SCALE;
	}
	for (int i = from; i < n; i++) {
		uint32_t here = bits(samples[i]), before = bits(samples[i - 1]);
		step = larger(step, bits(samples[i] - samples[i - 1]) & MAGNITUDE);
		equal += here == before;
		crossings += (here ^ before) >> 31;
	}
	*s = (struct fw_sound){peak, larger(peak, true_peak(samples, n)), step, zeros, equal, clipped, crossings};
}

/* Square waves and ramps have a fourth difference where they turn, and sound that is band-limited has little of it. */
PART float fourth(const float *x) { return x[0] - 4 * x[-1] + 6 * x[-2] - 4 * x[-3] + x[-4]; }

/* Squares are summed in lanes, so that the sum is the same in both clones, and in doubles, which hold the square of any sample but 0. */
enum { LANES = 8 };

PART double fourth_energy(const float *samples, int from, int to)
{
	double lanes[LANES] = {0}, sum = 0;
	int i = from;
	for (; i + LANES <= to; i += LANES)
		for (int k = 0; k < LANES; k++) {
			double d = fourth(samples + i + k);
			lanes[k] += d * d;
		}
	for (; i < to; i++) {
		double d = fourth(samples + i);
		sum += d * d;
	}
	for (int k = 0; k < LANES; k++)
		sum += lanes[k];
	return sum;
}

FAST double fw_sound_impulse(const float *samples, int n, int guard, int span)
{
	uint32_t most = 0;
	for (int i = 0; i < n; i++)
		most = larger(most, bits(fourth(samples + i)) & MAGNITUDE);
	if (most == 0)
		return 0;
	int at = 0;
	while (at < n - 1 && (bits(fourth(samples + at)) & MAGNITUDE) < most)
		at++;
	int from = at + guard, to = at + span < n ? at + span : n;
	if (to - from < guard) {
		from = at > span ? at - span : 0;
		to = at - guard;
	}
	double around = fourth_energy(samples, 0, n) / n;
	if (to - from >= guard) {
		double near = fourth_energy(samples, from, to) / (to - from);
		around = near > around ? near : around;
	}
	float largest;
	memcpy(&largest, &most, 4);
	return largest / sqrt(around);
}
