/* SPDX-License-Identifier: BSD-3-Clause */
/* The world's control plane: services, servers, routes and neighbours in plain arrays, compiled
 * into a new snapshot or fib at every publish. */
#include "world.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

#define SERVICES 16
#define DESTS    512 /* ids are never used twice in one world */
#define LIST_MAX 128
#define ROUTES   512
#define TABLE    64 /* slots of the lookup tables */
#define LADDRS   4  /* of a service */

struct w_service {
	bool used, removed;
	struct service s;
	uint32_t list[LIST_MAX]; /* destination ids in list order */
	struct sched_event events[SCHED_EVENTS_MAX];
	struct local_addr laddrs[LADDRS];
};

struct w_dest {
	struct dest d;
	struct service_dest sd;
};

/* A snapshot with everything that it points to. */
struct built {
	struct snapshot snapshot;
	const struct service *table[TABLE];
	struct vip vips[TABLE];
	struct vip laddrs[TABLE];
	struct service services[SERVICES];
	struct local_addr service_laddrs[SERVICES][LADDRS];
	struct service_dest lists[SERVICES][LIST_MAX];
	struct sched_event events[SERVICES][SCHED_EVENTS_MAX];
	const struct dest_page *pages[DESTS / DEST_PAGE_SIZE];
	struct dest_page page[DESTS / DEST_PAGE_SIZE];
};

static struct w_service services[SERVICES];
static struct w_dest dests[DESTS];
static uint32_t n_services, n_dests, epoch;
static struct timeouts timeouts;
static struct built *built;

static struct fib_route routes[ROUTES];
static struct fib_neighbour neighbours[ROUTES];
static struct fib_source sources[ROUTES];
static size_t n_routes, n_neighbours, n_sources;
static struct fib *fib;

static uint16_t read_addr(const char *text, struct lvs_addr *out)
{
	if (!is_ip6(text)) {
		*out = addr_v4(ip4(text));
		return AF_INET;
	}
	ip6(text, out->b);
	return AF_INET6;
}

/* ---- services ---------------------------------------------------------------------------- */

static int32_t gcd(int32_t a, int32_t b)
{
	return b ? gcd(b, a % b) : a;
}

static void event(struct w_service *s, enum sched_event_kind kind, uint32_t dest, uint32_t prev)
{
	struct sched_event e = {.kind = kind, .dest = dest, .prev = prev};

	for (uint32_t i = 0; i < s->s.n_dests; i++) {
		int32_t w = dests[s->list[i]].sd.weight;

		if (w > e.max_weight)
			e.max_weight = w;
		e.gcd = gcd(e.gcd, w);
	}
	e.gcd = e.gcd ? e.gcd : 1;
	if (s->s.n_events == SCHED_EVENTS_MAX)
		memmove(s->events, s->events + 1, sizeof(s->events[0]) * --s->s.n_events);
	s->events[s->s.n_events++] = e;
	s->s.version++;
}

uint32_t world_service(uint8_t proto, const char *addr, uint16_t port, const char *sched)
{
	uint32_t id = n_services++;
	struct w_service *s = &services[id];

	assert_true(id < SERVICES);
	*s = (struct w_service){.used = true};
	s->s.id = id;
	s->s.af = read_addr(addr, &s->s.addr);
	s->s.port = htons(port);
	s->s.proto = proto;
	s->s.epoch = ++epoch;
	s->s.sched = sched ? dp_sched_find(sched) : NULL;
	if (sched)
		assert_non_null(s->s.sched);
	event(s, SCHED_EVENT_INIT, DEST_NONE, DEST_NONE);
	return id;
}

void world_service_rebind(uint32_t service, const char *sched)
{
	struct w_service *s = &services[service];

	s->s.epoch = ++epoch;
	s->s.version = s->s.n_events = 0;
	s->s.sched = dp_sched_find(sched);
	event(s, SCHED_EVENT_INIT, DEST_NONE, DEST_NONE);
}

void world_service_remove(uint32_t service)
{
	struct w_service *s = &services[service];

	while (s->s.n_dests)
		world_dest_remove(s->list[0]);
	s->removed = true;
}

void world_laddr(uint32_t service, const char *addr, uint16_t first, uint16_t last)
{
	struct w_service *s = &services[service];
	struct local_addr *la = &s->laddrs[s->s.n_laddrs++];

	assert_true(s->s.n_laddrs <= LADDRS);
	*la = (struct local_addr){.first = first, .last = last};
	la->af = read_addr(addr, &la->addr);
}

void world_client_info(uint32_t service, enum client_info info)
{
	services[service].s.client_info = (uint8_t)info;
}

static void list_add(struct w_service *s, uint32_t id)
{
	assert_true(s->s.n_dests < LIST_MAX);
	memmove(s->list + 1, s->list, s->s.n_dests++ * sizeof(s->list[0]));
	s->list[0] = id;
	dests[id].d.flags |= DEST_AVAILABLE;
	event(s, SCHED_EVENT_ADD, id, DEST_NONE);
}

uint32_t world_dest(uint32_t service, const char *addr, uint16_t port, int32_t weight)
{
	return world_dest_limited(service, addr, port, weight, 0, 0);
}

