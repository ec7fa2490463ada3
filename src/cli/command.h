/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One command of the ipvsadm grammar, from the command line (options.c) through the checks
 * (legality.c, ipvsadm.c) to its execution (ipvsadm.c).
 */
#ifndef LVSD_CLI_COMMAND_H
#define LVSD_CLI_COMMAND_H

#include <stdint.h>
#include <stdio.h>

#include "cli.h"
#include "ipvs.h"

enum command_id {
	CMD_NONE,
	CMD_ADD,
	CMD_EDIT,
	CMD_DEL,
	CMD_FLUSH,
	CMD_LIST,
	CMD_ADD_DEST,
	CMD_DEL_DEST,
	CMD_EDIT_DEST,
	CMD_SET,
	CMD_START_DAEMON,
	CMD_STOP_DAEMON,
	CMD_RESTORE,
	CMD_SAVE,
	CMD_ZERO,
	CMD_HELP,
	CMD_VERSION,
	CMD_MAX,
};

/* In the order in which their legality is checked: the first illegal one is the one named. */
enum option_id {
	OPT_NUMERIC,
	OPT_CONNECTION,
	OPT_SERVICE,
	OPT_SCHEDULER,
	OPT_PERSISTENT,
	OPT_NETMASK,
	OPT_REAL_SERVER,
	OPT_METHOD,
	OPT_WEIGHT,
	OPT_U_THRESHOLD,
	OPT_L_THRESHOLD,
	OPT_MCAST_IFN,
	OPT_TIMEOUT,
	OPT_DAEMON,
	OPT_STATS,
	OPT_RATE,
	OPT_THRESHOLDS,
	OPT_PERSISTENT_CONN,
	OPT_NOSORT,
	OPT_SYNCID,
	OPT_EXACT,
	OPT_OPS,
	OPT_PE,
	OPT_SCHED_FLAGS,
	OPT_MCAST_GROUP,
	OPT_MCAST_PORT,
	OPT_MCAST_TTL,
	OPT_SYNC_MAXLEN,
	OPT_TUN_INFO,
	OPT_TUN_TYPE,
	OPT_TUN_PORT,
	OPT_TUN_NOCSUM,
	OPT_TUN_CSUM,
	OPT_TUN_REMCSUM,
	OPT_MAX,
	OPT_NONE = OPT_MAX, /* --sort, -6: accepted with everything, remembered nowhere */
};

#define OPT(name) (UINT64_C(1) << OPT_##name)

struct command {
	enum command_id id;
	uint64_t options; /* OPT() of those given */
	struct ipvs_service svc;
	struct ipvs_dest dest;
	struct ipvs_timeouts timeouts;
	struct ipvs_daemon daemon;
};

static inline bool given(const struct command *cmd, uint64_t options)
{
	return cmd->options & options;
}

/* Reads one command line. Illegal values exit; -1 when popt does not understand it, which is
 * printed. Within a restore, words equal to "ipvsadm" have been taken away before. */
int options_parse(struct command *cmd, int argc, char **argv);

/* Exits with a message when options are missing, illegal or exclude each other. */
void legality_check(const struct command *cmd);
void legality_check_tunnel(const struct command *cmd);
const char *option_name(enum option_id id);

/* --set, -p: seconds, min..2678400 (31 days). */
uint32_t parse_timeout(const char *text, long min);

_Noreturn void usage_try(void);  /* "Try `ipvsadm -h'...", exit 255 */
_Noreturn void usage_help(void); /* -h, exit 0 */
_Noreturn void usage_version(void);

/* What the daemon's refusal means, in stock's words. */
enum refused {
	REFUSED_INIT,
	REFUSED_ADD,
	REFUSED_EDIT,
	REFUSED_DEL,
	REFUSED_ZERO,
	REFUSED_ADD_DEST,
	REFUSED_EDIT_DEST,
	REFUSED_DEL_DEST,
	REFUSED_START,
	REFUSED_STOP,
	REFUSED_GET,
	REFUSED_OTHER,
};
const char *refusal(enum refused what, int err);

/* Runs what options_parse() read; returns the exit status. */
int ipvsadm_run(struct client *client, struct command *cmd);

/* Runs every line of `in` as a command line of its own; `skip_comments`: except those that begin
 * with '#'. Returns the last line's exit status. */
int restore_run(struct client *client, FILE *in, bool skip_comments);

#endif
