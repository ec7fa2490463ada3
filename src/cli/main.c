/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lvsadm: which of its two languages a command line is in. As ipvsadm (or ipvsadm-save,
 * ipvsadm-restore) it knows only theirs; as lvsadm a first argument that begins with '-' is
 * ipvsadm's, anything else is a verb of our own.
 */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *cli_name = "lvsadm";
bool cli_is_own = true;

void die(int status, const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(status);
}

struct client *cli_connect(const char *path)
{
	struct client *client;
	int err = client_open(path, &client);

	switch (err) {
	case 0:
		return client;
	case -EACCES:
	case -EPERM:
		die(EXIT_USAGE,
		    "%s: no permission for lvsd's socket %s: be root or in the socket's group",
		    cli_name, path);
	case -ENOENT:
	case -ECONNREFUSED:
		die(EXIT_USAGE,
		    "%s: no lvsd is running at %s: start it (systemctl start lvsd, or lvsd "
		    "--socket "
		    "PATH), or choose another with --socket PATH or LVSD_SOCKET",
		    cli_name, path);
	}
	die(EXIT_USAGE, "%s: cannot connect to lvsd at %s: %s", cli_name, path, strerror(-err));
}

/* Takes "--name VALUE" or "--name=VALUE" away from the front; NULL when it is not there. */
static const char *take_option(const char *name, int *argc, char ***argv)
{
	size_t len = strlen(name);
	const char *first = *argc > 1 ? (*argv)[1] : "";
	const char *value = NULL;
	int words = 0;

	if (strncmp(first, name, len) == 0 && first[len] == '=') {
		value = first + len + 1;
		words = 1;
	} else if (strcmp(first, name) == 0) {
		if (*argc < 3)
			die(EXIT_USAGE, "%s: %s needs a value: %s PATH", cli_name, name, name);
		value = (*argv)[2];
		words = 2;
	}
	if (words) {
		(*argv)[words] = (*argv)[0];
		*argv += words;
		*argc -= words;
	}
	return value;
}

static bool take_flag(const char *name, int *argc, char ***argv)
{
	if (*argc < 2 || strcmp((*argv)[1], name) != 0)
		return false;
	(*argv)[1] = (*argv)[0];
	*argv += 1;
	*argc -= 1;
	return true;
}

static int run(const char *socket, bool json, int argc, char **argv)
{
	if (strcmp(cli_name, "ipvsadm-save") == 0)
		return ipvsadm_save_main(socket, argc, argv);
	if (strcmp(cli_name, "ipvsadm-restore") == 0)
		return ipvsadm_restore_main(socket);
	if (strcmp(cli_name, "ipvsadm") == 0)
		return ipvsadm_main(socket, argc, argv);
	if (argc > 1 && argv[1][0] != '-')
		return verb_main(socket, json, argc - 1, argv + 1);
	if (json)
		die(EXIT_USAGE,
		    "%s: --json goes with a verb, not with the options of ipvsadm; see '%s help'",
		    cli_name, cli_name);
	return ipvsadm_main(socket, argc, argv);
}

int main(int argc, char **argv)
{
	const char *socket = client_default_socket();
	const char *slash, *path;
	bool json = false;
	int status;

	if (argc < 1)
		return EXIT_USAGE;
	slash = strrchr(argv[0], '/');
	cli_name = slash ? slash + 1 : argv[0];
	cli_is_own = strncmp(cli_name, "ipvsadm", 7) != 0;

	for (;;) {
		path = take_option("--socket", &argc, &argv);
		if (path)
			socket = path;
		else if (cli_is_own && take_flag("--json", &argc, &argv))
			json = true;
		else
			break;
	}

	status = run(socket, json, argc, argv);
	/* A rule file that did not fit on the disk must not look complete. */
	if (fflush(stdout) != 0 || ferror(stdout))
		die(EXIT_REFUSED, "%s: cannot write: %s", cli_name, strerror(errno));
	return status;
}
