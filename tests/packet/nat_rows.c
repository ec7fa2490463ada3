/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What LVS-NAT does with well-formed packets, row by row: addresses, ports, checksums, TTL, what
 * is cut off and what is left alone, and the ICMP errors when a packet cannot go on. Sources: the
 * kernel's IPVS (recorded), RFC 792, RFC 1812, RFC 768.
 */
#include "rows.h"

#include <rte_common.h>

#include "dataplane/port.h"

/* A connection of each protocol that is there already. */
#define TCP_OPEN                                                                                   \
	{                                                                                          \
		.from = CLIENT, .in = TCP_IN(.flags = "S")                                         \
	}
#define UDP_OPEN                                                                                   \
	{                                                                                          \
		.from = CLIENT, .in = UDP_IN(.payload = 4)                                         \
	}

/* ---- setups ---- */

static void server_mtu_600(void)
{
	port_get(SERVER)->mtu = 600;
	world_publish_net();
}

static void client_mtu_600(void)
{
	port_get(CLIENT)->mtu = 600;
	world_publish_net();
}

static void server_route_mtu_600(void)
{
	world_route_mtu("10.2.0.0/16", 600);
	world_publish_net();
}

static void server_mtu_600_unresolved(void)
{
	world_neighbour_remove(SERVER_IP);
	server_mtu_600();
}

static void no_route_to_server(void)
{
	world_route_remove("10.2.0.0/16");
	world_publish_net();
}

static void server_net_unreachable(void)
{
	world_route("10.2.0.0/24", FIB_UNREACHABLE, 0, NULL);
	world_publish_net();
}

static void server_is_director(void)
{
	world_route(SERVER_IP, FIB_LOCAL, 0, NULL);
	world_publish_net();
}

static void server_behind_router(void)
{
	world_route(SERVER_IP, FIB_UNICAST, SERVER, "10.2.0.9");
	world_publish_net();
}

static void client_unresolved(void)
{
	world_neighbour_remove(CLIENT_IP);
	world_publish_net();
}

static void quiesce(void)
{
	world_dest_weight(row_dest_tcp, 0);
	world_dest_weight(row_dest_udp, 0);
	world_publish();
}

static void no_scheduler(void)
{
	world_dest(world_service(IPPROTO_TCP, VIP, 81, NULL), SERVER_IP, 81, 1);
	world_publish();
}

static void direct_routing(void)
{
	world_dest_method(row_dest_tcp, FWD_DIRECT);
	world_publish();
}

static void bypass(void)
{
	world_dest_method(row_dest_tcp, FWD_BYPASS);
	world_publish();
}

static void any_port_server(void)
{
	uint32_t svc = world_service(IPPROTO_UDP, VIP, 69, "rr");

	world_dest(svc, SERVER_IP, 0, 1);
	world_publish();
}

static void no_twin(void)
{
	dp_port_set_punt(CLIENT, false);
}

/* ---- packets that errors are about ---- */

static const struct pkt ttl_1 = UDP_IN(.ttl = 1, .id = 0x1008, .frag = 0x4000, .payload = 4);
static const struct pkt ttl_0 = UDP_IN(.ttl = ZERO, .payload = 4);
static const struct pkt tcp_ttl_1 = TCP_IN(.ttl = 1, .flags = "S");
static const struct pkt reply_ttl_1 = TCP_REPLY(.ttl = 1, .flags = "A");
static const struct pkt long_df_lowered = UDP_IN(.frag = 0x4000, .payload = 1000, .ttl = 63);
static const struct pkt long_reply_df = UDP_REPLY(.frag = 0x4000, .payload = 1000);
static const struct pkt opening = TCP_IN(.flags = "S");
static const struct pkt with_options = TCP_IN(.flags = "S", .ip_options = "01010101", .ttl = 1);
static const struct pkt query = UDP_IN(.payload = 4);
static const struct pkt to_81 = TCP_IN(.flags = "S", .dport = 81);

