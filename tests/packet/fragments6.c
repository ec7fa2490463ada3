/* SPDX-License-Identifier: BSD-3-Clause */
/* Fragments of IPv6 packets follow their datagram's first one: every order, both directions,
 * extension headers on either side of the fragment header, several workers. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "rows.h"

#define VIP6    "2001:db8::1"
#define CLIENT6 "fd01::1"
#define SERVER6 "fd02::1"

#define IP6_HEADER  40
#define PIECES_MAX  4
#define NEXT_OFFSET 6

static uint32_t dest6;

static void world6(const struct world_config *config)
{
	row_world(config);
	dest6 = world_dest(world_service(IPPROTO_UDP, VIP6, 53, "rr"), SERVER6, 5353, 1);
	world_publish();
	world_route(VIP6, FIB_LOCAL, 0, NULL);
	world_route("fd01::/16", FIB_UNICAST, CLIENT, NULL);
	world_route("fd02::/16", FIB_UNICAST, SERVER, NULL);
	world_neighbour(CLIENT6, CLIENT, 0);
	world_neighbour(SERVER6, SERVER, 0);
	world_publish_net();
	world_mark();
}

static const struct pkt in = {
	.l4 = L4_UDP, .src = CLIENT6, .dst = VIP6, .sport = 30001, .dport = 53, .payload = 2000};
static const struct pkt forwarded = {.l4 = L4_UDP,
				     .src = CLIENT6,
				     .dst = SERVER6,
				     .sport = 30001,
				     .dport = 5353,
				     .payload = 2000,
				     .ttl = 63};
static const struct pkt reply = {.l4 = L4_UDP,
				 .src = SERVER6,
				 .dst = CLIENT6,
				 .sport = 5353,
				 .dport = 30001,
				 .payload = 1999};
static const struct pkt back = {.l4 = L4_UDP,
				.src = VIP6,
				.dst = CLIENT6,
				.sport = 53,
				.dport = 30001,
				.payload = 1999,
				.ttl = 63};

/* ---- headers --------------------------------------------------------------------------------- */

static void set16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Puts `n` bytes in at `at`. */
static void put_in(struct frame *f, size_t at, const uint8_t *bytes, size_t n)
{
	memmove(f->data + at + n, f->data + at, f->len - at);
	memcpy(f->data + at, bytes, n);
	f->len += n;
	set16(f->data + f->l3 + 4, f->len - f->l3 - IP6_HEADER);
}

/* An extension header of 8 bytes of padding behind the IPv6 header. */
static void put_extension(struct frame *f, uint8_t type)
{
	uint8_t h[8] = {f->data[f->l3 + NEXT_OFFSET], 0, 1, 4};

	put_in(f, f->l3 + IP6_HEADER, h, sizeof(h));
	f->data[f->l3 + NEXT_OFFSET] = type;
}

/* Bytes offset..offset+len behind the first `fixed` bytes of extension headers, as a fragment. */
static void cut(const struct frame *whole, size_t fixed, size_t offset, size_t len, bool more,
		uint32_t id, struct frame *out)
{
	size_t head = whole->l3 + IP6_HEADER + fixed;
	uint8_t h[8] = {0};
	uint8_t *next;

	*out = *whole;
	next = out->data + out->l3 + NEXT_OFFSET;
	if (fixed)
		next = out->data + out->l3 + IP6_HEADER;
	memmove(out->data + head, whole->data + head + offset, len);
	out->len = head + len;
	h[0] = *next;
	*next = IPPROTO_FRAGMENT;
	set16(h + 2, offset | more);
	id = htonl(id);
	memcpy(h + 4, &id, 4);
	put_in(out, head, h, sizeof(h));
}

static struct frame pieces[PIECES_MAX];

static void cut_all(const struct frame *whole, size_t fixed, size_t n, uint32_t id)
{
	size_t len = whole->len - whole->l3 - IP6_HEADER - fixed, size = (len / n + 7) & ~7ul;

	for (size_t i = 0; i < n; i++)
		cut(whole, fixed, i * size, i + 1 < n ? size : len - i * size, i + 1 < n, id,
		    &pieces[i]);
}

/* ---- what comes out ----------------------------------------------------------------------------
 */

/* Everything sent on `to` is the pieces of `want`, whose first `fixed` bytes of extension headers
 * are in each. */
