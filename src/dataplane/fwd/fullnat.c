/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * FULLNAT: both ends of the packet change. The server sees a local address and port of the
 * director and answers to it over any route, so it needs no gateway of ours. Not in the kernel's
 * IPVS; the checks, TTL and checksum rules are those of NAT.
 */
#include "fwd.h"
#include "rewrite.h"
#include "toa.h"

static void fullnat_bind(const struct conn_table *t, struct conn *c)
{
	uint16_t addr;

	if (c->af == AF_INET) {
		addr = c->ip_delta = checksum_add(checksum_delta32(c->vaddr, c->daddr),
						  checksum_delta32(c->caddr, c->laddr));
	} else {
		const struct conn6 *a = conn_addr6(t, c);

		addr = checksum_add(rewrite_delta128(&a->vaddr, &a->daddr),
				    rewrite_delta128(&a->caddr, &a->laddr));
	}
	c->l4_delta = checksum_add(addr, checksum_add(checksum_delta16(c->vport, c->dport),
						      checksum_delta16(c->cport, c->lport)));
}

static inline void fullnat_header_in(const struct conn_table *t, const struct packet *p,
				     const struct conn *c)
{
	if (likely(p->af == AF_INET)) {
		packet_ip4(p)->src_addr = c->laddr;
		packet_ip4(p)->dst_addr = c->daddr;
	} else {
		memcpy(packet_ip6(p)->src_addr, &conn_addr6(t, c)->laddr, 16);
		memcpy(packet_ip6(p)->dst_addr, &conn_addr6(t, c)->daddr, 16);
	}
	rewrite_ttl(p, c->ip_delta);
}

static inline void fullnat_header_out(const struct conn_table *t, const struct packet *p,
				      const struct conn *c)
{
	if (likely(p->af == AF_INET)) {
		packet_ip4(p)->src_addr = c->vaddr;
		packet_ip4(p)->dst_addr = c->caddr;
	} else {
		memcpy(packet_ip6(p)->src_addr, &conn_addr6(t, c)->vaddr, 16);
		memcpy(packet_ip6(p)->dst_addr, &conn_addr6(t, c)->caddr, 16);
	}
	rewrite_ttl(p, (uint16_t)~c->ip_delta);
}

static void fullnat_in(const struct conn_table *t, const struct packet *p, const struct conn *c)
{
	fullnat_header_in(t, p, c);
	rewrite_l4(p, c->lport, c->dport, c->l4_delta);
}

static void fullnat_out(const struct conn_table *t, const struct packet *p, const struct conn *c)
{
	fullnat_header_out(t, p, c);
	rewrite_l4(p, c->vport, c->cport, (uint16_t)~c->l4_delta);
}

static void fullnat_inform(const struct conn_table *t, struct packet *p, struct conn *c,
			   enum conn_dir dir, uint32_t mtu)
{
	if (likely(c->client_info == CLIENT_INFO_NONE))
		return;
	if (dir == CONN_IN)
		toa_add(t, p, c, mtu);
	else if (toa_done(p))
		c->client_info = CLIENT_INFO_NONE;
}

static const struct fwd_ops fullnat = {
	.name = "full NAT",
	.method = FWD_FULLNAT,
	.sees_reply = true,
	.needs_laddr = true,
	.bind = fullnat_bind,
	.inform = fullnat_inform,
	.rewrite = {fullnat_in, fullnat_out},
	.rewrite_rest = {fullnat_header_in, fullnat_header_out},
};
FWD_REGISTER(fullnat)
