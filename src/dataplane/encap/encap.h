/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of an encapsulation: what TUN puts between the outer and the inner IP header. One
 * file per kind, ending with ENCAP_REGISTER.
 */
#ifndef LVSD_DATAPLANE_ENCAP_H
#define LVSD_DATAPLANE_ENCAP_H

#include "../packet.h"
#include "../snapshot.h"

/* Numbers of IP_VS_CONN_F_TUNNEL_TYPE_*, flags of IP_VS_TUNNEL_ENCAP_FLAG_*. */
enum { TUNNEL_IPIP, TUNNEL_GUE, TUNNEL_GRE, TUNNEL_TYPES };
#define TUNNEL_CSUM    0x1u
#define TUNNEL_REMCSUM 0x2u

struct encap_ops {
	const char *name;
	uint8_t type; /* TUNNEL_* */

	/* Bytes between the IP headers. */
	uint16_t (*header_len)(const struct dest *d);

	/* Protocol of the outer IP header for an inner packet of family af. */
	uint8_t (*protocol)(uint16_t af);

	/* Fills the header at `to`, before an inner packet of family af and `len` bytes that lies
	 * contiguously behind it; `flow` is the same for all packets of a connection. May be NULL
	 * when header_len is 0. */
	void (*fill)(const struct dest *d, void *to, uint16_t af, uint32_t len, uint32_t flow);

	/* Completes it when the outer addresses are known; `len`: this header and all behind.
	 * May be NULL. */
	void (*finish)(const struct dest *d, void *header, const void *outer, uint32_t len);
};

void encap_register(const struct encap_ops *ops);
#define ENCAP_REGISTER(ops)                                                                        \
	__attribute__((constructor)) static void ops##_register(void)                              \
	{                                                                                          \
		encap_register(&ops);                                                              \
	}

extern const struct encap_ops *encap_table[TUNNEL_TYPES];

#endif
