/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * First step of a packet's way: Ethernet, VLAN tags, IPv4 with options, IPv6 with extension
 * headers, TCP, UDP, SCTP, AH, ESP, ICMP errors. Whatever is malformed ends here under its own
 * counter; whatever is well-formed but none of these is left to the kernel.
 */
#include "parse.h"

#include "checksum.h"
#include "proto/proto.h"
#include "proto/sctp.h"

#define VLAN_TAGS_MAX      2
#define IP6_EXTENSIONS_MAX 8
#define ICMP_HEADER        8

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

/* A COOKIE ECHO or COOKIE ACK with an ABORT right behind it is an ABORT (kernel). */
static bool sctp_aborts(const struct packet *p, uint32_t first, uint32_t len)
{
	uint32_t at = (uint32_t)sizeof(struct sctp_header) + RTE_ALIGN(first, 4);
	struct sctp_chunk_header room;

	if (first < sizeof(room) || at + sizeof(room) > len)
		return false;
	/* A chunk begins with its type; in a cut frame it may lie at any address. */
	const uint8_t *second = rte_pktmbuf_read(p->mbuf, p->l4 + at, sizeof(room), &room);

	return second && *second == SCTP_ABORT;
}

/* A packet without a chunk says nothing to anybody (RFC 9260 section 3). */
static enum counter parse_sctp(struct packet *p, uint32_t here, uint32_t len)
{
	const struct sctp_header *sctp =
		rte_pktmbuf_mtod_offset(p->mbuf, struct sctp_header *, p->l4);
	const struct sctp_chunk_header *chunk = (const void *)(sctp + 1);

	if (unlikely(here < sizeof(*sctp) + sizeof(*chunk)))
		return COUNTER_sctp_short;
	p->sctp_chunk = chunk->type;
	if ((chunk->type == SCTP_COOKIE_ECHO || chunk->type == SCTP_COOKIE_ACK) &&
	    sctp_aborts(p, rte_be_to_cpu_16(chunk->length), len))
		p->sctp_chunk = SCTP_ABORT;
	return PARSE_OK;
}

/* AH and ESP: no ports, but IKE's. Nothing in them is looked at. */
static void parse_ipsec(struct packet *p)
{
	const rte_be16_t ike = rte_cpu_to_be_16(IKE_PORT);

	p->ports = ((union packet_ports){.src = ike, .dst = ike}).both;
	p->flow_proto = IPPROTO_UDP;
	p->kind = PACKET_FLOW;
}

/* ICMP errors are about a packet of ours, perhaps; the rest is the kernel's. */
static enum counter parse_icmp(struct packet *p, uint32_t here)
{
	const uint8_t *icmp = rte_pktmbuf_mtod_offset(p->mbuf, uint8_t *, p->l4);

	if (here < ICMP_HEADER)
		return p->af == AF_INET ? COUNTER_icmp_short : COUNTER_icmp6_short;
	if (p->af == AF_INET) {
		if (icmp[0] == 3 || icmp[0] == 4 || icmp[0] == 11 || icmp[0] == 12)
			p->kind = PACKET_ICMP_ERROR;
	} else if (icmp[0] >= 1 && icmp[0] <= 4) {
		p->kind = PACKET_ICMP_ERROR;
	} else if (icmp[0] >= 133 && icmp[0] <= 137) {
		p->kind = PACKET_ARP;
	}
	return PARSE_OK;
}

/* The transport header, at p->l4; of its `len` bytes, `here` lie in the first segment. */
static enum counter parse_l4(struct packet *p, uint32_t here, uint32_t len)
{
	enum counter drop;

	if (likely(p->proto == IPPROTO_TCP)) {
		drop = parse_tcp(p, here, len);
	} else if (p->proto == IPPROTO_UDP) {
		drop = parse_udp(p, here, len);
	} else if (p->proto == IPPROTO_SCTP) {
		drop = parse_sctp(p, here, len);
	} else {
		if (proto_follows_ike(p->proto))
			parse_ipsec(p);
		else if (p->proto == (p->af == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6))
			return parse_icmp(p, here);
		return PARSE_OK;
	}
	if (unlikely(drop != PARSE_OK))
		return drop;
	memcpy(&p->ports, rte_pktmbuf_mtod_offset(p->mbuf, void *, p->l4), sizeof(p->ports));
	p->flow_proto = p->proto;
	p->kind = PACKET_FLOW;
	return PARSE_OK;
}

static enum counter parse_ip4(struct packet *p, uint32_t len)
{
	const struct rte_ipv4_hdr *ip = packet_ip4(p);

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

	p->af = AF_INET;
	p->addrs = addrs.both;
	p->l4 = p->l3 + (uint16_t)hlen;
	p->l3_len = (uint16_t)total;
	p->proto = ip->next_proto_id;
	p->ttl = ip->time_to_live;
	if (unlikely(ip->fragment_offset & RTE_BE16(0x3fff))) {
		p->kind = PACKET_FRAGMENT;
		return PARSE_OK;
	}
	return parse_l4(p, RTE_MIN(total, len) - hlen, total - hlen);
}

/* ---- IPv6 ---------------------------------------------------------------------------------- */

static enum counter check_ip6_addrs(const struct rte_ipv6_hdr *ip)
{
	static const uint8_t zero[15];

	/* "::" and "::1" (RFC 4291 section 2.5) */
	bool low_src = memcmp(ip->src_addr, zero, 15) == 0 && ip->src_addr[15] <= 1;
	bool low_dst = memcmp(ip->dst_addr, zero, 15) == 0 && ip->dst_addr[15] <= 1;

