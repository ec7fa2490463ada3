/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whatever is malformed ends at the parser, under the counter that names the fault: not forwarded,
 * not given to the kernel, and nothing is read beyond the frame (run under AddressSanitizer).
 */
#include "rows.h"

#include <stdio.h>
#include <string.h>

#include <rte_common.h>

#define OPTIONS_40                                                                                 \
	"0101010101010101010101010101010101010101"                                                 \
	"0101010101010101010101010101010101010101"

/* ---- every length of every stack of headers ---------------------------------------------------
 */

static const struct stack {
	const char *what;
	struct pkt p;
} stacks[] = {
	{"TCP", TCP_IN(.flags = "S", .payload = 5)},
	{"TCP with options", TCP_IN(.flags = "S", .payload = 5, .tcp_options = OPTIONS_40)},
	{"TCP behind IP options",
	 TCP_IN(.flags = "S", .payload = 5, .ip_options = OPTIONS_40, .tcp_options = OPTIONS_40)},
	{"TCP behind a VLAN tag", TCP_IN(.flags = "S", .payload = 5, .vlan = {0x81000064})},
	{"TCP behind two VLAN tags",
	 TCP_IN(.flags = "S", .payload = 5, .vlan = {0x88a80064, 0x81000065})},
	{"UDP", UDP_IN(.payload = 5)},
	{"UDP without checksum", UDP_IN(.payload = 5, .no_checksum = true)},
	{"UDP behind IP options", UDP_IN(.payload = 5, .ip_options = "01010101")},
	{"SCTP", SCTP_IN(.chunks = "0b000004")},
	{"SCTP with a bundle", SCTP_IN(.chunks = "0a000006aabb000006000004", .payload = 3)},
	{"SCTP behind IP options", SCTP_IN(.chunks = "01000004", .ip_options = OPTIONS_40)},
	{"UDP behind a VLAN tag", UDP_IN(.payload = 5, .vlan = {0x88a80064})},
};

/* One frame goes in; nothing comes out, and only this is counted. */
static void expect_drop(const struct frame *f, const char *counter, const char *what, size_t len)
{
	char text[128];
	struct frame got;

	snprintf(text, sizeof(text), "%s, %zu", what, len);
	world_mark();
	world_inject(CLIENT, 0, f);
	world_turn();
	world_poll();
	row_expect_nothing(text);
	if (world_punted(&got) >= 0)
		fail_msg("%s: was given to the kernel", text);
	world_expect_counters(counter, text);
}

static size_t ip_header_len(const struct frame *f)
{
	return (size_t)(f->data[f->l3] & 15) * 4;
}

/* The frame is shorter than the packet in it says. */
static void test_cut_off(void **state)
{
	struct frame f;

	row_world(NULL);
	for (size_t i = 0; i < RTE_DIM(stacks); i++) {
		row_frame_in(CLIENT, &stacks[i].p, &f);
		for (size_t whole = f.len, len = whole - 1; len + 1 > 0; len--) {
			const char *want = "ip4_length";

			f.len = len;
			if (len < f.l3)
				want = "eth_short";
			else if (len < f.l3 + 20)
				want = "ip4_short";
			else if (len < f.l3 + ip_header_len(&f))
				want = "ip4_ihl";
			expect_drop(&f, want, stacks[i].what, len);
		}
	}
	world_end();
}

static void set16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void fix_ip_checksum(struct frame *f)
{
	uint8_t *ip = f->data + f->l3;

	set16(ip + 10, 0);
	set16(ip + 10, (uint16_t)~sum16(ip, ip_header_len(f), 0));
}

/* What is wrong with a packet whose segment has only n bytes; NULL: nothing. */
static const char *short_segment(const struct pkt *p, const uint8_t *l4, size_t n)
{
	if (p->l4 == L4_TCP) {
		if (n < 20)
			return "tcp_short";
		return n < (size_t)(l4[12] >> 4) * 4 ? "tcp_offset" : NULL;
	}
	if (p->l4 == L4_SCTP)
		return n < 16 ? "sctp_short" : NULL;
	if (n < 8)
		return "udp_short";
	return n < (size_t)(l4[4] << 8 | l4[5]) ? "udp_length" : NULL;
}

/* The IP packet itself is cut: its length and checksum agree with the cut. `padding`: the rest of
 * the packet is still there, as padding, and must not be taken for headers. */