/* The lower threshold that counts when none is set. */
static uint32_t effective_lower(uint32_t upper, uint32_t lower)
{
	return lower ? lower : upper - upper / 4;
}

uint32_t world_dest_limited(uint32_t service, const char *addr, uint16_t port, int32_t weight,
			    uint32_t upper, uint32_t lower)
{
	uint32_t id = n_dests++;
	struct lvs_addr a;
	uint16_t af = read_addr(addr, &a);

	assert_true(id < DESTS);
	dests[id] = (struct w_dest){
		.d = {.addr = a,
		      .port = htons(port),
		      .af = af,
		      .weight = weight,
		      .upper = upper,
		      .lower = effective_lower(upper, lower),
		      .service = service},
		.sd = {.id = id,
		       .weight = weight,
		       .last_weight = weight,
		       .upper = upper,
		       .lower = effective_lower(upper, lower)},
	};
	list_add(&services[service], id);
	return id;
}

void world_dest_revive(uint32_t dest)
{
	list_add(&services[dests[dest].d.service], dest);
}

void world_dest_weight(uint32_t dest, int32_t weight)
{
	world_dest_edit(dest, weight, dests[dest].sd.upper, dests[dest].sd.lower);
}

void world_dest_edit(uint32_t dest, int32_t weight, uint32_t upper, uint32_t lower)
{
	struct service_dest *sd = &dests[dest].sd;

	sd->weight = dests[dest].d.weight = weight;
	sd->last_weight = weight ? weight : sd->last_weight;
	if (upper == 0 || upper > sd->upper)
		sd->overload_epoch = ++dests[dest].d.overload_epoch;
	sd->upper = dests[dest].d.upper = upper;
	sd->lower = dests[dest].d.lower = effective_lower(upper, lower);
	event(&services[dests[dest].d.service], SCHED_EVENT_EDIT, dest, DEST_NONE);
}

void world_dest_method(uint32_t dest, enum fwd_method method)
{
	dests[dest].d.fwd = (uint8_t)method;
	event(&services[dests[dest].d.service], SCHED_EVENT_EDIT, dest, DEST_NONE);
}

void world_dest_remove(uint32_t dest)
{
	struct w_service *s = &services[dests[dest].d.service];
	uint32_t at = 0;

	while (s->list[at] != dest)
		at++;
	uint32_t prev = at ? s->list[at - 1] : DEST_NONE;

	memmove(s->list + at, s->list + at + 1, (--s->s.n_dests - at) * sizeof(s->list[0]));
	dests[dest].d.flags &= (uint16_t)~DEST_AVAILABLE;
	event(s, SCHED_EVENT_DEL, dest, prev);
}

void world_timeout(enum proto_index proto, unsigned int state, uint32_t seconds)
{
	timeouts.s[proto][state] = seconds;
}

static void set_add(struct vip *set, uint16_t af, const struct lvs_addr *addr)
{
	uint32_t at = vip_hash(af, addr);

	for (; set[at % TABLE].af; at++)
		if (set[at % TABLE].af == af && addr_equal(&set[at % TABLE].addr, addr))
			break;
	set[at % TABLE] = (struct vip){.addr = *addr, .af = af};
}

static void build_service(struct built *b, uint32_t i)
{
	const struct w_service *w = &services[i];
	struct service *s = &b->services[i];
	uint32_t at;

	*s = w->s;
	for (uint32_t k = 0; k < s->n_dests; k++)
		b->lists[i][k] = dests[w->list[k]].sd;
	memcpy(b->events[i], w->events, sizeof(w->events));
	s->dests = b->lists[i];
	s->events = b->events[i];
	set_add(b->vips, s->af, &s->addr);
	memcpy(b->service_laddrs[i], w->laddrs, sizeof(w->laddrs));
	s->laddrs = b->service_laddrs[i];
	for (uint32_t k = 0; k < s->n_laddrs; k++)
		set_add(b->laddrs, s->laddrs[k].af, &s->laddrs[k].addr);
	if (dp_sched_has_table(s->sched)) {
		struct sched_key keys[LIST_MAX];

		for (uint32_t k = 0; k < s->n_dests; k++) {
			const struct dest *d = &dests[w->list[k]].d;

			keys[k] = (struct sched_key){.addr = d->addr, .port = d->port};
		}
		s->table = dp_sched_build(s, keys);
		assert_non_null(s->table);
	}
	if (w->removed)
		return;
	for (at = service_hash(s->af, s->proto, &s->addr, s->port); b->table[at % TABLE]; at++)
		;
	b->table[at % TABLE] = s;
}

/* What the workers may still hold must not be read after it is freed: make that visible. */
static void built_free(void *arg)
{
	struct built *b = arg;

	for (uint32_t i = 0; i < SERVICES; i++)
		dp_sched_release(b->services[i].table);
	memset(b, 0xdf, sizeof(*b));
	free(b);
}

