/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors about packets of NAT connections, on their way through the director, and packets
 * that must be cut. As recorded from the kernel: addresses, ports and IP checksum of the quoted
 * packet are rewritten, the quoted transport checksum is not; toward the client the error comes
 * from the virtual address, whoever sent it.
 */
#include "rows.h"

#include <string.h>

#include <rte_common.h>

#include "dataplane/port.h"

#define TCP_OPEN                                                                                   \
	{                                                                                          \
		.from = CLIENT, .in = TCP_IN(.flags = "S", .seq = 1000)                            \
	}
#define UDP_OPEN                                                                                   \
	{                                                                                          \
		.from = CLIENT, .in = UDP_IN(.payload = 9, .id = 7)                                \
	}
#define UDP_ANSWERED                                                                               \
	UDP_OPEN,                                                                                  \
	{                                                                                          \
		.from = SERVER, .in = UDP_REPLY(.payload = 11)                                     \
	}

/* ---- what is quoted: as the reporter saw it, and as the receiver knows it ---- */

static const struct pkt query = UDP_FORWARDED(.payload = 9, .id = 7);
static const struct pkt query_known =
	UDP_IN(.payload = 9, .id = 7, .ttl = 63, .checksum_of = &query);
static const struct pkt answer = UDP_BACK(.payload = 11);
static const struct pkt answer_known = UDP_REPLY(.payload = 11, .ttl = 63, .checksum_of = &answer);
static const struct pkt syn = TCP_FORWARDED(.flags = "S", .seq = 1000);
static const struct pkt syn_known =
	TCP_IN(.flags = "S", .seq = 1000, .ttl = 63, .checksum_of = &syn);
static const struct pkt with_options = UDP_FORWARDED(.payload = 9, .ip_options = "01010101");
static const struct pkt with_options_known =
	UDP_IN(.payload = 9, .ip_options = "01010101", .ttl = 63, .checksum_of = &with_options);
static const struct pkt later_fragment = {
	.src = CLIENT_IP, .dst = SERVER_IP, .proto = 17, .frag = 0x0010, .payload = 40};
static const struct pkt unknown = UDP_FORWARDED(.payload = 9, .sport = 4444);
static const struct pkt echo = {
	.l4 = L4_ICMP, .src = CLIENT_IP, .dst = SERVER_IP, .icmp_type = 8, .payload = 16};

#define ERROR(from_ip, to_ip, error_type, error_code, about, ...)                                  \
	{                                                                                          \
		.l4 = L4_ICMP, .src = from_ip, .dst = to_ip, .icmp_type = error_type,              \
		.icmp_code = error_code, .quote = about, __VA_ARGS__                               \
	}

