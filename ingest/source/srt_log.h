// What libsrt says when a peer refuses a call; libav's error does not tell. It comes on libsrt's own threads and is kept for the process.
#pragma once
#include <stddef.h>

// fw_srt_log_start keeps libsrt's log here instead of on the standard error. Nothing happens where libav has no libsrt.
void fw_srt_log_start(void);

void fw_srt_log_forget(void);

// fw_srt_log_refusal writes the last refusal's reason to out and ends it with 0; empty when there was none.
void fw_srt_log_refusal(char *out, size_t size);
