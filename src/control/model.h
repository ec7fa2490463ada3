/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The truth about services and destinations, which the workers' snapshots are compiled from. It
 * answers as the kernel's IPVS does: the same identities, orders, flags and errnos.
 *
 * Owner: the main lcore. Functions return 0 or a negative errno, change nothing on failure, and
 * then leave one sentence in `err` that says what was wrong and what is allowed.
 *
 * A change takes effect at the workers with the next model_publish(), so that changes that come
 * together take effect together.
 */
#ifndef LVSD_CONTROL_MODEL_H
#define LVSD_CONTROL_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "dataplane/dataplane.h"
#include "hmap.h"

struct event_base;

/*
 * Creates the empty model, publishes the first snapshot and starts the timers (trash, estimator,
 * reclaim: dp_reclaim() is called from here). After dp_init(), before dp_start(). -ENOMEM.
 */
int model_open(struct event_base *base);

/* Frees everything. After dp_stop(). */
void model_close(void);

/* Compiles what changed since the last call and hands it to the workers. Without memory for that
 * the workers keep what they have and the next timer tries again. */
void model_publish(void);

/* ---- identities and settings ------------------------------------------------------------- */

#define MODEL_ERROR_MAX 200

struct model_error {
	char text[MODEL_ERROR_MAX];
};