static const struct row rows[] = {
	/* -- TCP -- */
	{
		.what = "TCP SYN: destination becomes the server's",
		.in = TCP_IN(.flags = "S", .seq = 1000, .id = 0x1001, .frag = 0x4000,
			     .tcp_options = "020405b40402080a000000010000000001030307"),
		.to = SERVER,
		.out = TCP_FORWARDED(.flags = "S", .seq = 1000, .id = 0x1001, .frag = 0x4000,
				     .tcp_options = "020405b40402080a000000010000000001030307"),
		.counters = "conn_created",
	},
	{
		.what = "TCP SYN, port not changed",
		.in = TCP_IN(.flags = "S", .dport = 443),
		.to = SERVER,
		.out = TCP_FORWARDED(.flags = "S", .dport = 443),
		.counters = "conn_created",
	},
	{
		.what = "TCP SYN with ECN setup flags opens",
		.in = TCP_IN(.flags = "SEC"),
		.to = SERVER,
		.out = TCP_FORWARDED(.flags = "SEC"),
		.counters = "conn_created",
	},
	{
		.what = "TCP SYN+ACK from the client side opens, as in the kernel",
		.in = TCP_IN(.flags = "SA"),
		.to = SERVER,
		.out = TCP_FORWARDED(.flags = "SA"),
		.counters = "conn_created",
	},
	{
		.what = "TCP SYN with data",
		.in = TCP_IN(.flags = "S", .payload = 77),
		.to = SERVER,
		.out = TCP_FORWARDED(.flags = "S", .payload = 77),
		.counters = "conn_created",
	},
	{
		.what = "TCP data of a connection, all flags, urgent",
		.before = {TCP_OPEN},
		.in = TCP_IN(.flags = "PAUE", .seq = 1001, .ack = 5, .payload = 33, .tos = 0xbb),
		.to = SERVER,
		.out = TCP_FORWARDED(.flags = "PAUE", .seq = 1001, .ack = 5, .payload = 33,
				     .tos = 0xbb),
	},
	{
		.what = "TCP reply: source becomes the virtual one",
		.before = {TCP_OPEN},
		.from = SERVER,
		.in = TCP_REPLY(.flags = "SA", .seq = 7, .ack = 1001, .tcp_options = "020405b4"),
		.to = CLIENT,
		.out = TCP_BACK(.flags = "SA", .seq = 7, .ack = 1001, .tcp_options = "020405b4"),
	},
	{
		.what = "TCP reply with data, odd length",
		.before = {TCP_OPEN},
		.from = SERVER,
		.in = TCP_REPLY(.flags = "PA", .payload = 1001),
		.to = CLIENT,
		.out = TCP_BACK(.flags = "PA", .payload = 1001),
	},
	{
		.what = "TCP of 1500 bytes fits the MTU",
		.before = {TCP_OPEN},
		.in = TCP_IN(.flags = "A", .payload = 1460, .frag = 0x4000),
		.to = SERVER,
		.out = TCP_FORWARDED(.flags = "A", .payload = 1460, .frag = 0x4000),
	},
	{
		.what = "TCP with 40 bytes of options and 40 bytes of IP options",
		.before = {TCP_OPEN},
		.in = TCP_IN(.flags = "A", .payload = 3,
			     .ip_options =
				     "01010101010101010101010101010101010101010101010101010101"
				     "010101010101010101010101",
			     .tcp_options = "0101010101010101010101010101010101010101010101010101"
					    "0101010101010101010101010101"),
		.to = SERVER,
		.out = TCP_FORWARDED(
				.flags = "A", .payload = 3,
				.ip_options =
					"01010101010101010101010101010101010101010101010101010101"
					"010101010101010101010101",
				.tcp_options =
					"0101010101010101010101010101010101010101010101010101"
					"0101010101010101010101010101"),
	},
	{
		.what = "TCP with a wrong checksum stays wrong by as much",
		.in = TCP_IN(.flags = "S", .checksum_off_by = 0x1234),
		.to = SERVER,
		.out = TCP_FORWARDED(.flags = "S", .checksum_off_by = 0x1234),
		.counters = "conn_created",
	},
	{
		.what = "TCP without a connection, not SYN, is the kernel's",
		.in = TCP_IN(.flags = "A"),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "TCP RST without a connection is the kernel's",
		.in = TCP_IN(.flags = "R"),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "TCP SYN+RST opens nothing",
		.in = TCP_IN(.flags = "SR"),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "TCP without any flag opens nothing",
		.in = TCP_IN(.flags = ""),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "TCP from the FTP data port is never scheduled",
		.in = TCP_IN(.flags = "S", .sport = 20),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "TCP SYN to a port without a service is the kernel's",
		.in = TCP_IN(.flags = "S", .dport = 22),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "TCP SYN to a UDP service's port is the kernel's",
		.in = TCP_IN(.flags = "S", .dport = 53),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "TCP from the server that belongs to no connection is the kernel's",
		.from = SERVER,
		.in = TCP_REPLY(.flags = "SA"),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "TCP reply with another server port belongs to no connection",
		.before = {TCP_OPEN},
		.from = SERVER,
		.in = TCP_REPLY(.flags = "SA", .sport = 8081),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "the connection's packet may come in on any port",
		.before = {TCP_OPEN},
		.from = SERVER,
		.in = TCP_IN(.flags = "A"),
		.to = SERVER,
		.out = TCP_FORWARDED(.flags = "A"),
	},

	/* -- UDP -- */
	{
		.what = "UDP: destination becomes the server's",
		.in = UDP_IN(.payload = 7, .id = 0xbeef),
		.to = SERVER,
		.out = UDP_FORWARDED(.payload = 7, .id = 0xbeef),
		.counters = "conn_created",
	},
	{
		.what = "UDP, port not changed",
		.in = UDP_IN(.payload = 48, .dport = 123),
		.to = SERVER,
		.out = UDP_FORWARDED(.payload = 48, .dport = 123),
		.counters = "conn_created",
	},
	{
		.what = "UDP without data",
		.in = UDP_IN(),
		.to = SERVER,
		.out = UDP_FORWARDED(),
		.counters = "conn_created",
	},
	{
		.what = "UDP to a server of port 0 keeps the port",
		.setup = any_port_server,
		.in = UDP_IN(.payload = 5, .dport = 69),
		.to = SERVER,
		.out = UDP_FORWARDED(.payload = 5, .dport = 69),
		.counters = "conn_created",
	},
	{
		.what = "UDP reply: source becomes the virtual one",
		.before = {UDP_OPEN},
		.from = SERVER,
		.in = UDP_REPLY(.payload = 11),
		.to = CLIENT,
		.out = UDP_BACK(.payload = 11),
	},
	{
		.what = "UDP from source port 0 opens",
		.in = UDP_IN(.payload = 11, .sport = 0),
		.to = SERVER,
		.out = UDP_FORWARDED(.payload = 11, .sport = 0),
		.counters = "conn_created",
	},
	{
		.what = "UDP without checksum gets one (as in the kernel)",
		.in = UDP_IN(.payload = 8, .no_checksum = true),
		.to = SERVER,
		.out = UDP_FORWARDED(.payload = 8),
		.counters = "conn_created",
	},
	{
		.what = "UDP without checksum, odd length, IP options",
		.in = UDP_IN(.payload = 9, .no_checksum = true, .ip_options = "01010101"),
		.to = SERVER,
		.out = UDP_FORWARDED(.payload = 9, .ip_options = "01010101"),
		.counters = "conn_created",
	},
	{
		.what = "UDP reply without checksum gets one",
		.before = {UDP_OPEN},
		.from = SERVER,
		.in = UDP_REPLY(.payload = 300, .no_checksum = true),
		.to = CLIENT,
		.out = UDP_BACK(.payload = 300),
	},
	{
		.what = "UDP without checksum and padding: the padding is not summed",
		.in = UDP_IN(.payload = 3, .no_checksum = true, .padding = 15),
		.to = SERVER,
		.out = UDP_FORWARDED(.payload = 3),
		.counters = "conn_created",
	},
	{
		.what = "UDP with a wrong checksum stays wrong by as much",
		.in = UDP_IN(.payload = 12, .checksum_off_by = 0x00ff),
		.to = SERVER,
		.out = UDP_FORWARDED(.payload = 12, .checksum_off_by = 0x00ff),
		.counters = "conn_created",
	},
	{
		.what = "UDP shorter than its IP packet: the rest goes along",
		.in = UDP_IN(.payload = 20, .udp_length_is = 12),
		.to = SERVER,
		.out = UDP_FORWARDED(.payload = 20, .udp_length_is = 12),
		.counters = "conn_created",
	},
	{
		.what = "UDP shorter than its IP packet, without checksum: the datagram is summed",
		.in = UDP_IN(.payload = 20, .udp_length_is = 12, .no_checksum = true),
		.to = SERVER,
		.out = UDP_FORWARDED(.payload = 20, .udp_length_is = 12),
		.counters = "conn_created",
	},
	{
		.what = "UDP from port 20 is not scheduled either",
		.in = UDP_IN(.payload = 4, .sport = 20),
		.punted = true,
		.counters = "punted",
	},

	/* -- TTL -- */
	{
		.what = "TTL 255 becomes 254",
		.in = UDP_IN(.payload = 4, .ttl = 255),
		.to = SERVER,
		.out = UDP_FORWARDED(.payload = 4, .ttl = 254),
		.counters = "conn_created",
	},
	{
		.what = "TTL 2 becomes 1",
		.in = UDP_IN(.payload = 4, .ttl = 2),
		.to = SERVER,
		.out = UDP_FORWARDED(.payload = 4, .ttl = 1),
		.counters = "conn_created",
	},
	{
		.what = "TTL 1 of a new connection: time exceeded from the virtual address",
		.in = UDP_IN(.ttl = 1, .id = 0x1008, .frag = 0x4000, .payload = 4),
		.to = CLIENT,
		.out = ICMP_ERROR(VIP, CLIENT_IP, 11, 0, &ttl_1),
		.counters = "conn_created ttl_exceeded icmp_sent",
	},
	{
		.what = "TTL 1 of a connection",
		.before = {TCP_OPEN},
		.in = TCP_IN(.ttl = 1, .flags = "S"),
		.to = CLIENT,
		.out = ICMP_ERROR(VIP, CLIENT_IP, 11, 0, &tcp_ttl_1),
		.counters = "ttl_exceeded icmp_sent",
	},
	{
		.what = "TTL 0",
		.before = {UDP_OPEN},
		.in = UDP_IN(.ttl = ZERO, .payload = 4),
		.to = CLIENT,
		.out = ICMP_ERROR(VIP, CLIENT_IP, 11, 0, &ttl_0),
		.counters = "ttl_exceeded icmp_sent",
	},
	{
		.what = "TTL 1 with IP options: they are quoted",
		.before = {TCP_OPEN},
		.in = TCP_IN(.flags = "S", .ip_options = "01010101", .ttl = 1),
		.to = CLIENT,
		.out = ICMP_ERROR(VIP, CLIENT_IP, 11, 0, &with_options),
		.counters = "ttl_exceeded icmp_sent",
	},
	{
		.what = "TTL 1 of a reply: time exceeded from the server-side address",
		.before = {TCP_OPEN},
		.from = SERVER,
		.in = TCP_REPLY(.ttl = 1, .flags = "A"),
		.to = SERVER,
		.out = ICMP_ERROR(DIRECTOR_DIP, SERVER_IP, 11, 0, &reply_ttl_1),
		.counters = "ttl_exceeded icmp_sent",
	},

	/* -- IP header -- */
	{
		.what = "TOS and ECN pass",
		.in = UDP_IN(.payload = 4, .tos = 0xff),
		.to = SERVER,
		.out = UDP_FORWARDED(.payload = 4, .tos = 0xff),
		.counters = "conn_created",
	},
	{
		.what = "IP options pass",
		.in = UDP_IN(.payload = 4, .ip_options = "01010100"),
		.to = SERVER,
		.out = UDP_FORWARDED(.payload = 4, .ip_options = "01010100"),
		.counters = "conn_created",
	},
	{
		.what = "the reserved flag is no fragment",
		.in = UDP_IN(.payload = 4, .frag = 0xc000),
		.to = SERVER,
		.out = UDP_FORWARDED(.payload = 4, .frag = 0xc000),
		.counters = "conn_created",
	},

	/* -- Ethernet -- */
	{
		.what = "padding is cut off",
		.in = UDP_IN(.payload = 4, .padding = 14),
		.to = SERVER,
		.out = UDP_FORWARDED(.payload = 4),
		.counters = "conn_created",
	},
	{
		.what = "padding of a reply is cut off",
		.before = {TCP_OPEN},
		.from = SERVER,
		.in = TCP_REPLY(.flags = "A", .padding = 6),
		.to = CLIENT,
		.out = TCP_BACK(.flags = "A"),
	},
	{
		.what = "a VLAN tag is taken off",
		.in = UDP_IN(.payload = 4, .vlan = {0x81000000}),
		.to = SERVER,
		.out = UDP_FORWARDED(.payload = 4),
		.counters = "conn_created",
	},
	{
		.what = "two VLAN tags are taken off, and the padding",
		.in = UDP_IN(.payload = 5, .vlan = {0x88a80064, 0x81000065}, .padding = 3),
		.to = SERVER,
		.out = UDP_FORWARDED(.payload = 5),
		.counters = "conn_created",
	},
	{
		.what = "a third VLAN tag is the kernel's matter",
		.in = UDP_IN(.payload = 4, .vlan = {0x88a80064, 0x81000065, 0x81000066}),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "a tagged frame without a connection goes to the kernel with its tag",
		.in = TCP_IN(.flags = "A", .vlan = {0x81000064}),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "a VRRP router's MAC is ours",
		.in = UDP_IN(.payload = 4, .to = 0x00005e000133ull),
		.to = SERVER,
		.out = UDP_FORWARDED(.payload = 4),
		.counters = "conn_created",
	},
	{
		.what = "a packet to the virtual address in a broadcast frame is the kernel's",
		.in = UDP_IN(.payload = 4, .to = MAC_BROADCAST),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "a connection's packet in a multicast frame is the kernel's",
		.before = {TCP_OPEN},
		.in = TCP_IN(.flags = "A", .to = 0x01005e000001ull),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "a router gets the frame when the server is behind it",
		.setup = server_behind_router,
		.in = UDP_IN(.payload = 4),
		.to = SERVER,
		.out = UDP_FORWARDED(.payload = 4, .to = 0x02000a020009ull),
		.counters = "conn_created",
	},
	{
		.what = "a client behind a router",
		.in = TCP_IN(.flags = "S", .src = "10.9.4.4"),
		.to = SERVER,
		.out = TCP_FORWARDED(.flags = "S", .src = "10.9.4.4"),
		.counters = "conn_created",
	},

	/* -- MTU -- */
	{
		.what = "longer than the MTU with DF: fragmentation needed, TTL already lowered",
		.setup = server_mtu_600,
		.before = {UDP_OPEN},
		.in = UDP_IN(.frag = 0x4000, .payload = 1000),
		.to = CLIENT,
		.out = ICMP_ERROR(VIP, CLIENT_IP, 3, 4, &long_df_lowered, .icmp_info = 600),
		.counters = "mtu_exceeded icmp_sent",
	},
	{
		.what = "as long as the MTU",
		.setup = server_mtu_600,
		.before = {UDP_OPEN},
		.in = UDP_IN(.frag = 0x4000, .payload = 572),
		.to = SERVER,
		.out = UDP_FORWARDED(.frag = 0x4000, .payload = 572),
	},
	{
		.what = "padding does not count for the MTU",
		.setup = server_mtu_600,
		.before = {UDP_OPEN},
		.in = UDP_IN(.frag = 0x4000, .payload = 572, .padding = 40),
		.to = SERVER,
		.out = UDP_FORWARDED(.frag = 0x4000, .payload = 572),
	},
	{
		.what = "one byte longer than the MTU, a new connection",
		.setup = server_mtu_600,
		.in = UDP_IN(.frag = 0x4000, .payload = 1000),
		.to = CLIENT,
		.out = ICMP_ERROR(VIP, CLIENT_IP, 3, 4, &long_df_lowered, .icmp_info = 600),
		.counters = "conn_created mtu_exceeded icmp_sent",
	},
	{
		.what = "a reply longer than the MTU: from the server-side address, TTL as it came",
		.setup = client_mtu_600,
		.before = {UDP_OPEN},
		.from = SERVER,
		.in = UDP_REPLY(.frag = 0x4000, .payload = 1000),
		.to = SERVER,
		.out = ICMP_ERROR(DIRECTOR_DIP, SERVER_IP, 3, 4, &long_reply_df, .icmp_info = 600),
		.counters = "mtu_exceeded icmp_sent",
	},
	{
		.what = "longer than the route's MTU",
		.setup = server_route_mtu_600,
		.before = {UDP_OPEN},
		.in = UDP_IN(.frag = 0x4000, .payload = 1000),
		.to = CLIENT,
		.out = ICMP_ERROR(VIP, CLIENT_IP, 3, 4, &long_df_lowered, .icmp_info = 600),
		.counters = "mtu_exceeded icmp_sent",
	},
	{
		.what = "longer than the MTU toward a server whose link address is not known",
		.setup = server_mtu_600_unresolved,
		.in = UDP_IN(.frag = 0x4000, .payload = 1000),
		.to = CLIENT,
		.out = ICMP_ERROR(VIP, CLIENT_IP, 3, 4, &long_df_lowered, .icmp_info = 600),
		.counters = "conn_created mtu_exceeded icmp_sent",
	},

	/* -- no way on -- */
	{
		.what = "no route to the server: host unreachable, the connection is there",
		.setup = no_route_to_server,
		.in = TCP_IN(.flags = "S"),
		.to = CLIENT,
		.out = ICMP_ERROR(VIP, CLIENT_IP, 3, 1, &opening),
		.counters = "conn_created no_route icmp_sent",
	},
	{
		.what = "an unreachable route to the server",
		.setup = server_net_unreachable,
		.in = TCP_IN(.flags = "S"),
		.to = CLIENT,
		.out = ICMP_ERROR(VIP, CLIENT_IP, 3, 1, &opening),
		.counters = "conn_created no_route icmp_sent",
	},
	{
		.what = "no route back to the client: no ICMP either",
		.in = TCP_IN(.flags = "S", .src = "198.51.100.7", .ttl = 1),
		.counters = "conn_created ttl_exceeded",
	},
	{
		.what = "no server with weight: port unreachable, also for TCP",
		.setup = quiesce,
		.in = TCP_IN(.flags = "S"),
		.to = CLIENT,
		.out = ICMP_ERROR(VIP, CLIENT_IP, 3, 3, &opening),
		.counters = "no_destination icmp_sent",
	},
	{
		.what = "no server with weight, UDP",
		.setup = quiesce,
		.in = UDP_IN(.payload = 4),
		.to = CLIENT,
		.out = ICMP_ERROR(VIP, CLIENT_IP, 3, 3, &query),
		.counters = "no_destination icmp_sent",
	},
	{
		.what = "a service without a scheduler has no server",
		.setup = no_scheduler,
		.in = TCP_IN(.flags = "S", .dport = 81),
		.to = CLIENT,
		.out = ICMP_ERROR(VIP, CLIENT_IP, 3, 3, &to_81),
		.counters = "no_destination icmp_sent",
	},
	{
		.what = "the server's address is the director's own",
		.setup = server_is_director,
		.in = TCP_IN(.flags = "S"),
		.counters = "conn_created local_destination",
	},
	{
		.what = "a method that there is not",
		.setup = bypass,
		.in = TCP_IN(.flags = "S"),
		.counters = "method_unsupported",
	},
	{
		.what = "direct routing changes the TTL and the Ethernet header only",
		.setup = direct_routing,
		.in = TCP_IN(.flags = "S"),
		.to = SERVER,
		.out = TCP_IN(.flags = "S", .ttl = 63, .to = 0x02000a020001ull),
		.counters = "conn_created",
	},

	/* -- not ours -- */
	{
		.what = "ping of the virtual address is the kernel's",
		.in = {.l4 = L4_ICMP,
		       .src = CLIENT_IP,
		       .dst = VIP,
		       .icmp_type = 8,
		       .icmp_info = 1,
		       .payload = 56},
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "a fragment of a ping is the kernel's",
		.in = {.l4 = L4_ICMP,
		       .src = CLIENT_IP,
		       .dst = VIP,
		       .frag = 0x2000,
		       .icmp_type = 8,
		       .payload = 1400},
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "ARP is the kernel's",
		.in = {.ether_type = 0x0806, .payload = 46, .to = MAC_BROADCAST},
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "not IPv6 in an IPv6 frame",
		.in = {.ether_type = 0x86dd, .payload = 60},
		.counters = "ip6_version",
	},
	{
		.what = "VRRP is the kernel's",
		.in = {.src = "10.1.0.77",
		       .dst = "224.0.0.18",
		       .to = 0x01005e000012ull,
		       .proto = 112,
		       .ttl = 255,
		       .payload = 20},
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "without a twin what is the kernel's is dropped",
		.setup = no_twin,
		.in = {.ether_type = 0x0806, .payload = 46, .to = MAC_BROADCAST},
		.counters = "no_twin",
	},
	{
		.what = "an ICMP error to an unresolved client waits like any packet",
		.setup = client_unresolved,
		.before = {TCP_OPEN},
		.in = TCP_IN(.ttl = 1, .flags = "S"),
		.counters = "ttl_exceeded icmp_sent resolve_requests",
	},
};

