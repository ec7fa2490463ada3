/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lvsd's command line. Main thread, once.
 */
#ifndef LVSD_CONTROL_OPTIONS_H
#define LVSD_CONTROL_OPTIONS_H

#include <stdbool.h>

struct options {
	const char *config;
	const char *socket; /* of the command line or the environment; NULL: the file's */
	int log_level;      /* -1: the file's */
	bool check;
};

enum options_next { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_BAD };

/* Reads the command line. DONE: it asked for some text, which is printed. BAD: it is wrong, and
 * why has been said on standard error. */
enum options_next options_read(int argc, char **argv, struct options *out);

#endif
