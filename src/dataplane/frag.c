/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments of TCP and UDP, without reassembly. Only the first one has ports: it is handled like
 * any packet, and the others go where it went, with their addresses changed in the same way.
 * Those that come before it wait. When it is not ours, all of them are the kernel's.
 *
 * What overlaps, or hides part of the transport header, is dropped, and the datagram with it: who
 * sends such means to show the director other bytes than the server. Nobody is told.
 *
 * Several workers: the fragments of a datagram meet at one of them, its collector (frag_collector),
 * which does the above, except that it hands them to the owner of the flow (steer.h) in order, the
 * first one first. The owner remembers nothing but how to forward them.
 */
#include "frag.h"

#include "balance.h"
#include "forward.h"
#include "parse.h"
#include "port.h"
#include "proto/proto.h"
#include "steer.h"

#define IP_PAYLOAD_MAX 65535u

/* A fragment's place in its datagram. */
struct piece {
	struct frag_key key;
	uint64_t hash;
	uint32_t offset, len; /* bytes of the payload */
	bool more;
};

/* ---- reading ----------------------------------------------------------------------------- */

/* In IPv6, extension headers may lie before the transport header, seen in the first fragment. */
static bool is_balanced(const struct packet *p)
{
	if (proto_table[p->proto])
		return proto_table[p->proto]->fragments;
	return p->af == AF_INET6 && (p->proto == IPPROTO_HOPOPTS || p->proto == IPPROTO_ROUTING ||
				     p->proto == IPPROTO_DSTOPTS);
}

static void read_key(const struct packet *p, struct frag_key *key)
{
	key->src = packet_src_addr(p);
	key->dst = packet_dst_addr(p);
	key->af = p->af;
	if (p->af == AF_INET) {
		key->id = packet_ip4(p)->packet_id;
		key->proto = p->proto;
	} else {
		key->id = packet_fragment6(p)->id;
		key->proto = 0;
	}
}

static uint64_t hash_of(const struct worker *w, const struct frag_key *key)
{
	return conn_hash(&w->conns, conn_digest6(&w->conns, &key->src), key->id,
			 (uint8_t)key->proto);
}

/* PARSE_OK, or why it cannot be. */
static enum counter read_piece(const struct packet *p, struct piece *f)
{
	uint32_t before = (uint32_t)(p->l4 - p->l3), fixed = 0;

	if (p->af == AF_INET) {
		uint16_t field = rte_be_to_cpu_16(packet_ip4(p)->fragment_offset);

		f->offset = (field & RTE_IPV4_HDR_OFFSET_MASK) * 8u;
		f->more = field & RTE_IPV4_HDR_MF_FLAG;
	} else {
		uint16_t field = rte_be_to_cpu_16(packet_fragment6(p)->offset);

		f->offset = field & ~7u;
		f->more = field & FRAGMENT6_MORE;
		before += (uint32_t)sizeof(struct fragment6);
		/* An IPv6 length leaves out the fixed header, and the fragment header goes. */
		fixed = sizeof(struct rte_ipv6_hdr) + sizeof(struct fragment6);
	}
	f->len = p->l3_len - before;
	if (f->len == 0 || (f->more && f->len % 8) ||
	    before - fixed + f->offset + f->len > IP_PAYLOAD_MAX)
		return COUNTER_fragment_length;
	read_key(p, &f->key);
	return PARSE_OK;
}

unsigned int frag_collector(const struct worker *w, const struct packet *p)
{
	struct frag_key key;

	if (!is_balanced(p))
		return w->id;
	read_key(p, &key);
	uint32_t h = addr_hash(&key.dst, (uint64_t)key.id << 8 | key.proto);

	return (unsigned int)((uint64_t)addr_hash(&key.src, h) * w->n_workers >> 32);
}

/* A kept fragment as it was. */
static void read_again(struct rte_mbuf *m, struct packet *p)
{
	p->mbuf = m;
	p->port = packet_note(m)->port;
	(void)parse_packet(p, &port_get(p->port)->mac);
}

/* ---- ends -------------------------------------------------------------------------------- */

/* What waits is dropped. */
static void drop_held(struct worker *w, struct frag_datagram *d, enum counter why)
{
	struct rte_mbuf *held[FRAG_HELD_MAX];
	unsigned int n = frag_take(&w->frags, d, held);

	for (unsigned int i = 0; i < n; i++)
		worker_drop(w, held[i], why);
}

static void give_up(struct worker *w, struct frag_datagram *d, enum counter why)
{
	drop_held(w, d, why);
	frag_free(&w->frags, d, hash_of(w, &d->key));
}

/* Nothing of the datagram goes on any more. */
static void spoil(struct worker *w, struct frag_datagram *d, enum counter why)
{
	drop_held(w, d, why);
	frag_decide(&w->frags, d, FRAG_REFUSED, w->now);
}

void frag_expire(struct worker *w)
{
	struct frag_datagram *d;

	while ((d = frag_overdue(&w->frags, w->now)))
		give_up(w, d, COUNTER_fragment_timeout);
}

