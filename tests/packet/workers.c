/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several workers: every flow has one owner, whichever port and queue its packets come in on;
 * what is limited is limited; and tables that change while packets flow are followed at once.
 */
#include "rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "dataplane/port.h"

/* ---- owners ------------------------------------------------------------------------------------
 */

#define FLOWS 40

struct flow {
	char client[32];
	uint16_t port;
	bool udp, open;
};

static void flow_make(struct flow *f, unsigned int i, uint64_t *random)
{
	uint64_t r = harness_random(random);

	snprintf(f->client, sizeof(f->client), "10.1.%u.%u", 1 + i / 200, 1 + i % 200);
	f->port = (uint16_t)(1024 + r % 60000);
	f->udp = r >> 32 & 1;
	f->open = false;
	world_neighbour(f->client, CLIENT, 0);
}

/* A packet of the flow, in or out, and what must become of it. */
static void flow_step(struct flow *f, bool reply, unsigned int side, unsigned int queue,
		      unsigned int payload)
{
	struct pkt udp[4] = {UDP_IN(), UDP_FORWARDED(), UDP_REPLY(), UDP_BACK()};
	struct pkt tcp[4] = {TCP_IN(), TCP_FORWARDED(), TCP_REPLY(), TCP_BACK()};
	struct pkt in = (f->udp ? udp : tcp)[reply ? 2 : 0];
	struct pkt out = (f->udp ? udp : tcp)[reply ? 3 : 1];
	struct frame frame;

	if (reply) {
		in.dst = out.dst = f->client;
		in.dport = out.dport = f->port;
	} else {
		in.src = out.src = f->client;
		in.sport = out.sport = f->port;
	}
	in.payload = out.payload = payload;
	in.flags = out.flags = f->open ? "PA" : "S";
	in.to = MAC_PORT(side);
	row_frame_in(reply ? SERVER : CLIENT, &in, &frame);
	world_inject(side, queue, &frame);
	world_turn();
	row_expect(reply ? CLIENT : SERVER, &out, "a flow's packet");
	row_expect_nothing("a flow's packet");
	f->open = true;
}

static void run_flows(const struct world_config *config, uint64_t seed)
{
	static struct flow flows[FLOWS];
	static struct conn_view views[FLOWS];
	uint64_t random = seed;
	unsigned int per_worker[DP_WORKERS_MAX] = {0};

	row_world(config);
	for (unsigned int i = 0; i < FLOWS; i++)
		flow_make(&flows[i], i, &random);
	world_publish_net();
	for (unsigned int step = 0; step < 3000; step++) {
		uint64_t r = harness_random(&random);
		struct flow *f = &flows[r % FLOWS];
		bool reply = f->open && r >> 8 & 1;
		/* Sometimes through the wrong port. */
		unsigned int side = (r >> 9) % 8 == 0 ? 2 : reply ? SERVER : CLIENT;

		flow_step(f, reply, side, (r >> 16) % (config->n_rxq ? config->n_rxq : 1),
			  (r >> 24) % 100);
	}
	/* No flow has two connections, and none lies with a worker that does not own it. */
	unsigned int n = world_conns(views, FLOWS), open = 0;

	for (unsigned int i = 0; i < FLOWS; i++)
		open += flows[i].open;
	assert_int_equal(n, open);
	for (unsigned int i = 0; i < n; i++)
		per_worker[views[i].worker]++;
	for (unsigned int i = 0; i < config->n_workers; i++)
		assert_in_range(per_worker[i], 1, n);
	assert_int_equal(world_counter("conn_created"), open);
	world_end();
}

static void test_owners(void **state)
{
	uint64_t seed = harness_seed();

	run_flows(&(struct world_config){.n_workers = 2}, seed);
	run_flows(&(struct world_config){.n_workers = 3}, seed + 1);
	run_flows(&(struct world_config){.n_workers = 3, .n_rxq = 3, .n_txq = 3}, seed + 2);
	run_flows(&(struct world_config){.n_workers = 4, .n_rxq = 1, .n_txq = 4}, seed + 3);
	run_flows(&(struct world_config){.n_workers = 4, .n_rxq = 4, .n_txq = 2}, seed + 4);
}

