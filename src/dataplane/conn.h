/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections of one worker: an arena of connection objects, a hash table that finds them from
 * a packet of either direction, and a timer wheel.
 *
 * Owner: the worker; nobody else touches any of it. The arena is one mapping with a version
 * header and holds indexes and offsets, never pointers, so that it may be mapped from a file or
 * sent to another director.
 *
 *   conn_hot[i]   one cache line: all that a packet of an established connection reads or writes
 *   conn_cold[i]  32 bytes: timer links and what is rarely needed
 *   addr6[i]      one cache line: the addresses, where IPv6 is involved; untouched otherwise
 *   bucket[]      one cache line each: 10 tags of 16 bits, 10 entries, an overflow link
 *
 * A packet computes one hash of its own addresses and ports. A connection is entered
 * twice: as its packets look toward the server and as they look toward the client (once, when the
 * servers answer on their own way).
 *
 * Timers: a packet writes `expires` and touches no timer. The wheel looks at a connection at
 * `wheel_due` and moves it on if it lives longer; only a state change that shortens the timeout
 * moves it at once.
 */
#ifndef LVSD_DATAPLANE_CONN_H
#define LVSD_DATAPLANE_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_prefetch.h>

#include "clock.h"
#include "snapshot.h"

#define CONN_NONE      UINT32_MAX
#define CONN_TABLE_MAX (1u << 28)

enum conn_dir { CONN_IN, CONN_OUT }; /* toward the server, toward the client */

/* Flags: the kernel's IP_VS_CONN_F_*; the forwarding method is in the low three bits. */
#define CONN_FWD_MASK   0x0007u
#define CONN_NOOUTPUT   0x0080u
#define CONN_INACTIVE   0x0100u
#define CONN_TEMPLATE   0x1000u
#define CONN_ONE_PACKET 0x2000u

struct conn {
	/* What its packets look like: source, destination; network byte order. In a direction
	 * that is IPv6, the 64 bits are a digest of both addresses, which lie in addr6. */
	union {
		struct {
			uint32_t caddr, vaddr;
		};
		uint64_t in_addrs;
	};
	union {
		struct {
			uint32_t daddr,
				laddr; /* laddr: the client's address as the server sees it */
		};
		uint64_t out_addrs;
	};
	union {
		struct {
			uint16_t cport, vport;
		};
		uint32_t in_ports;
	};
	union {
		struct {
			uint16_t dport, lport;
		};
		uint32_t out_ports;
	};
	uint8_t proto;
	uint8_t af;    /* of client and virtual address; 0: free */
	uint8_t state; /* of its protocol */
	uint8_t daf;   /* of the server's address */
	uint16_t flags;
	/* Checksum deltas of the rewrite toward the server; the other way is their complement. */
	uint16_t ip_delta;
	uint16_t l4_delta;
	/* Remembered next hops, valid while the fib's generation is the remembered one. */
	uint16_t adjacency[2]; /* by enum conn_dir */
	bool replies;          /* its replies come by here: entered for both directions */
	uint8_t client_info;   /* enum client_info: what the server is still to be told */
	uint32_t adjacency_generation;
	uint32_t dest; /* destination id */
	tick_t expires;
	tick_t wheel_due;
	uint32_t in_pkts;
};

_Static_assert(sizeof(struct conn) == 64, "one cache line per connection");

struct conn_cold {
	uint32_t next, prev; /* of the same wheel slot; next also links free objects */
	uint32_t slot;
	uint32_t fwmark;
	uint32_t control;   /* the template that controls it, CONN_NONE */
	uint32_t n_control; /* how many it controls */
	uint32_t pad[2];
};

_Static_assert(sizeof(struct conn_cold) == 32, "half a cache line");

/* Pairs as a packet carries them, source and destination, for either direction. */
struct conn6 {
	struct lvs_addr caddr, vaddr;
	struct lvs_addr daddr, laddr;
};

_Static_assert(sizeof(struct conn6) == 64, "one cache line");

#define BUCKET_ENTRIES 10

struct conn_bucket {
	uint16_t tag[BUCKET_ENTRIES];   /* 0: empty */
	uint32_t entry[BUCKET_ENTRIES]; /* index << 1 | enum conn_dir */
	uint32_t next;                  /* overflow bucket, 0: none */
};

_Static_assert(sizeof(struct conn_bucket) == 64, "one cache line per bucket");

#define WHEEL_SLOTS 4096u
#define WHEEL_SHIFT 6 /* a slot is a quarter of a second; the wheel spans 1,024 s */

