/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The verbs of lvsadm: one row each. What a verb shows is a table of fields (record.h); the same
 * table makes the columns and the JSON.
 */
#include "verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <linux/netlink.h>

#include "lvsd_wire.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

struct verb {
	const char *name;
	const char *help;
	int (*run)(const struct verb *verb, const struct request *request);
	bool takes_all;
	const struct fields *fields;
	void (*refine)(json_t *records, const struct request *request); /* NULL: as received */
	int (*main)(struct request *request); /* understands words of its own; instead of run */
};

/* ---- fields ------------------------------------------------------------------------------ */

static const struct field version_field[] = {
	{LVSD_VERSION_ATTR_VERSION, FIELD_STRING, "version", NULL},
	{LVSD_VERSION_ATTR_DPDK, FIELD_STRING, "dpdk", NULL},
	{LVSD_VERSION_ATTR_PID, FIELD_U32, "pid", NULL},
	{LVSD_VERSION_ATTR_UPTIME, FIELD_U32, "uptime", NULL},
};

static const struct fields version_fields = {version_field, LENGTH(version_field),
					     LVSD_VERSION_ATTR_MAX, LVSD_CMD_GET_VERSION};

static const struct field port_field[] = {
	{LVSD_PORT_ATTR_NAME, FIELD_STRING, "name", "PORT"},
	{LVSD_PORT_ATTR_DRIVER, FIELD_STRING, "driver", "DRIVER"},
	{LVSD_PORT_ATTR_DEVICE, FIELD_STRING, "device", NULL},
	{LVSD_PORT_ATTR_MAC, FIELD_MAC, "mac", "MAC"},
	{LVSD_PORT_ATTR_LINK, FIELD_LINK, "link", "LINK"},
	{LVSD_PORT_ATTR_SPEED, FIELD_SPEED, "speed_mbit", "SPEED"},
	{LVSD_PORT_ATTR_MTU, FIELD_U32, "mtu", "MTU"},
	{LVSD_PORT_ATTR_TWIN, FIELD_STRING, "twin", "TWIN"},
	{LVSD_PORT_ATTR_RX_QUEUES, FIELD_U32, "rx_queues", "RXQ"},
	{LVSD_PORT_ATTR_TX_QUEUES, FIELD_U32, "tx_queues", "TXQ"},
	{LVSD_PORT_ATTR_STEERING, FIELD_STRING, "steering", "STEERING"},
	{LVSD_PORT_ATTR_IPACKETS, FIELD_U64, "rx_packets", "RX-PKTS"},
	{LVSD_PORT_ATTR_OPACKETS, FIELD_U64, "tx_packets", "TX-PKTS"},
	{LVSD_PORT_ATTR_IBYTES, FIELD_BYTES, "rx_bytes", "RX-BYTES"},
	{LVSD_PORT_ATTR_OBYTES, FIELD_BYTES, "tx_bytes", "TX-BYTES"},
	{LVSD_PORT_ATTR_IMISSED, FIELD_U64, "rx_missed", "MISSED"},
	{LVSD_PORT_ATTR_IERRORS, FIELD_U64, "rx_errors", "RX-ERR"},
	{LVSD_PORT_ATTR_OERRORS, FIELD_U64, "tx_errors", "TX-ERR"},
};

static const struct fields port_fields = {port_field, LENGTH(port_field), LVSD_PORT_ATTR_MAX,
					  LVSD_CMD_GET_PORT};

static const struct field worker_field[] = {
	{LVSD_WORKER_ATTR_ID, FIELD_U32, "id", "WORKER"},
	{LVSD_WORKER_ATTR_CPU, FIELD_U32, "cpu", "CPU"},
	{LVSD_WORKER_ATTR_RX_PACKETS, FIELD_U64, "rx_packets", "RX-PKTS"},
	{LVSD_WORKER_ATTR_TX_PACKETS, FIELD_U64, "tx_packets", "TX-PKTS"},
	{LVSD_WORKER_ATTR_DROPS, FIELD_U64, "drops", "DROPS"},
	{LVSD_WORKER_ATTR_HANDOVERS, FIELD_U64, "handovers", "HANDOVERS"},
	{LVSD_WORKER_ATTR_LOOPS, FIELD_U64, "loops", NULL},
	{LVSD_WORKER_ATTR_BUSY_LOOPS, FIELD_U64, "busy_loops", NULL},
	{LVSD_WORKER_ATTR_CONNS, FIELD_U64, "conns", "CONNS"},
	{LVSD_WORKER_ATTR_CONNS_MAX, FIELD_U64, "conns_max", "MAX"},
	{LVSD_WORKER_ATTR_CONNS_CREATED, FIELD_U64, "conns_created", "CREATED"},
	{LVSD_WORKER_ATTR_CONNS_EXPIRED, FIELD_U64, "conns_expired", "EXPIRED"},
	{LVSD_WORKER_ATTR_CONN_MEMORY, FIELD_BYTES, "conn_memory", "MEMORY"},
	{0, FIELD_U64, "bytes_per_conn", "B/CONN"},
	{LVSD_WORKER_ATTR_HUGEPAGES, FIELD_BOOL, "hugepages", "HUGEPAGES"},
};

