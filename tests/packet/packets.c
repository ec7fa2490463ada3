/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds frames byte by byte, without a line of the packet path's code. */
#include "packets.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *what, const char *value)
{
	fprintf(stderr, "packets: %s \"%s\"\n", what, value);
	abort();
}

static void put8(struct frame *f, uint32_t value)
{
	if (f->len == FRAME_MAX)
		fail("frame longer than FRAME_MAX", "");
	f->data[f->len++] = (uint8_t)value;
}

static void put16(struct frame *f, uint32_t value)
{
	put8(f, value >> 8);
	put8(f, value);
}

static void put32(struct frame *f, uint32_t value)
{
	put16(f, value >> 16);
	put16(f, value);
}

static void put_mac(struct frame *f, mac_t mac)
{
	put16(f, (uint32_t)(mac >> 32));
	put32(f, (uint32_t)mac);
}

static void put_hex(struct frame *f, const char *hex)
{
	unsigned int byte;

	for (; hex && *hex; hex += 2) {
		if (sscanf(hex, "%2x", &byte) != 1)
			fail("not hex", hex);
		put8(f, byte);
	}
}

static void set16(struct frame *f, size_t at, uint16_t value)
{
	f->data[at] = (uint8_t)(value >> 8);
	f->data[at + 1] = (uint8_t)value;
}

uint32_t ip4(const char *text)
{
	uint32_t be;

	if (!text || inet_pton(AF_INET, text, &be) != 1)
		fail("not an IPv4 address", text ? text : "(none)");
	return be;
}

