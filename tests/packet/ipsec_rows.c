/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AH and ESP: they follow the connection of UDP port 500 between the same two hosts, on whichever
 * worker it lives, and never open one. Source: the kernel's IPVS (recorded).
 */
#include "rows.h"

#include <rte_common.h>

/* VIP:500 -> SERVER_IP:500 */
static uint32_t dest;

static void service(void)
{
	dest = world_dest(world_service(IPPROTO_UDP, VIP, 500, "rr"), SERVER_IP, 500, 1);
	world_publish();
}

static void service_dr(void)
{
	service();
	world_dest_method(dest, FWD_DIRECT);
	world_publish();
}

static void service_other_port(void)
{
	world_dest(world_service(IPPROTO_UDP, VIP, 500, "rr"), SERVER_IP, 5000, 1);
	world_publish();
}

static void service_of_the_past(void)
{
	struct pkt ike = UDP_IN(.sport = 500, .dport = 500, .payload = 3);

	service();
	row_send(CLIENT, &ike);
	world_dest_remove(dest);
	world_publish();
}

#define IKE                                                                                        \
	{                                                                                          \
		.from = CLIENT, .in = UDP_IN(.sport = 500, .dport = 500, .payload = 3)             \
	}
#define PLAIN(from, to, p, n, ...)                                                                 \
	{                                                                                          \
		.src = from, .dst = to, .proto = p, .payload = n, __VA_ARGS__                      \
	}

static const struct pkt esp_sent = PLAIN(CLIENT_IP, VIP, IPPROTO_ESP, 4, .ttl = 63);
static const struct pkt esp_forwarded = PLAIN(CLIENT_IP, SERVER_IP, IPPROTO_ESP, 4, .ttl = 63);
static const struct pkt esp_ttl_1 = PLAIN(CLIENT_IP, VIP, IPPROTO_ESP, 40, .ttl = 1);

static const struct row rows[] = {
	{
		.what = "ESP follows: only addresses change",
		.setup = service,
		.before = {IKE},
		.in = PLAIN(CLIENT_IP, VIP, IPPROTO_ESP, 40),
		.to = SERVER,
		.out = PLAIN(CLIENT_IP, SERVER_IP, IPPROTO_ESP, 40, .ttl = 63),
	},
	{
		.what = "ESP of the server",
		.setup = service,
		.before = {IKE},
		.from = SERVER,
		.in = PLAIN(SERVER_IP, CLIENT_IP, IPPROTO_ESP, 41),
		.to = CLIENT,
		.out = PLAIN(VIP, CLIENT_IP, IPPROTO_ESP, 41, .ttl = 63),
	},
	{
		.what = "AH follows",
		.setup = service,
		.before = {IKE},
		.in = PLAIN(CLIENT_IP, VIP, IPPROTO_AH, 24),
		.to = SERVER,
		.out = PLAIN(CLIENT_IP, SERVER_IP, IPPROTO_AH, 24, .ttl = 63),
	},
	{
		.what = "AH of the server",
		.setup = service,
		.before = {IKE},
		.from = SERVER,
		.in = PLAIN(SERVER_IP, CLIENT_IP, IPPROTO_AH, 24),
		.to = CLIENT,
		.out = PLAIN(VIP, CLIENT_IP, IPPROTO_AH, 24, .ttl = 63),
	},
	{
		.what = "ESP of no bytes at all goes, as in the kernel",
		.setup = service,
		.before = {IKE},
		.in = PLAIN(CLIENT_IP, VIP, IPPROTO_ESP, 0),
		.to = SERVER,
		.out = PLAIN(CLIENT_IP, SERVER_IP, IPPROTO_ESP, 0, .ttl = 63),
	},
	{
		.what = "ESP, the first fragment",
		.setup = service,
		.before = {IKE},
		.in = PLAIN(CLIENT_IP, VIP, IPPROTO_ESP, 16, .id = 7, .frag = 0x2000),
		.to = SERVER,
		.out = PLAIN(CLIENT_IP, SERVER_IP, IPPROTO_ESP, 16, .id = 7, .frag = 0x2000,
			     .ttl = 63),
	},
	{
		.what = "ESP, the last fragment follows the first",
		.setup = service,
		.before = {IKE,
			   {.from = CLIENT,
			    .in = PLAIN(CLIENT_IP, VIP, IPPROTO_ESP, 16, .id = 7, .frag = 0x2000)}},
		.in = PLAIN(CLIENT_IP, VIP, IPPROTO_ESP, 11, .id = 7, .frag = 0x0002),
		.to = SERVER,
		.out = PLAIN(CLIENT_IP, SERVER_IP, IPPROTO_ESP, 11, .id = 7, .frag = 0x0002,
			     .ttl = 63),
	},
	{
		.what = "ESP, DR: only the TTL changes",
		.setup = service_dr,
		.before = {IKE},
		.in = PLAIN(CLIENT_IP, VIP, IPPROTO_ESP, 40),
		.to = SERVER,
		.out = PLAIN(CLIENT_IP, VIP, IPPROTO_ESP, 40, .ttl = 63, .to = 0x02000a020001),
	},
	{
		.what = "ESP without a connection is the kernel's",
		.setup = service,
		.in = PLAIN(CLIENT_IP, VIP, IPPROTO_ESP, 40),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "AH without a connection is the kernel's",
		.setup = service,
		.in = PLAIN(CLIENT_IP, VIP, IPPROTO_AH, 24),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "ESP of another client is the kernel's",
		.setup = service,
		.before = {IKE},
		.in = PLAIN("10.1.0.2", VIP, IPPROTO_ESP, 40),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "ESP does not follow IKE from another port",
		.setup = service,
		.before = {{.from = CLIENT, .in = UDP_IN(.dport = 500, .payload = 3)}},
		.in = PLAIN(CLIENT_IP, VIP, IPPROTO_ESP, 40),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "ESP follows IKE to a server on another port",
		.setup = service_other_port,
		.before = {IKE},
		.in = PLAIN(CLIENT_IP, VIP, IPPROTO_ESP, 40),
		.to = SERVER,
		.out = PLAIN(CLIENT_IP, SERVER_IP, IPPROTO_ESP, 40, .ttl = 63),
	},
	{
		.what = "ESP of a server on another port is routed by the kernel",
		.setup = service_other_port,
		.before = {IKE},
		.from = SERVER,
		.in = PLAIN(SERVER_IP, CLIENT_IP, IPPROTO_ESP, 40),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "ESP to a server that was removed",
		.setup = service_of_the_past,
		.in = PLAIN(CLIENT_IP, VIP, IPPROTO_ESP, 40),
		.counters = "dest_removed",
	},
	{
		.what = "ESP whose TTL runs out",
		.setup = service,
		.before = {IKE},
		.in = PLAIN(CLIENT_IP, VIP, IPPROTO_ESP, 40, .ttl = 1),
		.to = CLIENT,
		.out = ICMP_ERROR(VIP, CLIENT_IP, 11, 0, &esp_ttl_1),
		.counters = "ttl_exceeded icmp_sent",
	},
	{
		.what = "ICMP error of the server about ESP, which needs no ports",
		.setup = service,
		.before = {IKE},
		.from = SERVER,
		.in = {.l4 = L4_ICMP,
		       .src = SERVER_IP,
		       .dst = CLIENT_IP,
		       .icmp_type = 3,
		       .icmp_code = 1,
		       .quote = &esp_forwarded},
		.to = CLIENT,
		.out = {.l4 = L4_ICMP,
			.src = VIP,
			.dst = CLIENT_IP,
			.ttl = 63,
			.icmp_type = 3,
			.icmp_code = 1,
			.quote = &esp_sent},
	},
};