/* Fills err (which may be NULL) and returns `result`. */
int model_fail(struct model_error *err, int result, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* By fwmark (and then proto, port and addr are 0), or by address. */
struct service_key {
	struct lvs_addr addr;
	uint32_t fwmark;
	uint16_t af;
	uint16_t proto; /* IPPROTO_*; as wide as on the wire */
	uint16_t port;  /* be16 */
	uint16_t pad;
};

#define SCHED_NAME_MAX 16 /* with the final 0 */
#define PE_NAME_MAX    16

struct service_spec {
	char sched[SCHED_NAME_MAX]; /* "none": no scheduler */
	char pe[PE_NAME_MAX];       /* "": no persistence engine */
	uint32_t flags, flags_mask; /* IP_VS_SVC_F_*: new = old & ~mask | flags & mask */
	uint32_t timeout;           /* seconds */
	uint32_t netmask;           /* be32, or prefix length */
};

struct dest_key {
	struct lvs_addr addr;
	uint16_t af;
	uint16_t port; /* be16 */
	uint32_t pad;
};

struct dest_spec {
	uint32_t weight; /* 0..INT32_MAX */
	uint32_t upper, lower;
	uint32_t fwd; /* enum fwd_method */
	uint8_t tun_type;
	uint16_t tun_port; /* be16 */
	uint16_t tun_flags;
};

/* ---- objects ----------------------------------------------------------------------------- */

/* Per second, in the kernel's fixed point (estimator.c). */
struct model_rates {
	uint64_t cps, inpps, outpps, inbps, outbps;
};

struct model_stats {
	struct dest_stats count;
	struct model_rates rate; /* whole units per second */
};

/* Smoothed rates and the counters they were last computed from. */
struct estimator {
	struct dest_stats last;
	struct model_rates scaled;
};

struct model_service;
struct history;
struct compiled_service;

struct model_dest {
	TAILQ_ENTRY(model_dest) link;       /* of its service: dests or trashed */
	TAILQ_ENTRY(model_dest) trash_link; /* of the whole trash */
	TAILQ_ENTRY(model_dest) dirty_link; /* to be compiled */
	struct hmap_node trash_node;
	struct model_service *service; /* holds a reference, also from the trash */
	struct dest_key key;
	struct dest_spec spec;
	uint32_t id;
	uint32_t last_weight;
	uint32_t overload_epoch;  /* snapshot.h */
	uint64_t seq;             /* when it was added; higher comes first */
	uint32_t birth;           /* snapshot.h */
	struct dest_stats zero;   /* counters when they were last zeroed */
	struct dest_stats joined; /* counters when it became the service's */
	struct estimator est;
	bool available;  /* not in the trash */
	bool referenced; /* in the trash, and connections use it */
	bool dirty;
	uint64_t idle_since; /* in the trash without connections, seconds; 0: not so */
};

TAILQ_HEAD(dest_list, model_dest);

/* A local address of a service, or one that was removed: then connections may still use it. */
struct model_laddr {
	TAILQ_ENTRY(model_laddr) link; /* of its service, or of all removed ones */
	struct model_service *service; /* removed: with a reference */
	struct local_addr local;
	uint64_t seq;        /* when it was added; ascends in its service's list */
	uint64_t removed_at; /* when a tick first saw that it was removed, seconds; 0: not yet */
};

TAILQ_HEAD(laddr_list, model_laddr);
TAILQ_HEAD(service_list, model_service);

struct model_service {
	struct hmap_node node;
	TAILQ_ENTRY(model_service) dirty_link;
	TAILQ_ENTRY(model_service) walk_link;
	uint64_t serial; /* how many services were made before it */
	struct service_key key;
	uint32_t id;
	uint32_t refs; /* one while it lives, and one per destination */
	uint32_t flags, timeout, netmask;
	const struct sched_ops *sched; /* NULL: none */
	char pe[PE_NAME_MAX];
	bool alive;             /* false: removed, but destinations in the trash were its own */
	bool dirty;             /* to be compiled */
	bool vip;               /* its address is among the snapshot's */
	struct dest_list dests; /* newest first */
	struct dest_list trashed;
	uint32_t n_dests;
	uint32_t n_referenced;    /* of the trashed */
	struct laddr_list laddrs; /* in the order in which they were added */
	uint32_t n_laddrs;
	uint8_t client_info;    /* enum client_info */
	struct dest_stats left; /* what destinations counted here that are gone */
	struct dest_stats zero; /* counters when they were last zeroed */
	struct estimator est;
	struct history *history;
	struct compiled_service *compiled; /* as the next snapshot has it; NULL: not in it */
};

/* ---- services ---------------------------------------------------------------------------- */

struct model_service *model_service_find(const struct service_key *key);

/*
 * Walks over the living services that may pause while services come and go, in the kernel's order
 * as far as clients see it: those of addresses first, then those of fwmarks, the newest first.
 */
struct service_walk {
	bool fwmarks;
	uint64_t before;            /* serial of the one walked over last */
	struct model_service *over; /* this one, held by a reference; NULL: none yet */
};

#define SERVICE_WALK_START ((struct service_walk){.before = UINT64_MAX})

/* The one to come, NULL at the end; stays to come until it is walked over. */
struct model_service *model_walk_next(struct service_walk *walk);
void model_walk_over(struct service_walk *walk, struct model_service *svc);
void model_walk_end(struct service_walk *walk); /* at any time, and always once */

unsigned int model_service_count(void);

int model_service_add(const struct service_key *key, const struct service_spec *spec,
		      struct model_error *err);
int model_service_edit(struct model_service *svc, const struct service_spec *spec,
		       struct model_error *err);
void model_service_del(struct model_service *svc);
void model_flush(void);

void model_service_stats(const struct model_service *svc, struct model_stats *out);
void model_service_zero(struct model_service *svc);
void model_zero(void);

/* ---- destinations ------------------------------------------------------------------------ */

struct model_dest *model_dest_find(const struct model_service *svc, const struct dest_key *key);

int model_dest_add(struct model_service *svc, const struct dest_key *key,
		   const struct dest_spec *spec, struct model_error *err);
int model_dest_edit(struct model_service *svc, const struct dest_key *key,
		    const struct dest_spec *spec, struct model_error *err);
int model_dest_del(struct model_service *svc, const struct dest_key *key, struct model_error *err);

void model_dest_stats(const struct model_dest *dest, struct model_stats *out);

/* ---- local addresses of FULLNAT ---------------------------------------------------------- */

#define MODEL_LADDRS_MAX 256 /* of one service */

/* Edits of the service leave them alone. -EINVAL, -EADDRINUSE: it is a virtual address, -EEXIST,
 * -ENOSPC, -ENOMEM. */
int model_laddr_add(struct model_service *svc, const struct local_addr *local,
		    struct model_error *err);

/* Connections that use it live on. */
int model_laddr_del(struct model_service *svc, uint16_t af, const struct lvs_addr *addr,
		    struct model_error *err);

/* How its servers learn the client's address: enum client_info. */
int model_client_info_set(struct model_service *svc, uint8_t info, struct model_error *err);

/* Does one of its destinations need local addresses? */
bool model_laddr_needed(const struct model_service *svc);

/* ---- timeouts ---------------------------------------------------------------------------- */

#define MODEL_TIMEOUT_MAX 4294967u /* seconds: as milliseconds they fit 32 bits */

struct model_timeouts {
	uint32_t tcp, tcp_fin, udp; /* seconds */
};

void model_timeouts(struct model_timeouts *out);

/* 0 keeps the old value. */
int model_timeouts_set(const struct model_timeouts *in, struct model_error *err);

#endif