void world_publish(void)
{
	static uint64_t version;
	struct built *b = aligned_alloc(64, (sizeof(*b) + 63) & ~(size_t)63);
	struct built *old = built;

	memset(b, 0, sizeof(*b));
	b->snapshot = (struct snapshot){
		.version = ++version,
		.timeouts = timeouts,
		.service_mask = TABLE - 1,
		.services = b->table,
		.vip_mask = TABLE - 1,
		.vips = b->vips,
		.laddr_mask = TABLE - 1,
		.laddrs = b->laddrs,
		.n_dest_pages = DESTS / DEST_PAGE_SIZE,
		.dest_pages = b->pages,
	};
	for (uint32_t i = 0; i < DESTS / DEST_PAGE_SIZE; i++)
		b->pages[i] = &b->page[i];
	for (uint32_t i = 0; i < n_dests; i++)
		b->page[i / DEST_PAGE_SIZE].d[i % DEST_PAGE_SIZE] = dests[i].d;
	for (uint32_t i = 0; i < n_services; i++)
		build_service(b, i);
	built = b;
	dp_publish_snapshot(&b->snapshot);
	if (old)
		dp_defer(built_free, old);
	dp_reclaim();
}

/* ---- network ----------------------------------------------------------------------------- */

static void parse_prefix(const char *text, struct fib_route *out)
{
	char addr[64];
	const char *slash = strchr(text, '/');

	snprintf(addr, sizeof(addr), "%.*s", (int)strcspn(text, "/"), text);
	out->af = read_addr(addr, &out->dst);
	out->prefix = slash ? (uint8_t)atoi(slash + 1) : out->af == AF_INET ? 32 : 128;
}

static struct fib_route *route_find(const char *prefix)
{
	struct fib_route want;

	parse_prefix(prefix, &want);
	for (size_t i = 0; i < n_routes; i++)
		if (routes[i].af == want.af && routes[i].prefix == want.prefix &&
		    addr_equal(&routes[i].dst, &want.dst))
			return &routes[i];
	fail_msg("no route %s", prefix);
	return NULL;
}

void world_route(const char *prefix, enum fib_route_type type, uint16_t port, const char *gateway)
{
	struct fib_route *r = &routes[n_routes++];

	assert_true(n_routes <= ROUTES);
	*r = (struct fib_route){.type = (uint8_t)type, .port = port};
	parse_prefix(prefix, r);
	if (gateway)
		read_addr(gateway, &r->gateway);
}

void world_route_mtu(const char *prefix, uint16_t mtu)
{
	route_find(prefix)->mtu = mtu;
}

void world_route_remove(const char *prefix)
{
	struct fib_route *r = route_find(prefix);

	*r = routes[--n_routes];
}

mac_t mac_of(const char *addr)
{
	struct lvs_addr a;
	uint16_t af = read_addr(addr, &a);

	return 0x020000000000ull | ntohl(a.w[af == AF_INET ? 0 : 3]);
}

void world_neighbour(const char *addr, uint16_t port, mac_t mac)
{
	struct fib_neighbour *n = NULL;
	struct lvs_addr a;
	uint16_t af = read_addr(addr, &a);

	for (size_t i = 0; i < n_neighbours; i++)
		if (addr_equal(&neighbours[i].addr, &a) && neighbours[i].port == port)
			n = &neighbours[i];
	if (!n)
		n = &neighbours[n_neighbours++];
	assert_true(n_neighbours <= ROUTES);
	*n = (struct fib_neighbour){.addr = a, .af = af, .port = port};
	mac = mac ? mac : mac_of(addr);
	for (int i = 0; i < 6; i++)
		n->mac[i] = (uint8_t)(mac >> (40 - 8 * i));
}

void world_neighbour_remove(const char *addr)
{
	struct lvs_addr a;

	read_addr(addr, &a);
	for (size_t i = 0; i < n_neighbours; i++)
		if (addr_equal(&neighbours[i].addr, &a))
			neighbours[i--] = neighbours[--n_neighbours];
}

void world_source(const char *addr, uint16_t port)
{
	struct fib_source *s = &sources[n_sources++];

	assert_true(n_sources <= ROUTES);
	*s = (struct fib_source){.port = port};
	s->af = read_addr(addr, &s->addr);
}

static void fib_free_later(void *arg)
{
	fib_free(arg);
}

void world_publish_net(void)
{
	struct fib_input in = {
		.routes = routes,
		.n_routes = n_routes,
		.neighbours = neighbours,
		.n_neighbours = n_neighbours,
		.sources = sources,
		.n_sources = n_sources,
	};
	struct fib *old = fib;

	fib = fib_build(&in, old);
	assert_non_null(fib);
	dp_publish_fib(fib);
	if (old)
		dp_defer(fib_free_later, old);
	dp_reclaim();
}

void world_tables_begin(void)
{
	n_services = n_dests = 0;
	n_routes = n_neighbours = n_sources = 0;
	dp_timeouts_default(&timeouts);
	world_publish();
	world_publish_net();
}

void world_tables_end(void)
{
	dp_reclaim();
	dp_publish_snapshot(NULL);
	dp_publish_fib(NULL);
	if (built)
		built_free(built);
	fib_free(fib);
	built = NULL;
	fib = NULL;
}