/* Owners are dealt out evenly, also when clients differ in the last bits only. */
static void test_owners_are_even(void **state)
{
	static struct conn_view views[3000];
	unsigned int per_worker[3] = {0};
	struct pkt p = UDP_IN(.payload = 1);
	char addr[32];
	struct frame f;

	row_world(&(struct world_config){.n_workers = 3, .connections = 4096});
	p.src = addr;
	for (unsigned int i = 0; i < 3000; i++) {
		snprintf(addr, sizeof(addr), "10.9.%u.%u", i / 250, 1 + i % 250);
		row_send(CLIENT, &p);
		assert_true(world_sent(SERVER, &f));
	}
	assert_int_equal(world_conns(views, 3000), 3000);
	for (unsigned int i = 0; i < 3000; i++)
		per_worker[views[i].worker]++;
	for (unsigned int i = 0; i < 3; i++)
		assert_in_range(per_worker[i], 850, 1150);
	world_end();
}

/* The queue between workers is bounded, and what does not fit is counted. */
static void test_handover_full(void **state)
{
	struct pkt p = UDP_IN(.payload = 1);
	unsigned int sent = 0;
	struct frame f;

	row_world(&(struct world_config){.n_workers = 2});
	/* A client port that the second worker owns. */
	do {
		p.sport++;
		world_mark();
		row_send(CLIENT, &p);
		assert_true(world_sent(SERVER, &f));
	} while (world_counter("handover") == 0);
	world_mark();
	row_frame_in(CLIENT, &p, &f);
	for (unsigned int i = 0; i < 3000; i++) {
		world_inject(CLIENT, 0, &f);
		worker_turn(world_worker(0), world_now);
	}
	assert_int_equal(world_counter("handover"), 2047);
	assert_int_equal(world_counter("handover_full"), 3000 - 2047);
	world_turn();
	while (world_sent(SERVER, &f))
		sent++;
	assert_int_equal(sent, 2047);
	world_expect_counters("handover=2047 handover_full=953", "handover");
	world_end();
}

/* ---- limits toward the kernel
 * -------------------------------------------------------------------- */

static const struct pkt arp = {.ether_type = 0x0806, .payload = 46, .to = MAC_BROADCAST};
static const struct pkt ssh = TCP_IN(.flags = "A", .dst = DIRECTOR_IP, .dport = 22);

static void inject_many(const struct pkt *p, unsigned int n)
{
	struct frame f;

	row_frame_in(CLIENT, p, &f);
	for (unsigned int i = 0; i < n; i++) {
		world_inject(CLIENT, 0, &f);
		if (i % 512 == 511) {
			world_turn();
			world_poll();
		}
	}
	world_turn();
	world_poll();
}

/* A flood of one kind of frame does not starve another: each class has its own rate. */
static void test_punt_limits(void **state)
{
	struct frame f;
	unsigned int n = 0;

	row_world(NULL);
	inject_many(&arp, 1000);
	world_expect_counters("punted=200 punt_limit=800", "ARP");
	world_mark();
	inject_many(&ssh, 500);
	world_expect_counters("punted=500", "the director's own traffic is not touched");
	world_sleep(0.05);
	world_mark();
	inject_many(&arp, 1000);
	assert_in_range(world_counter("punted"), 80, 110);
	while (world_punted(&f) >= 0)
		n++;
	assert_in_range(n, 780, 810);
	world_end();
}

/* The main lcore sleeps: its queue fills up and the rest is counted. */
static void test_punt_full(void **state)
{
	struct frame f;

	row_world(NULL);
	row_frame_in(CLIENT, &ssh, &f);
	for (unsigned int i = 0; i < 1500; i++) {
		world_inject(CLIENT, 0, &f);
		world_turn();
	}
	assert_int_equal(world_counter("punt_full"), 1500 - 1023);
	world_poll();
	assert_int_equal(world_counter("punted"), 1023);
	world_end();
}

/* ---- from the kernel
 * ------------------------------------------------------------------------------ */

