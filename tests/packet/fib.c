/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routes and neighbours: the compiled table against a naive one that looks at every route, for
 * random tables of both families; and what is promised of neighbours' indexes and the generation.
 */
#include "harness.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "dataplane/fib_table.h"

#define ROUTES_MAX 200

/* ---- the naive table ----------------------------------------------------------------------------
 */

static unsigned int width(uint16_t af)
{
	return af == AF_INET ? 32 : 128;
}

static bool bit(const struct lvs_addr *a, unsigned int i)
{
	return a->b[i / 8] >> (7 - i % 8) & 1;
}

static bool covers(const struct fib_route *r, const struct lvs_addr *a)
{
	for (unsigned int i = 0; i < r->prefix; i++)
		if (bit(&r->dst, i) != bit(a, i))
			return false;
	return true;
}

/* The longest prefix, of equals the lowest metric. */
static const struct fib_route *naive(const struct fib_route *routes, size_t n, uint16_t af,
				     const struct lvs_addr *a)
{
	const struct fib_route *best = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct fib_route *r = &routes[i];

		if (r->af != af || r->prefix > width(af) || !covers(r, a))
			continue;
		if (!best || r->prefix > best->prefix ||
		    (r->prefix == best->prefix && r->metric < best->metric))
			best = r;
	}
	return best;
}

static void check(const struct fib *fib, const struct fib_route *routes, size_t n, uint16_t af,
		  const struct lvs_addr *a)
{
	const struct fib_route *want = naive(routes, n, af, a);
	const struct fib_target *got = fib_lookup(fib, af, a);

	assert_int_equal(got != NULL, want != NULL);
	if (!want)
		return;
	assert_int_equal(got->type, want->type);
	assert_int_equal(got->port, want->port);
	assert_int_equal(got->on_link, addr_is_zero(&want->gateway));
	assert_true(addr_equal(&got->gateway, &want->gateway));
}

/* ---- random tables
 * --------------------------------------------------------------------------------- */

static struct lvs_addr random_addr(uint16_t af, uint64_t *random)
{
	struct lvs_addr a = {0};
	uint64_t r = harness_random(random);

	/* Few different bits, so that routes enclose each other and meet. */
	for (unsigned int i = 0; i < width(af) / 8; i++)
		a.b[i] = (uint8_t)(i < 2 || i > width(af) / 8 - 3 ? (r >> i % 8 * 8) & 0xc1 : 0);
	if ((r & 0xf) == 0)
		memset(&a, 0, sizeof(a));
	if ((r & 0xf) == 1)
		memset(&a, 0xff, width(af) / 8);
	return a;
}

static struct fib_route random_route(uint64_t *random, size_t i)
{
	uint64_t r = harness_random(random);
	struct fib_route route = {
		.af = r & 1 ? AF_INET : AF_INET6,
		.type = (uint8_t)((r >> 1) % 3),
		.port = (uint16_t)(i % FIB_PORTS_MAX),
		/* No two alike: which of them counted would not be said. */
		.metric = (uint32_t)((r >> 8) % 4 * 1000 + i),
	};
	/* Also host bits that do not belong to the prefix, and prefixes that cannot be. */
	route.dst = random_addr(route.af, random);
	route.prefix = (uint8_t)((r >> 16) % (width(route.af) + 1));
	if ((r >> 40) % 50 == 0)
		route.prefix = 255;
	if (r >> 32 & 1)
		route.gateway = random_addr(route.af, random);
	return route;
}

static struct lvs_addr next_to(const struct lvs_addr *a, uint16_t af, unsigned int prefix, int step)
{
	struct lvs_addr n = *a;
	int bytes = (int)width(af) / 8;

