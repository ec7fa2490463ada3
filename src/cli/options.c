/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The options of the ipvsadm grammar: one table of rows, walked by popt, whose error texts are part
 * of the contract. Each row's function reads the argument into the command; an illegal one exits 2
 * with the text that stock ipvsadm prints.
 */
#include "command.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <popt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lvsd_wire.h"
#include "names.h"
#include "parse_addr.h"

#define TIMEOUT_MAX         (31L * 24 * 3600)
#define PERSISTENCE_DEFAULT 360
#define SYNC_MAXLEN_MAX     (65535 - 20 - 8) /* a UDP datagram */

struct row {
	const char *name;
	char letter;
	int arg; /* POPT_ARG_NONE, POPT_ARG_STRING, with POPT_ARGFLAG_OPTIONAL */
	enum option_id option;
	void (*take)(struct command *cmd, const struct row *row, const char *text);
	int value; /* for `take`: protocol, forwarding method, command... */
};

/* ---- arguments --------------------------------------------------------------------------- */

static long number(const char *text, long min, long max, const char *what)
{
	long value;

	if (!parse_number(text, min, max, &value))
		die(EXIT_USAGE, "illegal %s specified", what);
	return value;
}

uint32_t parse_timeout(const char *text, long min)
{
	long value;

	if (!parse_number(text, min, TIMEOUT_MAX, &value))
		die(EXIT_USAGE, "invalid timeout value `%s' specified", text);
	return value;
}

/* Longer names are cut, as stock does: the daemon does not know the rest. */
static void copy_name(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%.*s", (int)size - 1, text);
}

static void take_command(struct command *cmd, const struct row *row, const char *text)
{
	cmd->id = row->value;
}

static void take_daemon_command(struct command *cmd, const struct row *row, const char *text)
{
	cmd->id = row->value;
	if (strcmp(text, "master") == 0)
		cmd->daemon.state = IP_VS_STATE_MASTER;
	else if (strcmp(text, "backup") == 0)
		cmd->daemon.state = IP_VS_STATE_BACKUP;
	else if (cmd->id == CMD_START_DAEMON)
		die(EXIT_USAGE, "illegal start-daemon parameter specified");
	else
		die(EXIT_USAGE, "illegal start_daemon specified");
}

static void take_service(struct command *cmd, const struct row *row, const char *text)
{
	struct ipvs_service *svc = &cmd->svc;
	struct host_port got;

	svc->protocol = row->value;
	if (!parse_host_port(text, svc->protocol, &got))
		die(EXIT_USAGE, "illegal virtual server address[:port] specified");
	svc->af = got.af;
	svc->addr = got.addr;
	svc->port = got.port;
	if (svc->af == AF_INET6)
		svc->netmask = 128;
}

static void take_fwmark(struct command *cmd, const struct row *row, const char *text)
{
	long value;

	if (!parse_number(text, 1, UINT_MAX, &value))
		die(EXIT_USAGE, "invalid fwmark value `%s' specified", text);
	cmd->svc.fwmark = value;
	/* The service has none; destination ports may be named as TCP's. */
	cmd->svc.protocol = IPPROTO_TCP;
}

static void take_ipv6(struct command *cmd, const struct row *row, const char *text)
{
	if (!cmd->svc.fwmark)
		die(EXIT_USAGE, "-6 used before -f\n");
	cmd->svc.af = AF_INET6;
	cmd->svc.netmask = 128;
}

static void take_scheduler(struct command *cmd, const struct row *row, const char *text)
{
	copy_name(cmd->svc.sched, sizeof(cmd->svc.sched), text);
}

static void take_pe(struct command *cmd, const struct row *row, const char *text)
{
	copy_name(cmd->svc.pe, sizeof(cmd->svc.pe), text);
}

static void take_persistent(struct command *cmd, const struct row *row, const char *text)
{
	cmd->svc.flags |= IP_VS_SVC_F_PERSISTENT;
	cmd->svc.timeout = text ? parse_timeout(text, 1) : PERSISTENCE_DEFAULT;
}

