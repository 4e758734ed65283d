#include "interrupt.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <libavutil/time.h>

struct fw_interrupt {
	atomic_int stop;
	// When time runs out, by av_gettime_relative; 0: never. The thread that drives libav alone uses these two.
	int64_t deadline;
	int expired;
};

static atomic_llong asked;

static int ask(void *opaque)
{
	fw_interrupt *i = opaque;
	atomic_fetch_add_explicit(&asked, 1, memory_order_relaxed);
	if (i->deadline && av_gettime_relative() > i->deadline)
		i->expired = 1;
	return i->expired || atomic_load(&i->stop);
}

fw_interrupt *fw_interrupt_new(AVFormatContext *c)
{
	if (!c || c->av_class != avformat_get_class())
		return NULL;
	fw_interrupt *i = calloc(1, sizeof *i);
	if (i)
		c->interrupt_callback = (AVIOInterruptCB){ask, i};
	return i;
}

void fw_interrupt_free(fw_interrupt *i)
{
	free(i);
}

void fw_interrupt_within(fw_interrupt *i, int64_t microseconds)
{
	i->deadline = microseconds ? av_gettime_relative() + microseconds : 0;
	i->expired = 0;
}

void fw_interrupt_stop(fw_interrupt *i)
{
	atomic_store(&i->stop, 1);
}

int fw_interrupt_expired(fw_interrupt *i)
{
	return i->expired;
}

int64_t fw_interrupt_asked(void)
{
	return atomic_load_explicit(&asked, memory_order_relaxed);
}
