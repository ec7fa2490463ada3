/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * UDP: one state; every datagram may open a connection; never active. NAT fills in a checksum of
 * zero ("none"), as the kernel does.
 */
#include "../checksum.h"
#include "proto.h"

static const char *const udp_names[] = {"UDP"};
static const uint32_t udp_timeouts[] = {300};

static bool udp_opens(const struct packet *p)
{
	(void)p;
	return true;
}

static bool udp_reopens(const struct packet *p, const struct conn *c)
{
	(void)p;
	(void)c;
	return false;
}

static uint8_t udp_next_state(const struct packet *p, struct conn *c, enum conn_dir dir)
{
	(void)p;
	(void)c;
	(void)dir;
	return 0;
}

/* The checksum of a datagram that has none, after the rewrite. It covers what the UDP length says,
 * which may be less than the IP packet (RFC 768). */
static uint16_t udp_checksum(const struct packet *p, const struct rte_udp_hdr *udp)
{
	const uint16_t pseudo[2] = {udp->dgram_len, RTE_BE16(IPPROTO_UDP)};
	uint16_t sum = checksum_mbuf(p->mbuf, p->l4, rte_be_to_cpu_16(udp->dgram_len));

	sum = checksum_add(sum, rte_raw_cksum(pseudo, sizeof(pseudo)));
	if (p->af == AF_INET)
		return (uint16_t)~checksum_add(sum, rte_raw_cksum(&packet_ip4(p)->src_addr, 8));
	return (uint16_t)~checksum_add(sum, rte_raw_cksum(packet_ip6(p)->src_addr, 32));
}

static void udp_translate(const struct packet *p, union packet_ports ports, uint16_t delta)
{
	struct rte_udp_hdr *udp = packet_udp(p);

	memcpy(udp, &ports.both, sizeof(ports.both));
	if (likely(udp->dgram_cksum != 0))
		udp->dgram_cksum = checksum_apply(udp->dgram_cksum, delta);
	else if (p->fragment & FRAGMENT_FIRST)
		return; /* the rest of what it would cover is not here */
	else
		udp->dgram_cksum = udp_checksum(p, udp);
	if (unlikely(udp->dgram_cksum == 0))
		udp->dgram_cksum = 0xffff; /* zero would say "none" (RFC 768) */
}

/* A single datagram: the flood's kind. */
static bool udp_expendable(const struct conn *c)
{
	return c->in_pkts <= 1;
}

static const struct proto_ops udp = {
	.name = "UDP",
	.proto = IPPROTO_UDP,
	.index = PROTO_IX_UDP,
	.n_states = 1,
	.state_names = udp_names,
	.timeouts = udp_timeouts,
	.fragments = true,
	.opens = udp_opens,
	.reopens = udp_reopens,
	.next_state = udp_next_state,
	.translate = udp_translate,
	.expendable = udp_expendable,
};
PROTO_REGISTER(udp)
