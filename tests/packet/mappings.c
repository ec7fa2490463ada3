/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Schedulers that look at addresses: dh, sh, mh, lblc, lblcr. Asked directly, without packets on
 * ports, so that many addresses of both families cost little.
 *
 * mappings.txt (its path is the first argument) was recorded from the kernel's IPVS; its head says
 * what its lines mean. What the kernel does after minutes and hours is tested by moving the clock.
 * twos is random: its distribution is tested.
 */
#include "harness.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/packet.h"
#include "dataplane/sched/locality.h"

#define SERVERS   16
#define PORT_BASE 8000

static const char *mappings_path;

/* A service, and a worker's share of it. */
static struct {
	struct service svc;
	struct service_dest list[SERVERS];
	struct sched_event event;
	struct dest_page page;
	const struct dest_page *pages[1];
	struct snapshot snapshot;
	struct dest_slot slots[DEST_PAGE_SIZE];
	struct dest_slot *all_slots[1];
	struct load_view load;
	struct sched_state states[2];
	struct locality *locality;
	tick_t now;
	bool by_target; /* addresses are destinations' */
	uint32_t overload_epoch;
} b;

/* ---- service and servers ----------------------------------------------------------------- */

static void compile(void)
{
	struct sched_key keys[SERVERS];

	for (uint32_t i = 0; i < b.svc.n_dests; i++) {
		const struct dest *d = &b.page.d[b.list[i].id];

		keys[i] = (struct sched_key){.addr = d->addr, .port = d->port};
	}
	dp_sched_release(b.svc.table);
	b.svc.table = dp_sched_has_table(b.svc.sched) ? dp_sched_build(&b.svc, keys) : NULL;
}

static void begin(const char *sched, uint16_t af, uint32_t flags, bool by_target)
{
	static uint32_t epoch;

	dp_sched_release(b.svc.table);
	locality_destroy(b.locality);
	memset(&b, 0, sizeof(b));
	b.svc = (struct service){
		.id = 1,
		.af = af,
		.flags = flags,
		.proto = IPPROTO_TCP,
		.epoch = ++epoch,
		.version = 1,
		.n_events = 1,
		.events = &b.event,
		.dests = b.list,
		.sched = dp_sched_find(sched),
	};
	assert_non_null(b.svc.sched);
	b.event = (struct sched_event){.kind = SCHED_EVENT_INIT, .gcd = 1};
	b.pages[0] = &b.page;
	b.snapshot = (struct snapshot){.n_dest_pages = 1, .dest_pages = b.pages};
	b.all_slots[0] = b.slots;
	b.load = (struct load_view){.n = 1, .slots = b.all_slots};
	b.locality = locality_create(1 << 16, -1);
	b.by_target = by_target;
	compile();
}

static void end(void)
{
	dp_sched_release(b.svc.table);
	locality_destroy(b.locality);
	memset(&b, 0, sizeof(b));
}

static uint32_t position(uint32_t id)
{
	uint32_t at = 0;

	while (at < b.svc.n_dests && b.list[at].id != id)
		at++;
	return at;
}

static void change(uint32_t id, int32_t weight, uint32_t upper, uint32_t lower, bool added)
{
	struct dest *d = &b.page.d[id];
	struct service_dest *sd = &b.list[position(id)];

	if (upper == 0 || upper > d->upper)
		d->overload_epoch = ++b.overload_epoch;
	d->weight = weight;
	d->upper = upper;
	d->lower = lower ? lower : upper - upper / 4;
	d->flags = DEST_AVAILABLE;
	sd->last_weight = added || weight ? weight : sd->last_weight;
	sd->weight = weight;
	sd->upper = d->upper;
	sd->lower = d->lower;
	sd->overload_epoch = d->overload_epoch;
	compile();
}

static void add(uint32_t id, int32_t weight, uint32_t upper, uint32_t lower)
{
	struct dest *d = &b.page.d[id];
	char addr[32];

	assert_true(b.svc.n_dests < SERVERS);
	snprintf(addr, sizeof(addr), b.svc.af == AF_INET ? "10.2.0.%u" : "fd02::%x", id);
	inet_pton(b.svc.af, addr, &d->addr);
	d->port = htons(b.by_target ? 0 : (uint16_t)(PORT_BASE + id % 3));
	d->af = b.svc.af;
	d->service = b.svc.id;
	memmove(b.list + 1, b.list, b.svc.n_dests++ * sizeof(b.list[0]));
	b.list[0] = (struct service_dest){.id = id};
	change(id, weight, upper, lower, true);
}

