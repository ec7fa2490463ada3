/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The connection table by itself: random lives against a model, full tables, chains of overflow
 * buckets, and the timer wheel with times up to 31 days and a tick counter that wraps.
 */
#include "harness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "dataplane/conn.h"
#include "dataplane/proto/proto.h"

#define DAY (86400u * TICKS_PER_SECOND)

/* ---- keys -------------------------------------------------------------------------------------
 */

struct key {
	uint64_t in_addrs, out_addrs;
	uint32_t in_ports, out_ports;
	uint8_t proto;
};

/* Keys of one number are always the same; of different numbers never equal, in and out. */
static struct key key_of(uint32_t n)
{
	uint64_t client = 0x0a000000ull + n / 60000;
	uint32_t cport = 1 + n % 60000;

	return (struct key){
		.in_addrs = client << 32 | 0xc0000201,
		.out_addrs = 0x0a020000ull << 32 | client,
		.in_ports = cport << 16 | 80,
		.out_ports = 8080u << 16 | cport,
		.proto = n & 1 ? IPPROTO_UDP : IPPROTO_TCP,
	};
}

static struct conn *find(const struct conn_table *t, const struct key *k, enum conn_dir dir)
{
	uint64_t addrs = dir == CONN_IN ? k->in_addrs : k->out_addrs;
	uint32_t ports = dir == CONN_IN ? k->in_ports : k->out_ports;
	struct conn_key key = {
		.hash = conn_hash(t, addrs, ports, k->proto),
		.addrs = addrs,
		.ports = ports,
		.proto = k->proto,
	};
	enum conn_dir got = !dir;
	struct conn *c = conn_lookup(t, &key, &got);

	if (c)
		assert_int_equal(got, dir);
	return c;
}

static struct conn *insert(struct conn_table *t, const struct key *k, tick_t expires)
{
	struct conn *c = conn_alloc(t);

	if (!c)
		return NULL;
	c->in_addrs = k->in_addrs;
	c->out_addrs = k->out_addrs;
	c->in_ports = k->in_ports;
	c->out_ports = k->out_ports;
	c->proto = k->proto;
	c->af = c->daf = AF_INET;
	c->replies = true;
	c->expires = expires;
	return conn_insert(t, c) ? NULL : c;
}

/* Every bucket's entries are live connections that are found where they lie; every live connection
 * lies there twice. */
static void check_table(const struct conn_table *t)
{
	const struct conn_arena *a = t->arena;
	uint32_t seen = 0, live = 0;

	for (uint32_t i = 0; i <= a->bucket_mask; i++) {
		uint32_t hops = 0;

		for (uint32_t at = i; at || !hops; at = t->buckets[at].next) {
			const struct conn_bucket *b = &t->buckets[at];

			assert_true(hops++ < 1000);
			if (hops > 1) {
				assert_true(at > a->bucket_mask);
				assert_true(at <= a->bucket_mask + a->overflow_used);
			}
			for (unsigned int e = 0; e < BUCKET_ENTRIES; e++) {
				if (!b->tag[e])
					continue;
				assert_int_equal(t->hot[b->entry[e] >> 1].af, AF_INET);
				seen++;
			}
			if (!b->next)
				break;
		}
	}
	for (uint32_t i = 0; i < a->high; i++)
		live += t->hot[i].af != 0;
	assert_int_equal(live, a->used);
	assert_int_equal(seen, 2 * live);
}

/* ---- random lives -------------------------------------------------------------------------------
 */

#define KEYS 40000

