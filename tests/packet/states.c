/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections through their lives: the kernel's TCP state table, event by event, for both
 * directions and for connections whose replies are not seen; timeouts; expiry; what becomes of
 * connections when their server is quiesced, removed or comes back.
 */
#include "rows.h"

#include <stdio.h>
#include <string.h>

#include <rte_common.h>

/* ---- the TCP table ----------------------------------------------------------------------------
 */

/* In the order of the table's columns, with the names that ipvsadm -Lc prints and the seconds. */
static const struct tcp_state {
	const char *letters, *name;
	unsigned int timeout;
	bool active;
} tcp_states[] = {
	{"NO", "NONE", 2, false},       {"ES", "ESTABLISHED", 900, true},
	{"SS", "SYN_SENT", 120, true},  {"SR", "SYN_RECV", 60, true},
	{"FW", "FIN_WAIT", 120, false}, {"TW", "TIME_WAIT", 120, false},
	{"CL", "CLOSE", 10, false},     {"CW", "CLOSE_WAIT", 60, false},
	{"LA", "LAST_ACK", 30, false},  {"LI", "LISTEN", 120, false},
	{"SA", "SYNACK", 120, true},
};

/* Event and direction, and the state after, per state before. */
static const struct tcp_row {
	enum side from;
	bool replies_unseen; /* of a connection of which only the client's packets are seen */
	const char *flags, *after;
} tcp_rows[] = {
	/*                       NO ES SS SR FW TW CL CW LA LI SA */
	{CLIENT, false, "S", "SR ES ES SR SR SR SR SR SR SR SR"},
	{CLIENT, false, "SA", "SR ES ES SR SR SR SR SR SR SR SR"},
	{CLIENT, false, "SF", "SR ES ES SR SR SR SR SR SR SR SR"},
	{CLIENT, false, "F", "CL CW SS TW TW TW CL CW LA LI TW"},
	{CLIENT, false, "FA", "CL CW SS TW TW TW CL CW LA LI TW"},
	{CLIENT, false, "A", "ES ES SS ES FW TW CL CW CL LI ES"},
	{CLIENT, false, "PA", "ES ES SS ES FW TW CL CW CL LI ES"},
	{CLIENT, false, "R", "CL CL CL SR CL CL CL CL LA LI SR"},
	{CLIENT, false, "RA", "CL CL CL SR CL CL CL CL LA LI SR"},
	{CLIENT, false, "RF", "CL CL CL SR CL CL CL CL LA LI SR"},
	{CLIENT, false, "", "CL CL CL CL CL CL CL CL CL CL CL"},
	{CLIENT, false, "PU", "CL CL CL CL CL CL CL CL CL CL CL"},
	{SERVER, false, "S", "SS ES SS SR SS SS SS SS SS LI SR"},
	{SERVER, false, "SA", "SS ES SS SR SS SS SS SS SS LI SR"},
	{SERVER, false, "F", "TW FW SS TW FW TW CL TW LA LI TW"},
	{SERVER, false, "FA", "TW FW SS TW FW TW CL TW LA LI TW"},
	{SERVER, false, "A", "ES ES SS ES FW TW CL CW LA ES ES"},
	{SERVER, false, "R", "CL CL SS CL CL TW CL CL CL CL CL"},
	{SERVER, false, "RA", "CL CL SS CL CL TW CL CL CL CL CL"},
	{SERVER, false, "", "CL CL CL CL CL CL CL CL CL CL CL"},
	{CLIENT, true, "S", "SR ES ES SR SR SR SR SR SR SR SR"},
	{CLIENT, true, "F", "CL FW SS TW FW TW CL CW LA LI TW"},
	{CLIENT, true, "A", "ES ES SS ES FW TW CL CW CL LI ES"},
	{CLIENT, true, "R", "CL CL CL SR CL CL CL CL LA LI CL"},
	{CLIENT, true, "", "CL CL CL CL CL CL CL CL CL CL CL"},
	/* The first reply ends "unseen": the ordinary table counts. */
	{SERVER, true, "F", "TW FW SS TW FW TW CL TW LA LI TW"},
	{SERVER, true, "A", "ES ES SS ES FW TW CL CW LA ES ES"},
	{SERVER, true, "R", "CL CL SS CL CL TW CL CL CL CL CL"},
};

static const struct tcp_state *state_of(const char *letters)
{
	for (size_t i = 0; i < RTE_DIM(tcp_states); i++)
		if (strncmp(tcp_states[i].letters, letters, 2) == 0)
			return &tcp_states[i];
	fail_msg("no state %.2s", letters);
	return NULL;
}

