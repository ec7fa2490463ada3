/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ipvsadm grammar: checks that look at a whole command, and its execution.
 */
#include "command.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conns.h"
#include "lvsd_wire.h"
#include "out_table.h"

#define SCHEDULER_DEFAULT "wlc"
#define MCAST_IFN_DEFAULT "eth0"

/* ---- checks ------------------------------------------------------------------------------ */

static void check_service(struct ipvs_service *svc)
{
	if (!svc->fwmark && !svc->port && !(svc->flags & IP_VS_SVC_F_PERSISTENT))
		die(EXIT_USAGE, "Zero port specified for non-persistent service");
	if (svc->flags & IP_VS_SVC_F_ONEPACKET && !svc->fwmark && svc->protocol != IPPROTO_UDP)
		die(EXIT_USAGE, "One-Packet Scheduling is only for UDP virtual services");
	if (!*svc->sched)
		strcpy(svc->sched, SCHEDULER_DEFAULT);
}

static void check_dest(struct command *cmd)
{
	struct ipvs_dest *dest = &cmd->dest;

	dest->method_is_exact = cli_is_own;
	/* The others do not change the packet's port. */
	if (!cmd->svc.fwmark && dest->method != IP_VS_CONN_F_MASQ &&
	    dest->method != LVSD_METHOD_FULLNAT)
		dest->port = cmd->svc.port;
	if (dest->af != cmd->svc.af && dest->method != IP_VS_CONN_F_TUNNEL)
		die(EXIT_USAGE, "Different address family is allowed only for tunneling servers");
	legality_check_tunnel(cmd);
}

static void check_list(const struct command *cmd)
{
	if ((given(cmd, OPT(CONNECTION)) && given(cmd, OPT(STATS) | OPT(RATE) | OPT(THRESHOLDS))) ||
	    (given(cmd, OPT(TIMEOUT) | OPT(DAEMON)) &&
	     given(cmd, OPT(STATS) | OPT(RATE) | OPT(THRESHOLDS) | OPT(PERSISTENT_CONN))))
		die(EXIT_USAGE, "options conflicts in the list command");
}

static void check(struct command *cmd)
{
	legality_check(cmd);
	switch (cmd->id) {
	case CMD_ADD:
	case CMD_EDIT:
		check_service(&cmd->svc);
		break;
	case CMD_ADD_DEST:
	case CMD_EDIT_DEST:
		check_dest(cmd);
		break;
	case CMD_LIST:
		check_list(cmd);
		break;
	case CMD_START_DAEMON:
		if (!*cmd->daemon.mcast_ifn)
			strcpy(cmd->daemon.mcast_ifn, MCAST_IFN_DEFAULT);
		break;
	default:
		break;
	}
}

/* ---- commands ---------------------------------------------------------------------------- */

static int list_timeouts(struct client *client)
{
	struct ipvs_timeouts timeouts;
	int err = ipvs_get_timeouts(client, &timeouts);

	if (err == 0)
		printf("Timeout (tcp tcpfin udp): %u %u %u\n", timeouts.tcp, timeouts.tcp_fin,
		       timeouts.udp);
	return err;
}

static int list_daemons(struct client *client)
{
	struct ipvs_daemon daemons[2];
	char group[INET6_ADDRSTRLEN];
	size_t n, i;
	int err = ipvs_get_daemons(client, daemons, &n);

	if (err < 0)
		return err;
	for (i = 0; i < n; i++) {
		inet_ntop(daemons[i].mcast_af, &daemons[i].mcast_group, group, sizeof(group));
		printf("%s sync daemon (mcast=%s, syncid=%d, maxlen=%u, group=%s, port=%u, "
		       "ttl=%u)\n",
		       daemons[i].state == IP_VS_STATE_MASTER ? "master" : "backup",
		       daemons[i].mcast_ifn, (int)daemons[i].sync_id, daemons[i].sync_maxlen, group,
		       daemons[i].mcast_port, daemons[i].mcast_ttl);
	}
	return 0;
}