static void test_transmit(void **state)
{
	struct frame f = {.len = 60}, got;

	row_world(&(struct world_config){.n_workers = 2});
	memset(f.data, 0xa5, sizeof(f.data));
	assert_int_equal(dp_transmit(1, f.data, 60), 0);
	world_turn();
	assert_true(world_sent(1, &got));
	assert_int_equal(got.len, 60);
	assert_memory_equal(got.data, f.data, 60);
	assert_int_equal(dp_transmit(WORLD_PORTS, f.data, 60), -ENODEV);
	assert_int_equal(dp_transmit(1, f.data, 5000), -EMSGSIZE);
	assert_int_equal(dp_transmit(1, f.data, 70000), -EMSGSIZE);
	assert_int_equal(dp_transmit(1, f.data, 0), 0);
	world_turn();
	assert_true(world_sent(1, &got));
	world_expect_counters("injected=2", "transmit");
	world_end();
}

/* ---- the network changes while packets flow
 * -------------------------------------------------------- */

static const struct pkt opening = TCP_IN(.flags = "S");
static const struct pkt opening_out = TCP_FORWARDED(.flags = "S");
static const struct pkt ack = TCP_IN(.flags = "A");
static const struct pkt ack_out = TCP_FORWARDED(.flags = "A");

static void test_neighbour_moves(void **state)
{
	struct pkt out = ack_out;
	struct frame f;

	row_world(NULL);
	row_send(CLIENT, &opening);
	row_expect(SERVER, &opening_out, "before");
	/* Another card at the same address. */
	world_neighbour(SERVER_IP, SERVER, 0x02feed000001ull);
	world_publish_net();
	out.to = 0x02feed000001ull;
	row_send(CLIENT, &ack);
	row_expect(SERVER, &out, "new link address");
	/* Gone; the entry that it had is taken by another. */
	world_neighbour_remove(SERVER_IP);
	world_neighbour("10.2.0.77", SERVER, 0);
	world_publish_net();
	row_send(CLIENT, &ack);
	world_poll();
	row_expect_nothing("the link address is not known");
	world_neighbour(SERVER_IP, SERVER, 0);
	world_publish_net();
	world_poll();
	world_turn();
	row_expect(SERVER, &ack_out, "it waited");
	row_send(CLIENT, &ack);
	row_expect(SERVER, &ack_out, "back");
	/* The route goes over a gateway, then over another port. */
	world_route(SERVER_IP, FIB_UNICAST, SERVER, "10.2.0.9");
	world_publish_net();
	out.to = mac_of("10.2.0.9");
	row_send(CLIENT, &ack);
	row_expect(SERVER, &out, "by the gateway");
	world_route_remove(SERVER_IP);
	world_route(SERVER_IP, FIB_UNICAST, 2, NULL);
	world_neighbour(SERVER_IP, 2, 0);
	world_publish_net();
	row_send(CLIENT, &ack);
	row_expect_nothing_on(SERVER, "the route left this port");
	assert_true(world_sent(2, &f));
	world_route_remove(SERVER_IP);
	world_publish_net();
	row_send(CLIENT, &ack);
	row_expect(SERVER, &ack_out, "as in the beginning");
	world_end();
}

/* A neighbour per connection, and they come and go at random: every packet goes to the address
 * that is known at that moment, or waits. */
static void test_neighbours_at_random(void **state)
{
	uint64_t random = harness_seed();
	struct pkt in = UDP_IN(.payload = 3), out = UDP_FORWARDED(.payload = 3);
	bool known[24] = {false};
	char addr[24][32];
	struct frame f;
	int opened = 0;

	row_world(NULL);
	uint32_t svc = world_service(IPPROTO_UDP, VIP, 5000, "rr");

	for (int i = 0; i < 24; i++) {
		snprintf(addr[i], sizeof(addr[i]), "10.2.1.%d", i);
		world_dest(svc, addr[i], 5000, 1);
	}
	world_publish();
	in.dport = out.dport = 5000;
	for (unsigned int step = 0; step < 4000; step++) {
		uint64_t r = harness_random(&random);
		int i = (int)(r % 24);

		if ((r >> 8) % 4 == 0) {
			if (known[i])
				world_neighbour_remove(addr[i]);
			else
				world_neighbour(addr[i], SERVER, 0);
			known[i] = !known[i];
			world_publish_net();
			continue;
		}
		/* Client port 2000 + i goes to server 23 - i: rr begins with the newest. */
		int flow = opened < 24 ? opened++ : i;

		world_poll();
		world_turn();
		while (world_sent(SERVER, &f))
			;
		in.sport = out.sport = (uint16_t)(2000 + flow);
		out.dst = addr[23 - flow];
		row_send(CLIENT, &in);
		if (known[23 - flow])
			row_expect(SERVER, &out, "to a known neighbour");
		row_expect_nothing("to an unknown neighbour");
	}
	world_end();
}

