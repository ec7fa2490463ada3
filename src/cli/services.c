/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Services whole, with what IPVS has no word for: a listing for people, JSON for programs, and the
 * commands that make them again.
 */
#include "verbs.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "out_table.h"

/* Everything there is, in the daemon's order: what was added last comes first. */
struct table {
	struct ipvs_service *services;
	struct laddr *laddrs;
	size_t n_services, n_laddrs;
};

/* One service and its servers. */
struct entry {
	const struct ipvs_service *service;
	const struct ipvs_dest *dests;
	size_t n_dests;
	uint8_t client_info;
	const struct table *table;
};

static bool same_service(const struct ipvs_service *a, const struct ipvs_service *b)
{
	size_t size = a->af == AF_INET6 ? sizeof(a->addr.in6) : sizeof(a->addr.in);

	if (a->af != b->af || a->fwmark != b->fwmark)
		return false;
	return a->fwmark || (a->protocol == b->protocol && a->port == b->port &&
			     memcmp(&a->addr, &b->addr, size) == 0);
}

/* The next of the service's lines behind `la` (NULL: the first), NULL at the end. */
static const struct laddr *laddr_next(const struct entry *e, const struct laddr *la)
{
	const struct laddr *end = e->table->laddrs + e->table->n_laddrs;

	for (la = la ? la + 1 : e->table->laddrs; la < end; la++)
		if (same_service(&la->service, e->service))
			return la;
	return NULL;
}

static const char *method_name(const struct ipvs_dest *dest)
{
	switch (dest->method) {
	case IP_VS_CONN_F_MASQ:
		return "Masq";
	case IP_VS_CONN_F_LOCALNODE:
		return "Local";
	case IP_VS_CONN_F_TUNNEL:
		return "Tunnel";
	case IP_VS_CONN_F_DROUTE:
		return "Route";
	case LVSD_METHOD_FULLNAT:
		return "FullNat";
	}
	return "?";
}

/* ---- fetching ---------------------------------------------------------------------------- */

/* Calls show() for each service; 0 or what failed. */
static int walk(struct client *client, bool oldest_first,
		void (*show)(const struct entry *entry, void *arg), void *arg)
{
	struct table table = {0};
	struct ipvs_dest *dests;
	size_t i;
	int err = ipvs_get_services(client, &table.services, &table.n_services);

	if (err == 0)
		err = laddr_list(client, NULL, &table.laddrs, &table.n_laddrs);
	for (i = 0; err == 0 && i < table.n_services; i++) {
		size_t at = oldest_first ? table.n_services - 1 - i : i;
		struct entry e = {.service = &table.services[at], .table = &table};
		const struct laddr *la = laddr_next(&e, NULL);

		err = ipvs_get_dests(client, e.service, &dests, &e.n_dests);
		if (err < 0)
			break;
		e.dests = dests;
		e.client_info = la ? la->client_info : LVSD_CLIENT_INFO_NONE;
		show(&e, arg);
		free(dests);
	}
	free(table.services);
	free(table.laddrs);
	return err;
}

/* ---- for people -------------------------------------------------------------------------- */

static void print_entry(const struct entry *e, void *arg)
{
	char name[NAMES_HOST_PORT_MAX];
	const struct laddr *la;
	size_t i;

	verb_service_text(e->service, name, sizeof(name));
	printf("%s  %s", name, e->service->sched);
	if (e->service->flags & IP_VS_SVC_F_PERSISTENT)
		printf("  persistent %" PRIu32, e->service->timeout);
	if (e->service->flags & IP_VS_SVC_F_ONEPACKET)
		printf("  ops");
	if (e->client_info)
		printf("  client-info %s", verb_client_info(e->client_info));
	putchar('\n');
	for (la = laddr_next(e, NULL); la; la = laddr_next(e, la)) {
		char addr[INET6_ADDRSTRLEN];

		if (la->none) {
			printf("  <- no local address\n");
			continue;
		}
		inet_ntop(la->af, &la->addr, addr, sizeof(addr));
		printf("  <- %-39s ports %u-%u\n", addr, la->first, la->last);
	}
	for (i = 0; i < e->n_dests; i++) {
		const struct ipvs_dest *d = &e->dests[i];

		names_host_port(name, sizeof(name), d->af, &d->addr, d->port, 0, true);
		printf("  -> %-39s %-7s weight %" PRIu32 ", active %" PRIu32 ", inactive %" PRIu32
		       "\n",
		       name, method_name(d), d->weight, d->active, d->inactive);
	}
}

