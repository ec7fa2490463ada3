/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the workers get to know of the network from the configuration, and which of several routes
 * to one prefix counts. Also which CPU each thread gets.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "control/config.h"
#include "control/cpus.h"
#include "control/network.h"
#include "host_fakes.h"

/* "local 10.0.0.1/32", "10.0.0.0/24 port 0", "0.0.0.0/0 port 0 via 10.0.0.2" */
static const char *route_text(const struct fib_route *r)
{
	static char text[160];
	char dst[INET6_ADDRSTRLEN], via[INET6_ADDRSTRLEN];
	int n;

	inet_ntop(r->af, r->dst.b, dst, sizeof(dst));
	inet_ntop(r->af, r->gateway.b, via, sizeof(via));
	if (r->type != FIB_UNICAST) {
		snprintf(text, sizeof(text), "%s %s/%u",
			 r->type == FIB_LOCAL ? "local" : "unreachable", dst, r->prefix);
		return text;
	}
	n = snprintf(text, sizeof(text), "%s/%u port %u", dst, r->prefix, r->port);
	if (!addr_is_zero(&r->gateway))
		snprintf(text + n, sizeof(text) - n, " via %s", via);
	return text;
}

static void fail_on(void *arg, const char *text)
{
	fail_msg("%s", text);
}

static void load(const char *text, struct config *config)
{
	assert_int_equal(config_parse("f", text, strlen(text), config, fail_on, NULL), 0);
}

static const char two_ports[] =
	"ports:\n"
	"  - {name: ext, device: a, addresses: [172.16.0.206/24, 192.0.2.1/32, 192.0.2.4/31]}\n"
	"  - {name: int, device: b, addresses: [10.0.0.206/24, 'fd00::1/64']}\n"
	"static:\n"
	"  routes:\n"
	"    - {to: default, via: 172.16.0.205}\n"
	"    - {to: 10.9.0.0/16, via: 10.0.0.9}\n"
	"  neighbours:\n"
	"    - {address: 10.0.0.201, mac: 02:00:00:00:00:01}\n"
	"    - {address: 172.16.0.205, mac: 02:00:00:00:00:02}\n";

static void expect_routes(const struct fib_input *in, const char *const *expected)
{
	size_t n = 0;

	while (expected[n] != NULL)
		n++;
	for (size_t i = 0; i < in->n_routes && i < n; i++)
		assert_string_equal(route_text(&in->routes[i]), expected[i]);
	assert_int_equal(in->n_routes, n);
}

static void test_config(void **state)
{
	static const char *const expected[] = {
		"0.0.0.0/0 port 0 via 172.16.0.205",
		"10.0.0.0/24 port 1",
		"local 10.0.0.206/32",
		"local 10.0.0.255/32",
		"10.9.0.0/16 port 1 via 10.0.0.9",
		"172.16.0.0/24 port 0",
		"local 172.16.0.206/32",
		"local 172.16.0.255/32",
		"local 192.0.2.1/32",
		"192.0.2.4/31 port 0",
		"local 192.0.2.4/32",
		"fd00::/64 port 1",
		"local fd00::1/128",
		NULL,
	};
	const bool has_twin[DP_PORTS_MAX] = {false};
	struct network net = {0};
	struct fib_input in;
	struct config config;

	load(two_ports, &config);
	network_add_config(&net, &config, has_twin);
	assert_int_equal(network_input(&net, &in), 0);
	expect_routes(&in, expected);
	assert_int_equal(in.n_neighbours, 2);
	assert_int_equal(in.neighbours[0].port, 1);
	assert_int_equal(in.neighbours[0].mac[5], 1);
	/* ICMP errors come from the first address of a port. */
	assert_int_equal(in.n_sources, 5);
	assert_int_equal(in.sources[0].port, 0);
	assert_int_equal(in.sources[0].addr.v4, inet_addr("172.16.0.206"));
	assert_int_equal(in.sources[3].port, 1);
	assert_int_equal(in.sources[3].addr.v4, inet_addr("10.0.0.206"));
	network_free(&net);
	config_free(&config);
}

/* What the file gives for a port with a twin is the kernel's. */
static void test_config_with_twin(void **state)
{
	static const char *const expected[] = {
		"10.0.0.0/24 port 1",
		"local 10.0.0.206/32",
		"local 10.0.0.255/32",
		"10.9.0.0/16 port 1 via 10.0.0.9",
		"fd00::/64 port 1",
		"local fd00::1/128",
		NULL,
	};
	const bool has_twin[DP_PORTS_MAX] = {true, false};
	struct network net = {0};
	struct fib_input in;
	struct config config;

	load(two_ports, &config);
	network_add_config(&net, &config, has_twin);
	assert_int_equal(network_input(&net, &in), 0);
	expect_routes(&in, expected);
	assert_int_equal(in.n_neighbours, 1);
	assert_int_equal(in.neighbours[0].addr.v4, inet_addr("10.0.0.201"));
	network_free(&net);
	config_free(&config);
}

