// libav's log, which is where decoders tell what they concealed. It is one for the process; what is kept here is kept for each
// thread, so that it belongs to the decoder which that thread drives.
#pragma once

// fw_log_start makes libav log here and nowhere else.
void fw_log_start(void);

// fw_log_concealed is how many macroblocks the decoder called on this thread said it concealed since the last call.
int fw_log_concealed(void);

// fw_log_last is the last error or warning told on this thread, without control characters; empty when there was none.
const char *fw_log_last(void);

// fw_log_forget drops what was told on this thread so far.
void fw_log_forget(void);