static void test_random_lives(void **state)
{
	uint64_t random = harness_seed();
	struct conn **model = calloc(KEYS, sizeof(*model));
	struct conn_table t;
	uint32_t live = 0;

	assert_int_equal(conn_table_init(&t, 20000, -1, false, 0), 0);
	for (uint32_t step = 0; step < 200000; step++) {
		uint64_t r = harness_random(&random);
		/* Waves: mostly growing, then mostly shrinking. */
		bool grow = (r & 7) < (step / 20000 % 2 ? 2 : 6);
		uint32_t n = (uint32_t)((r >> 8) % KEYS);
		struct key k = key_of(n);

		assert_ptr_equal(find(&t, &k, CONN_IN), model[n]);
		assert_ptr_equal(find(&t, &k, CONN_OUT), model[n]);
		if (grow && !model[n]) {
			model[n] = insert(&t, &k, (tick_t)(r >> 32));
			assert_int_equal(model[n] != NULL, live < 20000);
			live += model[n] != NULL;
		} else if (!grow && model[n]) {
			conn_remove(&t, model[n]);
			model[n] = NULL;
			live--;
		}
		assert_int_equal(t.arena->used, live);
		if (step % 20000 == 0)
			check_table(&t);
	}
	for (uint32_t n = 0; n < KEYS; n++)
		if (model[n])
			conn_remove(&t, model[n]);
	check_table(&t);
	assert_int_equal(t.arena->used, 0);
	free(model);
	conn_table_fini(&t);
}

/* ---- full tables ------------------------------------------------------------------------------
 */

/* "Room for so many" is meant: every table takes as many as it says, whatever its size. */
static void test_becomes_full(void **state)
{
	static const uint32_t capacities[] = {1, 2, 7, 64, 1000, 1024, 4096, 65536, 100000, 262144};

	for (size_t i = 0; i < RTE_DIM(capacities); i++) {
		struct conn_table t;
		struct key k;

		for (int round = 0; round < 2; round++) {
			assert_int_equal(conn_table_init(&t, capacities[i], -1, false, 0), 0);
			for (uint32_t n = 0; n < capacities[i]; n++) {
				k = key_of(n);
				if (!insert(&t, &k, 0))
					fail_msg("room for %u took %u", capacities[i], n);
			}
			k = key_of(capacities[i]);
			assert_null(insert(&t, &k, 0));
			check_table(&t);
			for (uint32_t n = 0; n < capacities[i]; n++) {
				k = key_of(n);
				assert_non_null(find(&t, &k, CONN_IN));
				assert_non_null(find(&t, &k, CONN_OUT));
			}
			conn_table_clear(&t, 0);
			k = key_of(0);
			assert_null(find(&t, &k, CONN_IN));
			assert_non_null(insert(&t, &k, 0));
			conn_table_fini(&t);
		}
	}
}

static void test_limits(void **state)
{
	struct conn_table t;

	assert_int_equal(conn_table_init(&t, 0, -1, false, 0), -EINVAL);
	assert_int_equal(conn_table_init(&t, CONN_TABLE_MAX + 1, -1, false, 0), -EINVAL);
}

/* 200 bytes for each connection at most, table and timers included. */
static void test_memory(void **state)
{
	struct conn_table t;

	assert_int_equal(conn_table_init(&t, 1000000, -1, false, 0), 0);
	assert_true(conn_table_bytes(&t) <= 200 * 1000000ull);
	conn_table_fini(&t);
}

/* ---- chains of overflow buckets
 * ------------------------------------------------------------------ */

/* Somebody who knew the secret: all keys in one bucket, many with one tag. Chains grow until the
 * overflow buckets are used up; that is an error, not a crash, and leaves nothing behind. */