/* ---- deciding ---------------------------------------------------------------------------- */

static void note(struct worker *w, enum frag_verdict verdict)
{
	frag_decide(&w->frags, w->frags.opening, verdict, w->now);
}

void frag_punted(struct worker *w)
{
	note(w, FRAG_KERNEL);
}

void frag_follow(struct worker *w, const struct conn *c, enum conn_dir dir)
{
	struct frag_datagram *d = w->frags.opening;
	struct dest_slot *slot = &w->dests[c->dest];
	uint16_t i = frag_index(&w->frags, d);

	w->frags.memory->conns[i] = *c;
	if (c->af == AF_INET6 || c->daf == AF_INET6)
		w->frags.memory->addr6[i] = *conn_addr6(&w->conns, c);
	d->dir = (uint8_t)dir;
	d->server = snapshot_dest(w->snapshot, c->dest)->addr;
	/* Bytes count as those of the datagram. */
	if (d->key.af == AF_INET6 && dir == CONN_IN)
		slot->inbytes -= sizeof(struct fragment6);
	else if (d->key.af == AF_INET6)
		slot->outbytes -= sizeof(struct fragment6);
	note(w, FRAG_FORWARD);
}

/* The first fragment of a flow that is ours, headers read. */
static void open_flow(struct worker *w, struct frag_datagram *d, struct packet *p)
{
	frag_decide(&w->frags, d, FRAG_REFUSED, w->now);
	p->fragment |= FRAGMENT_FIRST;
	w->frags.opening = d;
	if (p->kind == PACKET_FLOW) {
		balance_hash(w, p);
		balance_flow(w, p);
	} else {
		punt_frame(w, p);
	}
	w->frags.opening = NULL;
}

static void hand_over(struct worker *w, unsigned int owner, struct packet *p, bool final)
{
	p->fragment = FRAGMENT_COLLECTED | (final ? FRAGMENT_FINAL : 0);
	steer_handover(w, owner, p);
}

static void forward_piece(struct worker *w, struct frag_datagram *d, struct packet *p, uint32_t len)
{
	struct conn *c = &w->frags.memory->conns[frag_index(&w->frags, d)];
	struct dest_slot *slot = &w->dests[c->dest];

	/* A number that became another server's. */
	if (!addr_equal(&snapshot_dest(w->snapshot, c->dest)->addr, &d->server)) {
		worker_drop(w, p->mbuf, COUNTER_dest_removed);
		return;
	}
	if (d->dir == CONN_IN)
		slot->inbytes += len;
	else
		slot->outbytes += len;
	forward_rest(w, p, &w->frags.conns, c, (enum conn_dir)d->dir);
}

/* A fragment whose datagram is decided. */
static void rest(struct worker *w, struct frag_datagram *d, struct packet *p, uint32_t len,
		 bool final)
{
	switch ((enum frag_verdict)d->verdict) {
	case FRAG_FORWARD:
		forward_piece(w, d, p, len);
		break;
	case FRAG_KERNEL:
		punt_frame(w, p);
		break;
	case FRAG_ELSEWHERE:
		hand_over(w, d->owner, p, final);
		break;
	case FRAG_WAIT:
	case FRAG_REFUSED:
		worker_drop(w, p->mbuf, COUNTER_fragment_refused);
		break;
	}
}

static void release(struct worker *w, struct frag_datagram *d, bool final)
{
	struct rte_mbuf *held[FRAG_HELD_MAX];
	unsigned int n = frag_take(&w->frags, d, held);

	for (unsigned int i = 0; i < n; i++) {
		struct packet p;
		struct piece f;

		read_again(held[i], &p);
		(void)read_piece(&p, &f);
		rest(w, d, &p, f.len, final && i == n - 1);
	}
}

static void first(struct worker *w, struct frag_datagram *d, struct packet *p, bool final)
{
	enum counter drop = parse_first_fragment(p);
	unsigned int owner = w->n_workers > 1 ? steer_owner(w, p) : w->id;

	if (drop != PARSE_OK) {
		worker_drop(w, p->mbuf, drop);
		spoil(w, d, COUNTER_fragment_refused);
	} else if (owner != w->id) {
		frag_decide(&w->frags, d, FRAG_ELSEWHERE, w->now);
		d->owner = (uint16_t)owner;
		hand_over(w, owner, p, final && !d->n_held);
	} else {
		open_flow(w, d, p);
	}
	release(w, d, final);
}

/* ---- collecting -------------------------------------------------------------------------- */

static struct frag_datagram *datagram_new(struct worker *w, const struct piece *f)
{
	struct frag_datagram *d = frag_new(&w->frags, &f->key, f->hash, w->now);

	if (d)
		return d;
	worker_count(w, COUNTER_fragment_forgotten);
	give_up(w, frag_oldest(&w->frags, false), COUNTER_fragment_evicted);
	return frag_new(&w->frags, &f->key, f->hash, w->now);
}

