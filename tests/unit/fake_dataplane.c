/* SPDX-License-Identifier: BSD-3-Clause */
/* A data plane without packets that distrusts the control plane. */
#include "fake_dataplane.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cmocka.h>

#define DESTS 4096

struct sched_ops {
	const char *name;
};

static const struct sched_ops scheds[] = {{"rr"}, {"wrr"}, {"wlc"}, {"sh"}};

/* A table that says of which servers it was made. */
struct sched_table {
	unsigned int refs;
	uint32_t n;
	uint32_t dest[];
};

unsigned int fake_tables;

struct deferred {
	struct deferred *next;
	void (*fn)(void *arg);
	void *arg;
};

static struct {
	const struct snapshot *snapshot;
	uint64_t fingerprint;
	unsigned int published;
	struct deferred *deferred;
	struct dest_load load[DESTS];
	struct dest_stats stats[DESTS];
} fake;

uint32_t fake_seen;
unsigned int fake_conns, fake_conn_delay, fake_open_walks;

/* ---- what a snapshot must be like -------------------------------------------------------- */

static uint64_t mix(uint64_t h, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3ull;
	return h;
}

static uint64_t mix_laddrs(uint64_t h, const struct service *svc)
{
	for (uint32_t i = 0; i < svc->n_laddrs; i++) {
		const struct local_addr *la = &svc->laddrs[i];

		h = mix(h, &la->addr, sizeof(la->addr));
		h = mix(h, &la->af, sizeof(la->af));
		h = mix(h, &la->first, sizeof(la->first));
		h = mix(h, &la->last, sizeof(la->last));
	}
	return h;
}

/* A number that depends on every byte workers may look at. */
static uint64_t fingerprint(const struct snapshot *s)
{
	uint64_t h = mix(0xcbf29ce484222325ull, s, sizeof(*s));

	h = mix(h, s->services, (s->service_mask + 1) * sizeof(s->services[0]));
	for (uint32_t i = 0; i <= s->service_mask; i++) {
		const struct service *svc = s->services[i];

		if (!svc)
			continue;
		h = mix(h, svc, sizeof(*svc));
		h = mix(h, svc->events, svc->n_events * sizeof(svc->events[0]));
		h = mix(h, svc->dests, svc->n_dests * sizeof(svc->dests[0]));
		h = mix_laddrs(h, svc);
	}
	for (uint32_t i = 0; i <= s->laddr_mask; i++) {
		h = mix(h, &s->laddrs[i].addr, sizeof(s->laddrs[i].addr));
		h = mix(h, &s->laddrs[i].af, sizeof(s->laddrs[i].af));
	}
	for (uint32_t i = 0; i <= s->vip_mask; i++) {
		h = mix(h, &s->vips[i].addr, sizeof(s->vips[i].addr));
		h = mix(h, &s->vips[i].af, sizeof(s->vips[i].af));
	}
	h = mix(h, s->dest_pages, s->n_dest_pages * sizeof(s->dest_pages[0]));
	for (uint32_t i = 0; i < s->n_dest_pages; i++)
		h = mix(h, s->dest_pages[i], sizeof(*s->dest_pages[i]));
	return h;
}

static const struct service *find_service(const struct snapshot *s, uint16_t af, uint8_t proto,
					  const struct lvs_addr *addr, uint16_t port)
{
	const struct service *svc;

	for (uint32_t i = service_hash(af, proto, addr, port);
	     (svc = s->services[i & s->service_mask]); i++)
		if (svc->af == af && svc->proto == proto && svc->port == port &&
		    addr_equal(&svc->addr, addr))
			return svc;
	return NULL;
}

static bool find_addr(const struct vip *set, uint32_t mask, uint16_t af,
		      const struct lvs_addr *addr)
{
	for (uint32_t i = vip_hash(af, addr); set[i & mask].af; i++)
		if (set[i & mask].af == af && addr_equal(&set[i & mask].addr, addr))
			return true;
	return false;
}

static bool find_vip(const struct snapshot *s, uint16_t af, const struct lvs_addr *addr)
{
	return find_addr(s->vips, s->vip_mask, af, addr);
}

