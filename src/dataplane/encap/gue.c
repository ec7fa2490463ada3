/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Generic UDP encapsulation, version 0. The source port stays the same for a connection, so that
 * the network spreads connections and not packets. A remote checksum is the outer one here: the
 * option is only made for inner checksums that a NIC has yet to fill in.
 */
#include "encap.h"

struct gue_header {
	uint16_t sport, dport, len, checksum; /* UDP */
	uint8_t version_hlen;
	uint8_t protocol;
	uint16_t flags;
};

_Static_assert(sizeof(struct gue_header) == 12, "UDP and GUE header");

/* The kernel's net.ipv4.ip_local_port_range. */
#define PORT_FIRST 32768
#define PORT_COUNT (60999 - PORT_FIRST + 1)

static uint16_t gue_header_len(const struct dest *d)
{
	(void)d;
	return sizeof(struct gue_header);
}

static uint8_t gue_protocol(uint16_t af)
{
	(void)af;
	return IPPROTO_UDP;
}

static void gue_fill(const struct dest *d, void *to, uint16_t af, uint32_t len, uint32_t flow)
{
	struct gue_header *h = to;

	*h = (struct gue_header){
		.sport = rte_cpu_to_be_16(
			(uint16_t)(PORT_FIRST + ((uint64_t)flow * PORT_COUNT >> 32))),
		.dport = d->tun_port,
		.len = rte_cpu_to_be_16((uint16_t)(sizeof(*h) + len)),
		.protocol = af == AF_INET ? IPPROTO_IPIP : IPPROTO_IPV6,
	};
}

static void gue_finish(const struct dest *d, void *header, const void *outer, uint32_t len)
{
	struct gue_header *h = header;

	(void)len;
	if (!(d->tun_flags & (TUNNEL_CSUM | TUNNEL_REMCSUM)))
		return;
	if (d->af == AF_INET)
		h->checksum = rte_ipv4_udptcp_cksum(outer, h);
	else
		h->checksum = rte_ipv6_udptcp_cksum(outer, h);
	if (!h->checksum)
		h->checksum = 0xffff;
}

static const struct encap_ops gue = {
	.name = "gue",
	.type = TUNNEL_GUE,
	.header_len = gue_header_len,
	.protocol = gue_protocol,
	.fill = gue_fill,
	.finish = gue_finish,
};
ENCAP_REGISTER(gue)