static void hold(struct worker *w, struct frag_datagram *d, struct packet *p, uint32_t offset)
{
	struct frag_datagram *oldest;

	packet_note(p->mbuf)->port = p->port;
	while (!frag_hold(&w->frags, d, p->mbuf, (uint16_t)offset)) {
		oldest = frag_oldest(&w->frags, true);
		if (d->n_held == FRAG_HELD_MAX || oldest == d) {
			worker_drop(w, p->mbuf, COUNTER_fragment_limit);
			return;
		}
		worker_count(w, COUNTER_fragment_forgotten);
		give_up(w, oldest, COUNTER_fragment_evicted);
	}
}

static void collect(struct worker *w, struct packet *p, const struct piece *f)
{
	struct frag_datagram *d = frag_find(&w->frags, &f->key, f->hash);

	if (!d)
		d = datagram_new(w, f);
	/* It could take the flags from the first one's header (RFC 3128). */
	if (f->offset == 8 && p->proto == IPPROTO_TCP) {
		worker_drop(w, p->mbuf, COUNTER_fragment_tiny);
		spoil(w, d, COUNTER_fragment_refused);
		return;
	}
	switch (frag_note_range(d, (uint16_t)f->offset, (uint16_t)(f->offset + f->len), f->more)) {
	case FRAG_NEW:
		break;
	case FRAG_DUPLICATE:
		worker_drop(w, p->mbuf, COUNTER_fragment_duplicate);
		return;
	case FRAG_OVERLAP:
		worker_drop(w, p->mbuf, COUNTER_fragment_overlap);
		spoil(w, d, COUNTER_fragment_overlap);
		return;
	case FRAG_FULL:
		worker_drop(w, p->mbuf, COUNTER_fragment_limit);
		return;
	}
	bool complete = frag_complete(d);

	if (f->offset == 0 && d->verdict == FRAG_WAIT)
		first(w, d, p, complete);
	else if (d->verdict == FRAG_WAIT)
		hold(w, d, p, f->offset);
	else
		rest(w, d, p, f->len, complete);
	if (complete)
		frag_free(&w->frags, d, f->hash);
}

/* The owner of a flow gets fragments from their collector. */
static void collected(struct worker *w, struct packet *p, const struct piece *f)
{
	struct frag_datagram *d = frag_find(&w->frags, &f->key, f->hash);
	bool final = p->fragment & FRAGMENT_FINAL;

	p->fragment = 0;
	if (f->offset == 0) {
		/* Of an older datagram, whose rest never came. */
		if (d)
			give_up(w, d, COUNTER_fragment_timeout);
		d = datagram_new(w, f);
		(void)parse_first_fragment(p);
		open_flow(w, d, p);
	} else if (d) {
		rest(w, d, p, f->len, final);
	} else {
		worker_drop(w, p->mbuf, COUNTER_fragment_evicted);
	}
	if (d && final)
		frag_free(&w->frags, d, f->hash);
}

/* ---- whole datagrams with a fragment header ---------------------------------------------- */

/* Takes the fragment header out. */
static void strip(struct packet *p)
{
	struct rte_ipv6_hdr *ip = packet_ip6(p);
	uint8_t *next = &ip->proto, *at = (uint8_t *)(ip + 1);
	char *start = rte_pktmbuf_mtod(p->mbuf, char *);

	while (*next != IPPROTO_FRAGMENT) {
		next = at;
		at += ((uint32_t)at[1] + 1) * 8;
	}
	*next = packet_fragment6(p)->next;
	ip->payload_len = rte_cpu_to_be_16(
		(uint16_t)(rte_be_to_cpu_16(ip->payload_len) - sizeof(struct fragment6)));
	memmove(start + sizeof(struct fragment6), start, p->l4);
	rte_pktmbuf_adj(p->mbuf, sizeof(struct fragment6));
}

/* Offset 0 and nothing follows: not a fragment at all (RFC 6946); the header goes, as in the
 * kernel. */
static void atomic(struct worker *w, struct packet *p)
{
	strip(p);
	enum counter drop = parse_packet(p, &port_get(p->port)->mac);

	if (p->kind == PACKET_DROPPED) {
		worker_drop(w, p->mbuf, drop);
		return;
	}
	if (p->kind != PACKET_FLOW) {
		punt_frame(w, p);
		return;
	}
	unsigned int owner = w->n_workers > 1 ? steer_owner(w, p) : w->id;

	if (owner != w->id) {
		steer_handover(w, owner, p);
		return;
	}
	balance_hash(w, p);
	balance_flow(w, p);
}

void frag_process(struct worker *w, struct packet *p)
{
	struct piece f;
	enum counter drop;

	/* Other protocols' (a long ping) are the kernel's. */
	if (!is_balanced(p)) {
		punt_frame(w, p);
		return;
	}
	drop = read_piece(p, &f);
	if (drop != PARSE_OK) {
		worker_drop(w, p->mbuf, drop);
		return;
	}
	if (f.offset == 0 && !f.more) {
		atomic(w, p);
		return;
	}
	f.hash = hash_of(w, &f.key);
	if (p->fragment & FRAGMENT_COLLECTED)
		collected(w, p, &f);
	else
		collect(w, p, &f);
}
