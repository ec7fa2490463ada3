/* SPDX-License-Identifier: BSD-3-Clause */
/* lvsd's command line (options.h). */
#include "options.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "log.h"
#include "schema.h"

#include "api/lvsd_wire.h"

enum { OPT_CHECK = 256, OPT_HELP_CONFIG };

/* One row per option: what getopt needs and what --help prints. */
static const struct {
	int id;
	const char *name;
	const char *value; /* NULL: takes none */
	const char *help;
} rows[] = {
	{'c', "config", "FILE", "read this configuration (" LVSD_CONFIG_DEFAULT ")"},
	{'s', "socket", "PATH", "listen here; before " LVSD_SOCKET_ENV " and the file's socket:"},
	{OPT_CHECK, "check", NULL, "check the configuration and exit"},
	{'l', "log-level", "LEVEL", "show " LOG_LEVELS},
	{OPT_HELP_CONFIG, "help-config", NULL, "print every key of the configuration file"},
	{'h', "help", NULL, "print this"},
	{'V', "version", NULL, "print the version"},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void help(void)
{
	printf("Usage: lvsd [OPTION]...\n"
	       "The Linux Virtual Server director, on DPDK. Runs in the foreground.\n\n");
	for (size_t i = 0; i < ROWS; i++) {
		char left[32];

		snprintf(left, sizeof(left), "%s %s", rows[i].name,
			 rows[i].value != NULL ? rows[i].value : "");
		if (rows[i].id < 256)
			printf("  -%c, --%-18s %s\n", rows[i].id, left, rows[i].help);
		else
			printf("      --%-18s %s\n", left, rows[i].help);
	}
	printf("\nSee lvsd(8) and lvsd.conf(5).\n");
}

/* The position of a level's name in LOG_LEVELS, -1: none. */
static int level_read(const char *text)
{
	const char *at = LOG_LEVELS;
	size_t len = strlen(text);

	for (int i = 0; *at != '\0'; i++) {
		size_t n = strcspn(at, "|");

		if (n == len && memcmp(at, text, n) == 0)
			return i;
		at += n + (at[n] == '|');
	}
	return -1;
}

static enum options_next take(int id, const char *value, struct options *out)
{
	switch (id) {
	case 'c':
		out->config = value;
		return OPTIONS_RUN;
	case 's':
		out->socket = value;
		return OPTIONS_RUN;
	case OPT_CHECK:
		out->check = true;
		return OPTIONS_RUN;
	case 'l':
		out->log_level = level_read(value);
		if (out->log_level >= 0)
			return OPTIONS_RUN;
		log_error("--log-level: \"%s\" is not a level; allowed: %s", value, LOG_LEVELS);
		return OPTIONS_BAD;
	case OPT_HELP_CONFIG:
		schema_print(stdout);
		return OPTIONS_DONE;
	case 'h':
		help();
		return OPTIONS_DONE;
	case 'V':
		printf("lvsd %s\n", LVSD_VERSION);
		return OPTIONS_DONE;
	default:
		return OPTIONS_BAD;
	}
}

static enum options_next socket_check(struct options *out)
{
	const char *from = "--socket";

	if (out->socket == NULL) {
		out->socket = getenv(LVSD_SOCKET_ENV);
		from = LVSD_SOCKET_ENV;
	}
	if (out->socket != NULL && out->socket[0] == '\0')
		out->socket = NULL;
	if (out->socket == NULL ||
	    strlen(out->socket) < sizeof(((struct sockaddr_un *)0)->sun_path))
		return OPTIONS_RUN;
	log_error("%s: the path is too long (%zu characters); allowed: at most %zu", from,
		  strlen(out->socket), sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
	return OPTIONS_BAD;
}

enum options_next options_read(int argc, char **argv, struct options *out)
{
	struct option longs[ROWS + 1] = {0};
	char shorts[2 * ROWS + 2] = ":";
	enum options_next next = OPTIONS_RUN;
	int id;

	*out = (struct options){.config = LVSD_CONFIG_DEFAULT, .log_level = -1};
	for (size_t i = 0; i < ROWS; i++) {
		char one[3] = {(char)rows[i].id, rows[i].value != NULL ? ':' : '\0', '\0'};

		longs[i] = (struct option){.name = rows[i].name,
					   .has_arg = rows[i].value != NULL ? required_argument
									    : no_argument,
					   .val = rows[i].id};
		if (rows[i].id < 256)
			strcat(shorts, one);
	}
	while (next == OPTIONS_RUN && (id = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (id == ':')
			log_error("%s: needs a value; see lvsd --help", argv[optind - 1]);
		else if (id == '?')
			log_error("%s: unknown option; see lvsd --help", argv[optind - 1]);
		next = take(id, optarg, out);
	}
	if (next != OPTIONS_RUN)
		return next;
	if (optind < argc) {
		log_error("%s: unexpected argument; see lvsd --help", argv[optind]);
		return OPTIONS_BAD;
	}
	return socket_check(out);
}