static void del(uint32_t id)
{
	uint32_t at = position(id);

	memmove(b.list + at, b.list + at + 1, (--b.svc.n_dests - at) * sizeof(b.list[0]));
	b.page.d[id].flags = 0;
	compile();
}

/* ---- packets ----------------------------------------------------------------------------- */

static uint32_t mix(uint32_t i)
{
	return i * 2654435761u + 12345;
}

/* The addresses that mappings.txt counts: of clients, all over the world; and of targets. */
static struct lvs_addr numbered(uint32_t i, uint16_t af, bool target)
{
	uint32_t h = mix(i);

	if (af == AF_INET)
		return addr_v4(target ? htonl(0xc6120000 | i)
				      : htonl((11 + (h >> 24) % 100) << 24 | (h & 0xffffff)));
	if (target)
		return (struct lvs_addr){.w = {htonl(0x20010db8), htonl(0x01000000 | h >> 8),
					       htonl(mix(h)), htonl(i)}};
	return (struct lvs_addr){
		.w = {htonl(0x20010000 | h >> 20), htonl(mix(h)), htonl(mix(h ^ 77)), htonl(h)}};
}

/* The server of a packet with that number, 0: none. The connection stays. */
static uint32_t pick(uint32_t i)
{
	struct rte_ipv6_hdr ip6;
	struct rte_mbuf m = {.buf_addr = &ip6};
	struct packet p = {.mbuf = &m, .af = (uint8_t)b.svc.af, .proto = IPPROTO_TCP};
	struct lvs_addr addr = numbered(i, b.svc.af, b.by_target);
	struct sched_context ctx = {
		.load = &b.load,
		.packet = &p,
		.snapshot = &b.snapshot,
		.locality = b.locality,
		.now = b.now,
	};

	memset(&ip6, 0, sizeof(ip6));
	memcpy(b.by_target ? ip6.dst_addr : ip6.src_addr, &addr, sizeof(addr));
	p.addrs = b.by_target ? ((union packet_addrs){.dst = addr.v4}).both
			      : ((union packet_addrs){.src = addr.v4}).both;
	p.ports = ((union packet_ports){.src = htons((uint16_t)(1024 + i * 7919ull % 60000)),
					.dst = htons(80)})
			  .both;
	const struct service_dest *d = sched_pick(&b.states[b.svc.id], &b.svc, &ctx);

	if (!d)
		return 0;
	b.slots[d->id].active++;
	load_bound(&b.load, d->id, &b.page.d[d->id]);
	return d->id;
}

/* ---- what was recorded ------------------------------------------------------------------- */

static void begin_line(const char *line, const char *what)
{
	char sched[16], flags[32], by[8];
	int family;
	uint32_t bits = 0;

	if (sscanf(line, "service %15s %d %31s %7s", sched, &family, flags, by) != 4)
		fail_msg("%s: what is \"%s\"", what, line);
	if (strstr(flags, "fallback"))
		bits |= 0x08;
	if (strstr(flags, "port"))
		bits |= 0x10;
	begin(sched, family == 6 ? AF_INET6 : AF_INET, bits, strcmp(by, "to") == 0);
}

static void map_line(uint32_t first, uint32_t step, uint32_t mod, const char *picks,
		     const char *what)
{
	char got[128];
	size_t n = strlen(picks);

	assert_true(n < sizeof(got));
	for (size_t k = 0; k < n; k++) {
		uint32_t id = pick((first + (uint32_t)k * step) % mod);

		got[k] = id ? "0123456789abcdef"[id] : '-';
	}
	got[n] = 0;
	if (strcmp(got, picks) != 0)
		fail_msg("%s:\n  expected %s\n  got      %s", what, picks, got);
}

static void replay_line(const char *line, const char *what)
{
	uint32_t id, upper, lower, first, step, mod;
	int32_t weight;
	char picks[128];

	if (strncmp(line, "service", 7) == 0)
		begin_line(line, what);
	else if (sscanf(line, "add %u %d %u %u", &id, &weight, &upper, &lower) == 4)
		add(id, weight, upper, lower);
	else if (sscanf(line, "edit %u %d %u %u", &id, &weight, &upper, &lower) == 4)
		change(id, weight, upper, lower, false);
	else if (sscanf(line, "del %u", &id) == 1)
		del(id);
	else if (sscanf(line, "map %u %u %u %127s", &first, &step, &mod, picks) == 4)
		map_line(first, step, mod, picks, what);
	else
		fail_msg("%s: what is \"%s\"", what, line);
}