static const struct fields worker_fields = {worker_field, LENGTH(worker_field),
					    LVSD_WORKER_ATTR_MAX, LVSD_CMD_GET_WORKER};

static const struct field counter_field[] = {
	{LVSD_COUNTER_ATTR_VALUE, FIELD_U64, "value", "COUNT"},
	{LVSD_COUNTER_ATTR_NAME, FIELD_STRING, "name", "NAME"},
	{LVSD_COUNTER_ATTR_DROP, FIELD_BOOL, "drop", "DROP"},
	{LVSD_COUNTER_ATTR_HELP, FIELD_STRING, "help", "MEANING"},
};

static const struct fields counter_fields = {counter_field, LENGTH(counter_field),
					     LVSD_COUNTER_ATTR_MAX, LVSD_CMD_GET_COUNTER};

_Static_assert(LVSD_PORT_ATTR_MAX <= RECORD_ATTR_MAX, "fits");
_Static_assert(LVSD_WORKER_ATTR_MAX <= RECORD_ATTR_MAX, "fits");
_Static_assert(LVSD_COUNTER_ATTR_MAX <= RECORD_ATTR_MAX, "fits");
_Static_assert(LVSD_VERSION_ATTR_MAX <= RECORD_ATTR_MAX, "fits");

/* ---- refinements ------------------------------------------------------------------------- */

/* What a connection costs when the arena is full, the lookup table included. */
static void add_bytes_per_conn(json_t *records, const struct request *request)
{
	json_t *record;
	size_t i;

	json_array_foreach(records, i, record)
	{
		json_int_t max = json_integer_value(json_object_get(record, "conns_max"));
		json_int_t memory = json_integer_value(json_object_get(record, "conn_memory"));

		if (max > 0)
			json_object_set_new(record, "bytes_per_conn", json_integer(memory / max));
	}
}

/* Only drops that happened, unless everything is asked for. */
static void keep_drops(json_t *records, const struct request *request)
{
	size_t i = json_array_size(records);

	while (i-- > 0 && !request->all) {
		const json_t *record = json_array_get(records, i);

		if (!json_is_true(json_object_get(record, "drop")) ||
		    json_integer_value(json_object_get(record, "value")) == 0)
			json_array_remove(records, i);
	}
}

/* ---- running ----------------------------------------------------------------------------- */

static int fetch(const struct verb *verb, const struct request *request, uint16_t flags,
		 json_t **records)
{
	struct client *client = cli_connect(request->socket);
	int err = record_fetch(client, verb->fields, flags, records);

	if (err < 0)
		verb_refused(request, client, err);
	client_close(client);
	return err;
}

int verb_refused(const struct request *request, const struct client *client, int err)
{
	const char *text = client_error(client);

	fprintf(stderr, "%s: %s: %s\n", cli_name, request->verb, *text ? text : strerror(-err));
	return EXIT_NO_SUCH;
}

void verb_print_json(const json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
}

static int show(const struct verb *verb, const struct request *request)
{
	json_t *records;

	if (fetch(verb, request, NLM_F_DUMP, &records) < 0)
		return 1;
	if (verb->refine)
		verb->refine(records, request);
	if (request->json)
		verb_print_json(records);
	else
		record_columns(verb->fields, records);
	json_decref(records);
	return 0;
}

static const char *text_of(const json_t *record, const char *key)
{
	const char *text = json_string_value(json_object_get(record, key));

	return text ? text : "?";
}