static void test_one_bucket(void **state)
{
	struct conn_table t;
	struct conn *in[512] = {0};
	struct key keys[512];
	uint32_t n = 0;

	assert_int_equal(conn_table_init(&t, 4096, -1, false, 0), 0);
	for (uint32_t i = 0; n < 512; i++) {
		struct key k = key_of(i);

		/* The way back is in another bucket: only the way in collides. */
		if ((conn_hash(&t, k.in_addrs, k.in_ports, k.proto) & t.bucket_mask) != 0)
			continue;
		keys[n++] = k;
	}
	for (uint32_t i = 0; i < 512; i++)
		in[i] = insert(&t, &keys[i], 0);
	check_table(&t);
	for (uint32_t i = 0; i < 512; i++)
		assert_ptr_equal(find(&t, &keys[i], CONN_IN), in[i]);
	/* Out of the middle, the front and the back of the chain. */
	for (uint32_t i = 0; i < 512; i++) {
		uint32_t at = i * 211 % 512;

		if (in[at])
			conn_remove(&t, in[at]);
		in[at] = NULL;
		if (i % 64 == 0)
			check_table(&t);
		for (uint32_t k = 0; k < 512; k += 17)
			assert_ptr_equal(find(&t, &keys[k], CONN_IN), in[k]);
	}
	assert_int_equal(t.arena->used, 0);
	check_table(&t);
	/* The buckets of the chains can be used again, all of them. */
	for (uint32_t i = 0; i < 512; i++)
		in[i] = insert(&t, &keys[i], 0);
	check_table(&t);
	conn_table_fini(&t);
}

/* A table without any overflow bucket left refuses, and is as before. */
static void no_overflow_left(enum conn_dir colliding)
{
	struct conn_table t;
	uint32_t refused = 0;

	assert_int_equal(conn_table_init(&t, 4096, -1, false, 0), 0);
	for (uint32_t i = 0; refused < 100; i++) {
		struct key k = key_of(i);
		uint64_t hash = colliding == CONN_IN
					? conn_hash(&t, k.in_addrs, k.in_ports, k.proto)
					: conn_hash(&t, k.out_addrs, k.out_ports, k.proto);
		uint32_t before = t.arena->used;

		if ((hash & t.bucket_mask) > 3 || insert(&t, &k, 0))
			continue;
		refused++;
		assert_int_equal(t.arena->used, before);
		assert_null(find(&t, &k, CONN_IN));
		assert_null(find(&t, &k, CONN_OUT));
	}
	check_table(&t);
	conn_table_fini(&t);
}

static void test_no_overflow_left(void **state)
{
	no_overflow_left(CONN_IN);
	no_overflow_left(CONN_OUT);
}

/* The same key twice, as two services on one server give it: each is found as long as it lives,
 * and removing one leaves the other. */
static void test_duplicates(void **state)
{
	struct conn_table t;
	struct key a = key_of(1), b = key_of(2);

	b.proto = a.proto;
	b.out_addrs = a.out_addrs;
	b.out_ports = a.out_ports;
	assert_int_equal(conn_table_init(&t, 64, -1, false, 0), 0);
	struct conn *first = insert(&t, &a, 0), *second = insert(&t, &b, 0);
	struct conn *found = find(&t, &a, CONN_OUT);

	assert_true(found == first || found == second);
	conn_remove(&t, found);
	assert_ptr_equal(find(&t, &a, CONN_OUT), found == first ? second : first);
	assert_ptr_equal(find(&t, &a, CONN_IN), found == first ? NULL : first);
	assert_ptr_equal(find(&t, &b, CONN_IN), found == first ? second : NULL);
	check_table(&t);
	conn_table_fini(&t);
}

/* A connection whose two directions look alike (server is the client's own address and port). */
static void test_both_ways_alike(void **state)
{
	struct conn_table t;
	struct key k = key_of(1);

	k.out_addrs = k.in_addrs;
	k.out_ports = k.in_ports;
	assert_int_equal(conn_table_init(&t, 64, -1, false, 0), 0);
	struct conn_key key = {
		.hash = conn_hash(&t, k.in_addrs, k.in_ports, k.proto),
		.addrs = k.in_addrs,
		.ports = k.in_ports,
		.proto = k.proto,
	};
	struct conn *c = insert(&t, &k, 0);
	enum conn_dir dir;

	assert_ptr_equal(conn_lookup(&t, &key, &dir), c);
	check_table(&t);
	conn_remove(&t, c);
	check_table(&t);
	conn_table_fini(&t);
}

