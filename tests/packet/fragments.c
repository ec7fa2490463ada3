/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments follow their datagram's first one, whatever their order. Tests cut whole packets,
 * send the pieces, put together what comes out and compare that with the whole packet forwarded.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mempool.h>

#include "rows.h"

#define PIECES_MAX 64
#define IP_MORE    0x2000

/* ---- pieces -------------------------------------------------------------------------------- */

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static void set16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint32_t header_len(const struct frame *f)
{
	return (f->data[f->l3] & 15u) * 4;
}

static void put_header_sum(struct frame *f)
{
	uint8_t *ip = f->data + f->l3;

	set16(ip + 10, 0);
	set16(ip + 10, (uint16_t)~sum16(ip, header_len(f), 0));
}

static uint32_t payload_len(const struct frame *f)
{
	return get16(f->data + f->l3 + 2) - header_len(f);
}

/* Bytes offset..offset+len of the payload of `whole`; where it ends, zeros go on. */
static void cut(const struct frame *whole, uint32_t offset, uint32_t len, bool more,
		struct frame *out)
{
	uint32_t header = (uint32_t)whole->l3 + header_len(whole), have = payload_len(whole);

	memset(out, 0, sizeof(*out));
	memcpy(out->data, whole->data, header);
	if (offset < have)
		memcpy(out->data + header, whole->data + header + offset,
		       RTE_MIN(len, have - offset));
	out->l3 = whole->l3;
	out->len = header + len;
	set16(out->data + out->l3 + 2, header_len(whole) + len);
	set16(out->data + out->l3 + 6,
	      (get16(whole->data + whole->l3 + 6) & 0x4000) | offset / 8 | (more ? IP_MORE : 0));
	put_header_sum(out);
}

/* A packet in `n` pieces of about the same size. */
struct cutting {
	unsigned int n;
	struct frame pieces[PIECES_MAX];
};

static void cut_all(enum side from, const struct pkt *p, unsigned int n, struct cutting *out)
{
	static struct frame whole;

	row_frame_in(from, p, &whole);
	uint32_t len = payload_len(&whole), size = (len / n + 7) & ~7u;

	assert_true(n <= PIECES_MAX);
	out->n = n;
	for (uint32_t i = 0; i < n; i++)
		cut(&whole, i * size, i + 1 < n ? size : len - i * size, i + 1 < n,
		    &out->pieces[i]);
}

static void send_piece(enum side from, const struct cutting *c, unsigned int i)
{
	world_inject(from, 0, &c->pieces[i]);
}

/* What comes out, put together. */
struct whole {
	unsigned int pieces;
	uint32_t end; /* 0: the last piece has not come */
	uint32_t bytes;
	struct frame f;
};

static void add_piece(struct whole *w, const struct frame *f)
{
	const uint8_t *ip = f->data + f->l3;
	uint32_t field = get16(ip + 6), offset = (field & 0x1fff) * 8, len = payload_len(f);
	uint32_t header = (uint32_t)f->l3 + header_len(f);

	assert_int_equal(sum16(ip, header_len(f), 0), 0xffff);
	assert_int_equal(f->len, header + len);
	if (!w->pieces++) {
		memcpy(w->f.data, f->data, header);
		w->f.l3 = f->l3;
	}
	/* Everything but length, offset and checksum is the same in all. */
	assert_memory_equal(w->f.data + f->l3 + 4, ip + 4, 2);
	assert_memory_equal(w->f.data + f->l3 + 8, ip + 8, 2);
	assert_memory_equal(w->f.data + f->l3 + 12, ip + 12, 8);
	assert_true(header + offset + len <= FRAME_MAX);
	memcpy(w->f.data + header + offset, f->data + header, len);
	w->bytes += len;
	if (!(field & IP_MORE))
		w->end = offset + len;
}

static void finish_whole(struct whole *w)
{
	uint8_t *ip = w->f.data + w->f.l3;
	uint32_t header = header_len(&w->f);

	w->f.len = w->f.l3 + header + w->end;
	set16(ip + 2, header + w->end);
	set16(ip + 6, get16(ip + 6) & 0x4000);
	put_header_sum(&w->f);
}