static void cut_packets(bool padding)
{
	struct frame f;

	row_world(NULL);
	for (size_t i = 0; i < RTE_DIM(stacks); i++) {
		row_frame_in(CLIENT, &stacks[i].p, &f);
		size_t whole = f.len, header = ip_header_len(&f);
		const uint8_t *l4 = f.data + f.l3 + header;

		for (size_t n = 0; f.l3 + header + n < whole; n++) {
			const char *want = short_segment(&stacks[i].p, l4, n);

			if (!want)
				break;
			set16(f.data + f.l3 + 2, header + n);
			fix_ip_checksum(&f);
			f.len = padding ? whole : f.l3 + header + n;
			expect_drop(&f, want, stacks[i].what, n);
		}
	}
	world_end();
}

static void test_cut_packet(void **state)
{
	cut_packets(false);
}

static void test_cut_packet_with_padding(void **state)
{
	cut_packets(true);
}

/* What must be there, the first chunk's header included. */
static size_t l4_header_len(const struct pkt *p)
{
	return p->l4 == L4_TCP ? 20 : p->l4 == L4_SCTP ? 16 : 8;
}

/* Headers that do not lie in one segment are not read: dropped, at every place of the cut. */
static void test_headers_in_segments(void **state)
{
	struct frame f;

	row_world(NULL);
	for (size_t i = 0; i < RTE_DIM(stacks); i++) {
		row_frame_in(CLIENT, &stacks[i].p, &f);
		size_t headers = f.l3 + ip_header_len(&f) + l4_header_len(&stacks[i].p);

		for (size_t first = 0; first < headers; first++) {
			world_mark();
			world_inject_split(CLIENT, &f, first);
			world_turn();
			world_poll();
			row_expect_nothing(stacks[i].what);
			assert_int_equal(
				world_counter("eth_short") + world_counter("ip4_short") +
					world_counter("ip4_ihl") + world_counter("tcp_short") +
					world_counter("udp_short") + world_counter("sctp_short"),
				1);
		}
	}
	world_end();
}

/* ---- every value of the fields that have wrong ones ---------------------------------------------
 */

static void test_fields(void **state)
{
	struct frame f;
	struct pkt p;

	row_world(NULL);
	for (uint32_t v = 0; v < 16; v++) {
		if (v == 4)
			continue;
		p = (struct pkt)UDP_IN(.version_is = v ? v : ZERO);
		row_frame_in(CLIENT, &p, &f);
		expect_drop(&f, "ip4_version", "version", v);
	}
	for (uint32_t ihl = 0; ihl < 5; ihl++) {
		p = (struct pkt)UDP_IN(.payload = 80, .ihl_is = ihl ? ihl : ZERO);
		row_frame_in(CLIENT, &p, &f);
		expect_drop(&f, "ip4_ihl", "header length", ihl);
	}
	for (uint32_t n = 0; n < 20; n++) {
		p = (struct pkt)UDP_IN(.payload = 80, .total_length_is = n ? n : ZERO);
		row_frame_in(CLIENT, &p, &f);
		expect_drop(&f, "ip4_length", "total length", n);
	}
	for (uint32_t n = 29; n <= 0xffff; n += 97) {
		p = (struct pkt)UDP_IN(.total_length_is = n);
		row_frame_in(CLIENT, &p, &f);
		expect_drop(&f, "ip4_length", "total length", n);
	}
	for (uint32_t words = 0; words < 5; words++) {
		p = (struct pkt)TCP_IN(.flags = "S", .payload = 80,
				       .tcp_offset_is = words ? words : ZERO);
		row_frame_in(CLIENT, &p, &f);
		expect_drop(&f, "tcp_offset", "data offset", words);
	}
	for (uint32_t n = 0; n < 8; n++) {
		p = (struct pkt)UDP_IN(.payload = 80, .udp_length_is = n ? n : ZERO);
		row_frame_in(CLIENT, &p, &f);
		expect_drop(&f, "udp_length", "UDP length", n);
	}
	for (uint32_t n = 89; n <= 0xffff; n += 101) {
		p = (struct pkt)UDP_IN(.payload = 80, .udp_length_is = n);
		row_frame_in(CLIENT, &p, &f);
		expect_drop(&f, "udp_length", "UDP length", n);
	}
	world_end();
}