#define CONN_ARENA_MAGIC   0x6c767364636f6e6eull /* "lvsdconn" */
#define CONN_ARENA_VERSION 1

/* Head of the arena. Offsets count from here. */
struct conn_arena {
	uint64_t magic;
	uint32_t version;
	uint32_t capacity;  /* connections */
	uint64_t size;      /* bytes of the whole mapping */
	uint64_t secret[2]; /* of the hash; random per start */
	uint64_t hot_offset, cold_offset, bucket_offset;
	uint32_t bucket_mask;
	uint32_t n_overflow;         /* overflow buckets, behind the others */
	uint32_t overflow_used;      /* never taken into use are those above */
	uint32_t overflow_free;      /* list by next, 0: empty */
	uint32_t used;               /* live connections */
	uint32_t high;               /* objects ever used */
	uint32_t free;               /* list, CONN_NONE: empty */
	tick_t wheel_now;            /* the wheel has turned up to here */
	uint32_t wheel[WHEEL_SLOTS]; /* first connection of the slot, CONN_NONE */
};

/* One worker's handle; derived from the arena, not part of it. */
struct conn_table {
	struct conn_arena *arena;
	struct conn *hot;
	struct conn_cold *cold;
	struct conn_bucket *buckets;
	struct conn6 *addr6; /* a mapping of its own, pages taken when first used */
	uint64_t secret[2];
	uint32_t bucket_mask;
	uint32_t evict_hand; /* where the search for a half-open connection goes on */
	bool huge;
};

/* Room for `capacity` connections; memory of the node of `cpu`. 0, -EINVAL or -ENOMEM. */
int conn_table_init(struct conn_table *t, uint32_t capacity, int cpu, bool huge, tick_t now);
void conn_table_fini(struct conn_table *t);

/* Forgets everything. */
void conn_table_clear(struct conn_table *t, tick_t now);

/* Bytes that the connections of a full table take, table and timers included; addresses of IPv6
 * ones come on top, as far as they are in use. */
size_t conn_table_bytes(const struct conn_table *t);

/* ---- lookup ---- */

/* What stands for an IPv6 source and destination (32 bytes as they lie in the header) in a key.
 * Keyed as well; whoever finds a connection by it compares the addresses. */
static inline uint64_t conn_digest6(const struct conn_table *t, const void *addrs)
{
	uint64_t q[4];

	memcpy(q, addrs, sizeof(q));
	unsigned __int128 a = (unsigned __int128)(q[0] ^ t->secret[0]) * (q[1] ^ t->secret[1]);
	unsigned __int128 b = (unsigned __int128)(q[2] ^ t->secret[1]) * (q[3] ^ t->secret[0]);
	uint64_t x = (uint64_t)a ^ (uint64_t)(a >> 64), y = (uint64_t)b ^ (uint64_t)(b >> 64);

	return x ^ (y << 32 | y >> 32) * 0x9e3779b97f4a7c15ull;
}

/* Hash of a packet's addresses, ports and protocol. Keyed by a secret, so that nobody outside can
 * choose packets that collide. */