/* All that was sent on `to` is one datagram in some pieces, and it is `p`. */
static void expect_whole(enum side to, const struct pkt *p, unsigned int pieces, const char *what)
{
	static struct whole w;
	static struct frame want, got;
	struct pkt q = *p;

	memset(&w, 0, sizeof(w));
	q.from = MAC_PORT(to);
	q.to = q.to ? q.to : mac_of(q.dst);
	packet_build(&q, &want);
	while (world_sent(to, &got))
		add_piece(&w, &got);
	if (w.pieces != pieces || !w.end || w.bytes != w.end)
		fail_msg("%s: %u pieces, %u of %u bytes", what, w.pieces, w.bytes, w.end);
	finish_whole(&w);
	if (w.f.len != want.len || memcmp(w.f.data, want.data, want.len) != 0) {
		frame_explain(&want, &w.f);
		fail_msg("%s: another datagram than expected", what);
	}
	row_expect_nothing(what);
}

/* ---- order --------------------------------------------------------------------------------- */

/* The k-th permutation of 0..n-1. */
static void permutation(unsigned int n, unsigned int k, unsigned int *out)
{
	for (unsigned int i = 0; i < n; i++)
		out[i] = i;
	for (unsigned int i = n; i > 1; k /= i--) {
		unsigned int j = k % i, t = out[j];

		out[j] = out[i - 1];
		out[i - 1] = t;
	}
}

static struct cutting cutting;

/* Every order of 4 pieces; in one burst, or one by one. */
static void every_order(enum side from, const struct pkt *in, const struct pkt *out, bool burst)
{
	unsigned int order[4];

	cut_all(from, in, 4, &cutting);
	for (unsigned int k = 0; k < 24; k++) {
		char what[32];

		snprintf(what, sizeof(what), "order %u", k);
		permutation(4, k, order);
		for (unsigned int i = 0; i < 4; i++) {
			send_piece(from, &cutting, order[i]);
			if (!burst)
				world_turn();
		}
		world_turn();
		expect_whole(from == CLIENT ? SERVER : CLIENT, out, 4, what);
	}
}

static const struct pkt udp_in = UDP_IN(.payload = 3000, .id = 0x77);
static const struct pkt udp_forwarded = UDP_FORWARDED(.payload = 3000, .id = 0x77);
static const struct pkt udp_reply = UDP_REPLY(.payload = 2999, .id = 0x78);
static const struct pkt udp_back = UDP_BACK(.payload = 2999, .id = 0x78);

static void test_orders(void **state)
{
	(void)state;
	row_world(NULL);
	every_order(CLIENT, &udp_in, &udp_forwarded, true);
	every_order(CLIENT, &udp_in, &udp_forwarded, false);
	world_expect_counters("conn_created", "48 datagrams");
	/* A datagram counts once, its bytes as those of the whole packet. */
	assert_int_equal(world_worker(0)->dests[row_dest_udp].inpkts, 48);
	assert_int_equal(world_worker(0)->dests[row_dest_udp].inbytes, 48 * 3028);
	world_mark();
	every_order(SERVER, &udp_reply, &udp_back, true);
	every_order(SERVER, &udp_reply, &udp_back, false);
	world_expect_counters(NULL, "replies");
	assert_int_equal(world_worker(0)->dests[row_dest_udp].outpkts, 48);
	assert_int_equal(world_worker(0)->dests[row_dest_udp].outbytes, 48 * 3027);
	world_end();
}

