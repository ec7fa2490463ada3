/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the workers know of the configuration: services, destinations, timeouts.
 *
 * Immutable once published. The main lcore builds a snapshot, publishes it by a pointer swap and
 * frees the replaced parts after every worker has reported quiescent (dataplane.h). A snapshot
 * shares the parts that did not change with its predecessor: a service is one object, and
 * destinations lie in pages, so that an edit of one server copies one service and one page.
 *
 * Services and destinations have small stable ids. Everything that must survive an edit is kept
 * per worker under that id: scheduler cursors (service id), counters and loads (destination id).
 */
#ifndef LVSD_DATAPLANE_SNAPSHOT_H
#define LVSD_DATAPLANE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

#define SERVICES_MAX   (1u << 16)
#define DESTS_MAX      (1u << 20)
#define DEST_NONE      UINT32_MAX
#define DEST_PAGE_BITS 8
#define DEST_PAGE_SIZE (1u << DEST_PAGE_BITS)

struct sched_ops;   /* sched/sched.h */
struct sched_table; /* sched/sched.h */

/*
 * One server as the scheduler of its service sees it. The order of a service's servers is the
 * kernel's: the one added last comes first.
 */
struct service_dest {
	uint32_t id;         /* destination id */
	int32_t weight;      /* 0..INT32_MAX; 0: no new connections */
	int32_t last_weight; /* the last weight above 0 (mh) */
	uint32_t upper;      /* overloaded from this many connections on, 0: never */
	uint32_t lower;      /* no longer overloaded below; already 3/4 of upper when set to 0 */
	/* Changes when an edit ended an overload: it raised or removed the upper threshold. Unique
	 * among all destinations, so that no two lives of an id share it. */
	uint32_t overload_epoch;
};

/* What a scheduler that hashes servers hashes (dataplane.h: dp_sched_build()). */
struct sched_key {
	struct lvs_addr addr;
	uint16_t port; /* be16 */
};

/*
 * What happened to a service's server list, for schedulers that keep a position: a worker
 * replays the events it has not seen when it next schedules for the service, in order, so that
 * its state goes through the same steps as the kernel's.
 */
enum sched_event_kind {
	SCHED_EVENT_INIT, /* the scheduler was bound to the service */
	SCHED_EVENT_ADD,  /* dest: added, now first in the list */
	SCHED_EVENT_EDIT, /* dest: changed in place */
	SCHED_EVENT_DEL,  /* dest: removed; prev: the server before it, DEST_NONE if it was first */
};

struct sched_event {
	uint32_t kind;
	uint32_t dest;
	uint32_t prev;
	/* of the list after the event, over servers with weight > 0: */
	int32_t max_weight; /* 0: none */
	int32_t gcd;        /* greatest common divisor of the weights; 1 when there is none */
};

/* Events older than these many are forgotten when a worker has not scheduled since. */
#define SCHED_EVENTS_MAX 256

/* An address that FULLNAT speaks to servers from, with its ports first..last (host order). */
struct local_addr {
	struct lvs_addr addr;
	uint16_t af;
	uint16_t first, last;
};

#define SERVICE_PERSISTENT 0x1u /* values of IP_VS_SVC_F_* */
#define SERVICE_ONEPACKET  0x4u

struct service {
	uint32_t id;      /* 0..SERVICES_MAX-1 */
	uint32_t flags;   /* IP_VS_SVC_F_* */
	uint32_t fwmark;  /* 0: by address */
	uint32_t timeout; /* persistence, seconds */
	uint32_t netmask; /* be32, or prefix length (IPv6) */
	uint16_t af;
	uint16_t port; /* be16, 0: all ports */
	uint8_t proto;
	struct lvs_addr addr;
	const struct sched_ops *sched; /* NULL: scheduler "none" */
	/* Event number `version` is the newest; events[n_events - 1] holds it. The object's life
	 * begins at version 1 with SCHED_EVENT_INIT. `epoch` tells lives of one id apart. */
	uint32_t epoch;
	uint32_t version;
	uint32_t n_events;
	const struct sched_event *events;
	/* FULLNAT. */
	uint32_t n_laddrs;
	const struct local_addr *laddrs;
	uint8_t client_info; /* enum client_info */
	uint32_t n_dests;
	const struct service_dest *dests;
	const struct sched_table *table; /* made of dests; NULL: the scheduler has none */
};