/* Of the family known so far: IPv4 unless a service was given before. */
static void take_netmask(struct command *cmd, const struct row *row, const char *text)
{
	struct in_addr mask;

	if (cmd->svc.af == AF_INET6) {
		cmd->svc.netmask = atoi(text);
		if (cmd->svc.netmask < 1 || cmd->svc.netmask > 128)
			die(EXIT_USAGE, "illegal ipv6 netmask specified");
		return;
	}
	if (!inet_aton(text, &mask))
		die(EXIT_USAGE, "illegal virtual server persistent mask specified");
	cmd->svc.netmask = mask.s_addr;
}

static void take_ops(struct command *cmd, const struct row *row, const char *text)
{
	cmd->svc.flags |= IP_VS_SVC_F_ONEPACKET;
}

static void take_real_server(struct command *cmd, const struct row *row, const char *text)
{
	struct host_port got;

	if (!parse_host_port(text, cmd->svc.protocol, &got))
		die(EXIT_USAGE, "illegal real server address[:port] specified");
	cmd->dest.af = got.af;
	cmd->dest.addr = got.addr;
	cmd->dest.port = got.has_port ? got.port : cmd->svc.port;
}

static void take_method(struct command *cmd, const struct row *row, const char *text)
{
	cmd->dest.method = row->value;
}

static void take_weight(struct command *cmd, const struct row *row, const char *text)
{
	cmd->dest.weight = number(text, 0, INT_MAX, "weight");
}

static void take_u_threshold(struct command *cmd, const struct row *row, const char *text)
{
	cmd->dest.u_threshold = number(text, 0, INT_MAX, "u_threshold");
}

static void take_l_threshold(struct command *cmd, const struct row *row, const char *text)
{
	cmd->dest.l_threshold = number(text, 0, INT_MAX, "l_threshold");
}

static void take_tun_type(struct command *cmd, const struct row *row, const char *text)
{
	if (strcmp(text, "ipip") == 0)
		cmd->dest.tun_type = IP_VS_CONN_F_TUNNEL_TYPE_IPIP;
	else if (strcmp(text, "gue") == 0)
		cmd->dest.tun_type = IP_VS_CONN_F_TUNNEL_TYPE_GUE;
	else if (strcmp(text, "gre") == 0)
		cmd->dest.tun_type = IP_VS_CONN_F_TUNNEL_TYPE_GRE;
	else
		die(EXIT_USAGE, "illegal tunnel type specified");
}

static void take_tun_port(struct command *cmd, const struct row *row, const char *text)
{
	cmd->dest.tun_port = htons(number(text, 1, UINT16_MAX, "tunnel port"));
}

static void take_tun_flags(struct command *cmd, const struct row *row, const char *text)
{
	cmd->dest.tun_flags |= row->value;
}

static void take_mcast_ifn(struct command *cmd, const struct row *row, const char *text)
{
	copy_name(cmd->daemon.mcast_ifn, sizeof(cmd->daemon.mcast_ifn), text);
}

static void take_syncid(struct command *cmd, const struct row *row, const char *text)
{
	cmd->daemon.sync_id = number(text, 0, UINT8_MAX, "syncid");
}

static void take_sync_maxlen(struct command *cmd, const struct row *row, const char *text)
{
	cmd->daemon.sync_maxlen = number(text, 1, SYNC_MAXLEN_MAX, "sync-maxlen");
}