	/* First or last address of the prefix, then one step further. */
	for (unsigned int i = prefix; i < width(af); i++) {
		if (step > 0)
			n.b[i / 8] |= (uint8_t)(0x80 >> i % 8);
		else
			n.b[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	}
	for (int i = bytes - 1; i >= 0; i--) {
		n.b[i] = (uint8_t)(n.b[i] + step);
		if (n.b[i] != (step > 0 ? 0 : 0xff))
			break;
	}
	return n;
}

static void test_routes(void **state)
{
	uint64_t random = harness_seed();
	static struct fib_route routes[ROUTES_MAX];

	for (unsigned int round = 0; round < 400; round++) {
		size_t n = harness_random(&random) % (round % 4 ? 12 : ROUTES_MAX);
		struct fib_input in = {.routes = routes, .n_routes = n};

		for (size_t i = 0; i < n; i++)
			routes[i] = random_route(&random, i);
		struct fib *fib = fib_build(&in, NULL);

		assert_non_null(fib);
		for (unsigned int i = 0; i < 200; i++) {
			uint16_t af = i & 1 ? AF_INET : AF_INET6;
			struct lvs_addr a = random_addr(af, &random);

			check(fib, routes, n, af, &a);
		}
		/* At both ends of every route, and one beyond. */
		for (size_t i = 0; i < n; i++) {
			const struct fib_route *r = &routes[i];

			if (r->prefix > width(r->af))
				continue;
			for (int step = -1; step <= 1; step += 2) {
				struct lvs_addr beyond = next_to(&r->dst, r->af, r->prefix, step);
				struct lvs_addr last = next_to(&beyond, r->af, width(r->af), -step);

				check(fib, routes, n, r->af, &beyond);
				check(fib, routes, n, r->af, &last);
				check(fib, routes, n, r->af, &r->dst);
			}
		}
		fib_free(fib);
	}
}

static void test_empty(void **state)
{
	struct fib_input in = {0};
	struct fib *fib = fib_build(&in, NULL);
	struct lvs_addr a = {0}, ones;

	memset(&ones, 0xff, sizeof(ones));
	assert_null(fib_lookup(fib, AF_INET, &a));
	assert_null(fib_lookup(fib, AF_INET6, &a));
	assert_null(fib_lookup(fib, AF_INET6, &ones));
	assert_int_equal(fib_neighbour(fib, 0, AF_INET, &a), ADJACENCY_NONE);
	assert_null(fib_source_of(fib, 0, AF_INET));
	assert_int_not_equal(fib->generation, 0);
	fib_free(fib);
	fib_free(NULL);
}

static void test_mtu(void **state)
{
	struct fib_route routes[] = {
		{.af = AF_INET, .dst = {.v4 = htonl(0x0a000000)}, .prefix = 8},
		{.af = AF_INET, .dst = {.v4 = htonl(0x0a010000)}, .prefix = 16, .mtu = 1400},
		{.af = AF_INET, .dst = {.v4 = htonl(0x0a020000)}, .prefix = 16, .mtu = 9000},
	};
	struct fib_input in = {.routes = routes, .n_routes = RTE_DIM(routes)};
	struct fib *fib = fib_build(&in, NULL);
	struct lvs_addr a = addr_v4(htonl(0x0a030001));

	/* The ports' is 1500. */
	assert_int_equal(fib_lookup(fib, AF_INET, &a)->mtu, 1500);
	a = addr_v4(htonl(0x0a010001));
	assert_int_equal(fib_lookup(fib, AF_INET, &a)->mtu, 1400);
	a = addr_v4(htonl(0x0a020001));
	assert_int_equal(fib_lookup(fib, AF_INET, &a)->mtu, 1500);
	fib_free(fib);
}

static void test_sources(void **state)
{
	struct fib_source sources[] = {
		{.addr = {.v4 = 1}, .af = AF_INET, .port = 0},
		{.addr = {.v4 = 2}, .af = AF_INET, .port = 0},
		{.addr = {.w = {3, 3, 3, 3}}, .af = AF_INET6, .port = 0},
		{.addr = {.v4 = 4}, .af = AF_INET, .port = 2},
	};
	struct fib_input in = {.sources = sources, .n_sources = RTE_DIM(sources)};
	struct fib *fib = fib_build(&in, NULL);

	assert_int_equal(fib_source_of(fib, 0, AF_INET)->v4, 1);
	assert_int_equal(fib_source_of(fib, 0, AF_INET6)->w[0], 3);
	assert_int_equal(fib_source_of(fib, 2, AF_INET)->v4, 4);
	assert_null(fib_source_of(fib, 1, AF_INET));
	assert_null(fib_source_of(fib, 2, AF_INET6));
	fib_free(fib);
}

/* ---- neighbours
 * ------------------------------------------------------------------------------------- */

#define NEIGHBOURS 300

static struct fib_neighbour neighbour(unsigned int n, uint8_t mac)
{
	return (struct fib_neighbour){
		.addr = {.w = {htonl(0x0a020000 + n / 3), n % 3 == 2 ? 7u : 0}},
		.af = n % 3 == 2 ? AF_INET6 : AF_INET,
		.port = n % 3 == 1,
		.mac = {2, 0, 0, (uint8_t)(n >> 8), (uint8_t)n, mac},
	};
}

/*
 * Neighbours come, go and change their link addresses at random. A neighbour keeps its index as
 * long as it is known; an index never stands for another neighbour in the same generation; the
 * generation changes when an index has lost its neighbour or a route changed, and only then.
 */
static void test_neighbours(void **state)
{
	uint64_t random = harness_seed();
	static bool present[NEIGHBOURS];
	static uint8_t mac[NEIGHBOURS];
	static struct fib_neighbour list[NEIGHBOURS + 8];
	static uint16_t index[NEIGHBOURS];
	struct fib_route route = {.af = AF_INET, .prefix = 0};
	struct fib *fib = NULL;

	memset(present, 0, sizeof(present));
	for (unsigned int round = 0; round < 500; round++) {
		bool route_changed = false;
		size_t n = 0;

		for (unsigned int k = harness_random(&random) % 20; k; k--) {
			unsigned int i = harness_random(&random) % NEIGHBOURS;

			present[i] = !present[i];
		}
		for (unsigned int k = harness_random(&random) % 5; k; k--)
			mac[harness_random(&random) % NEIGHBOURS]++;
		if (harness_random(&random) % 8 == 0) {
			route.metric++;
			route_changed = true;
		}
		/* In another order every time, some of them twice. */
		unsigned int turn = harness_random(&random) % NEIGHBOURS;

		for (unsigned int k = 0; k < NEIGHBOURS; k++) {
			unsigned int i = (k + turn) % NEIGHBOURS;

			if (present[i])
				list[n++] = neighbour(i, mac[i]);
		}
		if (n && round % 7 == 0) {
			list[n] = list[n / 2];
			n++;
		}
		struct fib_input in = {
			.routes = &route, .n_routes = 1, .neighbours = list, .n_neighbours = n};
		struct fib *next = fib_build(&in, fib);
		bool forgot = false;

		assert_non_null(next);
		for (unsigned int i = 0; i < NEIGHBOURS; i++) {
			struct fib_neighbour nb = neighbour(i, mac[i]);
			uint16_t at = fib_neighbour(next, nb.port, nb.af, &nb.addr);
			bool before = fib && index[i] != ADJACENCY_NONE;

			assert_int_equal(at != ADJACENCY_NONE, present[i]);
			forgot |= before && !present[i];
			if (present[i]) {
				const struct adjacency *a = &next->adjacencies[at];

				if (before)
					assert_int_equal(at, index[i]);
				assert_in_range(at, 0, next->n_adjacencies - 1);
				assert_memory_equal(a->macs, nb.mac, 6);
				assert_int_equal(a->port, nb.port);
				assert_int_equal(a->mtu, 1500);
				assert_int_equal(a->macs[11], 0x10 + nb.port);
			}
			index[i] = at;
		}
		/* No two share one. */
		for (unsigned int i = 0; i < NEIGHBOURS; i++)
			for (unsigned int k = 0; k < i && round % 50 == 0; k++)
				if (present[i] && present[k])
					assert_int_not_equal(index[i], index[k]);
		if (fib)
			assert_int_equal(next->generation != fib->generation,
					 forgot || route_changed);
		fib_free(fib);
		fib = next;
	}
	fib_free(fib);
}

/* Indexes are used again: a thousand rounds of other neighbours do not make the table grow. */
static void test_indexes_are_used_again(void **state)
{
	struct fib *fib = NULL;

	for (unsigned int round = 0; round < 1000; round++) {
		struct fib_neighbour list[10];
		struct fib_input in = {.neighbours = list, .n_neighbours = 10};

		for (unsigned int i = 0; i < 10; i++)
			list[i] = neighbour(round * 10 + i, 0);
		struct fib *next = fib_build(&in, fib);

		fib_free(fib);
		fib = next;
		assert_in_range(fib->n_adjacencies, 10, 20);
	}
	fib_free(fib);
}

/* More neighbours than there are indexes: the rest is left out. */
static void test_too_many_neighbours(void **state)
{
	size_t n = FIB_ADJACENCIES_MAX + 500;
	struct fib_neighbour *list = calloc(n, sizeof(*list));
	struct fib_input in = {.neighbours = list, .n_neighbours = n};
	unsigned int known = 0;

	for (size_t i = 0; i < n; i++) {
		list[i].af = AF_INET;
		list[i].addr = addr_v4((uint32_t)(i + 1));
	}
	struct fib *fib = fib_build(&in, NULL);

	for (int again = 0; again < 2; again++) {
		known = 0;
		for (size_t i = 0; i < n; i++)
			known += fib_neighbour(fib, 0, AF_INET, &list[i].addr) != ADJACENCY_NONE;
		assert_int_equal(known, FIB_ADJACENCIES_MAX);

		struct fib *next = fib_build(&in, fib);

		assert_int_equal(next->generation, fib->generation);
		fib_free(fib);
		fib = next;
	}
	fib_free(fib);
	free(list);
}

/* The generation is never 0, also when it wraps. */
static void test_generation_wraps(void **state)
{
	struct fib_route route = {.af = AF_INET};
	struct fib_input in = {.routes = &route, .n_routes = 1};
	struct fib *fib = fib_build(&in, NULL), *next;

	fib->generation = UINT32_MAX;
	route.metric = 5;
	next = fib_build(&in, fib);
	assert_int_not_equal(next->generation, 0);
	assert_int_not_equal(next->generation, UINT32_MAX);
	fib_free(fib);
	fib_free(next);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_mtu),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_indexes_are_used_again),
		cmocka_unit_test(test_too_many_neighbours),
		cmocka_unit_test(test_generation_wraps),
	};

	return harness_run("fib", tests);
}