	if (unlikely(ip->src_addr[0] == 0xff || low_src))
		return COUNTER_ip6_martian_source;
	if (unlikely(low_dst))
		return COUNTER_ip6_martian_destination;
	if (unlikely(memcmp(ip->src_addr, ip->dst_addr, 16) == 0))
		return COUNTER_ip6_land;
	return PARSE_OK;
}

/*
 * Walks over extension headers (RFC 8200 section 4), the first of which lies at `off`, to the
 * transport header; `end`: bytes of the packet that lie in the first segment. Ends at a fragment
 * header: the rest is not this packet's alone.
 */
static enum counter walk_ip6(struct packet *p, uint8_t next, uint32_t off, uint32_t end)
{
	for (int i = 0;; i++) {
		if (likely(next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING &&
			   next != IPPROTO_DSTOPTS && next != IPPROTO_FRAGMENT))
			break;
		if (i == IP6_EXTENSIONS_MAX || end < off + 8)
			return COUNTER_ip6_extension;
		const uint8_t *h = rte_pktmbuf_mtod_offset(p->mbuf, uint8_t *, p->l3 + off);

		p->l4 = (uint16_t)(p->l3 + off);
		if (next == IPPROTO_FRAGMENT) {
			p->proto = h[0];
			p->kind = PACKET_FRAGMENT;
			return PARSE_OK;
		}
		next = h[0];
		off += ((uint32_t)h[1] + 1) * 8;
		if (off > end)
			return COUNTER_ip6_extension;
	}
	p->proto = next;
	p->l4 = (uint16_t)(p->l3 + off);
	return PARSE_OK;
}

static enum counter parse_ip6(struct packet *p, uint32_t len)
{
	const struct rte_ipv6_hdr *ip = packet_ip6(p);
	enum counter drop;

	if (unlikely(len < sizeof(*ip)))
		return COUNTER_ip6_short;
	if (unlikely((rte_be_to_cpu_32(ip->vtc_flow) >> 28) != 6))
		return COUNTER_ip6_version;
	uint32_t total = sizeof(*ip) + rte_be_to_cpu_16(ip->payload_len);
	/* Beyond 65,535 our 16 bits end; such a packet is no longer than a jumbo frame anyway. */
	if (unlikely(total > p->mbuf->pkt_len - p->l3 || total > UINT16_MAX))
		return COUNTER_ip6_length;
	if (unlikely(ip->dst_addr[0] == 0xff))
		return PARSE_OK;
	drop = check_ip6_addrs(ip);
	if (unlikely(drop != PARSE_OK))
		return drop;
	p->af = AF_INET6;
	p->l3_len = (uint16_t)total;
	p->ttl = ip->hop_limits;
	drop = walk_ip6(p, ip->proto, sizeof(*ip), RTE_MIN(total, len));
	if (unlikely(drop != PARSE_OK || p->kind == PACKET_FRAGMENT))
		return drop;
	uint32_t off = (uint32_t)(p->l4 - p->l3);

	return parse_l4(p, RTE_MIN(total, len) - off, total - off);
}

/* ---- fragments ----------------------------------------------------------------------------- */

enum counter parse_first_fragment(struct packet *p)
{
	uint32_t end = RTE_MIN(rte_pktmbuf_data_len(p->mbuf) - p->l3, (uint32_t)p->l3_len);
	uint32_t off = (uint32_t)(p->l4 - p->l3);

	if (p->af == AF_INET6) {
		const struct fragment6 *f = packet_fragment6(p);

		/* All headers must be in the first fragment (RFC 7112). */
		p->kind = PACKET_OTHER;
		if (walk_ip6(p, f->next, off + (uint32_t)sizeof(*f), end) != PARSE_OK ||
		    p->kind == PACKET_FRAGMENT)
			return COUNTER_fragment_tiny;
		off = (uint32_t)(p->l4 - p->l3);
	}
	p->kind = PACKET_OTHER;
	/* The lengths in transport headers are the datagram's. */
	enum counter drop = parse_l4(p, end - off, UINT32_MAX);

	if (drop == COUNTER_tcp_short || drop == COUNTER_udp_short ||
	    (drop == PARSE_OK && p->kind == PACKET_FLOW && p->proto == IPPROTO_TCP &&
	     off + (uint32_t)(packet_tcp(p)->data_off >> 4) * 4 > end))
		return COUNTER_fragment_tiny;
	if (p->kind == PACKET_FLOW && !proto_table[p->proto]->fragments)
		p->kind = PACKET_OTHER;
	return drop;
}

/* -------------------------------------------------------------------------------------------- */

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
	if (type == RTE_BE16(RTE_ETHER_TYPE_ARP))
		p->kind = PACKET_ARP;
	/* Only what is sent to this very station is balanced, as in the kernel. */
	bool multicast = rte_is_multicast_ether_addr(&eth->dst_addr);

	if (likely(type == RTE_BE16(RTE_ETHER_TYPE_IPV4) && !multicast))
		return parse_ip4(p, len - off);
	if (likely(type == RTE_BE16(RTE_ETHER_TYPE_IPV6))) {
		if (!multicast)
			return parse_ip6(p, len - off);
		/* Neighbour discovery, mostly. */
		if (len >= off + sizeof(struct rte_ipv6_hdr) &&
		    packet_ip6(p)->proto == IPPROTO_ICMPV6)
			p->kind = PACKET_ARP;
	}
	return PARSE_OK;
}

enum counter parse_packet(struct packet *p, const struct rte_ether_addr *mac)
{
	p->kind = PACKET_OTHER;
	p->af = 0;
	p->proto = 0;
	p->tcp_flags = 0;
	p->fragment = 0;
	enum counter drop = parse_frame(p, mac);
	if (unlikely(drop != PARSE_OK))
		p->kind = PACKET_DROPPED;
	return drop;
}
