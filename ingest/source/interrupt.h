// How a wait of libav's for the network ends: libav asks some ten times a second, and with each read, whether to go on.
#pragma once
#include <libavformat/avformat.h>

typedef struct fw_interrupt fw_interrupt;

// fw_interrupt_new makes c ask from now on; NULL when there is no memory or c is no AVFormatContext. It outlives c.
fw_interrupt *fw_interrupt_new(AVFormatContext *c);
void fw_interrupt_free(fw_interrupt *);

// fw_interrupt_within lets what libav does from now on take so many microseconds, 0: for ever.
void fw_interrupt_within(fw_interrupt *, int64_t microseconds);

// fw_interrupt_stop ends what libav does, from any thread, now and for good.
void fw_interrupt_stop(fw_interrupt *);

// fw_interrupt_expired tells whether time has run out since it was last given.
int fw_interrupt_expired(fw_interrupt *);

// fw_interrupt_asked counts the questions of all contexts of this process, from any thread.
int64_t fw_interrupt_asked(void);