static inline uint64_t conn_hash(const struct conn_table *t, uint64_t addrs, uint32_t ports,
				 uint8_t proto)
{
	unsigned __int128 m = (unsigned __int128)(addrs ^ t->secret[0]) *
			      (((uint64_t)ports << 8 | proto) ^ t->secret[1]);
	uint64_t h = (uint64_t)m ^ (uint64_t)(m >> 64);

	m = (unsigned __int128)(h ^ t->secret[1]) * 0x9e3779b97f4a7c15ull;
	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static inline uint32_t conn_bucket_index(const struct conn_table *t, uint64_t hash)
{
	return (uint32_t)hash & t->bucket_mask;
}

static inline uint16_t conn_tag(uint64_t hash)
{
	uint16_t tag = (uint16_t)(hash >> 48);

	return tag ? tag : 1;
}

/* First stage: fetches the bucket. */
static inline void conn_prefetch_bucket(const struct conn_table *t, uint64_t hash)
{
	rte_prefetch0(&t->buckets[conn_bucket_index(t, hash)]);
}

/* Bit i: tag[i] equals. */
static inline uint32_t bucket_match(const struct conn_bucket *b, uint16_t tag)
{
#if defined(__AVX2__)
	typedef uint16_t v16 __attribute__((vector_size(32), aligned(32)));
	typedef char v32c __attribute__((vector_size(32)));
	v16 want = (v16){} + tag;
	v16 equal = (v16)(*(const v16 *)b == want);
	uint32_t bytes = (uint32_t)__builtin_ia32_pmovmskb256((v32c)equal);

	return bytes & ((1u << 2 * BUCKET_ENTRIES) - 1); /* two bits per tag */
#else
	uint32_t bits = 0;

	for (unsigned int i = 0; i < BUCKET_ENTRIES; i++)
		bits |= (b->tag[i] == tag ? 3u : 0u) << 2 * i;
	return bits;
#endif
}

/* Second stage: fetches the connections whose tags match. */
static inline void conn_prefetch_entry(const struct conn_table *t, uint64_t hash)
{
	const struct conn_bucket *b = &t->buckets[conn_bucket_index(t, hash)];
	uint32_t match = bucket_match(b, conn_tag(hash));

	if (likely(match != 0))
		rte_prefetch0(&t->hot[b->entry[(unsigned int)__builtin_ctz(match) / 2] >> 1]);
}

/* How a packet names its connection. */
struct conn_key {
	uint64_t hash;
	uint64_t addrs;     /* IPv4: as they lie in the header; IPv6: their digest */
	const void *addrs6; /* IPv6: as they lie in the header; NULL: IPv4 */
	uint32_t ports;
	uint8_t proto;
};

/* A key from loose parts: pair is source and destination, and must outlive the key. */
static inline void conn_key_fill(const struct conn_table *t, struct conn_key *key, uint16_t af,
				 const struct lvs_addr pair[2], uint32_t ports, uint8_t proto)
{
	bool ip6 = af == AF_INET6;

	key->addrs6 = ip6 ? pair : NULL;
	key->ports = ports;
	key->proto = proto;
	if (ip6) {
		key->addrs = conn_digest6(t, pair);
	} else {
		uint32_t words[2] = {pair[0].v4, pair[1].v4};

		memcpy(&key->addrs, words, sizeof(key->addrs));
	}
	key->hash = conn_hash(t, key->addrs, ports, proto);
}

/* The connection that a packet belongs to, and which way it goes; NULL when there is none. */
struct conn *conn_lookup(const struct conn_table *t, const struct conn_key *key,
			 enum conn_dir *dir);

static inline uint32_t conn_index(const struct conn_table *t, const struct conn *c)
{
	return (uint32_t)(c - t->hot);
}

static inline struct conn6 *conn_addr6(const struct conn_table *t, const struct conn *c)
{
	return &t->addr6[conn_index(t, c)];
}

/* Where packets of a direction go: the server's address, or the client's as the server sees it
 * (IPv4 and IPv6 alike). Not for every packet. */
struct lvs_addr conn_next_addr(const struct conn_table *t, const struct conn *c, enum conn_dir dir,
			       uint16_t *af);

/* ---- life ---- */

/*
 * Takes an object. The caller fills addresses, ports, proto, af and the rest, then calls
 * conn_insert(). NULL when the arena is full.
 */
struct conn *conn_alloc(struct conn_table *t);

/* Enters it into the hash (both directions if c->replies) and the wheel (at c->expires). 0 or
 * -ENOSPC: no overflow bucket left; then the object is free again. */
int conn_insert(struct conn_table *t, struct conn *c);

/* Gives an object back that was not entered. */
void conn_free(struct conn_table *t, struct conn *c);

/* Takes it out of hash and wheel and frees the object. */
void conn_remove(struct conn_table *t, struct conn *c);

/* A packet was seen: it lives until now + timeout. Moves the timer only when it would fire late. */
static inline void conn_touch(struct conn_table *t, struct conn *c, tick_t expires);
void conn_wheel_move(struct conn_table *t, struct conn *c);

static inline void conn_touch(struct conn_table *t, struct conn *c, tick_t expires)
{
	c->expires = expires;
	if (unlikely(tick_after(c->wheel_due, expires)))
		conn_wheel_move(t, c);
}

/*
 * Turns the wheel up to `now`, looking at most at `budget` connections, and calls expire() for
 * those whose time has come; expire() must remove them (or touch them to let them live). Returns
 * how many it looked at.
 */
unsigned int conn_expire(struct conn_table *t, tick_t now, unsigned int budget,
			 void (*expire)(void *arg, struct conn *c), void *arg);

/*
 * A connection that may be given up for a new one, looked for among a few objects from where the
 * last search ended; NULL when none of them is `expendable`.
 */
struct conn *conn_find_expendable(struct conn_table *t, bool (*expendable)(const struct conn *c));

#endif