/* ---- loads over workers
 * ----------------------------------------------------------------------------- */

/* A client port whose connections the worker owns. */
static uint16_t port_of_worker(unsigned int worker, uint16_t from)
{
	struct pkt p = TCP_IN(.flags = "S");
	struct conn_view views[1024];

	for (uint16_t port = from;; port++) {
		p.sport = port;
		p.dport = 443;
		row_send(CLIENT, &p);
		unsigned int n = world_conns(views, 1024);

		for (unsigned int i = 0; i < n; i++)
			if (views[i].cport == rte_cpu_to_be_16(port) && views[i].worker == worker)
				return port;
	}
}

static bool opens(uint16_t port)
{
	struct pkt p = TCP_IN(.flags = "S");
	struct frame f;
	bool opened = false;

	world_mark();
	p.sport = port;
	row_send(CLIENT, &p);
	opened = world_counter("conn_created") == 1;
	while (world_sent(CLIENT, &f) || world_sent(SERVER, &f))
		;
	return opened;
}

static void closes(uint16_t port)
{
	struct pkt rst = TCP_REPLY(.flags = "R");

	rst.dport = port;
	row_send(SERVER, &rst);
}

/* Thresholds count the connections of all workers, for every worker; and a server that was
 * overloaded is not so for ever where it has no connections left. */
static void test_thresholds_over_workers(void **state)
{
	uint16_t ports[2][8];
	struct frame f;

	row_world(&(struct world_config){.n_workers = 2});
	for (unsigned int w = 0; w < 2; w++)
		for (unsigned int i = 0; i < 8; i++)
			ports[w][i] = port_of_worker(w, i ? (uint16_t)(ports[w][i - 1] + 1) : 2000);
	while (world_sent(CLIENT, &f) || world_sent(SERVER, &f))
		;
	world_dest_edit(row_dest_tcp, 1, 6, 3);
	world_publish();
	for (unsigned int i = 0; i < 5; i++)
		assert_true(opens(ports[1][i]));
	assert_true(opens(ports[0][0]));
	assert_false(opens(ports[0][1]));
	assert_false(opens(ports[1][5]));
	/* The first worker's only connection goes, then the second's: 2 are left. */
	closes(ports[0][0]);
	world_sleep(12);
	world_turn();
	assert_false(opens(ports[0][1]));
	for (unsigned int i = 0; i < 3; i++)
		closes(ports[1][i]);
	world_sleep(12);
	world_turn();
	assert_true(opens(ports[0][1]));
	assert_true(opens(ports[1][5]));
	world_end();
}

/* wlc sees every worker's connections. */
static void test_wlc_over_workers(void **state)
{
	struct pkt p = UDP_IN(.payload = 1, .dport = 6000);
	struct dest_load load;
	uint32_t dests[4];
	char addr[32];

	row_world(&(struct world_config){.n_workers = 3});
	uint32_t svc = world_service(IPPROTO_UDP, VIP, 6000, "wlc");

	for (int i = 0; i < 4; i++) {
		snprintf(addr, sizeof(addr), "10.2.0.%d", 1 + i);
		world_neighbour(addr, SERVER, 0);
		dests[i] = world_dest(svc, addr, 6000, 1);
	}
	world_publish();
	world_publish_net();
	for (uint16_t i = 0; i < 400; i++) {
		p.sport = (uint16_t)(3000 + i);
		row_send(CLIENT, &p);
	}
	for (int i = 0; i < 4; i++) {
		dp_dest_load(dests[i], &load);
		assert_int_equal(load.inactive, 100);
	}
	world_end();
}