static struct conn_view the_conn(void)
{
	struct conn_view v;

	assert_int_equal(world_conns(&v, 1), 1);
	return v;
}

/* The one connection there is, whatever state it has, put into `state`; counts follow. */
static void force(uint8_t state, bool replies_unseen)
{
	struct worker *w = world_worker(0);
	struct conn *c = &w->conns.hot[0];
	struct dest_slot *slot = &w->dests[c->dest];
	bool active = tcp_states[state].active;

	assert_int_equal(c->af, AF_INET);
	c->state = state;
	c->flags &= (uint16_t) ~(CONN_INACTIVE | CONN_NOOUTPUT);
	c->flags |= (uint16_t)((active ? 0 : CONN_INACTIVE) | (replies_unseen ? CONN_NOOUTPUT : 0));
	slot->active = active;
	slot->inactive = !active;
}

static void check_load(uint32_t dest, unsigned int active, unsigned int inactive)
{
	struct dest_load load;

	dp_dest_load(dest, &load);
	assert_int_equal(load.active, active);
	assert_int_equal(load.inactive, inactive);
}

static void check_step(const struct tcp_row *row, size_t before)
{
	const struct tcp_state *want = state_of(row->after + 3 * before);
	struct pkt in = TCP_IN(.flags = row->flags), out = TCP_REPLY(.flags = row->flags);
	struct pkt open = TCP_IN(.flags = "S");
	char what[64];

	snprintf(what, sizeof(what), "%s in %s, flags \"%s\"%s", row->from == CLIENT ? "IN" : "OUT",
		 tcp_states[before].name, row->flags,
		 row->replies_unseen ? ", replies unseen" : "");
	row_world(NULL);
	row_send(CLIENT, &open);
	force((uint8_t)before, row->replies_unseen);
	row_send(row->from, row->from == CLIENT ? &in : &out);

	struct conn_view v = the_conn();

	if (strcmp(v.state, want->name) != 0)
		fail_msg("%s: %s, expected %s", what, v.state, want->name);
	if (v.expires_ms != want->timeout * 1000)
		fail_msg("%s: expires in %u ms, expected %u s", what, v.expires_ms, want->timeout);
	assert_int_equal(!(v.flags & CONN_INACTIVE), want->active);
	if (row->from == SERVER)
		assert_false(v.flags & CONN_NOOUTPUT);
	check_load(row_dest_tcp, want->active, !want->active);
	world_end();
}

static void test_tcp_table(void **state)
{
	for (size_t i = 0; i < RTE_DIM(tcp_rows); i++)
		for (size_t before = 0; before < RTE_DIM(tcp_states); before++)
			check_step(&tcp_rows[i], before);
}

/* ---- lives of TCP connections, as recorded from the kernel --------------------------------------
 */

struct step {
	enum side from;
	const char *flags, *state;
};

static const struct life {
	const char *what;
	struct step steps[10];
} lives[] = {
	{"the client closes first",
	 {{CLIENT, "S", "SYN_RECV"},
	  {CLIENT, "S", "SYN_RECV"},
	  {SERVER, "SA", "SYN_RECV"},
	  {CLIENT, "A", "ESTABLISHED"},
	  {SERVER, "PA", "ESTABLISHED"},
	  {CLIENT, "FA", "CLOSE_WAIT"},
	  {SERVER, "A", "CLOSE_WAIT"},
	  {SERVER, "FA", "TIME_WAIT"},
	  {CLIENT, "A", "TIME_WAIT"}}},
	{"the server closes first",
	 {{CLIENT, "S", "SYN_RECV"},
	  {SERVER, "SA", "SYN_RECV"},
	  {CLIENT, "A", "ESTABLISHED"},
	  {SERVER, "FA", "FIN_WAIT"},
	  {CLIENT, "A", "FIN_WAIT"},
	  {CLIENT, "FA", "TIME_WAIT"},
	  {SERVER, "A", "TIME_WAIT"}}},
	{"a client's RST in SYN_RECV leaves the state",
	 {{CLIENT, "S", "SYN_RECV"}, {CLIENT, "R", "SYN_RECV"}, {SERVER, "SA", "SYN_RECV"}}},
	{"a server's RST in SYN_RECV closes", {{CLIENT, "S", "SYN_RECV"}, {SERVER, "RA", "CLOSE"}}},
	{"the server answers before the client's ACK",
	 {{CLIENT, "S", "SYN_RECV"}, {SERVER, "A", "ESTABLISHED"}}},
	{"a SYN in TIME_WAIT begins anew",
	 {{CLIENT, "S", "SYN_RECV"},
	  {CLIENT, "A", "ESTABLISHED"},
	  {CLIENT, "FA", "CLOSE_WAIT"},
	  {SERVER, "FA", "TIME_WAIT"},
	  {CLIENT, "S", "SYN_RECV"},
	  {SERVER, "SA", "SYN_RECV"},
	  {CLIENT, "A", "ESTABLISHED"}}},
	{"a SYN in ESTABLISHED changes nothing",
	 {{CLIENT, "S", "SYN_RECV"}, {CLIENT, "A", "ESTABLISHED"}, {CLIENT, "S", "ESTABLISHED"}}},
};

