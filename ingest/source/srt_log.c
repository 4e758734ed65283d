#define _GNU_SOURCE
#include "srt_log.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char refusal[128];

static void keep(void *opaque, int level, const char *file, int line, const char *area, const char *message)
{
	(void)opaque, (void)level, (void)file, (void)line, (void)area;
	static const char before[] = "REJECT reported from HS processing: ";
	const char *reason = strstr(message, before);
	if (!reason)
		return;
	reason += sizeof before - 1;
	const char *end = strstr(reason, " - ");
	size_t length = end ? (size_t)(end - reason) : strcspn(reason, "\n");
	pthread_mutex_lock(&lock);
	snprintf(refusal, sizeof refusal, "%.*s", (int)length, reason);
	pthread_mutex_unlock(&lock);
}

void fw_srt_log_start(void)
{
	// libavformat brings libsrt along; nothing else here needs it.
	void (*set)(void *, void (*)(void *, int, const char *, int, const char *, const char *)) = dlsym(RTLD_DEFAULT, "srt_setloghandler");
	if (set)
		set(NULL, keep);
}

void fw_srt_log_forget(void)
{
	pthread_mutex_lock(&lock);
	refusal[0] = 0;
	pthread_mutex_unlock(&lock);
}

void fw_srt_log_refusal(char *out, size_t size)
{
	pthread_mutex_lock(&lock);
	snprintf(out, size, "%s", refusal);
	pthread_mutex_unlock(&lock);
}