static void add(struct network *net, const char *dst, uint8_t prefix, uint8_t type, uint16_t port,
		uint32_t metric)
{
	struct fib_route r = {.dst = addr_v4(inet_addr(dst)),
			      .af = AF_INET,
			      .prefix = prefix,
			      .type = type,
			      .port = port,
			      .metric = metric};

	network_add_route(net, &r);
}

static void test_one_route_per_prefix(void **state)
{
	static const char *const expected[] = {
		"0.0.0.0/0 port 2",  "0.0.0.0/1 port 1",        "10.0.0.0/24 port 3",
		"local 10.0.0.1/32", "unreachable 10.1.0.0/16", NULL,
	};
	struct network net = {0};
	struct fib_input in;

	add(&net, "0.0.0.0", 0, FIB_UNICAST, 1, 200);
	add(&net, "0.0.0.0", 0, FIB_UNICAST, 2, 100); /* the lower metric */
	add(&net, "0.0.0.0", 1, FIB_UNICAST, 1, 500);
	add(&net, "10.0.0.0", 24, FIB_UNICAST, 3, 0); /* of equal ones the first */
	add(&net, "10.0.0.0", 24, FIB_UNICAST, 4, 0);
	add(&net, "10.0.0.1", 32, FIB_UNICAST, 1, 0);
	add(&net, "10.0.0.1", 32, FIB_LOCAL, 0, 0); /* local ones before all others */
	add(&net, "10.1.0.0", 16, FIB_UNREACHABLE, 0, 0);
	assert_int_equal(network_input(&net, &in), 0);
	expect_routes(&in, expected);

	network_reset(&net);
	assert_int_equal(network_input(&net, &in), 0);
	assert_int_equal(in.n_routes, 0);
	network_free(&net);
}

/* Every fib but the published one has been freed. */
static void test_publish(void **state)
{
	struct network net = {0};

	fake_publications = fake_freed = 0;
	for (unsigned int i = 1; i <= 3; i++) {
		network_reset(&net);
		add(&net, "10.0.0.0", 24, FIB_UNICAST, (uint16_t)i, 0);
		assert_int_equal(network_publish(&net), 0);
		assert_int_equal(fake_publications, i);
		assert_int_equal(fake_freed, i - 1);
		assert_int_equal(fake_published->n_routes, 1);
		assert_int_equal(fake_published->routes[0].port, i);
	}
	network_close();
	assert_int_equal(fake_freed, 3);
	network_free(&net);
}

/* ---- CPUs -------------------------------------------------------------------------------- */

static const struct {
	const char *config;
	const char *allowed; /* "0123" */
	const char *placed;  /* main, then the workers; '*': any */
} places[] = {
	{"", "0123", "0 123"},
	{"", "01", "0 1"},
	{"", "2", "* 2"},
	{"workers: 2\n", "0123", "0 12"},
	{"workers: 3\n", "0123", "0 123"},
	{"workers: 4\n", "0123", "* ****"}, /* more than there are: they share */
	{"workers: 1\n", "2", "* 2"},
	{"workers: [1, 3]\n", "0123", "0 13"},
	{"workers: [0, 1]\n", "01", "* 01"},
	{"workers: [1]\nmain-cpu: 2\n", "0123", "2 1"},
	{"main-cpu: 2\n", "0123", "2 013"},
	{"main-cpu: 2\n", "2", "2 *"},
	{"main-cpu: 0\nworkers: 2\n", "01", "0 **"},
	{"main-cpu: 3\n", "01", "f: main-cpu: lvsd may not use CPU 3 here; allowed: CPUs 0-1"},
	{"workers: [1, 2]\n", "013",
	 "f: workers: lvsd may not use CPU 2 here; allowed: CPUs 0-1,3"},
};

static void test_cpus(void **state)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char text[256], got[256];
		struct dp_error err = {""};
		struct dp_config dp = {0};
		struct config config;
		cpu_set_t set;
		int n;

		snprintf(text, sizeof(text), "%sports: [{name: a, device: b}]\n", places[i].config);
		load(text, &config);
		CPU_ZERO(&set);
		for (const char *c = places[i].allowed; *c != '\0'; c++)
			CPU_SET(*c - '0', &set);
		if (cpus_place(&config, &set, &dp, &err) != 0) {
			assert_string_equal(err.text, places[i].placed);
			config_free(&config);
			continue;
		}
		n = snprintf(got, sizeof(got), "%c ", dp.main_cpu < 0 ? '*' : '0' + dp.main_cpu);
		for (unsigned int w = 0; w < dp.n_workers; w++)
			n += snprintf(got + n, sizeof(got) - n, "%c",
				      dp.worker_cpu[w] < 0 ? '*' : '0' + dp.worker_cpu[w]);
		assert_string_equal(got, places[i].placed);
		config_free(&config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_config_with_twin),
		cmocka_unit_test(test_one_route_per_prefix),
		cmocka_unit_test(test_publish),
		cmocka_unit_test(test_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