/* ---- full table
 * --------------------------------------------------------------------------------------- */

/* A SYN flood takes the place of half-open connections, never of established ones. */
static void test_flood(void **state)
{
	struct pkt syn = TCP_IN(.flags = "S"), data = TCP_IN(.flags = "A");
	struct conn_view views[1024];
	unsigned int established = 0, n;
	struct frame f;

	row_world(NULL);
	for (uint16_t i = 0; i < 500; i++) {
		syn.sport = data.sport = (uint16_t)(1000 + i);
		row_send(CLIENT, &syn);
		row_send(CLIENT, &data);
		while (world_sent(SERVER, &f))
			;
	}
	for (unsigned int i = 0; i < 20000; i++) {
		syn.src = "10.9.3.3";
		syn.sport = (uint16_t)(10000 + i);
		row_send(CLIENT, &syn);
		while (world_sent(SERVER, &f))
			;
	}
	n = world_conns(views, 1024);
	assert_int_equal(n, 1024);
	for (unsigned int i = 0; i < n; i++)
		established += strcmp(views[i].state, "ESTABLISHED") == 0;
	assert_int_equal(established, 500);
	/* The search for a half-open one is bounded: some newcomers find none. */
	assert_int_equal(world_counter("conn_created") + world_counter("conn_table_full"), 20500);
	assert_int_equal(world_counter("conn_evicted"), world_counter("conn_created") - 1024);
	assert_in_range(world_counter("conn_table_full"), 0, 500);

	struct dest_load load;

	dp_dest_load(row_dest_tcp, &load);
	assert_int_equal(load.active, 1024);
	world_end();
}

/* Nor do single datagrams take the place of UDP flows that go on. */
static void test_udp_flood(void **state)
{
	struct pkt p = UDP_IN(.payload = 1);
	struct frame f;

	row_world(NULL);
	for (unsigned int i = 0; i < 10000; i++) {
		p.src = i < 500 ? CLIENT_IP : "10.9.3.3";
		p.sport = (uint16_t)(1000 + i);
		for (unsigned int k = 0; k < (i < 500 ? 2 : 1); k++)
			row_send(CLIENT, &p);
		while (world_sent(SERVER, &f))
			;
	}
	assert_true(world_counter("conn_evicted") > 8000);
	world_mark();
	p.src = CLIENT_IP;
	for (unsigned int i = 0; i < 500; i++) {
		p.sport = (uint16_t)(1000 + i);
		row_send(CLIENT, &p);
		assert_true(world_sent(SERVER, &f));
	}
	world_expect_counters("", "the flows were still there");
	world_end();
}

/* All established: the newcomer is refused and counted. */
static void test_full(void **state)
{
	struct pkt syn = TCP_IN(.flags = "S"), data = TCP_IN(.flags = "A");
	struct frame f;

	row_world(NULL);
	for (uint16_t i = 0; i < 1024; i++) {
		syn.sport = data.sport = (uint16_t)(1000 + i);
		row_send(CLIENT, &syn);
		row_send(CLIENT, &data);
		while (world_sent(SERVER, &f))
			;
	}
	world_mark();
	syn.sport = 9999;
	row_send(CLIENT, &syn);
	row_expect_nothing("no room");
	world_expect_counters("conn_table_full", "full");
	world_end();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owners),
		cmocka_unit_test(test_owners_are_even),
		cmocka_unit_test(test_handover_full),
		cmocka_unit_test(test_punt_limits),
		cmocka_unit_test(test_punt_full),
		cmocka_unit_test(test_transmit),
		cmocka_unit_test(test_neighbour_moves),
		cmocka_unit_test(test_neighbours_at_random),
		cmocka_unit_test(test_thresholds_over_workers),
		cmocka_unit_test(test_wlc_over_workers),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_udp_flood),
		cmocka_unit_test(test_full),
	};

	return harness_run("workers", tests);
}