static const struct row rows[] = {
	/* -- from the servers' side -- */
	{
		.what = "port unreachable from the server, 28 bytes quoted",
		.before = {UDP_OPEN},
		.from = SERVER,
		.in = ERROR(SERVER_IP, CLIENT_IP, 3, 3, &query, .quote_max = 28),
		.to = CLIENT,
		.out = ERROR(VIP, CLIENT_IP, 3, 3, &query_known, .quote_max = 28, .ttl = 63),
	},
	{
		.what = "port unreachable from the server, all quoted",
		.before = {UDP_OPEN},
		.from = SERVER,
		.in = ERROR(SERVER_IP, CLIENT_IP, 3, 3, &query),
		.to = CLIENT,
		.out = ERROR(VIP, CLIENT_IP, 3, 3, &query_known, .ttl = 63),
	},
	{
		.what = "fragmentation needed from the server keeps its MTU",
		.before = {UDP_OPEN},
		.from = SERVER,
		.in = ERROR(SERVER_IP, CLIENT_IP, 3, 4, &query, .icmp_info = 1300),
		.to = CLIENT,
		.out = ERROR(VIP, CLIENT_IP, 3, 4, &query_known, .icmp_info = 1300, .ttl = 63),
	},
	{
		.what = "time exceeded from a router before the server: from the virtual address",
		.before = {UDP_OPEN},
		.from = SERVER,
		.in = ERROR("10.2.7.7", CLIENT_IP, 11, 0, &query, .tos = 0xc0, .quote_max = 28),
		.to = CLIENT,
		.out = ERROR(VIP, CLIENT_IP, 11, 0, &query_known, .tos = 0xc0, .quote_max = 28,
			     .ttl = 63),
	},
	{
		.what = "source quench",
		.before = {UDP_OPEN},
		.from = SERVER,
		.in = ERROR(SERVER_IP, CLIENT_IP, 4, 0, &query),
		.to = CLIENT,
		.out = ERROR(VIP, CLIENT_IP, 4, 0, &query_known, .ttl = 63),
	},
	{
		.what = "parameter problem (the kernel lets it through untranslated)",
		.before = {UDP_OPEN},
		.from = SERVER,
		.in = ERROR(SERVER_IP, CLIENT_IP, 12, 0, &query),
		.to = CLIENT,
		.out = ERROR(VIP, CLIENT_IP, 12, 0, &query_known, .ttl = 63),
	},
	{
		.what = "about TCP, eight bytes of it quoted",
		.before = {TCP_OPEN},
		.from = SERVER,
		.in = ERROR(SERVER_IP, CLIENT_IP, 3, 1, &syn, .quote_max = 28),
		.to = CLIENT,
		.out = ERROR(VIP, CLIENT_IP, 3, 1, &syn_known, .quote_max = 28, .ttl = 63),
	},
	{
		.what = "about a packet with IP options",
		.before = {UDP_OPEN},
		.from = SERVER,
		.in = ERROR(SERVER_IP, CLIENT_IP, 3, 3, &with_options),
		.to = CLIENT,
		.out = ERROR(VIP, CLIENT_IP, 3, 3, &with_options_known, .ttl = 63),
	},
	{
		.what = "with padding and a VLAN tag",
		.before = {UDP_OPEN},
		.from = SERVER,
		.in = ERROR(SERVER_IP, CLIENT_IP, 3, 3, &query, .quote_max = 28, .padding = 4,
			    .vlan = {0x81000000}),
		.to = CLIENT,
		.out = ERROR(VIP, CLIENT_IP, 3, 3, &query_known, .quote_max = 28, .ttl = 63),
	},

	/* -- from the clients' side -- */
	{
		.what = "port unreachable from the client",
		.before = {UDP_ANSWERED},
		.in = ERROR(CLIENT_IP, VIP, 3, 3, &answer, .quote_max = 28),
		.to = SERVER,
		.out = ERROR(CLIENT_IP, SERVER_IP, 3, 3, &answer_known, .quote_max = 28, .ttl = 63),
	},
	{
		.what = "fragmentation needed from a router before the client keeps its source",
		.before = {UDP_ANSWERED},
		.in = ERROR("10.1.9.9", VIP, 3, 4, &answer, .icmp_info = 1300, .tos = 0xc0),
		.to = SERVER,
		.out = ERROR("10.1.9.9", SERVER_IP, 3, 4, &answer_known, .icmp_info = 1300,
			     .tos = 0xc0, .ttl = 63),
	},

	/* -- no error is answered with an error -- */
	{
		.what = "an error whose TTL runs out ends silently",
		.before = {UDP_OPEN},
		.from = SERVER,
		.in = ERROR(SERVER_IP, CLIENT_IP, 3, 3, &query, .ttl = 1),
		.counters = "ttl_exceeded",
	},

	/* -- not about a connection -- */
	{
		.what = "about an unknown connection it is the kernel's",
		.before = {UDP_OPEN},
		.from = SERVER,
		.in = ERROR(SERVER_IP, CLIENT_IP, 3, 3, &unknown),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "about a ping it is the kernel's",
		.before = {UDP_OPEN},
		.from = SERVER,
		.in = ERROR(SERVER_IP, CLIENT_IP, 3, 1, &echo),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "about a later fragment: no ports, the kernel's",
		.before = {UDP_OPEN},
		.from = SERVER,
		.in = ERROR(SERVER_IP, CLIENT_IP, 11, 1, &later_fragment),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "without a quotation it is the kernel's",
		.from = SERVER,
		.in = {.l4 = L4_ICMP, .src = SERVER_IP, .dst = CLIENT_IP, .icmp_type = 3},
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "an ICMP error that is cut off",
		.from = SERVER,
		.in = {.src = SERVER_IP, .dst = CLIENT_IP, .proto = 1, .payload = 7},
		.counters = "icmp_short",
	},
};

/* ---- quotations of every length ---------------------------------------------------------------
 */

/* With fewer than the ports the kernel may guess; with the ports the error goes on. What comes
 * out quotes as much as what came in. */
static void test_quotes(void **state)
{
	struct pkt in = ERROR(SERVER_IP, CLIENT_IP, 3, 3, &query);
	struct pkt out = ERROR(VIP, CLIENT_IP, 3, 3, &query_known, .ttl = 63);
	struct pkt open = UDP_IN(.payload = 9, .id = 7);
	struct frame f;

	row_world(NULL);
	row_send(CLIENT, &open);
	assert_true(world_sent(SERVER, &f));
	for (unsigned int n = 1; n <= 20 + 8 + 9; n++) {
		in.quote_max = out.quote_max = n;
		row_send(SERVER, &in);
		world_poll();
		if (n >= 24) {
			row_expect(CLIENT, &out, "a quotation with ports");
		} else {
			row_expect_nothing("a quotation without ports");
			assert_int_equal(world_punted(&f), SERVER);
		}
	}
	world_end();
}

