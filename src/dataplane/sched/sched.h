/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of a scheduler: which server gets a new connection.
 *
 * A scheduler is one file that ends with SCHED_REGISTER. Its state is per worker and per
 * service, survives edits of the service, and is brought up to date by replaying events.
 */
#ifndef LVSD_DATAPLANE_SCHED_H
#define LVSD_DATAPLANE_SCHED_H

#include "../clock.h"
#include "../load.h"
#include "../snapshot.h"

struct locality;
struct packet;

#define SCHED_SLOT_EMPTY UINT16_MAX

/*
 * A table made of a list of servers, for schedulers that hash: a slot is a position in
 * service.dests. Main: makes, shares and frees it (sched_table.c); immutable for workers.
 */
struct sched_table {
	uint32_t refs; /* main's */
	uint32_t n_slots;
	uint16_t slot[];
};

/* State of one service on one worker. Owner: the worker. Zeroed at the service's beginning. */
struct sched_state {
	uint32_t epoch;   /* which life of the service id */
	uint32_t version; /* events replayed so far; worker: writes, main: reads */
	uint32_t cursor;  /* rr, wrr: destination chosen last; DEST_NONE: before the first */
	uint32_t hint;    /* its position in the list, unless the list changed */
	int32_t weight;   /* wrr: current weight */
	int32_t max;      /* wrr: where the weight starts again */
	int32_t step;     /* wrr: how much it goes down */
	uint32_t life;    /* lblc, lblcr: whose entries are its own (locality.h); 0: it has none */
	uint32_t entries; /* so many */
	uint32_t lap;     /* the walk over the cache that `surplus` belongs to */
	uint32_t surplus; /* entries to be dropped on it */
};

/* What a scheduler may look at. Built by the worker, valid during one call. */
struct sched_context {
	const struct load_view *load;
	const struct packet *packet;
	const struct snapshot *snapshot;
	struct locality *locality; /* the worker's */
	tick_t now;
};

struct sched_ops {
	const char *name; /* as in ipvsadm -s; at most 15 bytes */

	/* Worker, before pick(), once per event in order. May be NULL. */
	void (*event)(struct sched_state *st, const struct service *svc,
		      const struct sched_event *ev);

	/* Worker, for the first packet of a connection. Returns the server, NULL when there is
	 * none that takes new connections. */
	const struct service_dest *(*pick)(struct sched_state *st, const struct service *svc,
					   const struct sched_context *ctx);

	/* Main, when a service's list of servers is compiled: fills n_slots slots, which are empty.
	 * keys[i] belongs to svc->dests[i]. 0 or -ENOMEM. */
	uint32_t n_slots; /* 0: no table */
	int (*build)(const struct service *svc, const struct sched_key *keys, uint16_t *slot);

	struct sched_ops *next; /* the registry's */
};

/* Registers at program start; two of one name end the program. */
void sched_register(struct sched_ops *ops);
#define SCHED_REGISTER(ops)                                                                        \
	__attribute__((constructor)) static void ops##_register(void)                              \
	{                                                                                          \
		sched_register(&ops);                                                              \
	}

/* NULL: no such scheduler. */
const struct sched_ops *sched_find(const char *name);

/*
 * Brings st up to date and asks the service's scheduler. NULL: no server available, or the
 * service has no scheduler.
 */
const struct service_dest *sched_pick(struct sched_state *st, const struct service *svc,
				      const struct sched_context *ctx);

/* ---- for schedulers ---- */

/* Takes new connections at all, whatever its weight. */
static inline bool sched_not_overloaded(const struct sched_context *ctx,
					const struct service_dest *d)
{
	struct dest_slot *s = &ctx->load->slots[ctx->load->own][d->id];

	if (__builtin_expect(s->overload_epoch != d->overload_epoch, 0))
		load_follow_edits(s, d->overload_epoch);
	if (d->upper && ctx->load->n > 1)
		load_judge(ctx->load, d->id, d->upper, d->lower);
	return !s->overloaded;
}

/* What wlc and its kin call the load of a server: the kernel's ip_vs_dest_conn_overhead(). */
static inline uint64_t sched_overhead(const struct sched_context *ctx, uint32_t dest)
{
	uint32_t active, inactive;

	load_read(ctx->load, dest, &active, &inactive);
	return ((uint64_t)active << 8) + inactive;
}

static inline uint32_t sched_active(const struct sched_context *ctx, uint32_t dest)
{
	uint32_t active, inactive;

	load_read(ctx->load, dest, &active, &inactive);
	return active;
}

/* load_a / weight_a < load_b / weight_b, without dividing. */
static inline bool sched_lighter(uint64_t load_a, int32_t weight_a, uint64_t load_b,
				 int32_t weight_b)
{
	return load_a * (uint64_t)weight_b < load_b * (uint64_t)weight_a;
}

/* The choice of wlc, which others fall back to. NULL: none takes new connections. */
const struct service_dest *sched_least_loaded(const struct service *svc,
					      const struct sched_context *ctx);

/* Position of the cursor in the list, -1 before the first (or when it is not in the list). */
int sched_cursor_position(struct sched_state *st, const struct service *svc);

static inline void sched_cursor_set(struct sched_state *st, const struct service *svc,
				    uint32_t position)
{
	st->cursor = svc->dests[position].id;
	st->hint = position;
}

#endif