static void expect_pieces(enum side to, const struct frame *want, size_t fixed, unsigned int n,
			  const char *what)
{
	static struct frame got, whole;
	size_t end = 0, bytes = 0, head = want->l3 + IP6_HEADER + fixed;
	unsigned int count = 0;

	whole = *want;
	memset(whole.data + head, 0xcc, whole.len - head);
	for (; world_sent(to, &got); count++) {
		const uint8_t *h = got.data + head;
		size_t field = (size_t)h[2] << 8 | h[3], offset = field & ~7ul;
		size_t len = got.len - head - 8;

		assert_true(head + offset + len <= want->len);
		assert_int_equal((got.data[got.l3 + 4] << 8) + got.data[got.l3 + 5],
				 got.len - got.l3 - IP6_HEADER);
		assert_memory_equal(got.data, want->data, got.l3 + 4);
		assert_memory_equal(got.data + got.l3 + 7, want->data + got.l3 + 7, 33);
		memcpy(whole.data + head + offset, h + 8, len);
		bytes += len;
		if (!(field & 1))
			end = offset + len;
	}
	if (count != n || bytes != end || head + end != want->len)
		fail_msg("%s: %u pieces, %zu of %zu bytes", what, count, bytes, end);
	if (memcmp(whole.data, want->data, want->len) != 0) {
		frame_explain(want, &whole);
		fail_msg("%s: another datagram than expected", what);
	}
	row_expect_nothing(what);
}

static void frame_out(enum side to, const struct pkt *p, struct frame *out)
{
	struct pkt q = *p;

	q.from = MAC_PORT(to);
	q.to = mac_of(q.dst);
	packet_build(&q, out);
}

/* Every order of three pieces; `before`, `behind`: extension headers around the fragment header. */
static void every_order(enum side from, const struct pkt *p, const struct pkt *expected,
			uint8_t before, uint8_t behind)
{
	static const uint8_t orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
					     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	static struct frame whole, want;
	enum side to = from == CLIENT ? SERVER : CLIENT;

	row_frame_in(from, p, &whole);
	frame_out(to, expected, &want);
	if (behind) {
		put_extension(&whole, behind);
		put_extension(&want, behind);
	}
	if (before) {
		put_extension(&whole, before);
		put_extension(&want, before);
	}
	cut_all(&whole, before ? 8 : 0, 3, 0x12345678);
	for (int k = 0; k < 6; k++) {
		char what[32];

		snprintf(what, sizeof(what), "order %d", k);
		for (int i = 0; i < 3; i++) {
			world_inject(from, 0, &pieces[orders[k][i]]);
			if (k & 1)
				world_turn();
		}
		world_turn();
		expect_pieces(to, &want, before ? 8 : 0, 3, what);
	}
}

static void test_orders(void **state)
{
	world6(NULL);
	every_order(CLIENT, &in, &forwarded, 0, 0);
	every_order(SERVER, &reply, &back, 0, 0);
	world_expect_counters("conn_created", "12 datagrams");
	/* Bytes as those of the whole packet, without fragment headers. */
	assert_int_equal(world_worker(0)->dests[dest6].inpkts, 6);
	assert_int_equal(world_worker(0)->dests[dest6].inbytes, 6 * 2048);
	assert_int_equal(world_worker(0)->dests[dest6].outpkts, 6);
	assert_int_equal(world_worker(0)->dests[dest6].outbytes, 6 * 2047);
	world_end();
}

static void test_extensions(void **state)
{
	world6(NULL);
	every_order(CLIENT, &in, &forwarded, IPPROTO_HOPOPTS, 0);
	every_order(CLIENT, &in, &forwarded, 0, IPPROTO_DSTOPTS);
	every_order(CLIENT, &in, &forwarded, IPPROTO_HOPOPTS, IPPROTO_DSTOPTS);
	every_order(SERVER, &reply, &back, IPPROTO_DSTOPTS, IPPROTO_DSTOPTS);
	world_expect_counters("conn_created", "extension headers");
	world_end();
}