static void test_tcp(void **state)
{
	static const struct pkt syn = TCP_IN(.flags = "S");
	static const struct pkt in = TCP_IN(.flags = "PA", .payload = 1400, .id = 9,
					    .tcp_options = "0101080a0000000100000002");
	static const struct pkt out = TCP_FORWARDED(.flags = "PA", .payload = 1400, .id = 9,
						    .tcp_options = "0101080a0000000100000002");
	static const struct pkt reply =
		TCP_REPLY(.flags = "A", .payload = 1001, .ip_options = "01010101");
	static const struct pkt back =
		TCP_BACK(.flags = "A", .payload = 1001, .ip_options = "01010101");
	struct frame f;

	(void)state;
	row_world(NULL);
	row_send(CLIENT, &syn);
	assert_true(world_sent(SERVER, &f));
	every_order(CLIENT, &in, &out, true);
	every_order(SERVER, &reply, &back, false);
	world_expect_counters("conn_created", "fragments of TCP");
	world_end();
}

/* 44 pieces, the last one first. */
static void test_reversed(void **state)
{
	static const struct pkt in = UDP_IN(.payload = 9000, .id = 5);
	static const struct pkt out = UDP_FORWARDED(.payload = 9000, .id = 5);

	(void)state;
	row_world(NULL);
	cut_all(CLIENT, &in, 44, &cutting);
	for (unsigned int i = 44; i--;)
		send_piece(CLIENT, &cutting, i);
	world_turn();
	expect_whole(SERVER, &out, 44, "reversed");
	world_expect_counters("conn_created", "reversed");
	world_end();
}

static void test_duplicates(void **state)
{
	(void)state;
	row_world(NULL);
	cut_all(CLIENT, &udp_in, 3, &cutting);
	for (unsigned int i = 3; i--;)
		for (unsigned int k = 0; k < (i ? 3u : 1u); k++)
			send_piece(CLIENT, &cutting, i);
	world_turn();
	expect_whole(SERVER, &udp_forwarded, 3, "waiting ones twice");
	world_expect_counters("conn_created fragment_duplicate=4", "waiting ones twice");

	world_mark();
	for (unsigned int i = 0; i < 3; i++)
		for (unsigned int k = 0; k < (i < 2 ? 3u : 1u); k++)
			send_piece(CLIENT, &cutting, i);
	world_turn();
	expect_whole(SERVER, &udp_forwarded, 3, "forwarded ones twice");
	world_expect_counters("fragment_duplicate=4", "forwarded ones twice");
	world_end();
}

static void test_zero_checksum(void **state)
{
	static const struct pkt in = UDP_IN(.payload = 2000, .no_checksum = true);
	static const struct pkt out = UDP_FORWARDED(.payload = 2000, .no_checksum = true);
	static const struct pkt wrong = UDP_IN(.payload = 2000, .checksum_off_by = 0x1234);
	static const struct pkt wrong_out =
		UDP_FORWARDED(.payload = 2000, .checksum_off_by = 0x1234);

	(void)state;
	row_world(NULL);
	every_order(CLIENT, &in, &out, true);
	every_order(CLIENT, &wrong, &wrong_out, true);
	world_end();
}

/* ---- what is dropped ----------------------------------------------------------------------- */

struct bad_piece {
	uint32_t offset, len;
	bool last;
};

struct bad_row {
	const char *what;
	bool tcp;
	struct bad_piece pieces[6];
	unsigned int sent;
	const char *counters;
};

