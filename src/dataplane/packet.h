/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the pipeline knows of one packet. Filled by parse.c, lives for one burst on the worker.
 */
#ifndef LVSD_DATAPLANE_PACKET_H
#define LVSD_DATAPLANE_PACKET_H

#include <netinet/in.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "addr.h"
#include "counters.h"

#define BURST_MAX 32

/* Every mbuf of ours has room for this behind its header: what a packet carries between lcores. */
struct packet_note {
	uint8_t kind;     /* enum punt_kind */
	uint8_t fragment; /* FRAGMENT_*, of a packet handed over */
	uint16_t port;
	uint16_t af;
	uint16_t pad2;
	uint8_t addr[16]; /* the next hop waited for */
};

#define PACKET_PRIV_SIZE RTE_ALIGN(sizeof(struct packet_note), RTE_MBUF_PRIV_ALIGN)

static inline struct packet_note *packet_note(struct rte_mbuf *m)
{
	return rte_mbuf_to_priv(m);
}

enum packet_kind {
	PACKET_FLOW,     /* of a protocol of proto/, whole: has addresses and ports */
	PACKET_FRAGMENT, /* has addresses; l4: what follows the IPv4 header, or the fragment header
			  */
	PACKET_ICMP_ERROR, /* about a packet: `quoted` says which */
	PACKET_ARP,
	PACKET_OTHER,   /* not for the data plane */
	PACKET_DROPPED, /* malformed, counted and freed */
	PACKET_STEERED, /* given to another worker */
};

/* Bits of struct packet's `fragment`. */
#define FRAGMENT_FIRST     1u /* PACKET_FLOW, but only the beginning of a datagram */
#define FRAGMENT_COLLECTED 2u /* from the worker that keeps the datagram's fragments in order */
#define FRAGMENT_FINAL     4u /* and none will follow */

struct packet {
	struct rte_mbuf *mbuf;
	uint64_t hash;
	uint64_t addrs;  /* source and destination as they lie in the header */
	uint32_t ports;  /* likewise; those of IKE in a protocol that has none */
	uint16_t port;   /* index of the port where it came in */
	uint16_t l3;     /* offset of the IP header in the mbuf's data */
	uint16_t l4;     /* offset of the transport header */
	uint16_t l3_len; /* IP packet, header included */
	uint8_t af;
	uint8_t proto;      /* after any extension headers */
	uint8_t flow_proto; /* of the connection it belongs to; differs for AH and ESP */
	uint8_t kind;       /* enum packet_kind */
	union {             /* what moves the connection's state */
		uint8_t tcp_flags;
		uint8_t sctp_chunk; /* enum sctp_chunk */
	};
	uint8_t ttl;
	uint8_t fragment; /* FRAGMENT_*; 0 of what came in by itself */
};

static inline struct rte_ipv4_hdr *packet_ip4(const struct packet *p)
{
	return rte_pktmbuf_mtod_offset(p->mbuf, struct rte_ipv4_hdr *, p->l3);
}

static inline struct rte_ipv6_hdr *packet_ip6(const struct packet *p)
{
	return rte_pktmbuf_mtod_offset(p->mbuf, struct rte_ipv6_hdr *, p->l3);
}

/* Fragment header (RFC 8200 section 4.5). */
struct fragment6 {
	uint8_t next;
	uint8_t reserved;
	uint16_t offset; /* in bytes, but for the three bits that say FRAGMENT6_MORE */
	uint32_t id;
} __attribute__((packed));

#define FRAGMENT6_MORE 1u

/* Of an IPv6 PACKET_FRAGMENT. */
static inline struct fragment6 *packet_fragment6(const struct packet *p)
{
	return rte_pktmbuf_mtod_offset(p->mbuf, struct fragment6 *, p->l4);
}

static inline struct rte_tcp_hdr *packet_tcp(const struct packet *p)
{
	return rte_pktmbuf_mtod_offset(p->mbuf, struct rte_tcp_hdr *, p->l4);
}

static inline struct rte_udp_hdr *packet_udp(const struct packet *p)
{
	return rte_pktmbuf_mtod_offset(p->mbuf, struct rte_udp_hdr *, p->l4);
}

/* The two halves of addrs and ports, network byte order. */
union packet_addrs {
	uint64_t both;
	struct {
		uint32_t src, dst;
	};
};

union packet_ports {
	uint32_t both;
	struct {
		uint16_t src, dst;
	};
};

/* IPv4 only. */
static inline uint32_t packet_src(const struct packet *p)
{
	return ((union packet_addrs){.both = p->addrs}).src;
}

static inline uint32_t packet_dst(const struct packet *p)
{
	return ((union packet_addrs){.both = p->addrs}).dst;
}

static inline uint16_t packet_sport(const struct packet *p)
{
	return ((union packet_ports){.both = p->ports}).src;
}

static inline uint16_t packet_dport(const struct packet *p)
{
	return ((union packet_ports){.both = p->ports}).dst;
}

static inline struct lvs_addr packet_src_addr(const struct packet *p)
{
	struct lvs_addr a;

	if (p->af == AF_INET)
		return addr_v4(packet_src(p));
	memcpy(&a, packet_ip6(p)->src_addr, sizeof(a));
	return a;
}

static inline struct lvs_addr packet_dst_addr(const struct packet *p)
{
	struct lvs_addr a;

	if (p->af == AF_INET)
		return addr_v4(packet_dst(p));
	memcpy(&a, packet_ip6(p)->dst_addr, sizeof(a));
	return a;
}

#endif