static void test_tcp_lives(void **state)
{
	for (size_t i = 0; i < RTE_DIM(lives); i++) {
		row_world(NULL);
		for (const struct step *s = lives[i].steps; s->flags; s++) {
			struct pkt in = TCP_IN(.flags = s->flags),
				   out = TCP_REPLY(.flags = s->flags);

			row_send(s->from, s->from == CLIENT ? &in : &out);
			if (strcmp(the_conn().state, s->state) != 0)
				fail_msg("%s, step %d: %s, expected %s", lives[i].what,
					 (int)(s - lives[i].steps) + 1, the_conn().state, s->state);
			world_sleep(1);
		}
		world_end();
	}
}

/* ---- expiry -----------------------------------------------------------------------------------
 */

static const struct pkt opening = TCP_IN(.flags = "S");
static const struct pkt ack = TCP_IN(.flags = "A");
static const struct pkt datagram = UDP_IN(.payload = 4);

/* It is there before its time and gone within a second after. */
static void expect_expiry(double seconds)
{
	world_sleep(seconds - 0.1);
	world_turn();
	assert_int_equal(world_conns(NULL, 0), 1);
	world_sleep(1.1);
	world_turn();
	assert_int_equal(world_conns(NULL, 0), 0);
}

static void test_expires(void **state)
{
	row_world(NULL);
	row_send(CLIENT, &opening);
	expect_expiry(60);
	row_send(CLIENT, &opening);
	row_send(CLIENT, &ack);
	expect_expiry(900);
	row_send(CLIENT, &datagram);
	expect_expiry(300);
	world_expect_counters("conn_created=3 conn_expired=3", "expires");
	check_load(row_dest_tcp, 0, 0);
	check_load(row_dest_udp, 0, 0);
	world_end();
}

/* Every packet of either direction begins the time anew; a shorter state shortens it. */
static void test_touch(void **state)
{
	struct pkt reply = UDP_REPLY(.payload = 1);
	struct pkt rst = TCP_REPLY(.flags = "R");

	row_world(NULL);
	row_send(CLIENT, &datagram);
	for (int i = 0; i < 10; i++) {
		world_sleep(290);
		if (i & 1)
			row_send(CLIENT, &datagram);
		else
			row_send(SERVER, &reply);
		assert_int_equal(the_conn().expires_ms, 300000);
	}
	expect_expiry(300);

	row_send(CLIENT, &opening);
	row_send(CLIENT, &ack);
	world_sleep(400);
	world_turn();
	row_send(SERVER, &rst);
	expect_expiry(10);
	world_end();
}

static void test_timeouts_of_the_snapshot(void **state)
{
	row_world(NULL);
	row_send(CLIENT, &datagram);
	world_timeout(PROTO_IX_UDP, 0, 5);
	world_timeout(PROTO_IX_TCP, 1, 31 * 86400);
	world_publish();
	/* The connection there is learns of it with its next packet. */
	assert_int_equal(the_conn().expires_ms, 300000);
	row_send(CLIENT, &datagram);
	assert_int_equal(the_conn().expires_ms, 5000);
	expect_expiry(5);
	row_send(CLIENT, &opening);
	row_send(CLIENT, &ack);
	assert_int_equal(the_conn().expires_ms / 1000, 31 * 86400);
	expect_expiry(31 * 86400.0);
	world_end();
}

/* The tick counter wraps after 194 days: connections around that moment live as long as others. */
static void test_tick_wraps(void **state)
{
	row_world(&(struct world_config){.start = UINT32_MAX - 30 * TICKS_PER_SECOND});
	row_send(CLIENT, &opening);
	expect_expiry(60);
	row_send(CLIENT, &opening);
	row_send(CLIENT, &ack);
	expect_expiry(900);
	world_end();
}