static const struct bad_row bad_rows[] = {
	{"the middle one begins too early",
	 false,
	 {{0, 800, 0}, {792, 800, 0}, {1600, 8, 1}},
	 1,
	 "conn_created fragment_overlap fragment_refused"},
	{"the middle one ends too late",
	 false,
	 {{0, 800, 0}, {1600, 8, 1}, {800, 808, 0}},
	 2,
	 "conn_created fragment_overlap"},
	{"one inside the first",
	 false,
	 {{0, 800, 0}, {80, 80, 0}, {800, 8, 1}},
	 2,
	 "conn_created fragment_duplicate"},
	{"one around another",
	 false,
	 {{0, 800, 0}, {1600, 80, 0}, {1592, 96, 0}, {800, 800, 0}},
	 2,
	 "conn_created fragment_overlap fragment_refused"},
	{"two first ones",
	 false,
	 {{0, 800, 0}, {0, 808, 0}, {800, 8, 1}},
	 1,
	 "conn_created fragment_overlap fragment_refused"},
	{"waiting ones overlap",
	 false,
	 {{800, 800, 0}, {792, 16, 0}, {0, 792, 0}, {1600, 8, 1}},
	 0,
	 "fragment_overlap=2 fragment_refused=2"},
	{"the first one reaches into a waiting one",
	 false,
	 {{800, 800, 0}, {0, 808, 0}},
	 0,
	 "fragment_overlap=2"},
	{"two ends",
	 false,
	 {{1600, 8, 1}, {1600, 16, 1}, {0, 800, 0}},
	 0,
	 "fragment_overlap=2 fragment_refused"},
	{"an end before what was seen",
	 false,
	 {{0, 800, 0}, {1600, 80, 0}, {800, 80, 1}},
	 2,
	 "conn_created fragment_overlap"},
	{"something behind the end",
	 false,
	 {{0, 800, 0}, {800, 80, 1}, {1600, 80, 0}},
	 2,
	 "conn_created"},
	{"something behind a waiting end",
	 false,
	 {{800, 80, 1}, {1600, 80, 0}, {0, 800, 0}},
	 0,
	 "fragment_overlap=2 fragment_refused"},
	{"an empty one",
	 false,
	 {{0, 800, 0}, {800, 0, 0}, {800, 8, 1}},
	 2,
	 "conn_created fragment_length"},
	{"an odd length before the end", false, {{0, 801, 0}}, 0, "fragment_length"},
	{"beyond 65,535 bytes", false, {{65528, 8, 1}}, 0, "fragment_length"},
	{"far beyond 65,535 bytes", false, {{65528, 1400, 0}}, 0, "fragment_length"},
	{"the end of the longest datagram", false, {{65504, 11, 1}, {0, 80, 0}}, 2, "conn_created"},
	{"eight bytes of TCP",
	 true,
	 {{0, 8, 0}, {8, 800, 0}, {808, 8, 1}},
	 0,
	 "fragment_tiny=2 fragment_refused"},
	{"sixteen bytes of TCP",
	 true,
	 {{0, 16, 0}, {16, 800, 1}},
	 0,
	 "fragment_tiny fragment_refused"},
	{"options of TCP in the second one",
	 true,
	 {{0, 24, 0}, {24, 800, 1}},
	 0,
	 "fragment_tiny fragment_refused"},
	{"TCP at offset 8, before the first one",
	 true,
	 {{8, 800, 0}, {0, 80, 0}},
	 0,
	 "fragment_tiny fragment_refused"},
	{"TCP at offset 8, behind the first one",
	 true,
	 {{0, 80, 0}, {8, 80, 0}, {80, 8, 1}},
	 1,
	 "conn_created fragment_tiny fragment_refused"},
	{"the smallest first fragment of UDP", false, {{0, 8, 0}, {8, 800, 1}}, 2, "conn_created"},
};

static void test_bad(void **state)
{
	static const struct pkt tcp =
		TCP_IN(.flags = "S", .payload = 1700, .tcp_options = "0204020401010101");
	static const struct pkt udp = UDP_IN(.payload = 2000);
	const struct bad_row *row = *state;
	static struct frame whole, f;

	row_world(NULL);
	row_frame_in(CLIENT, row->tcp ? &tcp : &udp, &whole);
	for (size_t i = 0; i < 6 && (row->pieces[i].len || row->pieces[i].offset); i++) {
		cut(&whole, row->pieces[i].offset, row->pieces[i].len, !row->pieces[i].last, &f);
		world_inject(CLIENT, 0, &f);
		world_turn();
	}
	if (world_sent_count(SERVER) != row->sent)
		fail_msg("%s: %u frames sent", row->what, world_sent_count(SERVER));
	assert_int_equal(world_sent_count(CLIENT), 0);
	world_expect_counters(row->counters, row->what);
	world_end();
}

