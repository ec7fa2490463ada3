/* SPDX-License-Identifier: BSD-3-Clause */
/* The world of FULLNAT; see fullnat.h. */
#include "fullnat.h"

static void network6(void)
{
	world_route(VIP6, FIB_LOCAL, 0, NULL);
	world_route(LOCAL6, FIB_LOCAL, 0, NULL);
	world_route("2001:db8:1::/64", FIB_UNICAST, CLIENT, NULL);
	world_route("fd00:2::/64", FIB_UNICAST, SERVER, NULL);
	world_neighbour(CLIENT6, CLIENT, 0);
	world_neighbour(SERVER6, SERVER, 0);
	world_source(OURS6, SERVER);
}

static void services6(void)
{
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP};

	for (int i = 0; i < 2; i++) {
		uint32_t svc = world_service(protos[i], VIP6, 80, "rr");

		world_dest_method(world_dest(svc, SERVER6, 8080, 1), FWD_FULLNAT);
		world_laddr(svc, LOCAL6, LPORT, 5999);
	}
}

void fullnat(void)
{
	world_dest_method(row_dest_tcp, FWD_FULLNAT);
	world_dest_method(row_dest_udp, FWD_FULLNAT);
	world_laddr(TCP4, LOCAL, LPORT, 5999);
	world_laddr(UDP4, LOCAL, LPORT, 5999);
	services6();
	world_publish();
	world_route(LOCAL, FIB_LOCAL, 0, NULL);
	world_route(LOCAL2, FIB_LOCAL, 0, NULL);
	network6();
	world_publish_net();
}
