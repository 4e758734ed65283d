#include "log.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <libavutil/log.h>

enum { LINE = 512 };

static _Thread_local struct {
	fw_told pictures;
	char first[LINE], last[LINE];
} told;

static void callback(void *from, int level, const char *format, va_list arguments)
{
	if (level > AV_LOG_INFO) {
		told.pictures.lost += !strncmp(format, "Frame num gap", 13); // a line for each picture
		return;
	}
	told.pictures.errors += level <= AV_LOG_ERROR && strncmp(format, "SEI type", 8);
	int conceals = strncmp(format, "concealing %d DC", 16) == 0;
	if (level > AV_LOG_WARNING && !conceals)
		return;
	char line[LINE];
	int prefix = 1;
	if (av_log_format_line2(from, level, format, arguments, line, sizeof line, &prefix) < 0)
		return;
	if (conceals) {
		// A macroblock can be in each of the three counts: the largest is how many were concealed.
		int dc, ac, mv;
		const char *text = strstr(line, "concealing ");
		if (text && sscanf(text, "concealing %d DC, %d AC, %d MV", &dc, &ac, &mv) == 3) {
			int most = dc > ac ? dc : ac;
			told.pictures.concealed += most > mv ? most : mv;
		}
		return;
	}
	size_t length = 0;
	for (char *c = line; *c; c++)
		told.last[length++] = iscntrl((unsigned char)*c) ? ' ' : *c;
	while (length > 0 && told.last[length - 1] == ' ')
		length--;
	told.last[length] = 0;
	if (!told.first[0])
		memcpy(told.first, told.last, length + 1);
}

void fw_log_start(void)
{
	av_log_set_level(AV_LOG_INFO);
	av_log_set_callback(callback);
}

fw_told fw_log_take(void)
{
	fw_told taken = told.pictures;
	told.pictures = (fw_told){0};
	return taken;
}

const char *fw_log_last(void)
{
	return told.last;
}

const char *fw_log_first(void)
{
	return told.first;
}

void fw_log_forget_lines(void)
{
	told.first[0] = told.last[0] = 0;
}

void fw_log_forget(void)
{
	told.pictures = (fw_told){0};
	fw_log_forget_lines();
}
