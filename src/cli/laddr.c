/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The verbs of FULLNAT: local addresses of services, and how servers learn the client's address.
 */
#include "verbs.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "parse_addr.h"

static const char *const client_infos[] = {
	[LVSD_CLIENT_INFO_NONE] = "none",
	[LVSD_CLIENT_INFO_TOA] = "toa",
};

#define N_CLIENT_INFOS (sizeof(client_infos) / sizeof(client_infos[0]))

const char *verb_client_info(uint8_t info)
{
	return info < N_CLIENT_INFOS ? client_infos[info] : "?";
}

_Noreturn static void usage(const struct request *request)
{
	if (strcmp(request->verb, "laddr") == 0)
		die(EXIT_USAGE,
		    "%s: laddr: it is\n"
		    "  %s laddr add -t VIP:PORT ADDRESS [FIRST-LAST]\n"
		    "  %s laddr del -t VIP:PORT ADDRESS\n"
		    "  %s laddr list [-t VIP:PORT]\n"
		    "with -t, -u, --sctp-service or -f MARK for the service",
		    cli_name, cli_name, cli_name, cli_name);
	die(EXIT_USAGE, "%s: client-info: it is %s client-info -t VIP:PORT none|toa", cli_name,
	    cli_name);
}

/* ---- arguments --------------------------------------------------------------------------- */

static void read_address(const struct request *request, const char *text, struct laddr *out)
{
	out->af = strchr(text, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(out->af, text, &out->addr) != 1)
		die(EXIT_USAGE, "%s: %s: '%s' is no IPv4 or IPv6 address", cli_name, request->verb,
		    text);
}

static void read_range(const struct request *request, const char *text, struct laddr *out)
{
	char *copy = strdup(text), *dash = copy ? strchr(copy, '-') : NULL;
	long first = 0, last = 0;
	bool ok = dash;

	if (ok) {
		*dash = 0;
		ok = parse_number(copy, 1, UINT16_MAX, &first) &&
		     parse_number(dash + 1, 1, UINT16_MAX, &last) && first <= last;
	}
	free(copy);
	if (!ok)
		die(EXIT_USAGE, "%s: %s: '%s' is no range of ports FIRST-LAST within 1-65535",
		    cli_name, request->verb, text);
	out->first = first;
	out->last = last;
}

/* ---- laddr ------------------------------------------------------------------------------- */

static int finish(const struct request *request, struct client *client, int err)
{
	int status = err < 0 ? verb_refused(request, client, err) : EXIT_OK;

	client_close(client);
	return status;
}

static int add(struct request *request, const struct ipvs_service *svc)
{
	struct laddr laddr = {
		.first = LVSD_LADDR_FIRST_DEFAULT,
		.last = LVSD_LADDR_LAST_DEFAULT,
	};
	struct client *client;

	if (request->argc < 1 || request->argc > 2)
		usage(request);
	read_address(request, request->argv[0], &laddr);
	if (request->argc == 2)
		read_range(request, request->argv[1], &laddr);
	client = cli_connect(request->socket);
	return finish(request, client, laddr_add(client, svc, &laddr));
}

static int del(struct request *request, const struct ipvs_service *svc)
{
	struct laddr laddr = {0};
	struct client *client;

	if (request->argc != 1)
		usage(request);
	read_address(request, request->argv[0], &laddr);
	client = cli_connect(request->socket);
	return finish(request, client, laddr_del(client, svc, &laddr));
}

/* ---- list -------------------------------------------------------------------------------- */

static const struct field list_field[] = {
	{0, FIELD_STRING, "service", "SERVICE"},
	{0, FIELD_STRING, "local", "ADDRESS"},
	{0, FIELD_STRING, "ports", "PORTS"},
	{0, FIELD_STRING, "client_info", "CLIENT-INFO"},
};

static const struct fields list_fields = {list_field, 4, 0, 0};

static json_t *as_columns(const struct laddr *la)
{
	char service[NAMES_HOST_PORT_MAX], addr[INET6_ADDRSTRLEN] = "none", ports[16] = "-";

	verb_service_text(&la->service, service, sizeof(service));
	if (!la->none) {
		inet_ntop(la->af, &la->addr, addr, sizeof(addr));
		snprintf(ports, sizeof(ports), "%u-%u", la->first, la->last);
	}
	return json_pack("{s:s, s:s, s:s, s:s}", "service", service, "local", addr, "ports", ports,
			 "client_info", verb_client_info(la->client_info));
}

static json_t *as_object(const struct laddr *la)
{
	char addr[INET6_ADDRSTRLEN];

	json_t *object = verb_service_json(&la->service);

	json_object_set_new(object, "client_info", json_string(verb_client_info(la->client_info)));
	if (la->none) {
		json_object_set_new(object, "local_address", json_null());
		return object;
	}
	inet_ntop(la->af, &la->addr, addr, sizeof(addr));
	json_object_set_new(object, "local_address", json_string(addr));
	json_object_set_new(object, "first_port", json_integer(la->first));
	json_object_set_new(object, "last_port", json_integer(la->last));
	return object;
}

static int list(struct request *request, const struct ipvs_service *svc)
{
	json_t *records;
	struct client *client;
	struct laddr *all = NULL;
	size_t n = 0, i;
	int err;

	if (request->argc)
		usage(request);
	client = cli_connect(request->socket);
	err = laddr_list(client, svc, &all, &n);
	if (err < 0)
		return finish(request, client, err);
	records = json_array();
	for (i = 0; i < n; i++)
		json_array_append_new(records,
				      request->json ? as_object(&all[i]) : as_columns(&all[i]));
	if (request->json)
		verb_print_json(records);
	else
		record_columns(&list_fields, records);
	json_decref(records);
	free(all);
	return finish(request, client, 0);
}

int laddr_main(struct request *request)
{
	const char *what = request->argc ? request->argv[0] : "";
	struct ipvs_service svc;
	bool named;

	if (request->argc) {
		request->argc--;
		request->argv++;
	}
	named = verb_take_service(request, &svc);
	if (strcmp(what, "list") == 0)
		return list(request, named ? &svc : NULL);
	if (strcmp(what, "add") == 0 && named)
		return add(request, &svc);
	if (strcmp(what, "del") == 0 && named)
		return del(request, &svc);
	usage(request);
}

/* ---- client-info ------------------------------------------------------------------------- */

int client_info_main(struct request *request)
{
	struct ipvs_service svc;
	struct client *client;
	size_t info;

	if (!verb_take_service(request, &svc) || request->argc != 1)
		usage(request);
	for (info = 0; info < N_CLIENT_INFOS; info++)
		if (strcmp(client_infos[info], request->argv[0]) == 0)
			break;
	if (info == N_CLIENT_INFOS)
		usage(request);
	client = cli_connect(request->socket);
	return finish(request, client, laddr_set_client_info(client, &svc, info));
}
