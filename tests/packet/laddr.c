/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Local addresses and ports of FULLNAT: how they are dealt out, what happens when there are none
 * left, and that with several workers every reply finds its connection.
 */
#include "fullnat.h"

#include <stdio.h>
#include <string.h>

#include <rte_common.h>

/* ---- local ports ------------------------------------------------------------------------- */

static void query_from(uint16_t port)
{
	struct pkt in = UDP_IN(.payload = 4);

	in.sport = port;
	row_send(CLIENT, &in);
}

/* The local port of the next datagram to a server, 0 when none was sent. */
static uint16_t local_port(void)
{
	struct frame f;

	return world_sent(SERVER, &f) ? (uint16_t)(f.data[34] << 8 | f.data[35]) : 0;
}

static void ports_are_dealt_in_turn(void **state)
{
	row_world(NULL);
	world_dest_method(row_dest_udp, FWD_FULLNAT);
	world_laddr(UDP4, LOCAL, 5000, 5003);
	world_publish();
	for (uint16_t i = 0; i < 4; i++) {
		query_from((uint16_t)(30000 + i));
		assert_int_equal(local_port(), 5000 + i);
	}
	/* All are in use: refused, counted, and nothing else is harmed. */
	world_mark();
	query_from(30004);
	assert_int_equal(local_port(), 0);
	world_expect_counters("laddr_exhausted", "no port left");
	query_from(30002);
	assert_int_equal(local_port(), 5002);
	/* The first to expire give their ports back. */
	world_sleep(299);
	query_from(30003);
	assert_int_equal(local_port(), 5003);
	world_sleep(3);
	world_turn();
	world_mark();
	for (uint16_t i = 0; i < 3; i++) {
		query_from((uint16_t)(31000 + i));
		assert_in_range(local_port(), 5000, 5002);
	}
	query_from(31003);
	world_expect_counters("conn_created=3 laddr_exhausted", "ports came back");
	assert_int_equal(local_port(), 0);
	world_end();
}

static void every_server_has_all_ports(void **state)
{
	row_world(NULL);
	world_dest_method(row_dest_udp, FWD_FULLNAT);
	world_dest_method(world_dest(UDP4, "10.2.0.9", 5353, 1), FWD_FULLNAT);
	world_laddr(UDP4, LOCAL, 5000, 5001);
	world_publish();
	world_mark();
	for (uint16_t i = 0; i < 4; i++)
		query_from((uint16_t)(30000 + i));
	world_expect_counters("conn_created=4", "two ports, two servers");
	query_from(30005);
	query_from(30006);
	world_expect_counters("conn_created=4 laddr_exhausted=2", "and no more");
	world_end();
}

static void ranges_differ_by_address(void **state)
{
	unsigned int seen[2] = {0};
	struct frame f;

	row_world(NULL);
	world_dest_method(row_dest_udp, FWD_FULLNAT);
	world_laddr(UDP4, LOCAL, 7000, 7000);
	world_laddr(UDP4, LOCAL2, 65530, 65535);
	world_publish();
	world_mark();
	for (uint16_t i = 0; i < 8; i++)
		query_from((uint16_t)(30000 + i));
	world_expect_counters("conn_created=7 laddr_exhausted", "one port and six");
	while (world_sent(SERVER, &f)) {
		uint32_t src;
		uint16_t port = (uint16_t)(f.data[34] << 8 | f.data[35]);

		memcpy(&src, f.data + 26, sizeof(src));
		if (src == ip4(LOCAL)) {
			assert_int_equal(port, 7000);
			seen[0]++;
		} else {
			assert_int_equal(src, ip4(LOCAL2));
			assert_in_range(port, 65530, 65535);
			seen[1]++;
		}
	}
	assert_int_equal(seen[0], 1);
	assert_int_equal(seen[1], 6);
	world_end();
}

/* ---- many connections of several workers ------------------------------------------------- */

#define MANY  100000u
#define BATCH 256u

/* Which client speaks at a local address and port; 0: nobody. */
static uint32_t speaker[2][65536];

static void client_of(uint32_t i, char *addr, size_t size, uint16_t *port)
{
	snprintf(addr, size, "10.9.%u.%u", i / 250 % 250, 1 + i % 250);
	*port = (uint16_t)(20000 + i / 62500);
}

static void note_speakers(uint32_t first)
{
	struct frame f;

	while (world_sent(SERVER, &f)) {
		uint16_t port = (uint16_t)(f.data[34] << 8 | f.data[35]);
		uint32_t src, i;

		memcpy(&src, f.data + 26, sizeof(src));
		memcpy(&i, f.data + 42, sizeof(i));
		assert_true(src == ip4(LOCAL) || src == ip4(LOCAL2));
		assert_in_range(i, first, first + BATCH - 1);
		assert_int_equal(speaker[src == ip4(LOCAL2)][port], 0);
		speaker[src == ip4(LOCAL2)][port] = i + 1;
	}
}

