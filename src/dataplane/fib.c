/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Builds and reads fibs. Building runs on the main lcore, reading on the workers. Nothing here is
 * per packet: a connection remembers its next hops.
 */
#include "fib_table.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "port.h"

typedef unsigned __int128 key_t128;

static key_t128 key_of(uint16_t af, const struct lvs_addr *a)
{
	if (af == AF_INET)
		return ntohl(a->v4);
	key_t128 k = 0;

	for (int i = 0; i < 4; i++)
		k = k << 32 | ntohl(a->w[i]);
	return k;
}

/* ---- building ---------------------------------------------------------------------------- */

struct span {
	key_t128 first, last;
	uint32_t metric;
	uint32_t target;
};

static int by_start_then_width(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	if (x->last != y->last)
		return x->last > y->last ? -1 : 1; /* the wider one first */
	return x->metric < y->metric ? -1 : x->metric > y->metric;
}

static void range_add(struct fib_ranges *r, key_t128 start, uint32_t target)
{
	if (r->n && r->start[r->n - 1] == start)
		r->n--; /* a more specific route begins at the same address */
	if (r->n && r->target[r->n - 1] == target)
		return;
	r->start[r->n] = start;
	r->target[r->n++] = target;
}

/* Sweeps over the spans with a stack of those that enclose the current address. */
static void flatten(struct fib_ranges *r, const struct span *spans, size_t n, uint32_t *stack)
{
	size_t depth = 0;

	range_add(r, 0, 0);
	for (size_t i = 0; i <= n; i++) {
		while (depth && (i == n || spans[stack[depth - 1]].last < spans[i].first)) {
			key_t128 end = spans[stack[--depth]].last;
			uint32_t outer = depth ? spans[stack[depth - 1]].target : 0;

			/* Ends at the very last address when end + 1 wraps or is beyond. */
			if (end + 1 != 0)
				range_add(r, end + 1, outer);
		}
		if (i == n)
			break;
		/* Same prefix, higher metric: hidden. */
		if (depth && spans[stack[depth - 1]].first == spans[i].first &&
		    spans[stack[depth - 1]].last == spans[i].last)
			continue;
		range_add(r, spans[i].first, spans[i].target);
		stack[depth++] = (uint32_t)i;
	}
}

static int build_ranges(struct fib_ranges *r, const struct fib_input *in, uint16_t af)
{
	unsigned int width = af == AF_INET ? 32 : 128;
	struct span *spans = calloc(in->n_routes + 1, sizeof(*spans));
	uint32_t *stack = calloc(in->n_routes + 1, sizeof(*stack));
	size_t n = 0;

	r->start = calloc(2 * in->n_routes + 2, sizeof(*r->start));
	r->target = calloc(2 * in->n_routes + 2, sizeof(*r->target));
	if (!spans || !stack || !r->start || !r->target) {
		free(spans);
		free(stack);
		return -1;
	}
	for (size_t i = 0; i < in->n_routes; i++) {
		const struct fib_route *route = &in->routes[i];
		unsigned int host = width - route->prefix;

		if (route->af != af || route->prefix > width)
			continue;
		key_t128 mask = host >= 128 ? ~(key_t128)0 : ((key_t128)1 << host) - 1;
		key_t128 first = key_of(af, &route->dst) & ~mask;

		spans[n++] = (struct span){
			.first = first,
			.last = first | mask,
			.metric = route->metric,
			.target = (uint32_t)i + 1,
		};
	}
	qsort(spans, n, sizeof(*spans), by_start_then_width);
	flatten(r, spans, n, stack);
	free(spans);
	free(stack);
	return 0;
}

static int build_targets(struct fib *fib, const struct fib_input *in)
{
	fib->targets = calloc(in->n_routes + 1, sizeof(*fib->targets));
	if (!fib->targets)
		return -1;
	for (size_t i = 0; i < in->n_routes; i++) {
		const struct fib_route *r = &in->routes[i];
		const struct port *port = port_get(r->port);
		uint16_t mtu = port ? port->mtu : UINT16_MAX;

		fib->targets[i + 1] = (struct fib_target){
			.type = r->type,
			.on_link = addr_is_zero(&r->gateway),
			.port = r->port,
			.mtu = r->mtu && r->mtu < mtu ? r->mtu : mtu,
			.gateway = r->gateway,
		};
	}
	return 0;
}

static uint64_t digest_routes(const struct fib_input *in)
{
	uint64_t h = in->n_routes;

	for (size_t i = 0; i < in->n_routes; i++) {
		const struct fib_route *r = &in->routes[i];
		uint64_t more = (uint64_t)r->af << 48 ^ (uint64_t)r->prefix << 40 ^
				(uint64_t)r->type << 32 ^ (uint64_t)r->port << 16 ^ r->mtu ^
				(uint64_t)r->metric << 8;

		h = h * 0x100000001b3ull ^ addr_hash(&r->dst, more);
		h = h * 0x100000001b3ull ^ addr_hash(&r->gateway, more);
	}
	return h;
}

static uint32_t neighbour_slot(const struct fib *fib, uint16_t port, uint16_t af,
			       const struct lvs_addr *addr)
{
	uint32_t at = addr_hash(addr, (uint64_t)af << 16 | port);

	for (;; at++) {
		uint16_t i = fib->neighbours[at & fib->neighbour_mask];

		if (i == ADJACENCY_NONE)
			break;
		const struct adjacency *a = &fib->adjacencies[i];

		if (a->port == port && a->af == af && addr_equal(&a->addr, addr))
			break;
	}
	return at & fib->neighbour_mask;
}

