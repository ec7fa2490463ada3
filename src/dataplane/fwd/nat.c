/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NAT (masquerading): toward the server the destination becomes the server's address and port,
 * toward the client the source becomes the virtual ones. Checksums are updated, never verified:
 * a wrong one stays wrong.
 */
#include "fwd.h"
#include "rewrite.h"

static void nat_bind(const struct conn_table *t, struct conn *c)
{
	uint16_t addr;

	if (c->af == AF_INET) {
		addr = c->ip_delta = checksum_delta32(c->vaddr, c->daddr);
	} else {
		const struct conn6 *a = conn_addr6(t, c);

		addr = rewrite_delta128(&a->vaddr, &a->daddr);
	}
	c->l4_delta = checksum_add(addr, checksum_delta16(c->vport, c->dport));
}

static inline void nat_header_in(const struct conn_table *t, const struct packet *p,
				 const struct conn *c)
{
	if (likely(p->af == AF_INET))
		packet_ip4(p)->dst_addr = c->daddr;
	else
		memcpy(packet_ip6(p)->dst_addr, &conn_addr6(t, c)->daddr, 16);
	rewrite_ttl(p, c->ip_delta);
}

static inline void nat_header_out(const struct conn_table *t, const struct packet *p,
				  const struct conn *c)
{
	if (likely(p->af == AF_INET))
		packet_ip4(p)->src_addr = c->vaddr;
	else
		memcpy(packet_ip6(p)->src_addr, &conn_addr6(t, c)->vaddr, 16);
	rewrite_ttl(p, (uint16_t)~c->ip_delta);
}

static void nat_in(const struct conn_table *t, const struct packet *p, const struct conn *c)
{
	nat_header_in(t, p, c);
	rewrite_l4(p, c->lport, c->dport, c->l4_delta);
}

static void nat_out(const struct conn_table *t, const struct packet *p, const struct conn *c)
{
	nat_header_out(t, p, c);
	rewrite_l4(p, c->vport, c->cport, (uint16_t)~c->l4_delta);
}

static const struct fwd_ops nat = {
	.name = "masquerading",
	.method = FWD_NAT,
	.sees_reply = true,
	.bind = nat_bind,
	.rewrite = {nat_in, nat_out},
	.rewrite_rest = {nat_header_in, nat_header_out},
};
FWD_REGISTER(nat)
