/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Log lines to standard error. Each line leaves in one write(), so that lines of several
 * processes do not mix. The level is set once at start; main lcore only.
 */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_TEXT_MAX 1024

static enum log_level log_max = LOG_LEVEL_NOTICE;
static bool log_journal;

static const struct {
	const char *name;
	int priority; /* of syslog(3), as the journal reads it */
} levels[] = {
	[LOG_LEVEL_ERROR] = {"error", 3},   [LOG_LEVEL_WARNING] = {"warning", 4},
	[LOG_LEVEL_NOTICE] = {"notice", 5}, [LOG_LEVEL_INFO] = {"info", 6},
	[LOG_LEVEL_DEBUG] = {"debug", 7},
};

/* JOURNAL_STREAM names the device and inode of the stream that systemd opened for us: inherited
 * by a child whose standard error was sent elsewhere it means nothing. */
void log_open(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	log_journal = stream != NULL && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
		      fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

void log_set_level(enum log_level level)
{
	log_max = level;
}

void log_line(enum log_level level, const char *format, ...)
{
	char text[LOG_TEXT_MAX], line[LOG_TEXT_MAX + 32];
	va_list ap;
	int n;

	if (level > log_max)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (log_journal)
		n = snprintf(line, sizeof(line), "<%d>%s\n", levels[level].priority, text);
	else
		n = snprintf(line, sizeof(line), "lvsd: %s: %s\n", levels[level].name, text);
	while (write(STDERR_FILENO, line, n) < 0 && errno == EINTR)
		;
}