static void take_mcast_group(struct command *cmd, const struct row *row, const char *text)
{
	union ipvs_addr *group = &cmd->daemon.mcast_group;

	if (strchr(text, ':')) {
		if (inet_pton(AF_INET6, text, &group->in6) != 1 ||
		    !IN6_IS_ADDR_MULTICAST(&group->in6))
			die(EXIT_USAGE, "invalid IPv6 mcast-group `%s'", text);
		cmd->daemon.mcast_af = AF_INET6;
		return;
	}
	if (inet_pton(AF_INET, text, &group->in) != 1 || !IN_MULTICAST(ntohl(group->in.s_addr)))
		die(EXIT_USAGE, "invalid IPv4 mcast-group `%s'", text);
	cmd->daemon.mcast_af = AF_INET;
}

static void take_mcast_port(struct command *cmd, const struct row *row, const char *text)
{
	cmd->daemon.mcast_port = number(text, 1, UINT16_MAX, "mcast-port");
}

static void take_mcast_ttl(struct command *cmd, const struct row *row, const char *text)
{
	cmd->daemon.mcast_ttl = number(text, 1, UINT8_MAX, "mcast-ttl");
}

/* ---- the table --------------------------------------------------------------------------- */

#define NONE     POPT_ARG_NONE
#define STRING   POPT_ARG_STRING
#define OPTIONAL (POPT_ARG_STRING | POPT_ARGFLAG_OPTIONAL)