static void check_service(const struct snapshot *s, const struct service *svc)
{
	const struct sched_event *newest;
	int32_t max = 0, gcd = 0;

	assert_ptr_equal(find_service(s, svc->af, svc->proto, &svc->addr, svc->port), svc);
	assert_true(find_vip(s, svc->af, &svc->addr));
	assert_int_equal(svc->fwmark, 0);
	assert_true(svc->id < SERVICES_MAX);
	assert_in_range(svc->n_events, 1, SCHED_EVENTS_MAX);
	assert_true(svc->version >= svc->n_events);
	assert_true(svc->epoch != 0);
	for (uint32_t i = 0; i < svc->n_dests; i++) {
		const struct service_dest *sd = &svc->dests[i];

		assert_true(sd->id < s->n_dest_pages << DEST_PAGE_BITS);

		const struct dest *d = snapshot_dest(s, sd->id);

		assert_true(d->flags & DEST_AVAILABLE);
		assert_int_equal(d->service, svc->id);
		assert_int_equal(d->upper, sd->upper);
		assert_int_equal(d->lower, sd->lower);
		assert_true(sd->lower <= sd->upper);
		assert_true(sd->weight >= 0);
		if (sd->weight > max)
			max = sd->weight;
		for (int32_t a = gcd, b = sd->weight; b; a = gcd) {
			gcd = b;
			b = a % b;
		}
	}
	for (uint32_t i = 0; i < svc->n_laddrs; i++) {
		const struct local_addr *la = &svc->laddrs[i];

		assert_true(find_addr(s->laddrs, s->laddr_mask, la->af, &la->addr));
		assert_in_range(la->first, 1, la->last);
	}
	newest = &svc->events[svc->n_events - 1];
	assert_int_equal(newest->max_weight, max);
	assert_int_equal(newest->gcd, gcd ? gcd : 1);
	assert_int_equal(dp_sched_has_table(svc->sched), svc->table != NULL);
	if (svc->table) {
		assert_int_equal(svc->table->n, svc->n_dests);
		for (uint32_t i = 0; i < svc->n_dests; i++)
			assert_int_equal(svc->table->dest[i], svc->dests[i].id);
	}
}

static void check_snapshot(const struct snapshot *s)
{
	uint32_t services = 0, vips = 0, laddrs = 0;

	assert_int_equal(s->service_mask & (s->service_mask + 1), 0);
	assert_int_equal(s->vip_mask & (s->vip_mask + 1), 0);
	for (uint32_t i = 0; i <= s->service_mask; i++) {
		if (s->services[i]) {
			services++;
			check_service(s, s->services[i]);
		}
	}
	for (uint32_t i = 0; i <= s->vip_mask; i++) {
		if (s->vips[i].af) {
			vips++;
			assert_true(find_vip(s, s->vips[i].af, &s->vips[i].addr));
		}
	}
	assert_int_equal(s->laddr_mask & (s->laddr_mask + 1), 0);
	for (uint32_t i = 0; i <= s->laddr_mask; i++)
		laddrs += s->laddrs[i].af != 0;
	assert_true(laddrs * 2 <= s->laddr_mask + 1);
	assert_true(services * 2 <= s->service_mask + 1);
	assert_true(vips * 2 <= s->vip_mask + 1);
	for (uint32_t i = 0; i < s->n_dest_pages; i++)
		assert_non_null(s->dest_pages[i]);
}

/* ---- for tests --------------------------------------------------------------------------- */

static void still_the_same(void)
{
	if (fake.snapshot)
		assert_true(fingerprint(fake.snapshot) == fake.fingerprint);
}

size_t fake_grace_period(void)
{
	size_t n = 0;

	while (fake.deferred) {
		struct deferred *d = fake.deferred;

		fake.deferred = d->next;
		d->fn(d->arg);
		free(d);
		n++;
	}
	still_the_same();
	return n;
}

void fake_reset(void)
{
	fake.snapshot = NULL;
	fake_grace_period();
	memset(&fake, 0, sizeof(fake));
	fake_seen = 0;
	fake_conns = fake_conn_delay = 0;
}

const struct snapshot *fake_snapshot(void)
{
	return fake.snapshot;
}

unsigned int fake_published(void)
{
	return fake.published;
}

static uint16_t read_addr(const char *text, struct lvs_addr *out)
{
	uint16_t af = strchr(text, ':') ? AF_INET6 : AF_INET;

	*out = (struct lvs_addr){0};
	assert_int_equal(inet_pton(af, text, out->b), 1);
	return af;
}

const struct service *fake_find(uint8_t proto, const char *addr, uint16_t port)
{
	struct lvs_addr a;
	uint16_t af = read_addr(addr, &a);

	return find_service(fake.snapshot, af, proto, &a, htons(port));
}

bool fake_is_laddr(const char *addr)
{
	struct lvs_addr a;
	uint16_t af = read_addr(addr, &a);

	return find_addr(fake.snapshot->laddrs, fake.snapshot->laddr_mask, af, &a);
}

bool fake_is_vip(const char *addr)
{
	struct lvs_addr a;
	uint16_t af = read_addr(addr, &a);

	return find_vip(fake.snapshot, af, &a);
}

struct dest_load *fake_load(uint32_t dest)
{
	assert_true(dest < DESTS);
	return &fake.load[dest];
}

struct dest_stats *fake_stats(uint32_t dest)
{
	assert_true(dest < DESTS);
	return &fake.stats[dest];
}

/* ---- dataplane.h ------------------------------------------------------------------------- */

void dp_publish_snapshot(const struct snapshot *snapshot)
{
	still_the_same();
	check_snapshot(snapshot);
	if (fake.snapshot)
		assert_int_equal(snapshot->version, fake.snapshot->version + 1);
	fake.snapshot = snapshot;
	fake.fingerprint = fingerprint(snapshot);
	fake.published++;
}

void dp_defer(void (*fn)(void *arg), void *arg)
{
	struct deferred *d = malloc(sizeof(*d));

	*d = (struct deferred){.next = fake.deferred, .fn = fn, .arg = arg};
	fake.deferred = d;
}