static void format_of(const struct command *cmd, struct format *format)
{
	static const struct {
		uint64_t option;
		enum layout layout;
	} layouts[] = {
		{OPT(STATS), LAYOUT_STATS},
		{OPT(RATE), LAYOUT_RATE},
		{OPT(THRESHOLDS), LAYOUT_THRESHOLDS},
		{OPT(PERSISTENT_CONN), LAYOUT_PERSISTENT_CONN},
		{OPT(TUN_INFO), LAYOUT_TUN_INFO},
	};
	size_t i;

	*format = (struct format){
		.layout = cmd->id == CMD_SAVE ? LAYOUT_RULES : LAYOUT_PLAIN,
		.numeric = given(cmd, OPT(NUMERIC)),
		.exact = given(cmd, OPT(EXACT)),
		.nosort = given(cmd, OPT(NOSORT)),
	};
	for (i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (given(cmd, layouts[i].option)) {
			format->layout = layouts[i].layout;
			return;
		}
}

/* A listing that fails ends a restore too. */
static int list(struct client *client, const struct command *cmd)
{
	struct format format;
	int err;

	format_of(cmd, &format);
	if (given(cmd, OPT(CONNECTION)))
		err = conns_list(client, format.numeric, given(cmd, OPT(PERSISTENT_CONN)));
	else if (given(cmd, OPT(SERVICE)))
		err = listing_service(client, &format, &cmd->svc);
	else if (given(cmd, OPT(TIMEOUT)))
		err = list_timeouts(client);
	else if (given(cmd, OPT(DAEMON)))
		err = list_daemons(client);
	else
		err = listing_all(client, &format);
	if (err < 0)
		die(EXIT_NO_SUCH, "%s", refusal(REFUSED_GET, err));
	return 0;
}

static int save(struct client *client, const struct command *cmd)
{
	struct format format;
	int err;

	format_of(cmd, &format);
	err = listing_all(client, &format);
	if (err < 0)
		die(EXIT_NO_SUCH, "%s", refusal(REFUSED_GET, err));
	return 0;
}

static int add(struct client *client, const struct command *cmd)
{
	return ipvs_add_service(client, &cmd->svc);
}

static int edit(struct client *client, const struct command *cmd)
{
	return ipvs_set_service(client, &cmd->svc);
}

static int del(struct client *client, const struct command *cmd)
{
	return ipvs_del_service(client, &cmd->svc);
}

static int zero(struct client *client, const struct command *cmd)
{
	return ipvs_zero(client, given(cmd, OPT(SERVICE)) ? &cmd->svc : NULL);
}

static int flush(struct client *client, const struct command *cmd)
{
	return ipvs_flush(client);
}

static int add_dest(struct client *client, const struct command *cmd)
{
	return ipvs_add_dest(client, &cmd->svc, &cmd->dest);
}

static int edit_dest(struct client *client, const struct command *cmd)
{
	return ipvs_set_dest(client, &cmd->svc, &cmd->dest);
}

static int del_dest(struct client *client, const struct command *cmd)
{
	return ipvs_del_dest(client, &cmd->svc, &cmd->dest);
}

static int set(struct client *client, const struct command *cmd)
{
	return ipvs_set_timeouts(client, &cmd->timeouts);
}

static int start_daemon(struct client *client, const struct command *cmd)
{
	return ipvs_start_daemon(client, &cmd->daemon);
}

static int stop_daemon(struct client *client, const struct command *cmd)
{
	return ipvs_stop_daemon(client, &cmd->daemon);
}

static int restore(struct client *client, const struct command *cmd)
{
	return restore_run(client, stdin, false);
}

static const struct {
	int (*run)(struct client *client, const struct command *cmd);
	enum refused what; /* names the errno that `run` returns */
} runners[CMD_MAX] = {
	[CMD_ADD] = {add, REFUSED_ADD},
	[CMD_EDIT] = {edit, REFUSED_EDIT},
	[CMD_DEL] = {del, REFUSED_DEL},
	[CMD_FLUSH] = {flush, REFUSED_OTHER},
	[CMD_LIST] = {list, REFUSED_OTHER},
	[CMD_ADD_DEST] = {add_dest, REFUSED_ADD_DEST},
	[CMD_EDIT_DEST] = {edit_dest, REFUSED_EDIT_DEST},
	[CMD_DEL_DEST] = {del_dest, REFUSED_DEL_DEST},
	[CMD_SET] = {set, REFUSED_OTHER},
	[CMD_START_DAEMON] = {start_daemon, REFUSED_START},
	[CMD_STOP_DAEMON] = {stop_daemon, REFUSED_STOP},
	[CMD_RESTORE] = {restore, REFUSED_OTHER},
	[CMD_SAVE] = {save, REFUSED_OTHER},
	[CMD_ZERO] = {zero, REFUSED_ZERO},
};

int ipvsadm_run(struct client *client, struct command *cmd)
{
	int err;

	check(cmd);
	err = runners[cmd->id].run(client, cmd);
	if (err >= 0)
		return err;
	fprintf(stderr, "%s\n", refusal(runners[cmd->id].what, err));
	return EXIT_REFUSED;
}

/* ---- the program under its ipvsadm names ------------------------------------------------- */

/* -h and -v need no daemon; everything else asks it first, as stock asks the kernel. */
static bool needs_daemon(int argc, char **argv)
{
	const char *first = argc > 1 ? argv[1] : "";

	return strncmp(first, "-h", 2) && strncmp(first, "-v", 2) && strcmp(first, "--help") &&
	       strcmp(first, "--version");
}

static struct client *connect_and_ask(const char *socket)
{
	struct client *client = cli_connect(socket);
	struct ipvs_info info;
	int err = ipvs_get_info(client, &info);

	if (err < 0)
		die(EXIT_USAGE, "Can't initialize ipvs: %s", refusal(REFUSED_OTHER, err));
	return client;
}

int ipvsadm_main(const char *socket, int argc, char **argv)
{
	struct client *client = needs_daemon(argc, argv) ? connect_and_ask(socket) : NULL;
	struct command cmd = {.id = CMD_LIST};
	int status = EXIT_REFUSED;

	if (argc == 1 || options_parse(&cmd, argc, argv) == 0)
		status = ipvsadm_run(client, &cmd);
	client_close(client);
	return status;
}

int ipvsadm_save_main(const char *socket, int argc, char **argv)
{
	struct command cmd = {.id = CMD_SAVE};
	struct client *client;
	int i, status;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-n") == 0)
			cmd.options |= OPT(NUMERIC);
		else if (argv[i][0] == '-')
			die(1,
			    "%s: Script to save the IPVS table to stdout.\n"
			    "   With the -n option, prints out the table in numeric format.",
			    cli_name);
	}
	client = connect_and_ask(socket);
	status = ipvsadm_run(client, &cmd);
	client_close(client);
	return status;
}

/* Everything is read before anything is cleared. */
static char *slurp(FILE *in, size_t *size)
{
	char *text = NULL, chunk[65536];
	FILE *out = open_memstream(&text, size);
	size_t n;

	if (!out)
		return NULL;
	while ((n = fread(chunk, 1, sizeof(chunk), in)) > 0)
		if (fwrite(chunk, 1, n, out) != n)
			break;
	if (fclose(out) != 0 || ferror(in))
		return NULL;
	return text;
}

int ipvsadm_restore_main(const char *socket)
{
	struct command clear = {.id = CMD_FLUSH};
	struct client *client;
	int status = EXIT_OK;
	char *text;
	size_t size;
	FILE *in;

	text = slurp(stdin, &size);
	if (!text)
		die(EXIT_USAGE, "%s: cannot read the rules: %s", cli_name, strerror(errno));

	client = connect_and_ask(socket);
	ipvsadm_run(client, &clear);
	if (size) {
		in = fmemopen(text, size, "r");
		if (!in)
			die(EXIT_USAGE, "%s: %s", cli_name, strerror(errno));
		status = restore_run(client, in, true);
		fclose(in);
	}
	free(text);
	client_close(client);
	return status;
}
