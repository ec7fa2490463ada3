/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets that wait until the kernel has found a link address: asked for once a second, sent when
 * the neighbour appears, given up after three seconds, never more than a few.
 */
#include "rows.h"

#include <stdio.h>

static const struct pkt datagram = UDP_IN(.payload = 4);
static const struct pkt datagram_forwarded = UDP_FORWARDED(.payload = 4);

static void test_waits(void **state)
{
	struct lvs_addr addr;

	row_world(NULL);
	world_neighbour_remove(SERVER_IP);
	world_publish_net();
	row_send(CLIENT, &datagram);
	world_poll();
	row_expect_nothing("not sent before the address is known");
	assert_int_equal(world_asked(&addr), 0);
	assert_int_equal(addr.v4, ip4(SERVER_IP));
	row_send(CLIENT, &datagram);
	world_poll();
	assert_int_equal(world_asked(&addr), -1);
	world_sleep(1.1);
	world_poll();
	assert_int_equal(world_asked(&addr), 0);

	world_neighbour(SERVER_IP, SERVER, 0);
	world_publish_net();
	world_poll();
	world_turn();
	row_expect(SERVER, &datagram_forwarded, "the first packet that waited");
	row_expect(SERVER, &datagram_forwarded, "the second");
	row_expect_nothing("no more");
	row_send(CLIENT, &datagram);
	row_expect(SERVER, &datagram_forwarded, "from now on at once");
	world_expect_counters("conn_created resolve_requests=2", "waits");
	world_end();
}

static void test_gives_up(void **state)
{
	row_world(NULL);
	world_neighbour_remove(SERVER_IP);
	world_publish_net();
	row_send(CLIENT, &datagram);
	for (int i = 0; i < 29; i++) {
		world_poll();
		world_sleep(0.1);
	}
	assert_int_equal(world_counter("neighbour_timeout"), 0);
	world_sleep(0.2);
	world_poll();
	world_turn();
	row_expect_nothing("given up");
	world_expect_counters("conn_created resolve_requests=3 neighbour_timeout", "gives up");
	world_end();
}

static void test_wait_is_bounded(void **state)
{
	struct pkt p = datagram;

	row_world(NULL);
	world_neighbour_remove(SERVER_IP);
	world_publish_net();
	for (int i = 0; i < 20; i++)
		row_send(CLIENT, &p);
	world_poll();
	assert_int_equal(world_counter("neighbour_queue_full"), 12);
	world_neighbour(SERVER_IP, SERVER, 0);
	world_publish_net();
	world_poll();
	world_turn();
	assert_int_equal(world_sent_count(SERVER), 8);
	world_end();
}

/* Nor may many neighbours take all buffers: a server network full of dead addresses. */
static void test_waiting_neighbours_are_bounded(void **state)
{
	char addr[32];
	struct pkt p = datagram;

	row_world(NULL);
	uint32_t svc = world_service(IPPROTO_UDP, VIP, 99, "rr");

	for (int i = 0; i < 120; i++) {
		snprintf(addr, sizeof(addr), "10.2.10.%d", 1 + i);
		world_dest(svc, addr, 99, 1);
	}
	world_publish();
	p.dport = 99;
	for (int k = 0; k < 10; k++)
		for (int i = 0; i < 120; i++) {
			p.sport = (uint16_t)(1000 + k * 120 + i);
			row_send(CLIENT, &p);
			world_poll();
		}
	assert_int_equal(world_counter("neighbour_queue_full"), 120 * 2);
	world_sleep(4);
	world_poll();
	assert_int_equal(world_counter("neighbour_timeout"), 120 * 8);
	world_end();
}

static void test_icmp_is_limited(void **state)
{
	struct pkt p = TCP_IN(.ttl = 1, .flags = "A");

	row_world(NULL);
	row_send(CLIENT, &(struct pkt)TCP_IN(.flags = "S"));
	row_expect(SERVER, &(struct pkt)TCP_FORWARDED(.flags = "S"), "opening");
	for (int i = 0; i < 1500; i++)
		row_send(CLIENT, &p);
	assert_int_equal(world_counter("icmp_sent"), 1000);
	assert_int_equal(world_counter("icmp_limited"), 500);
	assert_int_equal(world_counter("ttl_exceeded"), 1500);
	world_sleep(0.5);
	for (int i = 0; i < 1500; i++)
		row_send(CLIENT, &p);
	assert_in_range(world_counter("icmp_sent"), 1499, 1501);
	world_end();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_gives_up),
		cmocka_unit_test(test_wait_is_bounded),
		cmocka_unit_test(test_waiting_neighbours_are_bounded),
		cmocka_unit_test(test_icmp_is_limited),
	};

	return harness_run("neighbours", tests);
}
