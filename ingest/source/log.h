// libav's log, which is where decoders tell what they concealed. It is one for the process; what is kept here is kept for each
// thread, so that it belongs to the decoder which that thread drives.
#pragma once

// fw_log_start makes libav log here and nowhere else.
void fw_log_start(void);

// fw_told is what a decoder said of the pictures it was given.
typedef struct {
	// Macroblocks concealed.
	int concealed;
	// Lines of level error or worse, but those about SEI, which no sample depends on.
	int errors;
	// Reference pictures that H.264's frame_num says are missing.
	int lost;
} fw_told;

// fw_log_take is what was told on this thread since the last call.
fw_told fw_log_take(void);

// fw_log_last is the last error or warning told on this thread, without control characters; empty when there was none.
const char *fw_log_last(void);

// fw_log_first is the first one since what was told was dropped: what went wrong innermost.
const char *fw_log_first(void);

// fw_log_forget_lines drops those lines alone.
void fw_log_forget_lines(void);

// fw_log_forget drops what was told on this thread so far.
void fw_log_forget(void);
