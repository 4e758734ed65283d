#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// A network as OpenCV has it. All of it works in the caller's thread. What goes wrong is said in why, of so many bytes.
typedef struct fw_network fw_network;

// fw_network_load reads ONNX that takes 1 x planes x side x side numbers. It is NULL when that cannot be; the bytes are not kept.
fw_network *fw_network_load(const void *onnx, size_t length, int planes, int side, char *why, size_t room);

// fw_network_cost is what one run takes: floating-point operations, and bytes for weights and all that is between; false when it cannot be told.
int fw_network_cost(fw_network *n, int64_t *operations, int64_t *bytes, char *why, size_t room);

// fw_network_run gives the one number that the network makes of values; false when it gives something else.
int fw_network_run(fw_network *n, const float *values, float *out, char *why, size_t room);

void fw_network_free(fw_network *n);

#ifdef __cplusplus
}
#endif