/* The datagram's payload says who sent it. */
static void speak(uint32_t i)
{
	struct pkt in = UDP_IN(.payload = 4, .no_checksum = true);
	struct frame f;
	char addr[32];

	client_of(i, addr, sizeof(addr), &in.sport);
	in.src = addr;
	row_frame_in(CLIENT, &in, &f);
	memcpy(f.data + 42, &i, sizeof(i));
	world_inject(CLIENT, 0, &f);
}

static void answer(unsigned int local, uint16_t port, uint32_t i)
{
	struct pkt in = UDP_FROM(.payload = 4, .no_checksum = true);
	struct frame f;

	in.dst = local ? LOCAL2 : LOCAL;
	in.dport = port;
	row_frame_in(SERVER, &in, &f);
	memcpy(f.data + 42, &i, sizeof(i));
	world_inject(SERVER, 0, &f);
}

/* Every answer on the client's side has the address of the client that it names. */
static unsigned int check_answers(void)
{
	unsigned int n = 0;
	struct frame f;

	for (; world_sent(CLIENT, &f); n++) {
		uint32_t i, dst;
		uint16_t port, to = (uint16_t)(f.data[36] << 8 | f.data[37]);
		char addr[32];

		memcpy(&i, f.data + 42, sizeof(i));
		memcpy(&dst, f.data + 30, sizeof(dst));
		client_of(i, addr, sizeof(addr), &port);
		assert_int_equal(dst, ip4(addr));
		assert_int_equal(to, port);
	}
	return n;
}

static void many_connections(void **state)
{
	const struct world_config config = {.n_workers = 3, .connections = MANY};
	unsigned int answers = 0, asked = 0;

	row_world(&config);
	fullnat();
	world_laddr(UDP4, LOCAL2, 1024, 65535);
	world_laddr(UDP4, LOCAL, 1024, 65535);
	world_publish();
	world_mark();
	memset(speaker, 0, sizeof(speaker));
	for (uint32_t first = 0; first < MANY; first += BATCH) {
		for (uint32_t i = first; i < first + BATCH && i < MANY; i++)
			speak(i);
		world_turn();
		note_speakers(first);
	}
	assert_int_equal(world_counter("conn_created"), MANY);
	for (uint32_t at = 0; at < 2 * 65536; at++) {
		/* Far apart and back: no order that anything could rely upon. */
		uint32_t mixed = at * 40503u & 0x1ffff;
		uint32_t i = speaker[mixed >> 16][mixed & 0xffff];

		if (i) {
			answer(mixed >> 16, (uint16_t)mixed, i - 1);
			asked++;
		}
		if (at % BATCH == BATCH - 1) {
			world_turn();
			answers += check_answers();
		}
	}
	assert_int_equal(asked, MANY);
	assert_int_equal(answers, MANY);
	for (unsigned int w = 0; w < 3; w++)
		assert_in_range(world_worker(w)->conns.arena->used, MANY / 4, MANY / 2);
	assert_int_equal(world_counter("punted"), 0);
	assert_int_equal(world_counter("laddr_exhausted"), 0);
	world_end();
}

/* Errors about connections reach their owners, too. */
static void errors_reach_their_owner(void **state)
{
	const struct world_config config = {.n_workers = 3};
	struct frame f;

	row_world(&config);
	fullnat();
	for (uint16_t i = 0; i < 30; i++) {
		struct pkt quoted = UDP_TO(.payload = 4);
		struct pkt undone = UDP_IN(.payload = 4, .ttl = 63);
		struct pkt error = {.l4 = L4_ICMP,
				    .src = SERVER_IP,
				    .dst = LOCAL,
				    .icmp_type = 3,
				    .icmp_code = 3,
				    .quote = &quoted,
				    .quote_max = 26};
		struct pkt want = {.l4 = L4_ICMP,
				   .src = VIP,
				   .dst = CLIENT_IP,
				   .ttl = 63,
				   .icmp_type = 3,
				   .icmp_code = 3,
				   .quote = &undone,
				   .quote_max = 26};

		undone.sport = (uint16_t)(30000 + i);
		query_from(undone.sport);
		assert_true(world_sent(SERVER, &f));
		quoted.sport = (uint16_t)(f.data[34] << 8 | f.data[35]);
		row_send(SERVER, &error);
		row_expect(CLIENT, &want, "error about a connection of some worker");
	}
	world_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_are_dealt_in_turn),
		cmocka_unit_test(every_server_has_all_ports),
		cmocka_unit_test(ranges_differ_by_address),
		cmocka_unit_test(many_connections),
		cmocka_unit_test(errors_reach_their_owner),
	};

	return harness_run("laddr", tests);
}