static void test_recorded(void **state)
{
	FILE *f = fopen(mappings_path, "re");
	char line[256], what[64];
	unsigned int number = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		snprintf(what, sizeof(what), "mappings.txt:%u", ++number);
		line[strcspn(line, "\n")] = 0;
		if (line[0] && line[0] != '#')
			replay_line(line, what);
	}
	fclose(f);
	assert_non_null(b.svc.sched);
	end();
}

/* ---- tables ------------------------------------------------------------------------------ */

/* Known answers for three equal servers. */
static void test_maglev_slots(void **state)
{
	unsigned int n[3] = {0};

	begin("mh", AF_INET, 0, false);
	for (uint32_t id = 1; id <= 3; id++) {
		add(id, 1, 0, 0);
		b.page.d[id].addr = addr_v4(htonl(0xc0a80a00 | id));
		b.page.d[id].port = htons(80);
	}
	compile();
	assert_int_equal(b.svc.table->n_slots, 4093);
	for (uint32_t i = 0; i < 4093; i++)
		n[b.svc.table->slot[i]]++;
	assert_int_equal(n[0] + n[1] + n[2], 4093);
	for (int i = 0; i < 3; i++)
		assert_in_range(n[i], 1364, 1365);
	assert_int_equal(b.list[b.svc.table->slot[2456]].id, 2);
	assert_int_equal(b.list[b.svc.table->slot[754]].id, 1);
	assert_int_equal(b.list[b.svc.table->slot[1917]].id, 3);
	end();
}

/* A list without servers, or without weights, has no slots, and nobody is chosen. */
static void test_nobody(void **state)
{
	static const char *const names[] = {"lc",  "sed",  "nq", "lblc", "lblcr", "fo",
					    "ovf", "twos", "dh", "sh",   "mh"};

	for (size_t i = 0; i < RTE_DIM(names); i++) {
		for (uint32_t flags = 0; flags <= 0x18; flags += 8) {
			begin(names[i], AF_INET, flags, false);
			assert_int_equal(pick(1), 0);
			add(1, 0, 0, 0);
			assert_int_equal(pick(1), 0);
			add(2, 3, 0, 0);
			change(2, 0, 0, 0, false);
			assert_int_equal(pick(1), 0);
			change(2, 1, 1, 0, false);
			if (strcmp(names[i], "dh") && strcmp(names[i], "sh"))
				assert_int_equal(pick(1), 2);
			else
				pick(1);
			assert_int_equal(b.slots[1].active, 0);
			end();
		}
	}
}

/* ---- the cache of lblc and lblcr --------------------------------------------------------- */

static void pass(uint32_t seconds)
{
	for (uint32_t i = 0; i < seconds; i++) {
		b.now += TICKS_PER_SECOND;
		for (uint32_t k = 0; k < TICKS_PER_SECOND / 32; k++)
			locality_turn(b.locality, b.states,
				      b.now - TICKS_PER_SECOND + (k + 1) * 32);
	}
}

static void begin_cache(const char *sched)
{
	begin(sched, AF_INET, 0, true);
	add(1, 100, 0, 0);
	add(2, 100, 0, 0);
	b.now = UINT32_MAX - seconds_to_ticks(3600); /* it wraps on the way */
}

/* A day without use, and an address is forgotten. */
static void test_cache_expires(void **state)
{
	begin_cache("lblc");
	for (uint32_t i = 0; i < 10; i++)
		pick(i);
	assert_int_equal(locality_count(b.locality), 10);
	pass(24 * 3600 - 120);
	assert_int_equal(locality_count(b.locality), 10);
	pick(3);
	pass(240);
	assert_int_equal(locality_count(b.locality), 1);
	assert_int_equal(b.states[1].entries, 1);
	end();
}

/* More addresses than the soft limit: what was not used for six minutes is thinned out. */
static void test_cache_is_thinned_out(void **state)
{
	begin_cache("lblcr");
	for (uint32_t i = 0; i < LOCALITY_PER_SERVICE + 3000; i++)
		pick(i);
	pass(300);
	assert_int_equal(locality_count(b.locality), LOCALITY_PER_SERVICE + 3000);
	for (uint32_t i = 0; i < LOCALITY_PER_SERVICE; i++)
		pick(i);
	pass(200);
	assert_int_equal(locality_count(b.locality), LOCALITY_PER_SERVICE);
	end();
}

