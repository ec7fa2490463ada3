/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames from named fields. Everything that is not said has a plain default, lengths and checksums
 * are computed, each from scratch over the whole packet, so that a frame built here checks what
 * the packet path updated incrementally. Fields named *_is override what would be computed.
 */
#ifndef LVSD_TESTS_PACKETS_H
#define LVSD_TESTS_PACKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX 9216

struct frame {
	size_t len;
	size_t l3; /* where the IP header begins */
	uint8_t data[FRAME_MAX];
};

/* MAC addresses are numbers here: 0x020000000001 is 02:00:00:00:00:01. */
typedef uint64_t mac_t;
#define MAC_BROADCAST 0xffffffffffffull

/* In fields whose default is not zero: zero. */
#define ZERO 0x1000000

enum l4 { L4_NONE, L4_TCP, L4_UDP, L4_ICMP, L4_SCTP };

struct pkt {
	mac_t to, from;       /* Ethernet; 0: the row's default */
	uint32_t vlan[3];     /* TPID << 16 | TCI */
	uint32_t ether_type;  /* 0: that of the addresses */
	unsigned int padding; /* bytes of 0xee behind the IP packet */

	const char *src, *dst; /* IPv4 or IPv6 addresses */
	uint8_t tos;
	uint16_t id;
	uint16_t frag;          /* flags and offset as on the wire: 0x4000 is DF */
	uint32_t ttl;           /* 0: 64 */
	const char *ip_options; /* hex, a multiple of 4 bytes */
	enum l4 l4;
	uint32_t proto; /* for L4_NONE */
	uint32_t version_is, ihl_is, total_length_is;
	uint16_t ip_checksum_off_by;

	uint16_t sport, dport;
	const char *flags; /* TCP: some of "FSRPAUEC" */
	uint32_t seq, ack;
	const char *tcp_options; /* hex, a multiple of 4 bytes */
	uint32_t tcp_offset_is;  /* words */
	uint32_t udp_length_is;
	bool no_checksum;              /* UDP: zero */
	uint16_t checksum_off_by;      /* added to the right TCP or UDP checksum, one's complement;
					* SCTP: exclusive or */
	const struct pkt *checksum_of; /* takes over the TCP or UDP checksum of another packet */
	const char *chunks;            /* SCTP: hex; the payload follows */
	unsigned int payload;          /* bytes */
	unsigned int payload_from;     /* the pattern begins with its byte number so many */

	uint8_t icmp_type, icmp_code;
	uint16_t icmp_info;
	const struct pkt *quote; /* the packet that an ICMP error is about */
	unsigned int quote_max;  /* bytes of it; 0: as many as fit in 576 (IPv6: 1,280) */
	bool any_id; /* expected: the id (IPv6: the flow label) is the director's choice */
};

/* Ends the program when the fields make no frame. */
void packet_build(const struct pkt *p, struct frame *out);

/* An IPv4 address as it lies in a packet. */
uint32_t ip4(const char *text);

bool is_ip6(const char *text);
void ip6(const char *text, uint8_t out[16]);

/* RFC 1071 over n bytes. */
uint16_t sum16(const void *data, size_t n, uint32_t start);

/* Prints the two frames and where they differ. */
void frame_explain(const struct frame *want, const struct frame *got);

#endif
