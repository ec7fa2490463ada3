/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a worker counts per destination: traffic and bound connections. Each worker writes its own
 * slots (packet path); schedulers of other workers and the main lcore read them, a value at a
 * time, and sum. No line is written by two cores.
 */
#ifndef LVSD_DATAPLANE_LOAD_H
#define LVSD_DATAPLANE_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "snapshot.h"

/* owner worker: writes; other workers, main: read */
struct dest_slot {
	uint64_t conns, inpkts, outpkts, inbytes, outbytes;
	uint32_t active, inactive, persistent;
	uint32_t overload_epoch; /* of the edits that `overloaded` follows */
	uint8_t overloaded;
	uint8_t pad[7];
};

_Static_assert(sizeof(struct dest_slot) == 64, "one cache line per destination");

/* The slots of all workers, by worker. */
struct load_view {
	unsigned int n;
	unsigned int own;
	struct dest_slot *const *slots;
};

/* Connections of a destination over all workers. */
static inline void load_read(const struct load_view *v, uint32_t dest, uint32_t *active,
			     uint32_t *inactive)
{
	uint32_t a = 0, i = 0;

	for (unsigned int w = 0; w < v->n; w++) {
		a += __atomic_load_n(&v->slots[w][dest].active, __ATOMIC_RELAXED);
		i += __atomic_load_n(&v->slots[w][dest].inactive, __ATOMIC_RELAXED);
	}
	*active = a;
	*inactive = i;
}

/* An edit that raised or removed the upper threshold has ended the overload (kernel: edit of a
 * destination). */
static inline void load_follow_edits(struct dest_slot *s, uint32_t overload_epoch)
{
	if (s->overload_epoch == overload_epoch)
		return;
	s->overloaded = 0;
	s->overload_epoch = overload_epoch;
}

/* Judges anew by what all workers have now: others' connections come and go unnoticed. A single
 * worker has noticed all, and keeps to the kernel's moments. */
void load_judge(const struct load_view *v, uint32_t dest, uint32_t upper, uint32_t lower);

/* A connection was bound to the destination. */
void load_bound(const struct load_view *v, uint32_t id, const struct dest *d);
/* A connection ended. */
void load_unbound(const struct load_view *v, uint32_t id, const struct dest *d);

#endif