static const struct row rows[] = {
	{"add-service", 'A', NONE, OPT_NONE, take_command, CMD_ADD},
	{"edit-service", 'E', NONE, OPT_NONE, take_command, CMD_EDIT},
	{"delete-service", 'D', NONE, OPT_NONE, take_command, CMD_DEL},
	{"clear", 'C', NONE, OPT_NONE, take_command, CMD_FLUSH},
	{"list", 'L', NONE, OPT_NONE, take_command, CMD_LIST},
	{NULL, 'l', NONE, OPT_NONE, take_command, CMD_LIST},
	{"zero", 'Z', NONE, OPT_NONE, take_command, CMD_ZERO},
	{"add-server", 'a', NONE, OPT_NONE, take_command, CMD_ADD_DEST},
	{"edit-server", 'e', NONE, OPT_NONE, take_command, CMD_EDIT_DEST},
	{"delete-server", 'd', NONE, OPT_NONE, take_command, CMD_DEL_DEST},
	{"set", 0, NONE, OPT_NONE, take_command, CMD_SET},
	{"start-daemon", 0, STRING, OPT_NONE, take_daemon_command, CMD_START_DAEMON},
	{"stop-daemon", 0, STRING, OPT_NONE, take_daemon_command, CMD_STOP_DAEMON},
	{"restore", 'R', NONE, OPT_NONE, take_command, CMD_RESTORE},
	{"save", 'S', NONE, OPT_NONE, take_command, CMD_SAVE},
	{"help", 'h', NONE, OPT_NONE, take_command, CMD_HELP},
	{"version", 'v', NONE, OPT_NONE, take_command, CMD_VERSION},

	{"tcp-service", 't', STRING, OPT_SERVICE, take_service, IPPROTO_TCP},
	{"udp-service", 'u', STRING, OPT_SERVICE, take_service, IPPROTO_UDP},
	{"sctp-service", 0, STRING, OPT_SERVICE, take_service, IPPROTO_SCTP},
	{"fwmark-service", 'f', STRING, OPT_SERVICE, take_fwmark, 0},
	{"ipv6", '6', NONE, OPT_NONE, take_ipv6, 0},
	{"scheduler", 's', STRING, OPT_SCHEDULER, take_scheduler, 0},
	{"pe", 0, STRING, OPT_PE, take_pe, 0},
	{"persistent", 'p', OPTIONAL, OPT_PERSISTENT, take_persistent, 0},
	{"netmask", 'M', STRING, OPT_NETMASK, take_netmask, 0},
	{"ops", 'o', NONE, OPT_OPS, take_ops, 0},
	{"sched-flags", 'b', STRING, OPT_SCHED_FLAGS, NULL, 0}, /* needs the scheduler: later */

	{"real-server", 'r', STRING, OPT_REAL_SERVER, take_real_server, 0},
	{"masquerading", 'm', NONE, OPT_METHOD, take_method, IP_VS_CONN_F_MASQ},
	{"ipip", 'i', NONE, OPT_METHOD, take_method, IP_VS_CONN_F_TUNNEL},
	{"fullnat", 0, NONE, OPT_METHOD, take_method, LVSD_METHOD_FULLNAT},
	{"gatewaying", 'g', NONE, OPT_METHOD, take_method, IP_VS_CONN_F_DROUTE},
	{"weight", 'w', STRING, OPT_WEIGHT, take_weight, 0},
	{"u-threshold", 'x', STRING, OPT_U_THRESHOLD, take_u_threshold, 0},
	{"l-threshold", 'y', STRING, OPT_L_THRESHOLD, take_l_threshold, 0},
	{"tun-type", 0, STRING, OPT_TUN_TYPE, take_tun_type, 0},
	{"tun-port", 0, STRING, OPT_TUN_PORT, take_tun_port, 0},
	{"tun-nocsum", 0, NONE, OPT_TUN_NOCSUM, take_tun_flags, IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM},
	{"tun-csum", 0, NONE, OPT_TUN_CSUM, take_tun_flags, IP_VS_TUNNEL_ENCAP_FLAG_CSUM},
	{"tun-remcsum", 0, NONE, OPT_TUN_REMCSUM, take_tun_flags, IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM},

	{"numeric", 'n', NONE, OPT_NUMERIC, NULL, 0},
	{"connection", 'c', NONE, OPT_CONNECTION, NULL, 0},
	{"timeout", 0, NONE, OPT_TIMEOUT, NULL, 0},
	{"daemon", 0, NONE, OPT_DAEMON, NULL, 0},
	{"stats", 0, NONE, OPT_STATS, NULL, 0},
	{"rate", 0, NONE, OPT_RATE, NULL, 0},
	{"exact", 0, NONE, OPT_EXACT, NULL, 0},
	{"thresholds", 0, NONE, OPT_THRESHOLDS, NULL, 0},
	{"persistent-conn", 0, NONE, OPT_PERSISTENT_CONN, NULL, 0},
	{"tun-info", 0, NONE, OPT_TUN_INFO, NULL, 0},
	{"nosort", 0, NONE, OPT_NOSORT, NULL, 0},
	{"sort", 0, NONE, OPT_NONE, NULL, 0}, /* what happens anyway */

	{"mcast-interface", 0, STRING, OPT_MCAST_IFN, take_mcast_ifn, 0},
	{"syncid", 0, STRING, OPT_SYNCID, take_syncid, 0},
	{"sync-maxlen", 0, STRING, OPT_SYNC_MAXLEN, take_sync_maxlen, 0},
	{"mcast-group", 0, STRING, OPT_MCAST_GROUP, take_mcast_group, 0},
	{"mcast-port", 0, STRING, OPT_MCAST_PORT, take_mcast_port, 0},
	{"mcast-ttl", 0, STRING, OPT_MCAST_TTL, take_mcast_ttl, 0},
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

/* ---- one command line -------------------------------------------------------------------- */

static bool is_command(const struct row *row)
{
	return row->take == take_command || row->take == take_daemon_command;
}

/* What ipvsadm does not know, and neither do we under its name. */
static bool is_own(const struct row *row)
{
	return row->take == take_method && row->value == LVSD_METHOD_FULLNAT;
}

/* The rows as popt wants them; arguments arrive in *arg. */
static void popt_table(struct poptOption *table, char **arg)
{
	size_t i;

	for (i = 0; i < N_ROWS; i++) {
		if (!cli_is_own && is_own(&rows[i]))
			continue;
		*table++ = (struct poptOption){
			.longName = rows[i].name,
			.shortName = rows[i].letter,
			.argInfo = rows[i].arg,
			.arg = rows[i].arg == NONE ? NULL : arg,
			.val = i + 1,
		};
	}
	*table = (struct poptOption)POPT_TABLEEND;
}

static void parse_timeouts(struct command *cmd, poptContext popt)
{
	const char *text[3];
	uint32_t *to[3] = {&cmd->timeouts.tcp, &cmd->timeouts.tcp_fin, &cmd->timeouts.udp};
	int i;

	for (i = 0; i < 3; i++)
		text[i] = poptGetArg(popt);
	if (!text[0] || !text[1] || !text[2])
		die(EXIT_USAGE, "--set option requires 3 timeout values");
	for (i = 0; i < 3; i++)
		*to[i] = parse_timeout(text[i], 0);
}

static void parse_sched_flags(struct command *cmd, char *list)
{
	const char *bad;
	uint32_t flags;
	int err;

	if (!list)
		return;
	err = names_parse_sched_flags(list, cmd->svc.sched, &flags, &bad);
	if (err == -EDOM)
		die(EXIT_USAGE, "incompatible scheduler flag `%s'", bad);
	if (err < 0)
		die(EXIT_USAGE, "invalid scheduler flag `%s'", bad);
	cmd->svc.flags |= flags;
}

static void take_option(struct command *cmd, const struct row *row, const char *text)
{
	if (row->option != OPT_NONE) {
		if (cmd->options & (UINT64_C(1) << row->option))
			die(EXIT_USAGE, "multiple '%s' options specified",
			    option_name(row->option));
		cmd->options |= UINT64_C(1) << row->option;
	}
	if (row->take)
		row->take(cmd, row, text);
}

/* Arguments are copies that popt made for us. */
static void drop(char **arg)
{
	free(*arg);
	*arg = NULL;
}

/* The command comes first, then the options. */
static int parse_with(poptContext popt, struct command *cmd, char **arg, char **sched_flags)
{
	const struct row *row;
	const char *extra;
	int c;

	c = poptGetNextOpt(popt);
	if (c <= 0 || !is_command(&rows[c - 1]))
		usage_try();
	rows[c - 1].take(cmd, &rows[c - 1], *arg);
	drop(arg);
	if (cmd->id == CMD_HELP)
		usage_help();
	if (cmd->id == CMD_VERSION)
		usage_version();

	while ((c = poptGetNextOpt(popt)) > 0) {
		row = &rows[c - 1];
		if (is_command(row))
			die(EXIT_USAGE, "invalid option `%s'",
			    poptBadOption(popt, POPT_BADOPTION_NOALIAS));
		take_option(cmd, row, *arg);
		if (row->option == OPT_SCHED_FLAGS) {
			*sched_flags = *arg;
			*arg = NULL;
		}
		drop(arg);
	}
	if (c < -1) {
		fprintf(stderr, "%s: %s\n", poptBadOption(popt, POPT_BADOPTION_NOALIAS),
			poptStrerror(c));
		return -1;
	}
	if (cmd->id == CMD_SET)
		parse_timeouts(cmd, popt);
	extra = poptGetArg(popt);
	if (extra)
		die(EXIT_USAGE, "unexpected argument %s", extra);
	parse_sched_flags(cmd, *sched_flags);
	return 0;
}

int options_parse(struct command *cmd, int argc, char **argv)
{
	struct poptOption table[N_ROWS + 1];
	char *arg = NULL, *sched_flags = NULL;
	poptContext popt;
	int err;

	*cmd = (struct command){
		.svc.af = AF_INET,
		.svc.netmask = ~0U,
		.dest.weight = 1,
		.dest.method = IP_VS_CONN_F_DROUTE,
	};
	popt_table(table, &arg);
	popt = poptGetContext("ipvsadm", argc, (const char **)argv, table, 0);
	if (!popt)
		die(EXIT_REFUSED, "Memory allocation problem");
	err = parse_with(popt, cmd, &arg, &sched_flags);
	poptFreeContext(popt);
	free(sched_flags);
	free(arg);
	return err;
}
