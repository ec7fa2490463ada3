/* SPDX-License-Identifier: BSD-3-Clause */
/* IP in IP, any family in any (RFC 2003, RFC 2473, RFC 4213): no header of its own. */
#include "encap.h"

static uint16_t ipip_header_len(const struct dest *d)
{
	(void)d;
	return 0;
}

static uint8_t ipip_protocol(uint16_t af)
{
	return af == AF_INET ? IPPROTO_IPIP : IPPROTO_IPV6;
}

static const struct encap_ops ipip = {
	.name = "ipip",
	.type = TUNNEL_IPIP,
	.header_len = ipip_header_len,
	.protocol = ipip_protocol,
};
ENCAP_REGISTER(ipip)
