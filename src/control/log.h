/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What lvsd says to people: one line per message on standard error, with a level.
 *
 * Main lcore only. Library code does not log: it returns an error and its caller decides. Under
 * systemd (JOURNAL_STREAM) lines carry the "<N>" prefix that the journal turns into a priority.
 */
#ifndef LVSD_CONTROL_LOG_H
#define LVSD_CONTROL_LOG_H

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

/* Names of the levels in that order, separated by '|'. */
#define LOG_LEVELS "error|warning|notice|info|debug"

void log_open(void);
void log_set_level(enum log_level level);
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)   log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)  log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)    log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
