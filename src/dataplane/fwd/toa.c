/* SPDX-License-Identifier: BSD-3-Clause */
/* Adding the option; see toa.h. */
#include "toa.h"

#include "../checksum.h"

#define TOA_KIND      254
#define TCP_WORDS_MAX 15

struct toa4 {
	uint8_t kind, length;
	uint16_t port;
	uint32_t addr;
};

struct toa6 {
	uint8_t kind, length;
	uint16_t port;
	uint8_t addr[16];
};

_Static_assert(sizeof(struct toa4) == 8 && sizeof(struct toa6) == 20, "whole words on the wire");

union toa {
	struct toa4 v4;
	struct toa6 v6;
};

/* Returns its length. */
static uint32_t fill(const struct conn_table *t, const struct conn *c, union toa *out)
{
	if (c->af == AF_INET) {
		out->v4 = (struct toa4){
			.kind = TOA_KIND,
			.length = sizeof(out->v4),
			.port = c->cport,
			.addr = c->caddr,
		};
		return sizeof(out->v4);
	}
	out->v6 = (struct toa6){
		.kind = TOA_KIND,
		.length = sizeof(out->v6),
		.port = c->cport,
	};
	memcpy(out->v6.addr, &conn_addr6(t, c)->caddr, sizeof(out->v6.addr));
	return sizeof(out->v6);
}

static bool has_place(const struct packet *p, uint32_t len, uint32_t mtu)
{
	uint8_t flags = p->tcp_flags & (RTE_TCP_SYN_FLAG | RTE_TCP_RST_FLAG | RTE_TCP_ACK_FLAG);

	/* What follows a first fragment has its place in the datagram already. */
	return flags == RTE_TCP_ACK_FLAG && !(p->fragment & FRAGMENT_FIRST) &&
	       (uint32_t)(packet_tcp(p)->data_off >> 4) + len / 4 <= TCP_WORDS_MAX &&
	       p->l3_len + len <= mtu;
}

/* The packet has become `len` bytes longer: what its IP header says of that. */
static void grow_ip(struct packet *p, uint16_t len)
{
	p->l3_len += len;
	if (p->af == AF_INET6) {
		struct rte_ipv6_hdr *ip = packet_ip6(p);

		ip->payload_len =
			rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(ip->payload_len) + len));
		return;
	}
	struct rte_ipv4_hdr *ip = packet_ip4(p);
	uint16_t total = rte_cpu_to_be_16(p->l3_len);

	ip->hdr_checksum =
		checksum_apply(ip->hdr_checksum, checksum_delta16(ip->total_length, total));
	ip->total_length = total;
}

/* The TCP header has an option of `len` bytes more, whose sum is `sum`. */
static void grow_tcp(struct packet *p, uint16_t len, uint16_t sum)
{
	struct rte_tcp_hdr *tcp = packet_tcp(p);
	uint16_t before, after, segment = p->l3_len - (p->l4 - p->l3);

	memcpy(&before, &tcp->data_off, sizeof(before));
	tcp->data_off = (uint8_t)(tcp->data_off + (len / 4 << 4));
	memcpy(&after, &tcp->data_off, sizeof(after));
	sum = checksum_add(sum, checksum_delta16(before, after));
	/* The pseudo header says how long the segment is. */
	sum = checksum_add(sum, checksum_delta16(rte_cpu_to_be_16((uint16_t)(segment - len)),
						 rte_cpu_to_be_16(segment)));
	tcp->cksum = checksum_apply(tcp->cksum, sum);
}

void toa_add(const struct conn_table *t, struct packet *p, const struct conn *c, uint32_t mtu)
{
	union toa option;
	uint32_t len = fill(t, c, &option);
	uint32_t head = p->l4 + (uint32_t)sizeof(struct rte_tcp_hdr);

	if (!has_place(p, len, mtu))
		return;
	char *to = rte_pktmbuf_prepend(p->mbuf, (uint16_t)len);

	if (unlikely(!to))
		return;
	/* It comes first: behind an option that says "end" nobody would see it, and only headers
	 * have to move. */
	memmove(to, to + len, head);
	memcpy(to + head, &option, len);
	grow_ip(p, (uint16_t)len);
	grow_tcp(p, (uint16_t)len, rte_raw_cksum(&option, len));
}

bool toa_done(const struct packet *p)
{
	return !(p->tcp_flags & RTE_TCP_SYN_FLAG);
}
