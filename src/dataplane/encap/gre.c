/* SPDX-License-Identifier: BSD-3-Clause */
/* GRE (RFC 2784), with a checksum if the destination wants one. */
#include "encap.h"

#define GRE_CHECKSUM RTE_BE16(0x8000)

struct gre_header {
	uint16_t flags;
	uint16_t protocol; /* an Ethernet type */
	/* with GRE_CHECKSUM: */
	uint16_t checksum;
	uint16_t reserved;
};

_Static_assert(sizeof(struct gre_header) == 8, "RFC 2784");

static uint16_t gre_header_len(const struct dest *d)
{
	return d->tun_flags & TUNNEL_CSUM ? 8 : 4;
}

static uint8_t gre_protocol(uint16_t af)
{
	(void)af;
	return IPPROTO_GRE;
}

static void gre_fill(const struct dest *d, void *to, uint16_t af, uint32_t len, uint32_t flow)
{
	struct gre_header *h = to;

	(void)flow;
	h->flags = 0;
	h->protocol = af == AF_INET ? RTE_BE16(RTE_ETHER_TYPE_IPV4) : RTE_BE16(RTE_ETHER_TYPE_IPV6);
	if (!(d->tun_flags & TUNNEL_CSUM))
		return;
	h->flags = GRE_CHECKSUM;
	h->checksum = 0;
	h->reserved = 0;
	h->checksum = (uint16_t)~rte_raw_cksum(h, sizeof(*h) + len);
}

static const struct encap_ops gre = {
	.name = "gre",
	.type = TUNNEL_GRE,
	.header_len = gre_header_len,
	.protocol = gre_protocol,
	.fill = gre_fill,
};
ENCAP_REGISTER(gre)