/* The datagram is not known any more: what comes is another's, and waits in vain. */
static void test_timeout(void **state)
{
	(void)state;
	row_world(NULL);
	cut_all(CLIENT, &udp_in, 3, &cutting);
	send_piece(CLIENT, &cutting, 1);
	send_piece(CLIENT, &cutting, 2);
	world_turn();
	world_sleep(29.9);
	world_turn();
	world_expect_counters(NULL, "they wait");
	world_sleep(0.2);
	world_turn();
	world_expect_counters("fragment_timeout=2", "they have waited");
	world_mark();
	send_piece(CLIENT, &cutting, 0);
	world_turn();
	assert_int_equal(world_sent_count(SERVER), 1);
	world_sleep(31);
	world_turn();
	send_piece(CLIENT, &cutting, 1);
	world_turn();
	assert_int_equal(world_sent_count(SERVER), 1);
	world_sleep(31);
	world_turn();
	world_expect_counters("conn_created fragment_timeout", "the first one is forgotten");
	world_end();
}

/* ---- floods -------------------------------------------------------------------------------- */

static void send_late_piece(uint16_t id)
{
	static struct frame f;
	struct pkt p = UDP_IN(.payload = 64, .id = id, .frag = 0x0010);

	row_frame_in(CLIENT, &p, &f);
	world_inject(CLIENT, 0, &f);
	if (id % 32 == 31)
		world_turn();
}

/* Fragments that never get a first one keep out neither datagrams in order, nor, as long as the
 * table is large enough for a moment's, others. */
static void test_flood(void **state)
{
	(void)state;
	row_world(NULL);
	for (unsigned int i = 0; i < 20000; i++)
		send_late_piece((uint16_t)(i + 1000));
	world_turn();
	world_expect_counters("fragment_forgotten=18976 fragment_evicted=18976", "flood");
	world_mark();
	every_order(CLIENT, &udp_in, &udp_forwarded, true);
	assert_int_equal(world_counter("conn_created"), 1);
	world_sleep(31);
	world_turn();
	assert_int_equal(world_worker(0)->frags.used, 0);
	assert_int_equal(world_worker(0)->frags.held, 0);
	world_end();
}

/* One datagram in too many pieces, and memory that is short. */
static void test_limits(void **state)
{
	static const struct pkt in = UDP_IN(.payload = 9000, .id = 5);

	(void)state;
	row_world(NULL);
	cut_all(CLIENT, &in, 60, &cutting);
	for (unsigned int i = 1; i < 60; i++)
		send_piece(CLIENT, &cutting, i);
	world_turn();
	world_expect_counters("fragment_limit=11", "pieces that wait");
	world_sleep(31);
	world_turn();
	world_mark();
	for (unsigned int i = 0; i < 60; i += 2)
		send_piece(CLIENT, &cutting, i);
	world_turn();
	assert_int_equal(world_sent_count(SERVER), 30);
	world_sleep(31);
	world_turn();
	for (unsigned int i = 2; i < 60; i += 40)
		send_piece(CLIENT, &cutting, i);
	world_worker(0)->frags.held_max = 3;
	world_mark();
	cut_all(CLIENT, &udp_in, 4, &cutting);
	for (unsigned int i = 4; i--;)
		send_piece(CLIENT, &cutting, i);
	world_turn();
	assert_int_equal(world_sent_count(SERVER), 34);
	world_expect_counters("fragment_evicted=2 fragment_forgotten", "no room");
	world_end();
}

/* First fragments of ever new flows: the table forgets the oldest. */
static void test_first_flood(void **state)
{
	static struct frame f;

	(void)state;
	row_world(&(struct world_config){.connections = 8192});
	for (unsigned int i = 0; i < 3000; i++) {
		struct pkt p = UDP_IN(.payload = 64, .id = (uint16_t)i, .frag = IP_MORE);

		p.sport = (uint16_t)(1000 + i);
		row_frame_in(CLIENT, &p, &f);
		world_inject(CLIENT, 0, &f);
		world_turn();
	}
	world_expect_counters("conn_created=3000 fragment_forgotten=1976", "flood");
	assert_int_equal(world_sent_count(SERVER), 3000);
	world_end();
}