/* They count for the connection's server, and keep the connection alive. */
static void test_counts(void **state)
{
	struct pkt ike = UDP_IN(.sport = 500, .dport = 500, .payload = 3);
	struct pkt in = PLAIN(CLIENT_IP, VIP, IPPROTO_ESP, 40);
	struct pkt out = PLAIN(SERVER_IP, CLIENT_IP, IPPROTO_AH, 24);
	struct conn_view v;

	row_world(NULL);
	service();
	row_send(CLIENT, &ike);
	for (int i = 0; i < 3; i++) {
		world_sleep(200);
		row_send(CLIENT, &in);
		world_sleep(200);
		row_send(SERVER, &out);
	}
	assert_int_equal(world_conns(&v, 1), 1);
	assert_string_equal(v.state, "UDP");
	assert_int_equal(v.expires_ms, 300 * 1000);
	const struct dest_slot *slot = &world_worker(0)->dests[dest];

	assert_int_equal(slot->conns, 1);
	assert_int_equal(slot->inpkts, 4);
	assert_int_equal(slot->inbytes, 31 + 3 * 60);
	assert_int_equal(slot->outpkts, 3);
	assert_int_equal(slot->outbytes, 3 * 44);
	world_end();
}

/* Several workers: the owner is that of the IKE connection, whichever worker receives. */
static void test_workers(void **state)
{
	static const char *const clients[] = {CLIENT_IP,  "10.9.0.2", "10.9.0.3", "10.9.0.4",
					      "10.9.0.5", "10.9.0.6", "10.9.0.7", "10.9.0.8"};
	struct world_config config = {.n_workers = 3};
	unsigned int used = 0;
	struct frame f;

	row_world(&config);
	service();
	for (size_t i = 0; i < RTE_DIM(clients); i++) {
		struct pkt ike = UDP_IN(.src = clients[i], .sport = 500, .dport = 500);
		struct pkt in = PLAIN(clients[i], VIP, IPPROTO_ESP, 40);
		struct pkt there = PLAIN(clients[i], SERVER_IP, IPPROTO_ESP, 40, .ttl = 63);
		struct pkt out = PLAIN(SERVER_IP, clients[i], IPPROTO_ESP, 41);

		row_send(CLIENT, &ike);
		while (world_sent(SERVER, &f))
			;
		row_send(CLIENT, &in);
		row_expect(SERVER, &there, clients[i]);
		row_send(SERVER, &out);
		if (world_sent_count(CLIENT) != 1)
			fail_msg("%s: no reply", clients[i]);
		while (world_sent(CLIENT, &f))
			;
	}
	for (unsigned int i = 0; i < 3; i++)
		used += world_worker(i)->dests[dest].inpkts != 0;
	assert_true(used > 1);
	world_end();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_workers),
	};

	return rows_main("AH and ESP", rows, RTE_DIM(rows), tests, RTE_DIM(tests));
}