/* A whole packet with a fragment header loses it. */
static void test_atomic(void **state)
{
	static struct frame f, want, got;
	struct pkt small = in, small_forwarded = forwarded;

	small.payload = small_forwarded.payload = 500;
	for (int more = 0; more < 2; more++) {
		world6(&(struct world_config){.n_workers = more ? 3 : 1});
		row_frame_in(CLIENT, &small, &f);
		frame_out(SERVER, &small_forwarded, &want);
		if (more) {
			put_extension(&f, IPPROTO_HOPOPTS);
			put_extension(&want, IPPROTO_HOPOPTS);
		}
		cut_all(&f, more ? 8 : 0, 1, 7);
		world_inject(CLIENT, 0, &pieces[0]);
		world_turn();
		assert_true(world_sent(SERVER, &got));
		assert_int_equal(got.len, want.len);
		assert_memory_equal(got.data, want.data, want.len);
		assert_int_equal(world_counter("conn_created"), 1);
		world_end();
	}
}

struct bad_row {
	const char *what;
	struct {
		uint32_t offset, len;
		bool more;
	} pieces[4];
	unsigned int sent;
	const char *counters;
};

static const struct bad_row bad_rows[] = {
	{"overlap",
	 {{0, 800, 1}, {792, 800, 1}, {1592, 416, 0}},
	 1,
	 "conn_created fragment_overlap fragment_refused"},
	{"waiting ones overlap",
	 {{800, 800, 1}, {1592, 416, 0}, {0, 800, 1}},
	 0,
	 "fragment_overlap=2 fragment_refused"},
	{"duplicate",
	 {{0, 800, 1}, {0, 800, 1}, {800, 1208, 0}},
	 2,
	 "conn_created fragment_duplicate"},
	{"odd length", {{0, 804, 1}}, 0, "fragment_length"},
	{"empty", {{8, 0, 1}}, 0, "fragment_length"},
	{"too long", {{65528, 8, 0}}, 0, "fragment_length"},
};

static void test_bad(void **state)
{
	const struct bad_row *row = *state;
	static struct frame whole, f;

	world6(NULL);
	row_frame_in(CLIENT, &in, &whole);
	for (int i = 0; i < 4 && row->pieces[i].len + row->pieces[i].offset; i++) {
		cut(&whole, 0, RTE_MIN(row->pieces[i].offset, 1200u), row->pieces[i].len,
		    row->pieces[i].more, 9, &f);
		set16(f.data + f.l3 + IP6_HEADER + 2, row->pieces[i].offset | row->pieces[i].more);
		world_inject(CLIENT, 0, &f);
		world_turn();
	}
	assert_int_equal(world_sent_count(SERVER), row->sent);
	world_expect_counters(row->counters, row->what);
	world_end();
}

static void test_timeout(void **state)
{
	static struct frame whole;

	world6(NULL);
	row_frame_in(CLIENT, &in, &whole);
	cut_all(&whole, 0, 3, 1);
	world_inject(CLIENT, 0, &pieces[1]);
	world_turn();
	world_sleep(59);
	world_turn();
	world_expect_counters(NULL, "it waits");
	world_sleep(2);
	world_turn();
	world_expect_counters("fragment_timeout", "it has waited");
	world_end();
}

static void test_workers(void **state)
{
	uint64_t random = harness_seed();
	static struct frame whole, want;

	world6(&(struct world_config){.n_workers = 3, .n_rxq = 3, .n_txq = 3});
	for (unsigned int flow = 0; flow < 100; flow++) {
		struct pkt p = in, expected = forwarded;

		p.sport = expected.sport = (uint16_t)(1000 + flow);
		row_frame_in(CLIENT, &p, &whole);
		frame_out(SERVER, &expected, &want);
		cut_all(&whole, 0, 4, flow);
		unsigned int start = (unsigned int)harness_random(&random) % 4;

		for (unsigned int i = 0; i < 4; i++)
			world_inject(CLIENT, (unsigned int)(harness_random(&random) % 3),
				     &pieces[(start + i) % 4]);
		world_turn();
		expect_pieces(SERVER, &want, 0, 4, "three workers");
	}
	assert_int_equal(world_counter("conn_created"), 100);
	world_end();
}

int main(void)
{
	static const struct CMUnitTest fixed[] = {
		cmocka_unit_test(test_orders),  cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_atomic),  cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_workers),
	};
	struct CMUnitTest tests[RTE_DIM(fixed) + RTE_DIM(bad_rows)];

	memcpy(tests, fixed, sizeof(fixed));
	for (size_t i = 0; i < RTE_DIM(bad_rows); i++)
		tests[RTE_DIM(fixed) + i] = (struct CMUnitTest){
			.name = bad_rows[i].what,
			.test_func = test_bad,
			.initial_state = (void *)(uintptr_t)&bad_rows[i],
		};
	return harness_run("fragments6", tests);
}