/* ---- the datagram's connection --------------------------------------------------------------- */

/* It ends before the datagram does, and another takes its place in memory. */
static void test_connection_gone(void **state)
{
	static const struct pkt other = UDP_IN(.sport = 40000, .dport = 123);
	static struct frame first, f;
	static struct whole w;

	(void)state;
	row_world(NULL);
	world_timeout(PROTO_IX_UDP, 0, 1);
	world_publish();
	cut_all(CLIENT, &udp_in, 3, &cutting);
	send_piece(CLIENT, &cutting, 0);
	world_turn();
	world_sleep(5);
	for (int i = 0; i < 10; i++)
		world_turn();
	assert_int_equal(world_counter("conn_expired"), 1);
	row_send(CLIENT, &other);
	assert_true(world_sent(SERVER, &first));
	assert_true(world_sent(SERVER, &f));
	send_piece(CLIENT, &cutting, 2);
	send_piece(CLIENT, &cutting, 1);
	world_turn();
	memset(&w, 0, sizeof(w));
	add_piece(&w, &first);
	while (world_sent(SERVER, &f))
		add_piece(&w, &f);
	assert_int_equal(w.pieces, 3);
	assert_int_equal(w.bytes, 3008);
	assert_int_equal(w.end, 3008);
	world_end();
}

/* Waiting ones are the kernel's when the first one is. */
static void test_kernel(void **state)
{
	static const struct pkt in = UDP_IN(.payload = 3000, .dport = 999);
	struct frame f;

	(void)state;
	row_world(NULL);
	cut_all(CLIENT, &in, 4, &cutting);
	send_piece(CLIENT, &cutting, 3);
	send_piece(CLIENT, &cutting, 1);
	world_turn();
	world_poll();
	assert_int_equal(world_punted(&f), -1);
	send_piece(CLIENT, &cutting, 0);
	send_piece(CLIENT, &cutting, 2);
	world_turn();
	world_poll();
	static const unsigned int order[] = {0, 1, 3, 2};

	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(world_punted(&f), CLIENT);
		assert_int_equal(f.len, cutting.pieces[order[i]].len);
		assert_memory_equal(f.data, cutting.pieces[order[i]].data, f.len);
	}
	world_expect_counters("punted=4", "no service");
	assert_int_equal(world_worker(0)->frags.used, 0);
	world_end();
}

static void test_refused(void **state)
{
	static const struct pkt in = UDP_IN(.payload = 3000, .ttl = 1);

	(void)state;
	row_world(NULL);
	cut_all(CLIENT, &in, 3, &cutting);
	for (unsigned int i = 3; i--;)
		send_piece(CLIENT, &cutting, i);
	world_turn();
	assert_int_equal(world_sent_count(CLIENT), 1);
	assert_int_equal(world_sent_count(SERVER), 0);
	world_expect_counters("conn_created icmp_sent ttl_exceeded fragment_refused=2", "TTL 1");
	world_end();
}

/* Pieces longer than the MTU are cut again. */
static void test_mtu(void **state)
{
	(void)state;
	row_world(NULL);
	world_route_mtu("10.2.0.0/16", 600);
	world_publish_net();
	cut_all(CLIENT, &udp_in, 3, &cutting);
	send_piece(CLIENT, &cutting, 1);
	send_piece(CLIENT, &cutting, 0);
	send_piece(CLIENT, &cutting, 2);
	world_turn();
	expect_whole(SERVER, &udp_forwarded, 6, "cut again");
	world_end();
}

/* ---- other ways to forward ------------------------------------------------------------------- */

static void test_direct(void **state)
{
	static const struct pkt out =
		UDP_IN(.payload = 3000, .id = 0x77, .ttl = 63, .to = 0x02000a020001);

	(void)state;
	row_world(NULL);
	world_dest_method(row_dest_udp, FWD_DIRECT);
	world_publish();
	every_order(CLIENT, &udp_in, &out, true);
	world_expect_counters("conn_created", "DR");
	world_end();
}

