/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What FULLNAT does with packets: both ends change in both directions, and errors follow them.
 * Checks, checksums, TTL and errors are NAT's.
 */
#include "fullnat.h"

#include <rte_common.h>

#include "dataplane/port.h"

/* ---- setups ---- */

static void no_local_address(void)
{
	world_dest_method(row_dest_tcp, FWD_FULLNAT);
	world_publish();
}

static void local_address_of_other_family(void)
{
	no_local_address();
	world_laddr(TCP4, LOCAL6, LPORT, 5999);
	world_publish();
}

static void server_mtu_600(void)
{
	fullnat();
	port_get(SERVER)->mtu = 600;
	world_publish_net();
}

static void server_mtu_1280(void)
{
	fullnat();
	port_get(SERVER)->mtu = 1280;
	world_publish_net();
}

static void client_mtu_600(void)
{
	fullnat();
	port_get(CLIENT)->mtu = 600;
	world_publish_net();
}

/* ---- packets that errors are about ---- */

/* Ports and sequence number are quoted; a checksum would be the forwarded packet's. */
#define QUOTE4 .quote_max = 28
#define QUOTE6 .quote_max = 48

static const struct pkt sent = TCP_TO(.flags = "S");
static const struct pkt sent_undone = TCP_IN(.flags = "S", .ttl = 63);
static const struct pkt back = TCP_BACK(.flags = "A", .payload = 100);
static const struct pkt back_undone = TCP_FROM(.flags = "A", .payload = 100, .ttl = 63);
static const struct pkt query_sent = UDP_TO(.payload = 4);
static const struct pkt query_undone = UDP_IN(.payload = 4, .ttl = 63);
static const struct pkt sent6 = TO6(L4_TCP, .flags = "S");
static const struct pkt sent6_undone = IN6(L4_TCP, .flags = "S", .ttl = 63);
static const struct pkt back6 = BACK6(L4_TCP, .flags = "A", .payload = 1400);
static const struct pkt back6_undone = FROM6(L4_TCP, .flags = "A", .payload = 1400, .ttl = 63);
static const struct pkt long_df = UDP_IN(.frag = 0x4000, .payload = 1000, .ttl = 63);
static const struct pkt long_reply = UDP_FROM(.frag = 0x4000, .payload = 1000);
static const struct pkt long6 = IN6(L4_UDP, .payload = 1300, .ttl = 63);
static const struct pkt last_hop = UDP_FROM(.payload = 4, .ttl = 1);