/* ---- rewriting checked over all checksums --------------------------------------------------- */

/* Every payload length from 0, and every value that a checksum can have: the incremental update
 * must give what a fresh computation gives, also where the sum folds twice or becomes zero. */
static void test_checksums(void **state)
{
	struct pkt in = UDP_IN(.payload = 0), out = UDP_FORWARDED(.payload = 0);
	struct pkt tin = TCP_IN(.flags = "A"), tout = TCP_FORWARDED(.flags = "A");
	struct pkt open = TCP_IN(.flags = "S");

	row_world(NULL);
	row_send(CLIENT, &open);
	row_expect(SERVER, &(struct pkt)TCP_FORWARDED(.flags = "S"), "opening");
	for (uint32_t i = 0; i < 1400; i++) {
		in.payload = out.payload = i;
		row_send(CLIENT, &in);
		row_expect(SERVER, &out, "UDP of every length");
	}
	in.payload = out.payload = 2;
	for (uint32_t id = 0; id < 0x10000; id++) {
		in.id = out.id = tin.id = tout.id = (uint16_t)id;
		row_send(CLIENT, &in);
		row_expect(SERVER, &out, "every IP checksum");
		tin.seq = tout.seq = id << 13 | id;
		row_send(CLIENT, &tin);
		row_expect(SERVER, &tout, "every TCP checksum");
	}
	world_end();
}