uint16_t sum16(const void *data, size_t n, uint32_t start)
{
	const uint8_t *p = data;
	uint64_t sum = start;

	for (size_t i = 0; i < n; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

bool is_ip6(const char *text)
{
	return text && strchr(text, ':');
}

void ip6(const char *text, uint8_t out[16])
{
	if (!text || inet_pton(AF_INET6, text, out) != 1)
		fail("not an IPv6 address", text ? text : "(none)");
}

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
	if (value == ZERO)
		return 0;
	return value ? value : fallback;
}

static void put_payload(struct frame *f, const struct pkt *p)
{
	for (unsigned int i = 0; i < p->payload; i++)
		put8(f, 7 * (p->payload_from + i));
}

static uint8_t tcp_flags(const char *text)
{
	static const char names[] = "FSRPAUEC";
	uint8_t flags = 0;

	for (; text && *text; text++) {
		const char *at = strchr(names, *text);

		if (!at)
			fail("no such TCP flag", text);
		flags |= (uint8_t)(1 << (at - names));
	}
	return flags;
}

static void put_tcp(struct frame *f, const struct pkt *p)
{
	uint32_t words = 5 + (uint32_t)(p->tcp_options ? strlen(p->tcp_options) / 8 : 0);

	put16(f, p->sport);
	put16(f, p->dport);
	put32(f, p->seq);
	put32(f, p->ack);
	put8(f, or_default(p->tcp_offset_is, words) << 4);
	put8(f, tcp_flags(p->flags));
	put16(f, 0xfaf0); /* window */
	put16(f, 0);      /* checksum */
	put16(f, 0);      /* urgent pointer */
	put_hex(f, p->tcp_options);
	put_payload(f, p);
}

static void put_udp(struct frame *f, const struct pkt *p)
{
	put16(f, p->sport);
	put16(f, p->dport);
	put16(f, or_default(p->udp_length_is, 8 + p->payload));
	put16(f, 0);
	put_payload(f, p);
}

static void put_sctp(struct frame *f, const struct pkt *p)
{
	put16(f, p->sport);
	put16(f, p->dport);
	put32(f, 0x5eed5eed); /* verification tag */
	put32(f, 0);          /* checksum */
	put_hex(f, p->chunks);
	put_payload(f, p);
}

/* RFC 9260 appendix A, bit by bit. */
static uint32_t crc32c(const uint8_t *data, size_t n)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < n; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static void set_sctp_checksum(struct frame *f, size_t at, uint32_t error)
{
	uint32_t crc = crc32c(f->data + at, f->len - at) ^ error;

	for (size_t i = 0; i < 4; i++)
		f->data[at + 8 + i] = (uint8_t)(crc >> 8 * i);
}

static void put_icmp(struct frame *f, const struct pkt *p)
{
	put8(f, p->icmp_type);
	put8(f, p->icmp_code);
	put16(f, 0);
	put16(f, 0);
	put16(f, p->icmp_info);
	if (p->quote) {
		struct frame *q = malloc(sizeof(*q));
		size_t max = p->quote_max ? p->quote_max : is_ip6(p->src) ? 1232 : 548;

		packet_build(p->quote, q);
		for (size_t i = 0; i < max && q->l3 + i < q->len - p->quote->padding; i++)
			put8(f, q->data[q->l3 + i]);
		free(q);
	}
	put_payload(f, p);
}

/* The right checksum of the segment with a pseudo header that begins at `at`. */
static uint16_t transport_checksum(const struct frame *f, size_t at, uint8_t proto)
{
	size_t n = f->len - at;
	bool v6 = f->data[f->l3] >> 4 == 6;
	uint32_t sum = sum16(f->data + f->l3 + (v6 ? 8 : 12), v6 ? 32 : 8, proto);
	uint16_t folded;

	/* A datagram with its own idea of its length: what it covers. */
	if (proto == IPPROTO_UDP) {
		size_t says = (size_t)f->data[at + 4] << 8 | f->data[at + 5];

		n = says && says < n ? says : n;
	}
	folded = (uint16_t)~sum16(f->data + at, n, sum + (uint32_t)n);
	return proto == IPPROTO_UDP && !folded ? 0xffff : folded;
}

static void copy_checksum(struct frame *f, size_t at, const struct pkt *from)
{
	size_t field = from->l4 == L4_TCP ? 16 : 6;
	struct frame *other = malloc(sizeof(*other));

	packet_build(from, other);
	memcpy(f->data + at + field,
	       other->data + other->l3 + (other->data[other->l3] & 15) * 4 + field, 2);
	free(other);
}

static void put_l4(struct frame *f, const struct pkt *p)
{
	size_t at = f->len;
	uint16_t sum;

	switch (p->l4) {
	case L4_TCP:
		put_tcp(f, p);
		sum = transport_checksum(f, at, IPPROTO_TCP);
		set16(f, at + 16, (uint16_t)~sum16(NULL, 0, (uint16_t)~sum + p->checksum_off_by));
		break;
	case L4_UDP:
		put_udp(f, p);
		if (p->no_checksum)
			break;
		sum = transport_checksum(f, at, IPPROTO_UDP);
		set16(f, at + 6, (uint16_t)~sum16(NULL, 0, (uint16_t)~sum + p->checksum_off_by));
		if (f->data[at + 6] == 0 && f->data[at + 7] == 0)
			set16(f, at + 6, 0xffff);
		break;
	case L4_ICMP:
		put_icmp(f, p);
		set16(f, at + 2,
		      is_ip6(p->src) ? transport_checksum(f, at, IPPROTO_ICMPV6)
				     : (uint16_t)~sum16(f->data + at, f->len - at, 0));
		break;
	case L4_SCTP:
		put_sctp(f, p);
		set_sctp_checksum(f, at, p->checksum_off_by);
		break;
	case L4_NONE:
		put_payload(f, p);
		break;
	}
	if (p->checksum_of)
		copy_checksum(f, at, p->checksum_of);
}

static void put_ip(struct frame *f, const struct pkt *p)
{
	static const uint8_t protos[] = {[L4_TCP] = IPPROTO_TCP,
					 [L4_UDP] = IPPROTO_UDP,
					 [L4_ICMP] = IPPROTO_ICMP,
					 [L4_SCTP] = IPPROTO_SCTP};
	uint32_t src = ip4(p->src), dst = ip4(p->dst);
	uint32_t words = 5 + (uint32_t)(p->ip_options ? strlen(p->ip_options) / 8 : 0);

	f->l3 = f->len;
	put8(f, or_default(p->version_is, 4) << 4 | or_default(p->ihl_is, words));
	put8(f, p->tos);
	put16(f, 0); /* total length */
	put16(f, p->id);
	put16(f, p->frag);
	put8(f, or_default(p->ttl, 64));
	put8(f, p->l4 ? protos[p->l4] : p->proto);
	put16(f, 0); /* checksum */
	put32(f, ntohl(src));
	put32(f, ntohl(dst));
	put_hex(f, p->ip_options);
	put_l4(f, p);
	set16(f, f->l3 + 2, (uint16_t)or_default(p->total_length_is, (uint32_t)(f->len - f->l3)));
	set16(f, f->l3 + 10,
	      (uint16_t)(~sum16(f->data + f->l3, words * 4, 0) + p->ip_checksum_off_by));
}

static void put_ip6(struct frame *f, const struct pkt *p)
{
	static const uint8_t protos[] = {
		[L4_TCP] = IPPROTO_TCP, [L4_UDP] = IPPROTO_UDP, [L4_ICMP] = IPPROTO_ICMPV6};

	f->l3 = f->len;
	put32(f, or_default(p->version_is, 6) << 28 | (uint32_t)p->tos << 20);
	put16(f, 0); /* payload length */
	put8(f, p->l4 ? protos[p->l4] : p->proto);
	put8(f, or_default(p->ttl, 64));
	ip6(p->src, f->data + f->len);
	ip6(p->dst, f->data + f->len + 16);
	f->len += 32;
	put_l4(f, p);
	set16(f, f->l3 + 4,
	      (uint16_t)or_default(p->total_length_is, (uint32_t)(f->len - f->l3 - 40)));
}

void packet_build(const struct pkt *p, struct frame *out)
{
	out->len = 0;
	put_mac(out, p->to);
	put_mac(out, p->from);
	for (int i = 0; i < 3 && p->vlan[i]; i++)
		put32(out, p->vlan[i]);
	put16(out, or_default(p->ether_type, is_ip6(p->src) ? 0x86dd : 0x0800));
	out->l3 = out->len;
	if (is_ip6(p->src))
		put_ip6(out, p);
	else if (p->src)
		put_ip(out, p);
	else
		put_payload(out, p);
	for (unsigned int i = 0; i < p->padding; i++)
		put8(out, 0xee);
}

static void print_frame(const char *name, const struct frame *f, const struct frame *other)
{
	fprintf(stderr, "  %s, %zu bytes:", name, f->len);
	for (size_t i = 0; i < f->len; i++) {
		bool same = i < other->len && f->data[i] == other->data[i];

		fprintf(stderr, "%s%s%02x", i % 32 ? "" : "\n    ", same ? " " : "!", f->data[i]);
	}
	fprintf(stderr, "\n");
}

void frame_explain(const struct frame *want, const struct frame *got)
{
	print_frame("expected", want, got);
	print_frame("got", got, want);
}
