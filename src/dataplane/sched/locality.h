/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which server a destination address was given to: the memory of lblc and lblcr.
 *
 * One cache per worker for all its services, allocated with the worker and mapped as it fills up.
 * An entry belongs to one address of one service's life with its scheduler, and has a list of
 * servers: one with lblc, any number with lblcr. A server is noted by id and birth; it may have
 * been removed since.
 *
 * What is not used goes: locality_turn() walks over the whole table once a minute, a few
 * buckets at a time, by the rules of the kernel's timer (IPVS contract: 24 hours; beyond
 * 16,384 addresses of a service, 6 minutes). What does not fit is not noted, and then chosen
 * anew each time.
 *
 * Owner: the worker.
 */
#ifndef LVSD_DATAPLANE_SCHED_LOCALITY_H
#define LVSD_DATAPLANE_SCHED_LOCALITY_H

#include <stdbool.h>
#include <stdint.h>

#include "../addr.h"
#include "../clock.h"

struct sched_state;

#define LOCALITY_PER_SERVICE 16384u /* the kernel's max_size; a soft one */

struct locality_entry {
	struct lvs_addr addr;
	uint32_t next;    /* in the bucket, or of the free ones; references count from 1, 0: none */
	uint32_t service; /* id */
	uint32_t life;    /* sched_state.life it belongs to */
	uint32_t first;   /* member */
	uint32_t n_members;
	tick_t used;
	tick_t changed; /* when the list of members was last changed */
};

struct locality_member {
	uint32_t next;
	uint32_t dest;
	uint32_t birth;
	uint32_t hint; /* its position in the service's list, when it was last seen */
};

struct locality;

/* Room for so many entries and as many members. NULL without memory. */
struct locality *locality_create(uint32_t capacity, int cpu);
void locality_destroy(struct locality *l);

/* A new life of a service: what was noted in the one before is forgotten. */
void locality_begin(struct locality *l, struct sched_state *st);

struct locality_entry *locality_find(struct locality *l, const struct sched_state *st,
				     const struct lvs_addr *addr);

/* An entry without members for an address that has none. NULL: no room. */
struct locality_entry *locality_add(struct locality *l, struct sched_state *st, uint32_t service,
				    const struct lvs_addr *addr, tick_t now);

struct locality_member *locality_first(const struct locality *l, const struct locality_entry *e);
struct locality_member *locality_next(const struct locality *l, const struct locality_member *m);

/* Puts a server at the head of an entry's list. Without room nothing changes. */
void locality_join(struct locality *l, struct locality_entry *e, uint32_t dest, uint32_t birth,
		   tick_t now);
void locality_leave(struct locality *l, struct locality_entry *e, struct locality_member *m,
		    tick_t now);

/* ---- what lblc and lblcr have in common ---- */

struct sched_context;
struct service;
struct service_dest;

/* The entry of the packet's destination address, NULL: none. Touches it. */
struct locality_entry *locality_of_packet(struct sched_state *st, const struct sched_context *ctx);

/* Notes a server for the packet's destination address, whose entry is e (NULL: none). */
void locality_note(struct sched_state *st, const struct service *svc,
		   const struct sched_context *ctx, struct locality_entry *e,
		   const struct service_dest *d);

/* A member as the service has it, NULL when it is none of its servers. */
const struct service_dest *locality_server(const struct service *svc,
					   const struct sched_context *ctx,
					   struct locality_member *m);

/* It has more active connections than its weight, and another server less than half of its own. */
bool locality_crowded(const struct service *svc, const struct sched_context *ctx,
		      const struct service_dest *d);

/* ---- upkeep ---- */

/* A step of the walk, if it is time; states: by service id. From the worker's turn. */
void locality_turn(struct locality *l, struct sched_state *states, tick_t now);

/* Entries there are, of all services. */
uint32_t locality_count(const struct locality *l);

#endif
