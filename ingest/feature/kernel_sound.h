#ifndef FRAMEWATCH_KERNEL_SOUND_H
#define FRAMEWATCH_KERNEL_SOUND_H

#include <stdint.h>

enum {
	FW_SOUND_HISTORY = 11, /* samples in front of a block that its true peak needs */
	FW_SOUND_FRAMES = 16,  /* frames of a spectrum */
	FW_SOUND_HUMS = 8,     /* frequencies of hum */
};

/* A second-order section in transposed direct form II. kweighting.go has its twin. */
struct fw_biquad {
	double b0, b1, b2, a1, a2, s1, s2;
};

/* What weighing a tick gathers. kernel_sound.go has its twin. */
struct fw_weight {
	double weighted, plain, sum; /* sums of squares after and before the filters, sum of the samples */
};

/* What one pass over a block gathers; floats that are never negative, as their bits, which grow as they do. kernel_sound.go has its twin. */
struct fw_sound {
	uint32_t peak, true_peak, step;
	int32_t zeros, equal, clipped, crossings; /* equal and crossings compare a sample with the one before it */
};

/* fw_sound_clean copies n samples. What is no number becomes 0 and is counted; what is larger than 2^20 becomes that; -0 becomes 0. */
int fw_sound_clean(float *to, const float *from, int n);

/* fw_sound_weigh runs n clean samples through the filters, one after the other. */
void fw_sound_weigh(struct fw_biquad *first, struct fw_biquad *second, const float *samples, int n, struct fw_weight *w);

/* fw_sound_scan looks at n clean samples with FW_SOUND_HISTORY more in front of them. The first of them that is compared with its
 * neighbour is number from. */
void fw_sound_scan(const float *samples, int n, int from, struct fw_sound *s);

/* fw_sound_impulse is the largest absolute fourth difference of n clean samples, with FW_SOUND_HISTORY more in front of them, over the larger of its root
 * mean squares: in all of them, and in those from guard on up to span after it, or, where guard of those are not among them, from span on up to guard
 * before it. 0 when there is none. */
double fw_sound_impulse(const float *samples, int n, int guard, int span);

/* fw_sound_spectrum sums the power spectra of FW_SOUND_FRAMES frames of size samples, a power of two and at most n/FW_SOUND_FRAMES, spread
 * evenly over n: power[k] for k up to size/2. turns holds cos and -sin of 2*pi*i/size for i below size/2; work has size*FW_SOUND_FRAMES. */
void fw_sound_spectrum(const float *samples, int n, int size, const float *window, const float *turns, float *work, float *power);

/* fw_sound_hum gives the squared magnitude of the Fourier sums at FW_SOUND_HUMS frequencies w of the means of pool samples each, less mean.
 * twice holds 2*cos(w). */
void fw_sound_hum(const float *samples, int n, int pool, double mean, const double *twice, double *power);

#endif