/* ---- for programs ------------------------------------------------------------------------ */

static json_t *laddrs_json(const struct entry *e)
{
	json_t *array = json_array();
	const struct laddr *la;

	for (la = laddr_next(e, NULL); la; la = laddr_next(e, la)) {
		char addr[INET6_ADDRSTRLEN];

		if (la->none)
			continue;
		inet_ntop(la->af, &la->addr, addr, sizeof(addr));
		json_array_append_new(array,
				      json_pack("{s:s, s:i, s:i}", "address", addr, "first_port",
						la->first, "last_port", la->last));
	}
	return array;
}

static json_t *dests_json(const struct entry *e)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < e->n_dests; i++) {
		const struct ipvs_dest *d = &e->dests[i];
		char addr[INET6_ADDRSTRLEN];

		inet_ntop(d->af, &d->addr, addr, sizeof(addr));
		json_array_append_new(
			array, json_pack("{s:s, s:i, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "address",
					 addr, "port", ntohs(d->port), "method", method_name(d),
					 "weight", (json_int_t)d->weight, "upper_threshold",
					 (json_int_t)d->u_threshold, "lower_threshold",
					 (json_int_t)d->l_threshold, "active",
					 (json_int_t)d->active, "inactive", (json_int_t)d->inactive,
					 "persistent", (json_int_t)d->persistent));
	}
	return array;
}

static void collect_entry(const struct entry *e, void *arg)
{
	json_t *object = verb_service_json(e->service);

	json_object_set_new(object, "scheduler", json_string(e->service->sched));
	if (e->service->flags & IP_VS_SVC_F_PERSISTENT)
		json_object_set_new(object, "persistent", json_integer(e->service->timeout));
	json_object_set_new(object, "ops", json_boolean(e->service->flags & IP_VS_SVC_F_ONEPACKET));
	json_object_set_new(object, "client_info", json_string(verb_client_info(e->client_info)));
	json_object_set_new(object, "local_addresses", laddrs_json(e));
	json_object_set_new(object, "servers", dests_json(e));
	json_array_append_new(arg, object);
}

int services_main(struct request *request)
{
	json_t *array = json_array();
	struct client *client;
	int err, status = EXIT_OK;

	if (request->argc)
		die(EXIT_USAGE,
		    "%s: services: unknown argument '%s'; allowed: --json, --socket PATH", cli_name,
		    request->argv[0]);
	client = cli_connect(request->socket);
	err = walk(client, false, request->json ? collect_entry : print_entry, array);
	if (err < 0)
		status = verb_refused(request, client, err);
	else if (request->json)
		verb_print_json(array);
	json_decref(array);
	client_close(client);
	return status;
}

/* ---- as commands ------------------------------------------------------------------------- */

/* Oldest first, services and servers: so they come into the same order again. */
static void save_entry(const struct entry *e, void *arg)
{
	const struct format format = {.layout = LAYOUT_RULES, .numeric = true, .own = true};
	const struct laddr *la;
	size_t i;

	printf("lvsadm ");
	out_save_service(&format, e->service);
	for (la = laddr_next(e, NULL); la; la = laddr_next(e, la)) {
		char addr[INET6_ADDRSTRLEN];

		if (la->none)
			continue;
		inet_ntop(la->af, &la->addr, addr, sizeof(addr));
		printf("lvsadm laddr add ");
		out_save_selector(&format, e->service);
		printf(" %s %u-%u\n", addr, la->first, la->last);
	}
	if (e->client_info) {
		printf("lvsadm client-info ");
		out_save_selector(&format, e->service);
		printf(" %s\n", verb_client_info(e->client_info));
	}
	for (i = e->n_dests; i-- > 0;) {
		printf("lvsadm ");
		out_save_dest(&format, e->service, &e->dests[i]);
	}
}

int save_main(struct request *request)
{
	struct client *client;
	int err, status = EXIT_OK;

	if (request->argc || request->json)
		die(EXIT_USAGE,
		    "%s: save: it prints commands and takes no argument but --socket PATH",
		    cli_name);
	client = cli_connect(request->socket);
	err = walk(client, true, save_entry, NULL);
	if (err < 0)
		status = verb_refused(request, client, err);
	client_close(client);
	return status;
}