static const struct row rows[] = {
	/* -- TCP -- */
	{
		.what = "TCP SYN: both ends become local address and server",
		.setup = fullnat,
		.in = TCP_IN(.flags = "S", .seq = 1000, .id = 0x1001, .frag = 0x4000,
			     .tcp_options = "020405b40402080a000000010000000001030307"),
		.to = SERVER,
		.out = TCP_TO(.flags = "S", .seq = 1000, .id = 0x1001, .frag = 0x4000,
			      .tcp_options = "020405b40402080a000000010000000001030307"),
		.counters = "conn_created",
	},
	{
		.what = "TCP SYN+ACK of the server: both ends become virtual address and client",
		.setup = fullnat,
		.before = {SYN},
		.from = SERVER,
		.in = TCP_FROM(.flags = "SA", .seq = 7, .ack = 1001, .tcp_options = "020405b4"),
		.to = CLIENT,
		.out = TCP_BACK(.flags = "SA", .seq = 7, .ack = 1001, .tcp_options = "020405b4"),
	},
	{
		.what = "TCP data of the client, odd length",
		.setup = fullnat,
		.before = {SYN, SYN_ACK},
		.in = TCP_IN(.flags = "PA", .payload = 1001),
		.to = SERVER,
		.out = TCP_TO(.flags = "PA", .payload = 1001),
	},
	{
		.what = "TCP data of the server, odd length",
		.setup = fullnat,
		.before = {SYN},
		.from = SERVER,
		.in = TCP_FROM(.flags = "PA", .payload = 1001),
		.to = CLIENT,
		.out = TCP_BACK(.flags = "PA", .payload = 1001),
	},
	{
		.what = "TCP with a wrong checksum stays wrong by as much",
		.setup = fullnat,
		.in = TCP_IN(.flags = "S", .checksum_off_by = 0x1234),
		.to = SERVER,
		.out = TCP_TO(.flags = "S", .checksum_off_by = 0x1234),
		.counters = "conn_created",
	},
	{
		.what = "TCP from the server to another local port is the kernel's",
		.setup = fullnat,
		.before = {SYN},
		.from = SERVER,
		.in = TCP_FROM(.flags = "SA", .dport = 5001),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "TCP from the server to the client's own address belongs to no connection",
		.setup = fullnat,
		.before = {SYN},
		.from = SERVER,
		.in = TCP_REPLY(.flags = "SA"),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "IP options and a VLAN tag",
		.setup = fullnat,
		.in = TCP_IN(.flags = "S", .ip_options = "01010100", .vlan = {0x81000064}),
		.to = SERVER,
		.out = TCP_TO(.flags = "S", .ip_options = "01010100"),
		.counters = "conn_created",
	},

	/* -- UDP -- */
	{
		.what = "UDP: both ends",
		.setup = fullnat,
		.in = UDP_IN(.payload = 7, .id = 0xbeef),
		.to = SERVER,
		.out = UDP_TO(.payload = 7, .id = 0xbeef),
		.counters = "conn_created",
	},
	{
		.what = "UDP reply: both ends",
		.setup = fullnat,
		.before = {QUERY},
		.from = SERVER,
		.in = UDP_FROM(.payload = 7),
		.to = CLIENT,
		.out = UDP_BACK(.payload = 7),
	},
	{
		.what = "UDP without checksum gets one",
		.setup = fullnat,
		.in = UDP_IN(.payload = 9, .no_checksum = true),
		.to = SERVER,
		.out = UDP_TO(.payload = 9),
		.counters = "conn_created",
	},
	{
		.what = "UDP reply without checksum gets one",
		.setup = fullnat,
		.before = {QUERY},
		.from = SERVER,
		.in = UDP_FROM(.payload = 9, .no_checksum = true),
		.to = CLIENT,
		.out = UDP_BACK(.payload = 9),
	},

	/* -- IPv6 -- */
	{
		.what = "IPv6: TCP SYN",
		.setup = fullnat,
		.in = IN6(L4_TCP, .flags = "S", .tcp_options = "020405a0"),
		.to = SERVER,
		.out = TO6(L4_TCP, .flags = "S", .tcp_options = "020405a0"),
		.counters = "conn_created",
	},
	{
		.what = "IPv6: TCP reply",
		.setup = fullnat,
		.before = {SYN6},
		.from = SERVER,
		.in = FROM6(L4_TCP, .flags = "SA", .payload = 3),
		.to = CLIENT,
		.out = BACK6(L4_TCP, .flags = "SA", .payload = 3),
	},
	{
		.what = "IPv6: UDP",
		.setup = fullnat,
		.in = IN6(L4_UDP, .payload = 11),
		.to = SERVER,
		.out = TO6(L4_UDP, .payload = 11),
		.counters = "conn_created",
	},
	{
		.what = "IPv6: UDP reply",
		.setup = fullnat,
		.before = {QUERY6},
		.from = SERVER,
		.in = FROM6(L4_UDP, .payload = 12),
		.to = CLIENT,
		.out = BACK6(L4_UDP, .payload = 12),
	},

	/* -- TTL and MTU -- */
	{
		.what = "TTL 1 of a reply: time exceeded from the server-side address",
		.setup = fullnat,
		.before = {QUERY},
		.from = SERVER,
		.in = UDP_FROM(.payload = 4, .ttl = 1),
		.to = SERVER,
		.out = ICMP_ERROR(DIRECTOR_DIP, SERVER_IP, 11, 0, &last_hop),
		.counters = "ttl_exceeded icmp_sent",
	},
	{
		.what = "too long for the server's link, DF: fragmentation needed from the VIP",
		.setup = server_mtu_600,
		.in = UDP_IN(.frag = 0x4000, .payload = 1000),
		.to = CLIENT,
		.out = ICMP_ERROR(VIP, CLIENT_IP, 3, 4, &long_df, .icmp_info = 600),
		.counters = "conn_created mtu_exceeded icmp_sent",
	},
	{
		.what = "a reply too long for the client's link, DF",
		.setup = client_mtu_600,
		.before = {QUERY},
		.from = SERVER,
		.in = UDP_FROM(.frag = 0x4000, .payload = 1000),
		.to = SERVER,
		.out = ICMP_ERROR(DIRECTOR_DIP, SERVER_IP, 3, 4, &long_reply, .icmp_info = 600),
		.counters = "mtu_exceeded icmp_sent",
	},
	{
		.what = "IPv6: packet too big",
		.setup = server_mtu_1280,
		.in = IN6(L4_UDP, .payload = 1300),
		.to = CLIENT,
		.out = {.l4 = L4_ICMP,
			.src = VIP6,
			.dst = CLIENT6,
			.icmp_type = 2,
			.icmp_info = 1280,
			.quote = &long6,
			.any_id = true},
		.counters = "conn_created mtu_exceeded icmp_sent",
	},

	/* -- ICMP errors of others -- */
	{
		.what = "port unreachable from the server: the client hears it from the VIP",
		.setup = fullnat,
		.before = {SYN},
		.from = SERVER,
		.in = {.l4 = L4_ICMP,
		       .src = SERVER_IP,
		       .dst = LOCAL,
		       .icmp_type = 3,
		       .icmp_code = 3,
		       .quote = &sent,
		       QUOTE4},
		.to = CLIENT,
		.out = {.l4 = L4_ICMP,
			.src = VIP,
			.dst = CLIENT_IP,
			.ttl = 63,
			.icmp_type = 3,
			.icmp_code = 3,
			.quote = &sent_undone,
			QUOTE4},
	},
	{
		.what = "fragmentation needed from a router before the server, about UDP",
		.setup = fullnat,
		.before = {QUERY},
		.from = SERVER,
		.in = {.l4 = L4_ICMP,
		       .src = "10.2.0.9",
		       .dst = LOCAL,
		       .icmp_type = 3,
		       .icmp_code = 4,
		       .icmp_info = 1400,
		       .quote = &query_sent,
		       .quote_max = 26},
		.to = CLIENT,
		.out = {.l4 = L4_ICMP,
			.src = VIP,
			.dst = CLIENT_IP,
			.ttl = 63,
			.icmp_type = 3,
			.icmp_code = 4,
			.icmp_info = 1400,
			.quote = &query_undone,
			.quote_max = 26},
	},
	{
		.what = "an error from the client's side: the server hears it from the local "
			"address",
		.setup = fullnat,
		.before = {SYN},
		.in = {.l4 = L4_ICMP,
		       .src = "10.1.0.9",
		       .dst = VIP,
		       .icmp_type = 3,
		       .icmp_code = 4,
		       .icmp_info = 1300,
		       .quote = &back,
		       QUOTE4},
		.to = SERVER,
		.out = {.l4 = L4_ICMP,
			.src = LOCAL,
			.dst = SERVER_IP,
			.ttl = 63,
			.icmp_type = 3,
			.icmp_code = 4,
			.icmp_info = 1300,
			.quote = &back_undone,
			QUOTE4},
	},
	{
		.what = "IPv6: port unreachable from the server",
		.setup = fullnat,
		.before = {SYN6},
		.from = SERVER,
		.in = {.l4 = L4_ICMP,
		       .src = SERVER6,
		       .dst = LOCAL6,
		       .icmp_type = 1,
		       .icmp_code = 4,
		       .quote = &sent6,
		       QUOTE6},
		.to = CLIENT,
		.out = {.l4 = L4_ICMP,
			.src = VIP6,
			.dst = CLIENT6,
			.ttl = 63,
			.icmp_type = 1,
			.icmp_code = 4,
			.quote = &sent6_undone,
			QUOTE6},
	},
	{
		.what = "IPv6: packet too big from the client's side",
		.setup = fullnat,
		.before = {SYN6},
		.in = {.l4 = L4_ICMP,
		       .src = "2001:db8:1::9",
		       .dst = VIP6,
		       .icmp_type = 2,
		       .icmp_info = 1280,
		       .quote = &back6,
		       QUOTE6},
		.to = SERVER,
		.out = {.l4 = L4_ICMP,
			.src = LOCAL6,
			.dst = SERVER6,
			.ttl = 63,
			.icmp_type = 2,
			.icmp_info = 1280,
			.quote = &back6_undone,
			QUOTE6},
	},

	/* -- without what it needs -- */
	{
		.what = "a service without local addresses",
		.setup = no_local_address,
		.in = TCP_IN(.flags = "S"),
		.counters = "laddr_exhausted",
	},
	{
		.what = "a service with local addresses of the other family only",
		.setup = local_address_of_other_family,
		.in = TCP_IN(.flags = "S"),
		.counters = "laddr_exhausted",
	},
};

int main(void)
{
	return rows_main("fullnat", rows, RTE_DIM(rows), NULL, 0);
}