/* Two tables hash differently: the secret is each one's own. */
static void test_secret(void **state)
{
	struct conn_table a, b;
	unsigned int same = 0;

	assert_int_equal(conn_table_init(&a, 1024, -1, false, 0), 0);
	assert_int_equal(conn_table_init(&b, 1024, -1, false, 0), 0);
	for (uint32_t i = 0; i < 1000; i++) {
		struct key k = key_of(i);

		same += conn_hash(&a, k.in_addrs, k.in_ports, k.proto) ==
			conn_hash(&b, k.in_addrs, k.in_ports, k.proto);
	}
	assert_int_equal(same, 0);
	conn_table_fini(&a);
	conn_table_fini(&b);
}

/* ---- eviction ----------------------------------------------------------------------------------
 */

static bool is_half_open(const struct conn *c)
{
	return proto_table[c->proto]->expendable(c);
}

static void test_expendable(void **state)
{
	struct conn_table t;
	struct conn *c;
	unsigned int given_up = 0;

	assert_int_equal(conn_table_init(&t, 1000, -1, false, 0), 0);
	for (uint32_t i = 0; i < 1000; i++) {
		struct key k = key_of(2 * i); /* TCP */

		c = insert(&t, &k, 0);
		c->state = i % 10 == 3 ? 3 /* SYN_RECV */ : 1 /* ESTABLISHED */;
	}
	while ((c = conn_find_expendable(&t, is_half_open)) != NULL) {
		assert_int_equal(c->state, 3);
		conn_remove(&t, c);
		given_up++;
	}
	/* One in ten is found whenever the search looks at some ten. */
	assert_int_equal(given_up, 100);
	assert_null(conn_find_expendable(&t, is_half_open));
	conn_table_fini(&t);
}

/* ---- the wheel ---------------------------------------------------------------------------------
 */

struct wheel {
	struct conn_table t;
	tick_t now;
	tick_t deadline[4096]; /* by object */
	unsigned int late, early, fired;
};

static void fire(void *arg, struct conn *c)
{
	struct wheel *w = arg;
	tick_t deadline = w->deadline[c - w->t.hot];

	w->early += tick_after(deadline, w->now);
	/* A slot is a quarter of a second: never later than two of them after a turn was due. */
	w->fired++;
	conn_remove(&w->t, c);
}

static unsigned int overdue(const struct wheel *w)
{
	unsigned int n = 0;

	for (uint32_t i = 0; i < w->t.arena->high; i++)
		n += w->t.hot[i].af &&
		     tick_after(w->now, w->deadline[i] + 2 * TICKS_PER_SECOND / 4);
	return n;
}

static tick_t random_timeout(uint64_t r)
{
	static const tick_t spans[] = {1, 64, 1000, 60 * 256, 900 * 256, 3600 * 256, DAY, 31 * DAY};

	return (tick_t)(1 + (r >> 8) % spans[r % RTE_DIM(spans)]);
}

/* Connections with timeouts from a tick to 31 days, some of them touched, time going by in steps
 * of ticks and of days: nothing fires early, nothing is overdue after a turn. */
static void wheel_run(tick_t start, uint64_t seed)
{
	struct wheel *w = calloc(1, sizeof(*w));
	uint64_t random = seed;
	uint32_t next = 0, made = 0;

	w->now = start;
	assert_int_equal(conn_table_init(&w->t, 4096, -1, false, start), 0);
	for (unsigned int round = 0; round < 4000; round++) {
		for (int i = 0; i < 3; i++) {
			struct key k = key_of(next++);
			tick_t at = w->now + random_timeout(harness_random(&random));
			struct conn *c = insert(&w->t, &k, at);

			if (!c)
				break;
			made++;
			w->deadline[c - w->t.hot] = at;
		}
		for (int i = 0; i < 5 && w->t.arena->high; i++) {
			uint64_t r = harness_random(&random);
			uint32_t at = (uint32_t)((r >> 32) % w->t.arena->high);
			struct conn *c = &w->t.hot[at];

			if (!c->af)
				continue;
			w->deadline[at] = w->now + random_timeout(r);
			conn_touch(&w->t, c, w->deadline[at]);
		}
		uint64_t r = harness_random(&random);

		w->now += r % 100 == 0  ? (tick_t)((r >> 8) % (20 * DAY))
			  : r % 10 == 0 ? (tick_t)((r >> 8) % (2000 * TICKS_PER_SECOND))
					: (tick_t)((r >> 8) % 200);
		while (conn_expire(&w->t, w->now, 7, fire, w) == 7)
			;
		assert_int_equal(w->early, 0);
		assert_int_equal(overdue(w), 0);
	}
	w->now += 32 * DAY;
	while (conn_expire(&w->t, w->now, 1000, fire, w) == 1000)
		;
	assert_int_equal(w->early, 0);
	assert_int_equal(w->t.arena->used, 0);
	assert_int_equal(w->fired, made);
	check_table(&w->t);
	conn_table_fini(&w->t);
	free(w);
}

