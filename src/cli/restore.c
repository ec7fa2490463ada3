/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * -R: every line of the input is a command line. Words are separated by blanks; there is no
 * quoting. A refusal by the daemon is printed and the next line tried, an illegal line ends the
 * run.
 */
#include "command.h"

#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r\n"

/* The words of one line as argv, "ipvsadm" as argv[0] and nowhere else: saved scripts may begin
 * their lines with it. The words stay in `line`; the array is the caller's to free. */
static char **split(char *line, int *argc)
{
	static char name[] = "ipvsadm";
	size_t room = strlen(line) / 2 + 3; /* every word has a blank after it */
	char **argv = calloc(room, sizeof(*argv));
	char *word, *save;
	int n = 0;

	if (!argv)
		return NULL;
	argv[n++] = name;
	for (word = strtok_r(line, BLANKS, &save); word; word = strtok_r(NULL, BLANKS, &save))
		if (strcmp(word, name) != 0)
			argv[n++] = word;
	*argc = n;
	return argv;
}

/* A line without words leaves the status alone. */
static void run_line(struct client *client, char *line, int *status)
{
	struct command cmd;
	char **argv;
	int argc;

	argv = split(line, &argc);
	if (!argv)
		die(EXIT_REFUSED, "Memory allocation problem");
	if (argc > 1) {
		*status = EXIT_REFUSED;
		if (options_parse(&cmd, argc, argv) == 0) {
			if (cmd.id == CMD_RESTORE) {
				legality_check(&cmd);
				usage_try();
			}
			*status = ipvsadm_run(client, &cmd);
		}
	}
	free(argv);
}

int restore_run(struct client *client, FILE *in, bool skip_comments)
{
	int status = EXIT_OK;
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, in) >= 0)
		if (!skip_comments || *line != '#')
			run_line(client, line, &status);
	free(line);
	return status;
}