static void adjacency_set(struct fib *fib, uint16_t i, const struct fib_neighbour *n)
{
	struct adjacency *a = &fib->adjacencies[i];
	const struct port *port = port_get(n->port);

	*a = (struct adjacency){.port = n->port, .af = n->af, .addr = n->addr};
	memcpy(a->macs, n->mac, 6);
	if (port) {
		memcpy(a->macs + 6, port->mac.addr_bytes, 6);
		a->mtu = port->mtu;
	}
	fib->neighbours[neighbour_slot(fib, n->port, n->af, &n->addr)] = i;
}

/*
 * Neighbours that the previous fib knew keep their index, new ones take indexes that were free
 * there. Returns whether an index that somebody may remember has lost its neighbour, -1 when
 * out of memory.
 */
static int build_adjacencies(struct fib *fib, const struct fib_input *in,
			     const struct fib *previous)
{
	size_t n = in->n_neighbours < FIB_ADJACENCIES_MAX ? in->n_neighbours : FIB_ADJACENCIES_MAX;
	uint32_t before = previous ? previous->n_adjacencies : 0;
	uint32_t room = before + (uint32_t)n;
	uint32_t slots = 16, kept = 0, lived = 0;

	while (slots < 2 * n + 1)
		slots *= 2;
	fib->adjacencies = aligned_alloc(64, (room + 1) * sizeof(*fib->adjacencies));
	fib->neighbours = malloc(slots * sizeof(*fib->neighbours));
	if (!fib->adjacencies || !fib->neighbours)
		return -1;
	fib->neighbour_mask = slots - 1;
	for (uint32_t i = 0; i < slots; i++)
		fib->neighbours[i] = ADJACENCY_NONE;
	for (uint32_t i = 0; i <= room; i++)
		fib->adjacencies[i] = (struct adjacency){.port = UINT16_MAX};

	/* First those that stay, so that no newcomer takes their index. */
	for (uint32_t i = 0; i < before; i++)
		lived += previous->adjacencies[i].port != UINT16_MAX;
	for (size_t k = 0; k < n; k++) {
		const struct fib_neighbour *nb = &in->neighbours[k];
		uint16_t i = previous ? fib_neighbour(previous, nb->port, nb->af, &nb->addr)
				      : ADJACENCY_NONE;

		if (i == ADJACENCY_NONE || fib->adjacencies[i].port != UINT16_MAX)
			continue;
		adjacency_set(fib, i, nb);
		kept++;
	}
	uint32_t next = 0;

	for (size_t k = 0; k < n; k++) {
		const struct fib_neighbour *nb = &in->neighbours[k];

		if (fib_neighbour(fib, nb->port, nb->af, &nb->addr) != ADJACENCY_NONE)
			continue;
		while (next < before && (previous->adjacencies[next].port != UINT16_MAX ||
					 fib->adjacencies[next].port != UINT16_MAX))
			next++;
		while (next >= before && fib->adjacencies[next].port != UINT16_MAX)
			next++;
		if (next >= FIB_ADJACENCIES_MAX)
			break;
		adjacency_set(fib, (uint16_t)next, nb);
	}
	for (uint32_t i = 0; i < room; i++)
		if (fib->adjacencies[i].port != UINT16_MAX)
			fib->n_adjacencies = i + 1;
	return kept < lived;
}

struct fib *fib_build(const struct fib_input *in, const struct fib *previous)
{
	struct fib *fib = calloc(1, sizeof(*fib));

	if (!fib)
		return NULL;
	int lost = build_adjacencies(fib, in, previous);

	fib->sources = calloc(in->n_sources + 1, sizeof(*fib->sources));
	if (lost < 0 || !fib->sources || build_targets(fib, in) ||
	    build_ranges(&fib->ip4, in, AF_INET) || build_ranges(&fib->ip6, in, AF_INET6)) {
		fib_free(fib);
		return NULL;
	}
	fib->n_sources = in->n_sources;
	if (in->n_sources)
		memcpy(fib->sources, in->sources, in->n_sources * sizeof(*fib->sources));
	fib->routes_digest = digest_routes(in);
	fib->generation = previous ? previous->generation : 1;
	if (previous && (lost || fib->routes_digest != previous->routes_digest))
		fib->generation++;
	if (!fib->generation)
		fib->generation = 1;
	return fib;
}

void fib_free(struct fib *fib)
{
	if (!fib)
		return;
	free(fib->ip4.start);
	free(fib->ip4.target);
	free(fib->ip6.start);
	free(fib->ip6.target);
	free(fib->targets);
	free(fib->adjacencies);
	free(fib->neighbours);
	free(fib->sources);
	free(fib);
}

/* ---- reading ----------------------------------------------------------------------------- */

uint16_t fib_neighbour(const struct fib *fib, uint16_t port, uint16_t af,
		       const struct lvs_addr *addr)
{
	return fib->neighbours[neighbour_slot(fib, port, af, addr)];
}

const struct fib_target *fib_lookup(const struct fib *fib, uint16_t af, const struct lvs_addr *addr)
{
	const struct fib_ranges *r = af == AF_INET ? &fib->ip4 : &fib->ip6;
	key_t128 key = key_of(af, addr);
	size_t low = 0, high = r->n;

	while (high - low > 1) {
		size_t mid = (low + high) / 2;

		if (r->start[mid] <= key)
			low = mid;
		else
			high = mid;
	}
	return r->target[low] ? &fib->targets[r->target[low]] : NULL;
}

const struct lvs_addr *fib_source_of(const struct fib *fib, uint16_t port, uint16_t af)
{
	for (size_t i = 0; i < fib->n_sources; i++)
		if (fib->sources[i].port == port && fib->sources[i].af == af)
			return &fib->sources[i].addr;
	return NULL;
}
