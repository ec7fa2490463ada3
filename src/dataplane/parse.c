/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * First step of a packet's way: Ethernet, VLAN tags, IPv4 with options, TCP, UDP. Whatever is
 * malformed ends here under its own counter; whatever is well-formed but not TCP or UDP over
 * IPv4 is left to the kernel.
 */
#include "parse.h"

#include "checksum.h"

#define VLAN_TAGS_MAX 2

/* Stations that share a virtual MAC (VRRP, RFC 5798 section 7.3) answer to it as to their own. */
static bool is_vrrp_mac(const struct rte_ether_addr *a)
{
	static const uint8_t prefix[4] = {0x00, 0x00, 0x5e, 0x00};

	return memcmp(a->addr_bytes, prefix, sizeof(prefix)) == 0 &&
	       (a->addr_bytes[4] == 1 || a->addr_bytes[4] == 2);
}

static bool source_is_martian(uint32_t be)
{
	uint32_t a = rte_be_to_cpu_32(be);

	/* class D, E and broadcast; loopback; "this network" (RFC 6890) */
	return a >= 0xe0000000u || a >> 24 == 127 || a >> 24 == 0;
}

/* `here` bytes of the segment lie in the mbuf's first part, `len` in all. */
static enum counter parse_tcp(struct packet *p, uint32_t here, uint32_t len)
{
	const struct rte_tcp_hdr *tcp = packet_tcp(p);

	if (unlikely(here < sizeof(*tcp)))
		return COUNTER_tcp_short;
	uint32_t offset = (uint32_t)(tcp->data_off >> 4) * 4;
	if (unlikely(offset < sizeof(*tcp) || offset > len))
		return COUNTER_tcp_offset;
	p->tcp_flags = tcp->tcp_flags;
	return PARSE_OK;
}

static enum counter parse_udp(struct packet *p, uint32_t here, uint32_t len)
{
	const struct rte_udp_hdr *udp = packet_udp(p);

	if (unlikely(here < sizeof(*udp)))
		return COUNTER_udp_short;
	uint32_t dgram = rte_be_to_cpu_16(udp->dgram_len);
	if (unlikely(dgram < sizeof(*udp) || dgram > len))
		return COUNTER_udp_length;
	return PARSE_OK;
}

static enum counter parse_ip4(struct packet *p, uint32_t len)
{
	const struct rte_ipv4_hdr *ip = packet_ip4(p);
	enum counter drop;

	if (unlikely(len < sizeof(*ip)))
		return COUNTER_ip4_short;
	if (unlikely(ip->version_ihl >> 4 != 4))
		return COUNTER_ip4_version;
	uint32_t hlen = (uint32_t)(ip->version_ihl & 15) * 4;
	if (unlikely(hlen < sizeof(*ip) || hlen > len))
		return COUNTER_ip4_ihl;
	uint32_t total = rte_be_to_cpu_16(ip->total_length);
	if (unlikely(total < hlen || total > p->mbuf->pkt_len - p->l3))
		return COUNTER_ip4_length;
	if (unlikely(checksum_ip4(ip, hlen / 4) != 0xffff))
		return COUNTER_ip4_checksum;

	union packet_addrs addrs;
	memcpy(&addrs.both, &ip->src_addr, sizeof(addrs.both));
	/* Multicast and broadcast are the kernel's: routing protocols, VRRP, DHCP. */
	if (unlikely(rte_be_to_cpu_32(addrs.dst) >= 0xe0000000u))
		return PARSE_OK;
	if (unlikely(source_is_martian(addrs.src)))
		return COUNTER_ip4_martian_source;
	uint8_t net = rte_be_to_cpu_32(addrs.dst) >> 24;
	if (unlikely(net == 0 || net == 127))
		return COUNTER_ip4_martian_destination;
	if (unlikely(addrs.src == addrs.dst))
		return COUNTER_ip4_land;

	p->addrs = addrs.both;
	p->l4 = p->l3 + (uint16_t)hlen;
	p->l3_len = (uint16_t)total;
	p->proto = ip->next_proto_id;
	p->ttl = ip->time_to_live;
	if (unlikely(ip->fragment_offset & RTE_BE16(0x3fff))) {
		p->kind = PACKET_FRAGMENT;
		return PARSE_OK;
	}
	uint32_t here = RTE_MIN(total, len) - hlen;
	if (p->proto == IPPROTO_TCP)
		drop = parse_tcp(p, here, total - hlen);
	else if (p->proto == IPPROTO_UDP)
		drop = parse_udp(p, here, total - hlen);
	else
		return PARSE_OK;
	if (unlikely(drop != PARSE_OK))
		return drop;
	memcpy(&p->ports, rte_pktmbuf_mtod_offset(p->mbuf, void *, p->l4), sizeof(p->ports));
	p->kind = PACKET_FLOW;
	return PARSE_OK;
}

static enum counter parse_frame(struct packet *p, const struct rte_ether_addr *mac)
{
	const struct rte_mbuf *m = p->mbuf;
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	uint32_t len = rte_pktmbuf_data_len(m);
	uint32_t off = sizeof(*eth);

	if (unlikely(len < off))
		return COUNTER_eth_short;
	if (unlikely(!rte_is_same_ether_addr(&eth->dst_addr, mac) &&
		     !rte_is_multicast_ether_addr(&eth->dst_addr) && !is_vrrp_mac(&eth->dst_addr)))
		return COUNTER_eth_not_for_us;
	rte_be16_t type = eth->ether_type;
	for (int i = 0; i < VLAN_TAGS_MAX && unlikely(type == RTE_BE16(RTE_ETHER_TYPE_VLAN) ||
						      type == RTE_BE16(RTE_ETHER_TYPE_QINQ));
	     i++) {
		if (len < off + sizeof(struct rte_vlan_hdr))
			return COUNTER_eth_short;
		type = rte_pktmbuf_mtod_offset(m, struct rte_vlan_hdr *, off)->eth_proto;
		off += sizeof(struct rte_vlan_hdr);
	}
	p->l3 = (uint16_t)off;
	if (likely(type == RTE_BE16(RTE_ETHER_TYPE_IPV4))) {
		/* Only what is sent to this very station is balanced, as in the kernel. */
		if (unlikely(rte_is_multicast_ether_addr(&eth->dst_addr)))
			return PARSE_OK;
		return parse_ip4(p, len - off);
	}
	if (type == RTE_BE16(RTE_ETHER_TYPE_ARP))
		p->kind = PACKET_ARP;
	return PARSE_OK;
}

enum counter parse_packet(struct packet *p, const struct rte_ether_addr *mac)
{
	p->kind = PACKET_OTHER;
	p->proto = 0;
	p->tcp_flags = 0;
	enum counter drop = parse_frame(p, mac);
	if (unlikely(drop != PARSE_OK))
		p->kind = PACKET_DROPPED;
	return drop;
}
