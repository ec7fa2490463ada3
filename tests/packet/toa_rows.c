/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TOA: the client's address as a TCP option toward servers that FULLNAT speaks to. It is in every
 * segment of the client's but SYN and RST until the server has said something, where it fits.
 */
#include "fullnat.h"

#include <rte_common.h>

static const struct pkt sent = TCP_TO(.flags = "S");

static void toa_without_headroom(void)
{
	fullnat();
	for (uint32_t svc = TCP4; svc <= UDP6; svc++)
		world_client_info(svc, CLIENT_INFO_TOA);
	world_publish();
}

static void toa(void)
{
	toa_without_headroom();
	world_headroom(64);
}

/* TOA of client 10.1.0.1 port 30001, and of CLIENT6. */
#define TOA4 "fe0875310a010001"
#define TOA6 "fe14753120010db8000100000000000000000001"
#define TS   "0101080a0000000100000002"
/* Timestamps and three SACK blocks: the header is full. */
#define TS_SACK3 TS "0101051a000000010000000200000003000000040000000500000006"
#define TS_SACK2                                                                                   \
	TS "010105120000000100000002"                                                              \
	   "0000000300000004"

static const struct row rows[] = {
	{
		.what = "TOA: not in the SYN",
		.setup = toa,
		.in = TCP_IN(.flags = "S", .tcp_options = "020405b4"),
		.to = SERVER,
		.out = TCP_TO(.flags = "S", .tcp_options = "020405b4"),
		.counters = "conn_created",
	},
	{
		.what = "TOA: in the handshake's ACK",
		.setup = toa,
		.before = {SYN, SYN_ACK},
		.in = TCP_IN(.flags = "A", .seq = 1001, .ack = 8, .frag = 0x4000),
		.to = SERVER,
		.out = TCP_TO(.flags = "A", .seq = 1001, .ack = 8, .frag = 0x4000,
			      .tcp_options = TOA4),
	},
	{
		.what = "TOA: again in the data behind it, as long as the server has said nothing",
		.setup = toa,
		.before = {SYN, SYN_ACK, {.from = CLIENT, .in = TCP_IN(.flags = "A")}},
		.in = TCP_IN(.flags = "PAU", .seq = 1001, .ack = 8, .payload = 77),
		.to = SERVER,
		.out = TCP_TO(.flags = "PAU", .seq = 1001, .ack = 8, .payload = 77,
			      .tcp_options = TOA4),
	},
	{
		.what = "TOA: no more after the server's first segment",
		.setup = toa,
		.before = {SYN, SYN_ACK, {.from = SERVER, .in = TCP_FROM(.flags = "A")}},
		.in = TCP_IN(.flags = "PA", .payload = 77),
		.to = SERVER,
		.out = TCP_TO(.flags = "PA", .payload = 77),
	},
	{
		.what = "TOA: the server's segments do not change",
		.setup = toa,
		.before = {SYN},
		.from = SERVER,
		.in = TCP_FROM(.flags = "SA", .tcp_options = "020405b4"),
		.to = CLIENT,
		.out = TCP_BACK(.flags = "SA", .tcp_options = "020405b4"),
	},
	{
		.what = "TOA: before the timestamps",
		.setup = toa,
		.before = {SYN, SYN_ACK},
		.in = TCP_IN(.flags = "A", .tcp_options = TS),
		.to = SERVER,
		.out = TCP_TO(.flags = "A", .tcp_options = TOA4 TS),
	},
	{
		.what = "TOA: timestamps and SACK fill the header: goes without",
		.setup = toa,
		.before = {SYN, SYN_ACK},
		.in = TCP_IN(.flags = "A", .tcp_options = TS_SACK3),
		.to = SERVER,
		.out = TCP_TO(.flags = "A", .tcp_options = TS_SACK3),
	},
	{
		.what = "TOA: the segment behind a full one carries it",
		.setup = toa,
		.before = {SYN,
			   SYN_ACK,
			   {.from = CLIENT, .in = TCP_IN(.flags = "A", .tcp_options = TS_SACK3)}},
		.in = TCP_IN(.flags = "PA", .payload = 10, .tcp_options = TS),
		.to = SERVER,
		.out = TCP_TO(.flags = "PA", .payload = 10, .tcp_options = TOA4 TS),
	},
	{
		.what = "TOA: timestamps and two SACK blocks leave room for exactly it",
		.setup = toa,
		.before = {SYN, SYN_ACK},
		.in = TCP_IN(.flags = "A", .tcp_options = TS_SACK2),
		.to = SERVER,
		.out = TCP_TO(.flags = "A", .tcp_options = TOA4 TS_SACK2),
	},
	{
		.what = "TOA: one word too many",
		.setup = toa,
		.before = {SYN, SYN_ACK},
		.in = TCP_IN(.flags = "A", .tcp_options = TS_SACK2 "01010101"),
		.to = SERVER,
		.out = TCP_TO(.flags = "A", .tcp_options = TS_SACK2 "01010101"),
	},
	{
		.what = "TOA: before an option that ends the list",
		.setup = toa,
		.before = {SYN, SYN_ACK},
		.in = TCP_IN(.flags = "A", .tcp_options = "00000000"),
		.to = SERVER,
		.out = TCP_TO(.flags = "A", .tcp_options = TOA4 "00000000"),
	},
	{
		.what = "TOA: up to the MTU",
		.setup = toa,
		.before = {SYN, SYN_ACK},
		.in = TCP_IN(.flags = "A", .payload = 1452, .frag = 0x4000),
		.to = SERVER,
		.out = TCP_TO(.flags = "A", .payload = 1452, .frag = 0x4000, .tcp_options = TOA4),
	},
	{
		.what = "TOA: not beyond the MTU",
		.setup = toa,
		.before = {SYN, SYN_ACK},
		.in = TCP_IN(.flags = "A", .payload = 1453, .frag = 0x4000),
		.to = SERVER,
		.out = TCP_TO(.flags = "A", .payload = 1453, .frag = 0x4000),
	},
	{
		.what = "TOA: not in a RST",
		.setup = toa,
		.before = {SYN, SYN_ACK},
		.in = TCP_IN(.flags = "RA"),
		.to = SERVER,
		.out = TCP_TO(.flags = "RA"),
	},
	{
		.what = "TOA: in a FIN",
		.setup = toa,
		.before = {SYN, SYN_ACK},
		.in = TCP_IN(.flags = "FA", .payload = 1),
		.to = SERVER,
		.out = TCP_TO(.flags = "FA", .payload = 1, .tcp_options = TOA4),
	},
	{
		.what = "TOA: a wrong checksum stays wrong by as much",
		.setup = toa,
		.before = {SYN, SYN_ACK},
		.in = TCP_IN(.flags = "A", .payload = 9, .checksum_off_by = 0x0101),
		.to = SERVER,
		.out = TCP_TO(.flags = "A", .payload = 9, .checksum_off_by = 0x0101,
			      .tcp_options = TOA4),
	},
	{
		.what = "TOA: not in a fragment",
		.setup = toa,
		.before = {SYN, SYN_ACK},
		.in = TCP_IN(.flags = "A", .payload = 100, .frag = 0x2000),
		.to = SERVER,
		.out = TCP_TO(.flags = "A", .payload = 100, .frag = 0x2000),
	},
	{
		.what = "TOA: with a VLAN tag, IP options and padding",
		.setup = toa,
		.before = {SYN, SYN_ACK},
		.in = TCP_IN(.flags = "A", .ip_options = "01010100", .vlan = {0x81000064},
			     .padding = 6),
		.to = SERVER,
		.out = TCP_TO(.flags = "A", .ip_options = "01010100", .tcp_options = TOA4),
	},
	{
		.what = "TOA: no room in the buffer: goes without",
		.setup = toa_without_headroom,
		.before = {SYN, SYN_ACK},
		.in = TCP_IN(.flags = "A"),
		.to = SERVER,
		.out = TCP_TO(.flags = "A"),
	},
	{
		.what = "TOA: given up when a router has no room for what we sent",
		.setup = toa,
		.before = {SYN,
			   SYN_ACK,
			   {.from = SERVER,
			    .in = {.l4 = L4_ICMP,
				   .src = "10.2.0.9",
				   .dst = LOCAL,
				   .icmp_type = 3,
				   .icmp_code = 4,
				   .icmp_info = 1400,
				   .quote = &sent}}},
		.in = TCP_IN(.flags = "PA", .payload = 77),
		.to = SERVER,
		.out = TCP_TO(.flags = "PA", .payload = 77),
	},
	{
		.what = "TOA: not because of another error",
		.setup = toa,
		.before = {SYN,
			   SYN_ACK,
			   {.from = SERVER,
			    .in = {.l4 = L4_ICMP,
				   .src = "10.2.0.9",
				   .dst = LOCAL,
				   .icmp_type = 3,
				   .icmp_code = 1,
				   .quote = &sent}}},
		.in = TCP_IN(.flags = "PA", .payload = 77),
		.to = SERVER,
		.out = TCP_TO(.flags = "PA", .payload = 77, .tcp_options = TOA4),
	},
	{
		.what = "TOA: nothing for UDP",
		.setup = toa,
		.before = {QUERY},
		.in = UDP_IN(.payload = 4),
		.to = SERVER,
		.out = UDP_TO(.payload = 4),
	},
	{
		.what = "TOA: IPv6, not in the SYN",
		.setup = toa,
		.in = IN6(L4_TCP, .flags = "S"),
		.to = SERVER,
		.out = TO6(L4_TCP, .flags = "S"),
		.counters = "conn_created",
	},
	{
		.what = "TOA: IPv6, in the handshake's ACK, before the timestamps",
		.setup = toa,
		.before = {SYN6, SYN_ACK6},
		.in = IN6(L4_TCP, .flags = "A", .tcp_options = TS),
		.to = SERVER,
		.out = TO6(L4_TCP, .flags = "A", .tcp_options = TOA6 TS),
	},
	{
		.what = "TOA: IPv6, with data of odd length",
		.setup = toa,
		.before = {SYN6, SYN_ACK6},
		.in = IN6(L4_TCP, .flags = "PA", .payload = 333),
		.to = SERVER,
		.out = TO6(L4_TCP, .flags = "PA", .payload = 333, .tcp_options = TOA6),
	},
	{
		.what = "TOA: IPv6, timestamps and a SACK block leave no room",
		.setup = toa,
		.before = {SYN6, SYN_ACK6},
		.in = IN6(L4_TCP, .flags = "A", .tcp_options = TS "0101050a0000000100000002"),
		.to = SERVER,
		.out = TO6(L4_TCP, .flags = "A", .tcp_options = TS "0101050a0000000100000002"),
	},
	{
		.what = "TOA: IPv6, no more after the server's first segment",
		.setup = toa,
		.before = {SYN6,
			   SYN_ACK6,
			   {.from = SERVER, .in = FROM6(L4_TCP, .flags = "PA", .payload = 1)}},
		.in = IN6(L4_TCP, .flags = "A"),
		.to = SERVER,
		.out = TO6(L4_TCP, .flags = "A"),
	},
};

/* ---- segments ---------------------------------------------------------------------------- */

/* The option is put in wherever the frame is cut into segments. */
static void toa_in_segments(void **state)
{
	static const struct pkt syn = TCP_IN(.flags = "S"), syn_ack = TCP_FROM(.flags = "SA");
	static const struct pkt in = TCP_IN(.flags = "PA", .payload = 50, .tcp_options = TS);
	static const struct pkt out = TCP_TO(.flags = "PA", .payload = 50, .tcp_options = TOA4 TS);
	struct frame f, drained;

	for (size_t cut = 54; cut < 14 + 20 + 32 + 50; cut++) {
		row_world(NULL);
		toa();
		row_send(CLIENT, &syn);
		row_send(SERVER, &syn_ack);
		while (world_sent(SERVER, &drained) || world_sent(CLIENT, &drained))
			;
		row_frame_in(CLIENT, &in, &f);
		world_inject_split(CLIENT, &f, cut);
		world_turn();
		row_expect(SERVER, &out, "cut into segments");
		world_end();
	}
}

int main(void)
{
	const struct CMUnitTest more[] = {
		cmocka_unit_test(toa_in_segments),
	};

	return rows_main("toa", rows, RTE_DIM(rows), more, RTE_DIM(more));
}
