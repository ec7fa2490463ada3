/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the parts of lvsadm share: how the program was called, how it fails.
 */
#ifndef LVSD_CLI_H
#define LVSD_CLI_H

#include <stdbool.h>

#include "client.h"

/* Exit statuses of the ipvsadm grammar. */
enum {
	EXIT_OK = 0,
	EXIT_NO_SUCH = 1,   /* a listing of a service that is not there */
	EXIT_USAGE = 2,     /* illegal arguments; no daemon */
	EXIT_REFUSED = 255, /* the daemon said no; popt did not understand */
};

/* How the program was called, for messages about the daemon: "lvsadm", "ipvsadm-save"... The
 * texts of the ipvsadm grammar always say "ipvsadm", whatever the name. */
extern const char *cli_name;

/* Not called by a name of ipvsadm's. */
extern bool cli_is_own;

/* Prints one line on stderr and exits. */
_Noreturn void die(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Connects to lvsd at `path`; exits 2 with a line that says what to do when it does not answer. */
struct client *cli_connect(const char *path);

/* One command line of the ipvsadm grammar, argv[0] included; returns the exit status. */
int ipvsadm_main(const char *socket, int argc, char **argv);
int ipvsadm_save_main(const char *socket, int argc, char **argv);
int ipvsadm_restore_main(const char *socket);

/* One of the program's own verbs; argv[0] is the verb. */
int verb_main(const char *socket, bool json, int argc, char **argv);

#endif