static void test_wheel(void **state)
{
	uint64_t seed = harness_seed();

	wheel_run(0, seed);
	wheel_run(12345, seed + 1);
	wheel_run(UINT32_MAX - 1000, seed + 2);
	wheel_run(UINT32_MAX - 40 * DAY, seed + 3);
	wheel_run(0x80000000u - 500, seed + 4);
}

/* Only what is due is looked at: a table of long-lived connections costs nothing a turn. */
static void test_wheel_is_lazy(void **state)
{
	struct wheel *w = calloc(1, sizeof(*w));
	unsigned int looked = 0;

	assert_int_equal(conn_table_init(&w->t, 4096, -1, false, 0), 0);
	for (uint32_t i = 0; i < 4000; i++) {
		struct key k = key_of(i);

		w->deadline[i] = 900 * TICKS_PER_SECOND;
		insert(&w->t, &k, 900 * TICKS_PER_SECOND);
	}
	for (w->now = 0; w->now < 899 * TICKS_PER_SECOND; w->now += 16) {
		/* Each is touched all the time, as by traffic. */
		for (uint32_t i = 0; i < 4000; i += 100)
			conn_touch(&w->t, &w->t.hot[i], w->now + 900 * TICKS_PER_SECOND);
		looked += conn_expire(&w->t, w->now, 1000, fire, w);
	}
	assert_int_equal(looked, 0);
	assert_int_equal(w->fired, 0);
	conn_table_fini(&w->t);
	free(w);
}

static void touch_instead(void *arg, struct conn *c)
{
	struct wheel *w = arg;

	w->fired++;
	conn_touch(&w->t, c, w->now + 10 * TICKS_PER_SECOND);
}

/* expire() may let a connection live. */
static void test_wheel_lets_live(void **state)
{
	struct wheel *w = calloc(1, sizeof(*w));
	struct key k = key_of(1);

	assert_int_equal(conn_table_init(&w->t, 16, -1, false, 0), 0);
	insert(&w->t, &k, 5 * TICKS_PER_SECOND);
	for (int i = 0; i < 100; i++) {
		w->now += 11 * TICKS_PER_SECOND;
		conn_expire(&w->t, w->now, 10, touch_instead, w);
		assert_int_equal(w->t.arena->used, 1);
	}
	assert_in_range(w->fired, 95, 100);
	conn_table_fini(&w->t);
	free(w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_lives),    cmocka_unit_test(test_becomes_full),
		cmocka_unit_test(test_limits),          cmocka_unit_test(test_memory),
		cmocka_unit_test(test_one_bucket),      cmocka_unit_test(test_no_overflow_left),
		cmocka_unit_test(test_duplicates),      cmocka_unit_test(test_both_ways_alike),
		cmocka_unit_test(test_secret),          cmocka_unit_test(test_expendable),
		cmocka_unit_test(test_wheel),           cmocka_unit_test(test_wheel_is_lazy),
		cmocka_unit_test(test_wheel_lets_live),
	};

	return harness_run("table", tests);
}