static void test_every_connection_returns(void **state)
{
	struct pkt p = UDP_IN(.payload = 1);
	unsigned int left = 0;

	row_world(&(struct world_config){.connections = 20000});
	for (unsigned int i = 0; i < 20000; i++) {
		p.sport = (uint16_t)(1024 + i);
		row_send(CLIENT, &p);
		if (i % 7 == 0)
			world_sleep(0.01);
		struct frame f;

		assert_true(world_sent(SERVER, &f));
	}
	check_load(row_dest_udp, 0, 20000);
	world_expect_counters("conn_created=20000", "creation");
	/* All fall due at about the same time: still a bounded number a turn. */
	world_sleep(400);
	while (world_worker(0)->conns.arena->used) {
		unsigned int before = world_worker(0)->conns.arena->used;

		worker_turn(world_worker(0), world_now);
		assert_true(before - world_worker(0)->conns.arena->used <= 256);
		assert_true(left++ < 20000);
	}
	check_load(row_dest_udp, 0, 0);
	world_expect_counters("conn_created=20000 conn_expired=20000", "expiry");
	/* And the table takes as many again. */
	for (unsigned int i = 0; i < 20000; i++) {
		p.sport = (uint16_t)(1024 + i);
		row_send(CLIENT, &p);
		struct frame f;

		assert_true(world_sent(SERVER, &f));
	}
	world_expect_counters("conn_created=40000 conn_expired=20000", "second creation");
	world_end();
}

/* ---- reuse ------------------------------------------------------------------------------------
 */

/* A SYN that opens a connection in TIME_WAIT or CLOSE is scheduled like any new one. */
static void test_reuse_is_scheduled(void **state)
{
	struct pkt fin = TCP_REPLY(.flags = "FA"), client_fin = TCP_IN(.flags = "FA");
	struct pkt to_second = TCP_FORWARDED(.flags = "S", .dst = "10.2.0.2");
	struct pkt old_reply = TCP_REPLY(.flags = "A");
	struct frame f;

	row_world(NULL);
	row_send(CLIENT, &opening);
	row_send(CLIENT, &ack);
	row_send(SERVER, &fin);
	row_send(CLIENT, &client_fin);
	assert_string_equal(the_conn().state, "TIME_WAIT");
	world_dest_weight(row_dest_tcp, 0);
	uint32_t second = world_dest(0, "10.2.0.2", 8080, 1);

	world_neighbour("10.2.0.2", SERVER, 0);
	world_publish();
	world_publish_net();
	while (world_sent(SERVER, &f) || world_sent(CLIENT, &f))
		;
	row_send(CLIENT, &opening);
	row_expect(SERVER, &to_second, "the new connection's server");
	assert_string_equal(the_conn().state, "SYN_RECV");
	check_load(row_dest_tcp, 0, 0);
	check_load(second, 1, 0);
	world_expect_counters("conn_created=2", "reuse");
	/* The old server's packets belong to nothing now. */
	row_send(SERVER, &old_reply);
	world_poll();
	row_expect_nothing("the old server's packet");
	world_end();
}

/* ---- quiesced, removed, revived servers ---------------------------------------------------------
 */

static void test_weight_0_keeps_connections(void **state)
{
	struct pkt in = TCP_IN(.flags = "PA", .payload = 9);
	struct pkt out = TCP_FORWARDED(.flags = "PA", .payload = 9);
	struct pkt other = TCP_IN(.flags = "S", .sport = 40000);

	row_world(NULL);
	row_send(CLIENT, &opening);
	row_expect(SERVER, &(struct pkt)TCP_FORWARDED(.flags = "S"), "opening");
	world_dest_weight(row_dest_tcp, 0);
	world_publish();
	row_send(CLIENT, &in);
	row_expect(SERVER, &out, "a quiesced server keeps its connections");
	row_send(CLIENT, &other);
	assert_int_equal(world_counter("no_destination"), 1);
	world_end();
}

