/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fetching services and destinations for a listing, and their order.
 */
#include "out_table.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

/* Stock ipvsadm subtracts unsigned numbers and takes the difference as an int, so 192.0.2.1 sorts
 * before 10.0.0.1, and what is further apart than 2^31 has no stable order. Listings are compared
 * by people and scripts, so this is part of the contract. */
static int difference(uint32_t a, uint32_t b)
{
	return (int)(a - b);
}

/* An address in one word, or in four. */
static int compare_addr(const union ipvs_addr *a, const union ipvs_addr *b, uint16_t af)
{
	const uint32_t *x = a->in6.s6_addr32, *y = b->in6.s6_addr32;
	int words = af == AF_INET6 ? 4 : 1;
	int i, diff;

	for (i = 0; i < words; i++) {
		diff = difference(ntohl(x[i]), ntohl(y[i]));
		if (diff)
			return diff;
	}
	return 0;
}

static int compare_services(const void *a, const void *b)
{
	const struct ipvs_service *x = a, *y = b;
	int diff = difference(x->fwmark, y->fwmark);

	if (!diff)
		diff = x->af - y->af;
	if (!diff)
		diff = x->protocol - y->protocol;
	if (!diff)
		diff = compare_addr(&x->addr, &y->addr, x->af);
	return diff ? diff : ntohs(x->port) - ntohs(y->port);
}

static int compare_dests(const void *a, const void *b)
{
	const struct ipvs_dest *x = a, *y = b;
	int diff = compare_addr(&x->addr, &y->addr, x->af);

	return diff ? diff : ntohs(x->port) - ntohs(y->port);
}

static int list_one(struct client *client, const struct format *format,
		    const struct ipvs_service *svc)
{
	bool rules = format->layout == LAYOUT_RULES;
	struct ipvs_dest *dests;
	size_t n, i;
	int err;

	err = ipvs_get_dests(client, svc, &dests, &n);
	if (err < 0)
		return err;
	if (!format->nosort && n)
		qsort(dests, n, sizeof(*dests), compare_dests);

	(rules ? out_save_service : out_table_service)(format, svc);
	for (i = 0; i < n; i++)
		(rules ? out_save_dest : out_table_dest)(format, svc, &dests[i]);
	free(dests);
	return 0;
}

int listing_service(struct client *client, const struct format *format,
		    const struct ipvs_service *key)
{
	struct ipvs_service svc;
	int err;

	err = ipvs_get_service(client, key, &svc);
	if (err < 0)
		return err;
	out_table_header(format);
	return list_one(client, format, &svc);
}

int listing_all(struct client *client, const struct format *format)
{
	struct ipvs_service *services;
	struct ipvs_info info;
	size_t n, i;
	int err;

	err = ipvs_get_info(client, &info);
	if (err < 0)
		return err;
	err = ipvs_get_services(client, &services, &n);
	if (err < 0)
		return err;
	if (!format->nosort && n)
		qsort(services, n, sizeof(*services), compare_services);

	if (format->layout != LAYOUT_RULES) {
		printf("IP Virtual Server version %u.%u.%u (size=%u)\n",
		       (info.version >> 16) & 0xff, (info.version >> 8) & 0xff, info.version & 0xff,
		       info.conn_tab_size);
		out_table_header(format);
	}
	for (i = 0; i < n && err == 0; i++)
		err = list_one(client, format, &services[i]);
	free(services);
	return err;
}
