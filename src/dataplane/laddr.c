/* SPDX-License-Identifier: BSD-3-Clause */
/* Dealing out local addresses and ports; see laddr.h. */
#include "laddr.h"

/* Each try costs a lookup. Connections that come and go leave the ports ahead free; where so many
 * in a row are in use, a pool is as good as exhausted. */
#define TRIES 32

/* This worker's ports of an address: those of its residue class in first..last. */
struct share {
	uint32_t first, count;
};

static struct share share_of(const struct worker *w, const struct local_addr *la)
{
	uint32_t n = w->n_workers;
	uint32_t first = la->first + (w->id + n - la->first % n) % n;

	if (first > la->last)
		return (struct share){0};
	return (struct share){.first = first, .count = (la->last - first) / n + 1};
}

/* The key by which the server's packets will find c. */
static void set_local(struct worker *w, struct conn *c, const struct lvs_addr *addr, uint16_t port)
{
	c->lport = port;
	if (c->daf == AF_INET) {
		c->laddr = addr->v4;
	} else {
		struct conn6 *a = conn_addr6(&w->conns, c);

		a->laddr = *addr;
		c->out_addrs = conn_digest6(&w->conns, &a->daddr);
	}
}

static bool in_use(const struct worker *w, const struct conn *c)
{
	enum conn_dir dir;
	struct conn_key key = {
		.addrs = c->out_addrs,
		.addrs6 = c->daf == AF_INET6 ? &conn_addr6(&w->conns, c)->daddr : NULL,
		.ports = c->out_ports,
		.proto = c->proto,
	};

	key.hash = conn_hash(&w->conns, key.addrs, key.ports, key.proto);
	return conn_lookup(&w->conns, &key, &dir) != NULL;
}

bool laddr_take(struct worker *w, const struct service *svc, struct conn *c)
{
	uint32_t *cursor = &w->laddr_cursors[svc->id];

	for (uint32_t i = 0; i < TRIES && svc->n_laddrs; i++) {
		uint32_t at = (*cursor)++;
		const struct local_addr *la = &svc->laddrs[at % svc->n_laddrs];
		struct share mine = share_of(w, la);

		if (la->af != c->daf || !mine.count)
			continue;
		uint32_t port = mine.first + at / svc->n_laddrs % mine.count * w->n_workers;

		set_local(w, c, &la->addr, rte_cpu_to_be_16((uint16_t)port));
		if (!in_use(w, c))
			return true;
	}
	return false;
}