static void print_version(const json_t *daemon)
{
	json_int_t up = json_integer_value(json_object_get(daemon, "uptime"));

	printf("lvsd %s (%s), pid %" JSON_INTEGER_FORMAT ", up %" PRId64 "d %02d:%02d:%02d\n",
	       text_of(daemon, "version"), text_of(daemon, "dpdk"),
	       json_integer_value(json_object_get(daemon, "pid")), (int64_t)up / 86400,
	       (int)(up / 3600 % 24), (int)(up / 60 % 60), (int)(up % 60));
}

/* The program's own version also when no daemon answers. */
static int version(const struct verb *verb, const struct request *request)
{
	json_t *records, *both;

	if (!request->json) {
		printf("lvsadm %s\n", LVSD_VERSION);
		fflush(stdout);
	}
	if (fetch(verb, request, 0, &records) < 0)
		return 1;
	if (request->json) {
		both = json_pack("{s:{s:s}, s:O?}", "lvsadm", "version", LVSD_VERSION, "lvsd",
				 json_array_get(records, 0));
		verb_print_json(both);
		json_decref(both);
	} else {
		print_version(json_array_get(records, 0));
	}
	json_decref(records);
	return 0;
}

static int help(const struct verb *verb, const struct request *request);

static const struct verb verbs[] = {
	{"ports", "the ports: device, link, queues, kernel twin, packets", show, false,
	 &port_fields, NULL},
	{"workers", "the workers: packets, connections and their memory", show, false,
	 &worker_fields, add_bytes_per_conn},
	{"drops", "why packets ended here; --all: every counter", show, true, &counter_fields,
	 keep_drops},
	{"services", "the services, servers and local addresses, with methods as lvsd names them",
	 .main = services_main},
	{"save", "the commands that make the services again, FULLNAT included", .main = save_main},
	{"laddr", "local addresses of FULLNAT: add|del|list -t VIP:PORT ADDRESS [FIRST-LAST]",
	 .main = laddr_main},
	{"client-info", "how servers of FULLNAT learn the client: -t VIP:PORT none|toa",
	 .main = client_info_main},
	{"version", "versions of lvsadm and of the lvsd that runs", version, false, &version_fields,
	 NULL},
	{"help", "this text", help, false, NULL, NULL},
};

static int help(const struct verb *verb, const struct request *request)
{
	size_t i;

	printf("lvsadm: talks to lvsd, the Linux Virtual Server director\n\n"
	       "  lvsadm [--socket PATH] [--json] VERB [--all]\n"
	       "  lvsadm [--socket PATH] -OPTIONS      as ipvsadm(8); -h lists them\n\n"
	       "Verbs:\n");
	for (i = 0; i < LENGTH(verbs); i++)
		printf("  %-12s %s\n", verbs[i].name, verbs[i].help);
	printf("\nThe socket is --socket, else $%s, else %s.\n", LVSD_SOCKET_ENV,
	       LVSD_SOCKET_DEFAULT);
	return 0;
}

static void parse_arguments(const struct verb *verb, struct request *request, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			request->json = true;
		else if (verb->takes_all && strcmp(argv[i], "--all") == 0)
			request->all = true;
		else if (strcmp(argv[i], "--socket") == 0 && i + 1 < argc)
			request->socket = argv[++i];
		else if (strncmp(argv[i], "--socket=", 9) == 0)
			request->socket = argv[i] + 9;
		else if (verb->main)
			request->argv[request->argc++] = argv[i];
		else
			die(EXIT_USAGE,
			    "%s: %s: unknown argument '%s'; allowed: %s--json, --socket PATH",
			    cli_name, verb->name, argv[i], verb->takes_all ? "--all, " : "");
	}
}

int verb_main(const char *socket, bool json, int argc, char **argv)
{
	/* Words that remain are moved to the front. */
	struct request request = {.socket = socket, .json = json, .argv = argv};
	size_t i;

	for (i = 0; i < LENGTH(verbs); i++) {
		if (strcmp(verbs[i].name, argv[0]) != 0)
			continue;
		request.verb = verbs[i].name;
		parse_arguments(&verbs[i], &request, argc, argv);
		if (verbs[i].main)
			return verbs[i].main(&request);
		return verbs[i].run(&verbs[i], &request);
	}
	die(EXIT_USAGE,
	    "%s: unknown verb '%s'; '%s help' lists them, '%s -h' the options of ipvsadm", cli_name,
	    argv[0], cli_name, cli_name);
}