static void test_removed(void **state)
{
	struct pkt reply = TCP_REPLY(.flags = "A"), back = TCP_BACK(.flags = "A");
	struct pkt other = TCP_IN(.flags = "S", .sport = 40000);

	row_world(NULL);
	row_send(CLIENT, &opening);
	row_expect(SERVER, &(struct pkt)TCP_FORWARDED(.flags = "S"), "opening");
	world_dest_remove(row_dest_tcp);
	world_publish();
	row_send(CLIENT, &ack);
	row_expect_nothing("the client's packets are dropped");
	assert_int_equal(world_counter("dest_removed"), 1);
	check_load(row_dest_tcp, 1, 0);
	row_send(SERVER, &reply);
	row_expect(CLIENT, &back, "what the server still says reaches the client");
	row_send(CLIENT, &other);
	assert_int_equal(world_counter("no_destination"), 1);

	struct frame f;

	assert_true(world_sent(CLIENT, &f));
	world_dest_revive(row_dest_tcp);
	world_publish();
	row_send(CLIENT, &ack);
	row_expect(SERVER, &(struct pkt)TCP_FORWARDED(.flags = "A"), "revived");
	world_end();
}

/* The service goes, its address stays known as long as connections live. */
static void test_service_removed(void **state)
{
	struct frame f;
	struct pkt other = UDP_IN(.payload = 4, .sport = 40000);

	row_world(NULL);
	row_send(CLIENT, &datagram);
	assert_true(world_sent(SERVER, &f));
	world_service_remove(1);
	world_publish();
	row_send(CLIENT, &datagram);
	assert_int_equal(world_counter("dest_removed"), 1);
	row_send(CLIENT, &other);
	world_poll();
	assert_int_equal(world_punted(&f), CLIENT);
	expect_expiry(300);
	check_load(row_dest_udp, 0, 0);
	world_end();
}

/* ---- statistics -------------------------------------------------------------------------------
 */

/* Bytes are the IP total length, before rewriting; padding and Ethernet do not count. */
static void test_statistics(void **state)
{
	struct pkt query = UDP_IN(.payload = 100, .padding = 7, .vlan = {0x81000000});
	struct pkt answer = UDP_REPLY(.payload = 300, .ip_options = "01010101");
	struct pkt dying = UDP_REPLY(.payload = 300, .ttl = 1);
	struct dest_stats st;

	row_world(NULL);
	for (int i = 0; i < 3; i++)
		row_send(CLIENT, &query);
	row_send(SERVER, &answer);
	row_send(SERVER, &dying);
	dp_dest_stats(row_dest_udp, &st);
	assert_int_equal(st.conns, 1);
	assert_int_equal(st.inpkts, 3);
	assert_int_equal(st.inbytes, 3 * (20 + 8 + 100));
	assert_int_equal(st.outpkts, 1);
	assert_int_equal(st.outbytes, 24 + 8 + 300);
	world_end();
}

static void test_view(void **state)
{
	row_world(NULL);
	row_send(CLIENT, &opening);

	struct conn_view v = the_conn();

	assert_int_equal(v.af, AF_INET);
	assert_int_equal(v.proto, IPPROTO_TCP);
	assert_int_equal(v.caddr.v4, ip4(CLIENT_IP));
	assert_int_equal(v.vaddr.v4, ip4(VIP));
	assert_int_equal(v.daddr.v4, ip4(SERVER_IP));
	assert_int_equal(rte_be_to_cpu_16(v.cport), 30001);
	assert_int_equal(rte_be_to_cpu_16(v.vport), 80);
	assert_int_equal(rte_be_to_cpu_16(v.dport), 8080);
	assert_int_equal(v.dest, row_dest_tcp);
	assert_int_equal(v.worker, 0);
	assert_int_equal(v.flags & CONN_FWD_MASK, FWD_NAT);
	world_end();
}

static void test_flush(void **state)
{
	row_world(NULL);
	row_send(CLIENT, &opening);
	row_send(CLIENT, &datagram);
	dp_conn_flush();
	assert_int_equal(world_conns(NULL, 0), 0);
	check_load(row_dest_tcp, 0, 0);
	check_load(row_dest_udp, 0, 0);
	row_send(CLIENT, &datagram);
	assert_int_equal(world_conns(NULL, 0), 1);
	world_end();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp_table),
		cmocka_unit_test(test_tcp_lives),
		cmocka_unit_test(test_expires),
		cmocka_unit_test(test_touch),
		cmocka_unit_test(test_timeouts_of_the_snapshot),
		cmocka_unit_test(test_tick_wraps),
		cmocka_unit_test(test_every_connection_returns),
		cmocka_unit_test(test_reuse_is_scheduled),
		cmocka_unit_test(test_weight_0_keeps_connections),
		cmocka_unit_test(test_removed),
		cmocka_unit_test(test_service_removed),
		cmocka_unit_test(test_statistics),
		cmocka_unit_test(test_view),
		cmocka_unit_test(test_flush),
	};

	return harness_run("states", tests);
}
