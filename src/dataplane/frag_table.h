/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The datagrams of one worker that are not complete: which bytes of each were seen, the fragments
 * that wait for the first one, and how the others follow it. Bounded in every direction: when the
 * table is full or too many packets wait, the oldest datagram that waits goes first, so that no
 * flood keeps fragments out that come in order.
 *
 * Owner: the worker; nobody else touches any of it.
 */
#ifndef LVSD_DATAPLANE_FRAG_TABLE_H
#define LVSD_DATAPLANE_FRAG_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "conn.h"
#include "packet.h"

#define FRAG_DATAGRAMS 1024
#define FRAG_HASH      2048
#define FRAG_HELD_MAX  48 /* per datagram: one of 64 KiB over Ethernet, in any order */
#define FRAG_RANGES    32
#define FRAG_POOL_PART 8    /* all workers together keep at most this part of the packet buffers */
#define FRAG_HELD_ALL  4096 /* and each this many */

/* The kernel's net.ipv4.ipfrag_time and net.ipv6.ip6frag_time. */
#define FRAG_SECONDS_IP4 30
#define FRAG_SECONDS_IP6 60

/* What becomes of a datagram's fragments. */
enum frag_verdict {
	FRAG_WAIT,      /* the first one is not here yet */
	FRAG_FORWARD,   /* they follow a connection */
	FRAG_KERNEL,    /* not ours */
	FRAG_REFUSED,   /* dropped */
	FRAG_ELSEWHERE, /* another worker's flow */
};

/* All fragments of a datagram have this in common. */
struct frag_key {
	struct lvs_addr src, dst;
	uint32_t id;
	uint16_t af;
	uint16_t proto; /* IPv6: 0, only the first one's counts (RFC 8200 section 4.5) */
};

struct frag_range {
	uint16_t start, end; /* of the payload; end is one behind */
};

struct frag_datagram {
	struct frag_key key;
	uint16_t chain;      /* next of the same hash value, 0: none */
	uint16_t next, prev; /* of the same list */
	uint8_t list;
	uint8_t verdict; /* enum frag_verdict */
	tick_t since;
	uint16_t owner; /* FRAG_ELSEWHERE */
	uint8_t dir;    /* FRAG_FORWARD: enum conn_dir */
	uint8_t n_ranges;
	uint16_t n_held;
	uint16_t end;                          /* length of the payload, 0: not known */
	struct lvs_addr server;                /* FRAG_FORWARD: the destination's address */
	struct frag_range ranges[FRAG_RANGES]; /* seen; ascending, with gaps between */
	uint16_t held_at[FRAG_HELD_MAX];
	struct rte_mbuf *held[FRAG_HELD_MAX]; /* ascending by offset */
};

#define FRAG_LISTS 4 /* waiting or not, IPv4 or IPv6: each in order of age */

struct frag_memory {
	struct frag_datagram datagrams[FRAG_DATAGRAMS + 1]; /* 0 is no datagram */
	/* Copies of the connections that datagrams follow, at the same index: the connection may
	 * end before the datagram, and its object become another's. */
	struct conn conns[FRAG_DATAGRAMS + 1] __attribute__((aligned(64)));
	struct conn6 addr6[FRAG_DATAGRAMS + 1];
	uint16_t hash[FRAG_HASH];
};

struct frag_table {
	struct frag_memory *memory;
	struct conn_table conns; /* only hot and addr6: the copies */
	uint32_t used;           /* datagrams */
	uint32_t high;           /* ever used at once */
	uint16_t free;           /* list by next, 0: empty */
	uint32_t held, held_max; /* packet buffers */
	struct {
		uint16_t first, last;
	} lists[FRAG_LISTS];
	struct frag_datagram *opening; /* its first fragment is being processed */
};

/* 0 or -ENOMEM. `pool`: where packets come from. */
int frag_table_init(struct frag_table *t, const struct rte_mempool *pool, unsigned int n_workers,
		    int cpu);
/* Frees what waits. */
void frag_table_fini(struct frag_table *t);

static inline uint16_t frag_index(const struct frag_table *t, const struct frag_datagram *d)
{
	return (uint16_t)(d - t->memory->datagrams);
}

/* NULL when it is not known. `hash` is a keyed hash of the key. */
struct frag_datagram *frag_find(struct frag_table *t, const struct frag_key *key, uint64_t hash);

/* A free place for a datagram that waits, NULL when there is none. */
struct frag_datagram *frag_new(struct frag_table *t, const struct frag_key *key, uint64_t hash,
			       tick_t now);

/* Forgets one whose fragments were taken. */
void frag_free(struct frag_table *t, struct frag_datagram *d, uint64_t hash);

/* It waits no longer. Its time begins anew. */
void frag_decide(struct frag_table *t, struct frag_datagram *d, enum frag_verdict verdict,
		 tick_t now);

/* The one that waits longest; without one that waits, and unless `waiting`, the oldest. */
struct frag_datagram *frag_oldest(struct frag_table *t, bool waiting);

/* One whose time is over, NULL when there is none. */
struct frag_datagram *frag_overdue(struct frag_table *t, tick_t now);

enum frag_fit {
	FRAG_NEW,
	FRAG_DUPLICATE, /* all of it was here */
	FRAG_OVERLAP,   /* some of it was, or it contradicts what is known of the end */
	FRAG_FULL,      /* too many gaps */
};

/* Notes that bytes start..end of the payload are here; with !more they are the last. */
enum frag_fit frag_note_range(struct frag_datagram *d, uint16_t start, uint16_t end, bool more);

bool frag_complete(const struct frag_datagram *d);

/* Keeps a fragment until its datagram is decided. False: there is no place for it. */
bool frag_hold(struct frag_table *t, struct frag_datagram *d, struct rte_mbuf *m, uint16_t offset);

/* Takes out everything that waits, in order of offset; returns how many (at most FRAG_HELD_MAX). */
unsigned int frag_take(struct frag_table *t, struct frag_datagram *d, struct rte_mbuf **out);

#endif