/* No wrong bit in the message passes; nor is it given to the kernel as if it were right. */
static void test_bits(void **state)
{
	struct pkt in = ERROR(SERVER_IP, CLIENT_IP, 3, 3, &query);
	struct pkt open = UDP_IN(.payload = 9, .id = 7);
	struct frame f;

	row_world(NULL);
	row_send(CLIENT, &open);
	assert_true(world_sent(SERVER, &f));
	row_frame_in(SERVER, &in, &f);
	/* Behind type and code: a wrong one may make another kind of message of it. */
	for (size_t bit = (f.l3 + 22) * 8; bit < f.len * 8; bit++) {
		world_mark();
		f.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		world_inject(SERVER, 0, &f);
		f.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		world_turn();
		world_poll();
		row_expect_nothing("a wrong bit");
		world_expect_counters("icmp_checksum", "a wrong bit");
	}
	world_end();
}

/* ---- what is too long is cut --------------------------------------------------------------------
 */

static void mtu_600(unsigned int side)
{
	port_get(side)->mtu = 600;
	world_publish_net();
}

/* 576 bytes of payload fit into a piece of 600: offsets count in eights. */
static void test_fragments(void **state)
{
	struct pkt in = UDP_IN(.payload = 1401, .id = 0x4242);
	struct pkt whole = UDP_FORWARDED(.payload = 1401, .id = 0x4242);
	struct frame want, piece, built;
	size_t at = 0;

	row_world(NULL);
	mtu_600(SERVER);
	row_send(CLIENT, &in);
	packet_build(&whole, &built);
	for (unsigned int k = 0; k < 3; k++) {
		struct pkt header = {
			.src = CLIENT_IP,
			.dst = SERVER_IP,
			.proto = 17,
			.ttl = 63,
			.id = 0x4242,
			.frag = (uint16_t)((k < 2 ? 0x2000 : 0) | at / 8),
			.payload = k < 2 ? 576 : 1409 - 2 * 576,
			.to = mac_of(SERVER_IP),
			.from = MAC_PORT(SERVER),
		};

		packet_build(&header, &want);
		memcpy(want.data + 34, built.data + 34 + at, header.payload);
		assert_true(world_sent(SERVER, &piece));
		assert_int_equal(piece.len, want.len);
		if (memcmp(piece.data, want.data, want.len) != 0) {
			frame_explain(&want, &piece);
			fail_msg("piece %u", k);
		}
		at += header.payload;
	}
	row_expect_nothing("three pieces");
	world_expect_counters("conn_created", "pieces");
	world_end();
}

/* Every length around the MTU, options and both directions: pieces put together are the packet. */
static void test_fragments_fit_together(void **state)
{
	struct frame f, built;
	static uint8_t joined[4000];

	row_world(NULL);
	mtu_600(SERVER);
	for (unsigned int n = 560; n < 1900; n += 7) {
		bool options = n % 2;
		struct pkt in = UDP_IN(.payload = n, .no_checksum = n % 3 == 0,
				       .ip_options = options ? "44080501000000008204ffff" : NULL);
		struct pkt whole =
			UDP_FORWARDED(.payload = n,
				      .ip_options = options ? "44080501000000008204ffff" : NULL);
		size_t header = options ? 32 : 20, got = 0;
		bool more = true;

		row_send(CLIENT, &in);
		packet_build(&whole, &built);
		for (unsigned int k = 0; more; k++) {
			assert_true(world_sent(SERVER, &f));
			const uint8_t *ip = f.data + 14;
			size_t len = (size_t)(ip[2] << 8 | ip[3]);

			assert_in_range(len, header + 1, 600);
			assert_int_equal(f.len, 14 + len);
			assert_int_equal(sum16(ip, header, 0), 0xffff);
			assert_int_equal((ip[6] << 8 | ip[7]) & 0x1fff, got / 8);
			more = ip[6] & 0x20;
			memcpy(joined + got, ip + header, len - header);
			got += len - header;
			/* A time stamp is for the first piece, security for all. */
			if (options)
				assert_memory_equal(ip + 20,
						    k ? "\1\1\1\1\1\1\1\1\x82\4\xff\xff"
						      : "\x44\10\5\1\0\0\0\0\x82\4\xff\xff",
						    12);
		}
		row_expect_nothing("after the last piece");
		assert_int_equal(got, built.len - 14 - header);
		assert_memory_equal(joined, built.data + 14 + header, got);
	}
	world_end();
}

/* Pieces for a neighbour that is not known wait like other packets, or are counted. */
static void test_fragments_wait(void **state)
{
	struct pkt in = UDP_IN(.payload = 1400);

	row_world(NULL);
	world_neighbour_remove(SERVER_IP);
	mtu_600(SERVER);
	row_send(CLIENT, &in);
	world_poll();
	row_expect_nothing("waiting");
	world_neighbour(SERVER_IP, SERVER, 0);
	world_publish_net();
	world_poll();
	world_turn();
	assert_int_equal(world_sent_count(SERVER), 3);
	world_end();
}

static const struct CMUnitTest more[] = {
	cmocka_unit_test(test_quotes),         cmocka_unit_test(test_bits),
	cmocka_unit_test(test_fragments),      cmocka_unit_test(test_fragments_fit_together),
	cmocka_unit_test(test_fragments_wait),
};

int main(void)
{
	return rows_main("icmp", rows, RTE_DIM(rows), more, RTE_DIM(more));
}