/* A checksum that becomes 0 by the rewrite must be sent as 0xffff for UDP (RFC 768). */
static void test_udp_checksum_zero(void **state)
{
	struct pkt in = UDP_IN(.payload = 4), out = UDP_FORWARDED(.payload = 4);
	struct frame f;
	unsigned int seen = 0;

	row_world(NULL);
	for (uint32_t off = 0; off < 0x10000; off++) {
		in.checksum_off_by = out.checksum_off_by = (uint16_t)off;
		row_frame_in(CLIENT, &in, &f);
		/* Both forms of zero are one checksum: the builder writes 0xffff. */
		if (f.data[f.l3 + 26] == 0xff && f.data[f.l3 + 27] == 0xff)
			continue;
		world_inject(CLIENT, 0, &f);
		world_turn();
		assert_true(world_sent(SERVER, &f));
		assert_true(f.data[f.l3 + 26] || f.data[f.l3 + 27]);
		seen++;
	}
	assert_int_equal(seen, 0xffff);
	world_end();
}

/* A padded frame whose padding lies in a segment of its own, or spans two. */
static void test_segments(void **state)
{
	struct pkt in = UDP_IN(.payload = 18, .padding = 20);
	struct pkt out = UDP_FORWARDED(.payload = 18);
	struct frame f;

	row_world(NULL);
	row_frame_in(CLIENT, &in, &f);
	for (size_t first = 14 + 20 + 8; first < f.len; first++) {
		world_inject_split(CLIENT, &f, first);
		world_turn();
		row_expect(SERVER, &out, "in two segments");
	}
	row_expect_nothing("in two segments");
	in.no_checksum = true;
	row_frame_in(CLIENT, &in, &f);
	for (size_t first = 14 + 20 + 8; first < f.len; first++) {
		world_inject_split(CLIENT, &f, first);
		world_turn();
		row_expect(SERVER, &out, "in two segments, checksum to be made");
	}
	world_end();
}

static const struct CMUnitTest more[] = {
	cmocka_unit_test(test_checksums),
	cmocka_unit_test(test_udp_checksum_zero),
	cmocka_unit_test(test_segments),
};

int main(void)
{
	return rows_main("nat", rows, RTE_DIM(rows), more, RTE_DIM(more));
}