/* A full cache chooses without noting; the old makes room for the new after six minutes. */
static void test_cache_is_full(void **state)
{
	begin_cache("lblc");
	locality_destroy(b.locality);
	b.locality = locality_create(64, -1);
	for (uint32_t i = 0; i < 100; i++)
		assert_in_range(pick(i), 1, 2);
	assert_int_equal(locality_count(b.locality), 64);
	pass(500);
	assert_int_equal(locality_count(b.locality), 48);
	for (uint32_t i = 100; i < 116; i++)
		pick(i);
	assert_int_equal(locality_count(b.locality), 64);
	end();
}

/* Bound anew, the service begins without memory, and what it had is taken away. */
static void test_cache_of_another_life(void **state)
{
	begin_cache("lblc");
	for (uint32_t i = 0; i < 10; i++)
		pick(i);
	b.svc.epoch += 1000;
	pick(1);
	assert_int_equal(b.states[1].entries, 1);
	assert_int_equal(locality_count(b.locality), 11);
	pass(130);
	assert_int_equal(locality_count(b.locality), 1);
	end();
}

/* A set that did not change for a day loses its most loaded member. */
static void test_set_shrinks(void **state)
{
	begin_cache("lblcr");
	change(1, 2, 0, 0, false);
	change(2, 2, 0, 0, false);
	for (int i = 0; i < 4; i++)
		pick(7); /* 2 2 2, crowded, 1 */
	assert_int_equal(b.slots[2].active, 3);
	assert_int_equal(b.slots[1].active, 1);
	for (uint32_t i = 0; i < 25; i++) {
		pass(3600);
		pick(7);
	}
	/* Only one is left; with room at the other, it does not come back. */
	b.slots[1].active = b.slots[2].active = 1;
	uint32_t one = pick(7);

	for (int i = 0; i < 5; i++) {
		b.slots[one].active = 2;
		b.slots[3 - one].active = 1;
		assert_int_equal(pick(7), one);
	}
	end();
}

/* Another server with the id of a removed one is not what was noted. */
static void test_cache_and_used_id(void **state)
{
	begin_cache("lblc");
	b.slots[1].active = 50;
	assert_int_equal(pick(7), 2);
	b.slots[2].active = 90;
	assert_int_equal(pick(7), 2);
	b.page.d[2].birth++;
	assert_int_equal(pick(7), 1);
	end();
}

/* ---- twos -------------------------------------------------------------------------------- */

/* Without connections both choices weigh alike, so that the first draw decides; a draw of zero is
 * the first server's. */
static void test_twos_draws_by_weight(void **state)
{
	static const int32_t weights[] = {1, 2, 3, 4}; /* of servers 1 to 4; 4 is the first */
	unsigned int n[5] = {0}, total = 200000;

	begin("twos", AF_INET, 0, false);
	for (uint32_t id = 1; id <= 4; id++)
		add(id, weights[id - 1], 0, 0);
	add(5, 0, 0, 0);
	for (unsigned int i = 0; i < total; i++) {
		uint32_t id = pick(i);

		assert_in_range(id, 1, 4);
		b.slots[id].active = 0;
		n[id]++;
	}
	for (uint32_t id = 1; id <= 4; id++) {
		double share = (weights[id - 1] + (id == 4)) / 11.0;
		double sigma = sqrt(total * share * (1 - share));

		if (fabs(n[id] - total * share) > 6 * sigma)
			fail_msg("server %u: %u of %u picks, share %.4f", id, n[id], total, share);
	}
	end();
}

/* Of two drawn, the less loaded one: n servers end up nearly equal. */
static void test_twos_evens_out(void **state)
{
	uint32_t least = UINT32_MAX, most = 0;

	begin("twos", AF_INET, 0, false);
	for (uint32_t id = 1; id <= 10; id++)
		add(id, 10, 0, 0);
	for (uint32_t i = 0; i < 10000; i++)
		pick(i);
	for (uint32_t id = 1; id <= 10; id++) {
		least = RTE_MIN(least, b.slots[id].active);
		most = RTE_MAX(most, b.slots[id].active);
	}
	assert_in_range(most - least, 0, 20); /* at random it would be about 100 */
	end();
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_maglev_slots),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_cache_expires),
		cmocka_unit_test(test_cache_is_thinned_out),
		cmocka_unit_test(test_cache_is_full),
		cmocka_unit_test(test_cache_of_another_life),
		cmocka_unit_test(test_set_shrinks),
		cmocka_unit_test(test_cache_and_used_id),
		cmocka_unit_test(test_twos_draws_by_weight),
		cmocka_unit_test(test_twos_evens_out),
	};

	mappings_path = argc > 1 ? argv[1] : "mappings.txt";
	return harness_run("mappings", tests);
}