/* Frames that leave through ipip: outer header off. */
static void test_tunnel(void **state)
{
	static struct whole w;
	static struct frame f, want;
	struct pkt out = UDP_IN(.payload = 3000, .id = 0x77, .ttl = 63);

	(void)state;
	row_world(NULL);
	world_dest_method(row_dest_udp, FWD_TUNNEL);
	world_publish();
	world_headroom(128);
	cut_all(CLIENT, &udp_in, 4, &cutting);
	memset(&w, 0, sizeof(w));
	for (unsigned int i = 4; i--;)
		send_piece(CLIENT, &cutting, i);
	world_turn();
	while (world_sent(SERVER, &f)) {
		assert_int_equal(f.data[14 + 9], IPPROTO_IPIP);
		assert_memory_equal(f.data + 14 + 16, "\x0a\x02\x00\x01", 4);
		memmove(f.data + 14, f.data + 34, f.len - 34);
		f.len -= 20;
		add_piece(&w, &f);
	}
	assert_int_equal(w.pieces, 4);
	finish_whole(&w);
	out.from = MAC_PORT(SERVER);
	out.to = mac_of(SERVER_IP);
	packet_build(&out, &want);
	assert_int_equal(w.f.len, want.len);
	assert_memory_equal(w.f.data, want.data, want.len);
	world_end();
}

/* ---- several workers ------------------------------------------------------------------------- */

static void test_workers(void **state)
{
	uint64_t random = harness_seed();

	(void)state;
	row_world(&(struct world_config){.n_workers = 3, .n_rxq = 3, .n_txq = 3});
	for (unsigned int flow = 0; flow < 200; flow++) {
		struct pkt in = UDP_IN(.payload = 2000, .id = (uint16_t)(flow / 3));
		struct pkt out = UDP_FORWARDED(.payload = 2000, .id = (uint16_t)(flow / 3));
		struct pkt reply = UDP_REPLY(.payload = 2001, .id = (uint16_t)(flow / 3));
		struct pkt back = UDP_BACK(.payload = 2001, .id = (uint16_t)(flow / 3));
		unsigned int order[5];

		in.sport = out.sport = reply.dport = back.dport = (uint16_t)(2000 + flow);
		for (int dir = 0; dir < 2; dir++) {
			cut_all(dir ? SERVER : CLIENT, dir ? &reply : &in, 5, &cutting);
			permutation(5, (unsigned int)(harness_random(&random) % 120), order);
			for (unsigned int i = 0; i < 5; i++) {
				world_inject(dir ? SERVER : CLIENT,
					     (unsigned int)(harness_random(&random) % 3),
					     &cutting.pieces[order[i]]);
				if (harness_random(&random) & 1)
					world_turn();
			}
			world_turn();
			expect_whole(dir ? CLIENT : SERVER, dir ? &back : &out, 5, "three workers");
		}
	}
	assert_int_equal(world_counter("conn_created"), 200);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(world_worker(i)->frags.used, 0);
	world_end();
}

int main(void)
{
	static const struct CMUnitTest fixed[] = {
		cmocka_unit_test(test_orders),        cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_reversed),      cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_zero_checksum), cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_flood),         cmocka_unit_test(test_limits),
		cmocka_unit_test(test_first_flood),   cmocka_unit_test(test_connection_gone),
		cmocka_unit_test(test_kernel),        cmocka_unit_test(test_refused),
		cmocka_unit_test(test_mtu),           cmocka_unit_test(test_direct),
		cmocka_unit_test(test_tunnel),        cmocka_unit_test(test_workers),
	};
	struct CMUnitTest tests[RTE_DIM(fixed) + RTE_DIM(bad_rows)];

	memcpy(tests, fixed, sizeof(fixed));
	for (size_t i = 0; i < RTE_DIM(bad_rows); i++)
		tests[RTE_DIM(fixed) + i] = (struct CMUnitTest){
			.name = bad_rows[i].what,
			.test_func = test_bad,
			.initial_state = (void *)(uintptr_t)&bad_rows[i],
		};
	return harness_run("fragments", tests);
}
