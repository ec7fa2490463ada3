/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which options a command may have: a matrix of commands and options, and one of tunnel types and
 * their options. The first offence in the order of enum option_id is the one that is reported.
 */
#include "command.h"

#include <string.h>

#define TUNNEL_OPTIONS                                                                             \
	(OPT(TUN_TYPE) | OPT(TUN_PORT) | OPT(TUN_NOCSUM) | OPT(TUN_CSUM) | OPT(TUN_REMCSUM))
#define DEST_OPTIONS                                                                               \
	(OPT(METHOD) | OPT(WEIGHT) | OPT(U_THRESHOLD) | OPT(L_THRESHOLD) | TUNNEL_OPTIONS)
#define SERVICE_OPTIONS                                                                            \
	(OPT(SCHEDULER) | OPT(PERSISTENT) | OPT(NETMASK) | OPT(OPS) | OPT(PE) | OPT(SCHED_FLAGS))
#define LIST_OPTIONS                                                                               \
	(OPT(NUMERIC) | OPT(STATS) | OPT(RATE) | OPT(THRESHOLDS) | OPT(PERSISTENT_CONN) |          \
	 OPT(NOSORT) | OPT(EXACT) | OPT(TUN_INFO) | OPT(SYNCID))
#define START_OPTIONS                                                                              \
	(OPT(MCAST_IFN) | OPT(SYNCID) | OPT(MCAST_GROUP) | OPT(MCAST_PORT) | OPT(MCAST_TTL) |      \
	 OPT(SYNC_MAXLEN))

struct rule {
	const char *name;
	uint64_t needed;
	uint64_t allowed;
	uint64_t one_of; /* allowed, but each only without the others */
};

static const struct rule commands[CMD_MAX] = {
	[CMD_ADD] = {"add-service", OPT(SERVICE), SERVICE_OPTIONS, 0},
	[CMD_EDIT] = {"edit-service", OPT(SERVICE), SERVICE_OPTIONS, 0},
	[CMD_DEL] = {"delete-service", OPT(SERVICE), 0, 0},
	[CMD_FLUSH] = {"flush", 0, 0, 0},
	[CMD_LIST] = {"list", 0, LIST_OPTIONS,
		      OPT(CONNECTION) | OPT(SERVICE) | OPT(TIMEOUT) | OPT(DAEMON)},
	[CMD_ADD_DEST] = {"add-server", OPT(SERVICE) | OPT(REAL_SERVER), DEST_OPTIONS, 0},
	[CMD_DEL_DEST] = {"delete-server", OPT(SERVICE) | OPT(REAL_SERVER), 0, 0},
	[CMD_EDIT_DEST] = {"edit-server", OPT(SERVICE) | OPT(REAL_SERVER), DEST_OPTIONS, 0},
	[CMD_SET] = {"set", 0, 0, 0},
	[CMD_START_DAEMON] = {"start-daemon", 0, START_OPTIONS, 0},
	[CMD_STOP_DAEMON] = {"stop-daemon", 0, OPT(SYNCID), 0},
	[CMD_RESTORE] = {"restore", 0, 0, 0},
	[CMD_SAVE] = {"save", 0, OPT(NUMERIC), 0},
	[CMD_ZERO] = {"zero", 0, OPT(SERVICE), 0},
};

static const struct rule tunnels[] = {
	[IP_VS_CONN_F_TUNNEL_TYPE_IPIP] = {"ipip", 0, 0, 0},
	[IP_VS_CONN_F_TUNNEL_TYPE_GUE] = {"gue", OPT(TUN_PORT), 0,
					  OPT(TUN_NOCSUM) | OPT(TUN_CSUM) | OPT(TUN_REMCSUM)},
	[IP_VS_CONN_F_TUNNEL_TYPE_GRE] = {"gre", 0, 0, OPT(TUN_NOCSUM) | OPT(TUN_CSUM)},
};

static const char *const option_names[OPT_MAX] = {
	[OPT_NUMERIC] = "numeric",
	[OPT_CONNECTION] = "connection",
	[OPT_SERVICE] = "service-address",
	[OPT_SCHEDULER] = "scheduler",
	[OPT_PERSISTENT] = "persistent",
	[OPT_NETMASK] = "netmask",
	[OPT_REAL_SERVER] = "real-server",
	[OPT_METHOD] = "forwarding-method",
	[OPT_WEIGHT] = "weight",
	[OPT_U_THRESHOLD] = "u-threshold",
	[OPT_L_THRESHOLD] = "l-threshold",
	[OPT_MCAST_IFN] = "mcast-interface",
	[OPT_TIMEOUT] = "timeout",
	[OPT_DAEMON] = "daemon",
	[OPT_STATS] = "stats",
	[OPT_RATE] = "rate",
	[OPT_THRESHOLDS] = "thresholds",
	[OPT_PERSISTENT_CONN] = "persistent-conn",
	[OPT_NOSORT] = "nosort",
	[OPT_SYNCID] = "syncid",
	[OPT_EXACT] = "exact",
	[OPT_OPS] = "ops",
	[OPT_PE] = "pe",
	[OPT_SCHED_FLAGS] = "sched-flags",
	[OPT_MCAST_GROUP] = "mcast-group",
	[OPT_MCAST_PORT] = "mcast-port",
	[OPT_MCAST_TTL] = "mcast-ttl",
	[OPT_SYNC_MAXLEN] = "sync-maxlen",
	[OPT_TUN_INFO] = "tun-info",
	[OPT_TUN_TYPE] = "tun-type",
	[OPT_TUN_PORT] = "tun-port",
	[OPT_TUN_NOCSUM] = "tun-nocsum",
	[OPT_TUN_CSUM] = "tun-csum",
	[OPT_TUN_REMCSUM] = "tun-remcsum",
};

const char *option_name(enum option_id id)
{
	return option_names[id];
}

/* Only options within `scope` are looked at; `thing` is what the rule is about. */
static void check(const struct rule *rule, uint64_t options, uint64_t scope, const char *thing)
{
	const char *other = NULL;
	uint64_t bit;
	int id;

	for (id = 0; id < OPT_MAX; id++) {
		bit = UINT64_C(1) << id;
		if (!(scope & bit))
			continue;
		if (!(options & bit)) {
			if (rule->needed & bit)
				die(EXIT_USAGE,
				    "You need to supply the '%s' option for the '%s' %s",
				    option_names[id], rule->name, thing);
			continue;
		}
		if (rule->one_of & bit) {
			if (other)
				die(EXIT_USAGE,
				    "The option '%s' conflicts with the '%s' option in the "
				    "'%s' %s",
				    option_names[id], other, rule->name, thing);
			other = option_names[id];
		} else if (!((rule->needed | rule->allowed) & bit)) {
			die(EXIT_USAGE, "Illegal '%s' option with the '%s' %s", option_names[id],
			    rule->name, thing);
		}
	}
}

void legality_check(const struct command *cmd)
{
	check(&commands[cmd->id], cmd->options, ~UINT64_C(0), "command");
}

void legality_check_tunnel(const struct command *cmd)
{
	const uint64_t scope = TUNNEL_OPTIONS & ~OPT(TUN_TYPE);

	if (cmd->dest.method == IP_VS_CONN_F_TUNNEL)
		check(&tunnels[cmd->dest.tun_type], cmd->options, scope, "tunnel type");
	else if (given(cmd, TUNNEL_OPTIONS))
		die(EXIT_USAGE, "Tunnel options conflict with forward method");
}