#define DEST_AVAILABLE 0x1u /* in its service's list; without it, removed but still referenced */

/* How the server learns the client's address, which FULLNAT hides. */
enum client_info { CLIENT_INFO_NONE, CLIENT_INFO_TOA };

/* Forwarding methods: the kernel's numbers (IP_VS_CONN_F_*). */
enum fwd_method {
	FWD_NAT = 0,
	FWD_LOCAL = 1,
	FWD_TUNNEL = 2,
	FWD_DIRECT = 3,
	FWD_BYPASS = 4,
	FWD_FULLNAT = 5, /* ours */
};

/* A destination as connections see it. */
struct dest {
	struct lvs_addr addr;
	uint32_t service; /* service id */
	uint32_t upper, lower;
	uint16_t port; /* be16; 0: the packet's */
	uint16_t af;
	uint16_t flags; /* DEST_* */
	uint8_t fwd;    /* enum fwd_method */
	uint8_t tun_type;
	uint16_t tun_port; /* be16 */
	uint16_t tun_flags;
	uint32_t overload_epoch; /* as in struct service_dest */
	int32_t weight;          /* also after it was removed */
	uint32_t birth;          /* tells servers of one id apart that came after each other */
	uint32_t pad[2];
};

_Static_assert(sizeof(struct dest) == 64, "one cache line per destination");

struct dest_page {
	struct dest d[DEST_PAGE_SIZE];
} __attribute__((aligned(64)));

/* Timeouts of connection states, seconds, by protocol and state number (proto/proto.h). */
#define PROTO_STATES_MAX 16
enum proto_index { PROTO_IX_TCP, PROTO_IX_UDP, PROTO_IX_SCTP, PROTO_IX_COUNT };

struct timeouts {
	uint32_t s[PROTO_IX_COUNT][PROTO_STATES_MAX];
};

struct snapshot {
	uint64_t version;
	struct timeouts timeouts;
	/* Services by (af, proto, addr, port): open addressing, linear probing, NULL is empty; at
	 * most half full. Services by fwmark are not in it. */
	uint32_t service_mask;
	const struct service *const *services;
	/* Virtual addresses, those of removed services that still have connections included:
	 * packets to one come from a client. Same kind of table; af 0 is empty. */
	uint32_t vip_mask;
	const struct vip *vips;
	/* Local addresses of all services, and those that were removed but may still be spoken
	 * from: packets to one come from a server. Same kind of table. */
	uint32_t laddr_mask;
	const struct vip *laddrs;
	/* Destinations: id -> pages[id >> DEST_PAGE_BITS]->d[id & (DEST_PAGE_SIZE - 1)]. Ids that
	 * connections hold are always below n_dest_pages << DEST_PAGE_BITS. */
	uint32_t n_dest_pages;
	const struct dest_page *const *dest_pages;
};

struct vip {
	struct lvs_addr addr;
	uint16_t af;
};

static inline uint32_t service_hash(uint16_t af, uint8_t proto, const struct lvs_addr *addr,
				    uint16_t port)
{
	return addr_hash(addr, (uint64_t)af << 32 | (uint64_t)proto << 16 | port);
}

static inline uint32_t vip_hash(uint16_t af, const struct lvs_addr *addr)
{
	return addr_hash(addr, af);
}

static inline const struct dest *snapshot_dest(const struct snapshot *s, uint32_t id)
{
	return &s->dest_pages[id >> DEST_PAGE_BITS]->d[id & (DEST_PAGE_SIZE - 1)];
}

#endif
