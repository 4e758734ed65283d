#include "kernel_sound.h"
#include "part.h"

/* Half of the frames are the real, half the imaginary parts of so many complex sequences, which are transformed side by side. */
enum { LANES = FW_SOUND_FRAMES / 2 };
typedef float lanes __attribute__((vector_size(4 * LANES), aligned(4)));
typedef double hums __attribute__((vector_size(8 * FW_SOUND_HUMS), aligned(8)));

PART int reversed(int i, int size)
{
	int r = 0;
	for (int bit = 1; bit < size; bit <<= 1, i >>= 1)
		r = r << 1 | (i & 1);
	return r;
}

FAST void fw_sound_spectrum(const float *samples, int n, int size, const float *window, const float *turns, float *work, float *power)
{
	lanes *z = (lanes *)work; /* z[2i] and z[2i+1]: real and imaginary parts of sample i */
	for (int i = 0; i < size; i++) {
		float *to = work + FW_SOUND_FRAMES * reversed(i, size);
		for (int frame = 0; frame < FW_SOUND_FRAMES; frame++)
			to[frame] = window[i] * samples[(int64_t)frame * (n - size) / (FW_SOUND_FRAMES - 1) + i];
	}
	for (int half = 1; half < size; half *= 2)
		for (int begin = 0; begin < size; begin += 2 * half)
			for (int k = 0; k < half; k++) {
				float c = turns[2 * k * (size / 2 / half)], s = turns[2 * k * (size / 2 / half) + 1];
				lanes *a = z + 2 * (begin + k), *b = a + 2 * half;
				lanes re = c * b[0] - s * b[1], im = c * b[1] + s * b[0];
				b[0] = a[0] - re;
				b[1] = a[1] - im;
				a[0] += re;
				a[1] += im;
			}
	/* For real sequences x and y, |X[k]|^2 + |Y[k]|^2 = (|Z[k]|^2 + |Z[size-k]|^2) / 2 where z = x + iy. */
	for (int k = 0; k <= size / 2; k++) {
		lanes *a = z + 2 * k, *b = z + 2 * ((size - k) & (size - 1));
		lanes both = a[0] * a[0] + a[1] * a[1] + b[0] * b[0] + b[1] * b[1];
		float sum = 0;
		for (int i = 0; i < LANES; i++)
			sum += both[i];
		power[k] = sum / 2;
	}
}

FAST void fw_sound_hum(const float *samples, int n, int pool, double mean, const double *twice, double *power)
{
	hums c = *(const hums *)twice, s1 = {0}, s2 = {0};
	for (int i = 0; i + pool <= n; i += pool) {
		double sum = 0;
		for (int j = 0; j < pool; j++)
			sum += samples[i + j];
		hums s = (sum / pool - mean) + c * s1 - s2;
		s2 = s1;
		s1 = s;
	}
	hums p = s1 * s1 + s2 * s2 - c * s1 * s2;
	memcpy(power, &p, sizeof p);
}