/* No single wrong bit of the IP header goes unnoticed. */
static void test_bits_of_the_ip_header(void **state)
{
	static const char *const expected[] = {"ip4_version", "ip4_ihl", "ip4_length",
					       "ip4_checksum"};
	struct pkt p = UDP_IN(.payload = 80, .id = 0x1234, .ip_options = OPTIONS_40);
	struct frame f;

	row_world(NULL);
	row_frame_in(CLIENT, &p, &f);
	for (size_t bit = 0; bit < ip_header_len(&f) * 8; bit++) {
		uint64_t seen = 0;

		world_mark();
		f.data[f.l3 + bit / 8] ^= (uint8_t)(1 << bit % 8);
		world_inject(CLIENT, 0, &f);
		f.data[f.l3 + bit / 8] ^= (uint8_t)(1 << bit % 8);
		world_turn();
		world_poll();
		row_expect_nothing("a wrong bit in the IP header");
		for (size_t i = 0; i < RTE_DIM(expected); i++)
			seen += world_counter(expected[i]);
		assert_int_equal(seen, 1);
	}
	world_end();
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const struct row rows[] = {
	{
		.what = "a frame for another station",
		.in = UDP_IN(.payload = 4, .to = 0x020000000099ull),
		.counters = "eth_not_for_us",
	},
	{
		.what = "a frame for the director's other port",
		.in = UDP_IN(.payload = 4, .to = MAC_PORT(SERVER)),
		.counters = "eth_not_for_us",
	},
	{
		.what = "a MAC of VRRP's range but one",
		.in = UDP_IN(.payload = 4, .to = 0x00005e000301ull),
		.counters = "eth_not_for_us",
	},
	{
		.what = "the IP checksum is off by one",
		.in = UDP_IN(.payload = 4, .ip_checksum_off_by = 1),
		.counters = "ip4_checksum",
	},
	{
		.what = "an IPv4 packet in a frame that says IPv6",
		.in = UDP_IN(.payload = 4, .ether_type = 0x86dd),
		.counters = "ip6_short",
	},
	{
		.what = "from 0.0.0.0",
		.in = UDP_IN(.payload = 4, .src = "0.0.0.0"),
		.counters = "ip4_martian_source",
	},
	{
		.what = "from this network",
		.in = UDP_IN(.payload = 4, .src = "0.1.2.3"),
		.counters = "ip4_martian_source",
	},
	{
		.what = "from loopback",
		.in = UDP_IN(.payload = 4, .src = "127.0.0.1"),
		.counters = "ip4_martian_source",
	},
	{
		.what = "from multicast",
		.in = UDP_IN(.payload = 4, .src = "224.0.0.5"),
		.counters = "ip4_martian_source",
	},
	{
		.what = "from the reserved class",
		.in = UDP_IN(.payload = 4, .src = "240.0.0.1"),
		.counters = "ip4_martian_source",
	},
	{
		.what = "from broadcast",
		.in = UDP_IN(.payload = 4, .src = "255.255.255.255"),
		.counters = "ip4_martian_source",
	},
	{
		.what = "from the highest unicast address",
		.in = TCP_IN(.flags = "S", .src = "223.255.255.255"),
		.to = SERVER,
		.out = TCP_FORWARDED(.flags = "S", .src = "223.255.255.255"),
		.counters = "conn_created",
	},
	{
		.what = "from an address of the director opens nothing (as in the kernel)",
		.in = UDP_IN(.payload = 4, .src = DIRECTOR_IP),
		.counters = "ip4_martian_source",
	},
	{
		.what = "from the virtual address itself",
		.in = UDP_IN(.payload = 4, .src = VIP),
		.counters = "ip4_land",
	},
	{
		.what = "to 0.0.0.0",
		.in = UDP_IN(.payload = 4, .dst = "0.0.0.0"),
		.counters = "ip4_martian_destination",
	},
	{
		.what = "to loopback",
		.in = UDP_IN(.payload = 4, .dst = "127.0.0.1"),
		.counters = "ip4_martian_destination",
	},
	{
		.what = "to limited broadcast (DHCP) is the kernel's, also from 0.0.0.0",
		.in = UDP_IN(.payload = 4, .src = "0.0.0.0", .dst = "255.255.255.255", .sport = 68,
			     .dport = 67, .to = MAC_BROADCAST),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "LAND: TCP from and to the same address and port",
		.in = TCP_IN(.flags = "S", .src = VIP, .sport = 80),
		.counters = "ip4_land",
	},
	{
		.what = "a fragment for an address without services is the kernel's",
		.in = UDP_IN(.payload = 64, .frag = 0x2000, .dst = DIRECTOR_IP),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "a fragment of an ICMP error is the kernel's",
		.in = {.l4 = L4_ICMP, .src = CLIENT_IP, .dst = VIP, .frag = 0x2000, .icmp_type = 3},
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "another protocol may be empty",
		.in = {.src = CLIENT_IP, .dst = VIP, .proto = 50},
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "malformed TCP for an address of the director is not passed on either",
		.in = TCP_IN(.flags = "S", .dst = DIRECTOR_IP, .tcp_offset_is = 3),
		.counters = "tcp_offset",
	},
};

/* ---- at random ------------------------------------------------------------------------------- */

static const struct pkt query = UDP_FORWARDED(.payload = 30);
static const struct pkt answer = UDP_BACK(.payload = 30);

static const struct pkt seeds[] = {
	TCP_IN(.flags = "S", .tcp_options = "020405b40402080a000000010000000001030307"),
	TCP_IN(.flags = "A", .payload = 100, .padding = 3),
	TCP_IN(.flags = "S", .vlan = {0x81000001}, .ip_options = "01010101"),
	UDP_IN(.payload = 30),
	UDP_IN(.payload = 7, .no_checksum = true, .padding = 11),
	UDP_IN(.payload = 304, .frag = 0x2000),
	TCP_REPLY(.flags = "SA"),
	UDP_REPLY(.payload = 40),
	{.l4 = L4_ICMP, .src = CLIENT_IP, .dst = VIP, .icmp_type = 8, .payload = 10},
	{.l4 = L4_ICMP, .src = SERVER_IP, .dst = CLIENT_IP, .icmp_type = 3, .quote = &query},
	{.l4 = L4_ICMP, .src = CLIENT_IP, .dst = VIP, .icmp_type = 11, .quote = &answer},
	{.ether_type = 0x0806, .payload = 46, .to = MAC_BROADCAST},
};

/* Some bytes become others, the length too; half of the time the IP checksum is put right. */
static void mutate(struct frame *f, uint64_t *random)
{
	uint64_t r = harness_random(random);
	unsigned int n = r & 3;

	for (unsigned int i = 0; i < n; i++) {
		uint64_t where = harness_random(random);
		/* Mostly in the headers. */
		size_t at = (where >> 8) % (where & 1 ? f->len : RTE_MIN(f->len, 60u));

		f->data[at] = where & 2 ? (uint8_t)(where >> 40)
					: f->data[at] ^ (uint8_t)(1 << (where >> 40) % 8);
	}
	if (r & 4)
		f->len = (r >> 8) % (f->len + 1);
	if (r & 8 && f->len >= f->l3 + 20 && f->len >= f->l3 + ip_header_len(f) &&
	    ip_header_len(f) >= 20)
		fix_ip_checksum(f);
}

/* Every frame has one end: sent, given to the kernel, or counted under one reason; or it is a
 * fragment and waits for that. */
static void test_random(void **state)
{
	uint64_t random = harness_seed();
	struct frame f, got;
	struct dp_worker_info before, after;

	row_world(&(struct world_config){.connections = 65536});
	/* No address without a neighbour: nothing waits. */
	world_route_remove("10.1.0.0/16");
	world_route_remove("10.2.0.0/16");
	world_route(CLIENT_IP, FIB_UNICAST, CLIENT, NULL);
	world_route(SERVER_IP, FIB_UNICAST, SERVER, NULL);
	world_publish_net();
	for (unsigned int i = 0; i < 100000; i++) {
		unsigned int sent = 0, punted = 0;
		enum side from = i & 1 ? SERVER : CLIENT;
		const struct pkt *p = &seeds[harness_random(&random) % RTE_DIM(seeds)];

		row_frame_in(from, p, &f);
		mutate(&f, &random);
		world_mark();
		dp_worker_info(0, &before);
		uint32_t waiting = world_worker(0)->frags.held;

		world_inject(from, 0, &f);
		world_turn();
		world_poll();
		while (world_sent(CLIENT, &got) || world_sent(SERVER, &got))
			sent++;
		while (world_punted(&got) >= 0)
			punted++;
		dp_worker_info(0, &after);
		uint64_t drops = after.drops - before.drops;
		uint64_t ends = sent + punted + drops + world_worker(0)->frags.held - waiting;
		/* ICMP errors go out besides their packet's drop. */
		if (ends != 1 + world_counter("icmp_sent")) {
			frame_explain(&(struct frame){0}, &f);
			fail_msg("frame %u: sent %u, punted %u, dropped %u", i, sent, punted,
				 (unsigned int)drops);
		}
		world_sleep(0.05);
	}
	world_end();
}

static const struct CMUnitTest more[] = {
	cmocka_unit_test(test_cut_off),
	cmocka_unit_test(test_cut_packet),
	cmocka_unit_test(test_cut_packet_with_padding),
	cmocka_unit_test(test_headers_in_segments),
	cmocka_unit_test(test_fields),
	cmocka_unit_test(test_bits_of_the_ip_header),
	cmocka_unit_test(test_random),
};

int main(void)
{
	return rows_main("malformed", rows, RTE_DIM(rows), more, RTE_DIM(more));
}
