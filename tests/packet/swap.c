/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Real threads: snapshots and fibs are replaced as fast as the main lcore can while workers forward
 * packets. What was replaced is filled with rubbish and freed as soon as dp_reclaim() says so; a
 * worker that still held a pointer would crash (or be reported by AddressSanitizer).
 *
 * The ports are rings whose ends are joined: what is sent on one is received on it.
 */
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_common.h>

#include "world.h"

#define SECONDS 2
#define CLIENTS 64

static void note(const char *line)
{
	printf("# %s\n", line);
}

static mac_t mac_of_port(unsigned int port)
{
	struct dp_port_info info;
	mac_t mac = 0;

	dp_port_info(port, &info);
	for (int i = 0; i < 6; i++)
		mac = mac << 8 | info.mac[i];
	return mac;
}

static uint64_t counter(const char *name)
{
	struct dp_counter c;

	for (unsigned int i = 0; i < dp_counter_count(); i++) {
		dp_counter(i, &c);
		if (strcmp(c.name, name) == 0)
			return c.value;
	}
	fail_msg("no counter %s", name);
	return 0;
}

static uint32_t dests[4];

static void tables(void)
{
	uint32_t svc;

	world_tables_begin();
	svc = world_service(IPPROTO_UDP, VIP, 53, "wlc");
	for (int i = 0; i < 4; i++) {
		char addr[32];

		snprintf(addr, sizeof(addr), "10.2.0.%d", i + 1);
		dests[i] = world_dest(svc, addr, 5353, 1 + i);
		world_neighbour(addr, SERVER, mac_of_port(SERVER));
	}
	world_route("10.1.0.0/16", FIB_UNICAST, CLIENT, NULL);
	world_route("10.2.0.0/16", FIB_UNICAST, SERVER, NULL);
	world_neighbour(CLIENT_IP, CLIENT, mac_of_port(CLIENT));
	world_publish();
	world_publish_net();
}

/* Something of everything changes. */
static void change(uint64_t r)
{
	char addr[32];
	uint32_t dest = dests[r % 4];

	snprintf(addr, sizeof(addr), "10.2.0.%d", 1 + (int)((r >> 8) % 4));
	switch ((r >> 16) % 6) {
	case 0:
		world_dest_weight(dest, (int32_t)((r >> 24) % 5));
		break;
	case 1:
		world_dest_edit(dest, 2, (uint32_t)(r >> 24) % 20, 0);
		break;
	case 2:
		world_dest_remove(dest);
		world_publish();
		world_dest_revive(dest);
		break;
	case 3:
		world_neighbour_remove(addr);
		world_publish_net();
		world_neighbour(addr, SERVER, mac_of_port(SERVER));
		break;
	case 4:
		world_route_mtu("10.2.0.0/16", r >> 24 & 1 ? 1400 : 0);
		break;
	default:
		world_timeout(PROTO_IX_UDP, 0, (uint32_t)(1 + (r >> 24) % 2));
		break;
	}
	world_publish();
	world_publish_net();
}

static void send_some(uint64_t *random)
{
	struct pkt p = UDP_IN(.payload = 20, .to = mac_of_port(CLIENT));
	struct frame f;

	for (int i = 0; i < 32; i++) {
		p.sport = (uint16_t)(2000 + harness_random(random) % CLIENTS);
		packet_build(&p, &f);
		if (dp_transmit(CLIENT, f.data, f.len))
			break;
	}
}

static void walk(void)
{
	struct dp_conn_walk *w = dp_conn_walk_open();
	struct conn_view views[64];
	int got;

	while ((got = dp_conn_walk_next(w, views, 64)) != 0)
		for (int i = 0; i < got; i++)
			assert_string_equal(views[i].state, "UDP");
	dp_conn_walk_close(w);
}

static void no_frame(void *arg, unsigned int port, const void *data, size_t len)
{
	fail_msg("a frame for the kernel, but there is no twin");
}

static void no_resolve(void *arg, unsigned int port, uint16_t af, const struct lvs_addr *addr)
{
	assert_int_equal(port, SERVER);
}

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static void test_swap(void **state)
{
	static const struct dp_punt_ops ops = {.frame = no_frame, .resolve = no_resolve};
	struct dp_config config = {
		.hugepages = DP_HUGEPAGES_NO,
		.main_cpu = -1,
		.n_workers = 2,
		.worker_cpu = {-1, -1},
		.connections = 1024,
		.n_mbufs = 8191,
		.n_ports = 2,
		.port = {{.name = "p0", .device = "net_ring0"},
			 {.name = "p1", .device = "net_ring1"}},
	};
	struct dp_error err;
	uint64_t random = harness_seed(), changes = 0;
	size_t most = 0;

	if (dp_init(&config, note, &err))
		fail_msg("%s", err.text);
	tables();
	if (dp_start(&err))
		fail_msg("%s", err.text);
	for (time_t end = now() + SECONDS; now() < end; changes++) {
		send_some(&random);
		change(harness_random(&random));
		/* Takes the waiting ones; nothing is punted: no twin. */
		dp_punt_poll(&ops, NULL, 64);
		if (changes % 16 == 0)
			walk();
		if (changes % 64 == 0)
			dp_conn_flush();
		size_t waiting = dp_reclaim();

		most = waiting > most ? waiting : most;
		usleep(50);
	}
	printf("# %llu changes, %llu packets, %llu connections, at most %zu frees waiting\n",
	       (unsigned long long)changes, (unsigned long long)counter("injected"),
	       (unsigned long long)counter("conn_created"), most);
	assert_true(counter("conn_created") > CLIENTS);
	/* Workers that go on report quiescent: nothing waits for ever. */
	for (time_t end = now() + 5; dp_reclaim() && now() < end;)
		usleep(1000);
	assert_int_equal(dp_reclaim(), 0);
	dp_stop();
	world_tables_end();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_swap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