size_t dp_reclaim(void)
{
	return 0;
}

void dp_dest_load(uint32_t dest, struct dest_load *out)
{
	*out = dest < DESTS ? fake.load[dest] : (struct dest_load){0};
}

void dp_dest_stats(uint32_t dest, struct dest_stats *out)
{
	*out = dest < DESTS ? fake.stats[dest] : (struct dest_stats){0};
}

uint32_t dp_service_version_seen(uint32_t service, uint32_t epoch)
{
	(void)service;
	(void)epoch;
	return fake_seen;
}

unsigned int dp_counter_count(void)
{
	return 2;
}

void dp_counter(unsigned int i, struct dp_counter *out)
{
	*out = i == 0 ? (struct dp_counter){"rx_packets", "packets received", false, 12}
		      : (struct dp_counter){"bad_checksum", "wrong checksum", true, 1ull << 40};
}

unsigned int dp_worker_count(void)
{
	return 3;
}

void dp_worker_info(unsigned int worker, struct dp_worker_info *out)
{
	*out = (struct dp_worker_info){.cpu = worker + 1, .conns = 7 * worker, .hugepages = true};
}

uint32_t dp_conn_table_size(void)
{
	return 4096;
}

unsigned int dp_port_count(void)
{
	return 2;
}

void dp_port_info(unsigned int port, struct dp_port_info *out)
{
	*out = (struct dp_port_info){
		.name = port ? "p1" : "p0",
		.device = "net_null0",
		.driver = "net_null",
		.steering = "single",
		.mac = {2, 0, 0, 0, 0, (uint8_t)port},
		.mtu = 1500,
		.link = true,
		.speed = 10000,
		.rx_queues = 1,
		.tx_queues = 1,
		.ipackets = 5,
	};
}

const struct sched_ops *dp_sched_find(const char *name)
{
	for (size_t i = 0; i < sizeof(scheds) / sizeof(scheds[0]); i++)
		if (strcmp(scheds[i].name, name) == 0)
			return &scheds[i];
	return NULL;
}

const char *dp_sched_name(const struct sched_ops *ops)
{
	return ops->name;
}

bool dp_sched_has_table(const struct sched_ops *ops)
{
	return ops && strcmp(ops->name, "sh") == 0;
}

const struct sched_table *dp_sched_build(const struct service *svc, const struct sched_key *keys)
{
	struct sched_table *t = malloc(sizeof(*t) + svc->n_dests * sizeof(t->dest[0]));

	assert_non_null(t);
	t->refs = 1;
	t->n = svc->n_dests;
	for (uint32_t i = 0; i < t->n; i++) {
		t->dest[i] = svc->dests[i].id;
		assert_false(addr_is_zero(&keys[i].addr));
	}
	fake_tables++;
	return t;
}

const struct sched_table *dp_sched_share(const struct sched_table *table)
{
	if (table)
		((struct sched_table *)(uintptr_t)table)->refs++;
	return table;
}

void dp_sched_release(const struct sched_table *table)
{
	struct sched_table *t = (struct sched_table *)(uintptr_t)table;

	if (t && --t->refs == 0) {
		free(t);
		fake_tables--;
	}
}

void dp_timeouts_default(struct timeouts *out)
{
	memset(out, 0, sizeof(*out));
	out->s[PROTO_IX_TCP][DP_STATE_TCP_ESTABLISHED] = 900;
	out->s[PROTO_IX_TCP][DP_STATE_TCP_FIN_WAIT] = 120;
	out->s[PROTO_IX_UDP][DP_STATE_UDP_NORMAL] = 300;
}

/* ---- connections ------------------------------------------------------------------------- */

struct dp_conn_walk {
	unsigned int at, wait;
};

void fake_conn(unsigned int i, struct conn_view *out)
{
	*out = (struct conn_view){
		.caddr = addr_v4(htonl(0xc0000200 + i / 50000)),
		.vaddr = addr_v4(htonl(0xac1000ce)),
		.daddr = addr_v4(htonl(0x0a0000c9)),
		.cport = htons((uint16_t)(1024 + i % 50000)),
		.vport = htons(80),
		.dport = htons(80),
		.af = AF_INET,
		.daf = AF_INET,
		.proto = 6,
		.expires_ms = i,
		.state = "ESTABLISHED",
	};
}

struct dp_conn_walk *dp_conn_walk_open(void)
{
	fake_open_walks++;
	return calloc(1, sizeof(struct dp_conn_walk));
}

int dp_conn_walk_next(struct dp_conn_walk *walk, struct conn_view *out, unsigned int n)
{
	unsigned int i;

	if (walk->wait++ < fake_conn_delay)
		return -EAGAIN;
	walk->wait = 0;
	assert_in_range(n, 1, 256);
	for (i = 0; i < n && walk->at < fake_conns; i++)
		fake_conn(walk->at++, &out[i]);
	return (int)i;
}

void dp_conn_walk_close(struct dp_conn_walk *walk)
{
	fake_open_walks--;
	free(walk);
}
