/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lblcr, locality-based least connection with replication: an address has a set of servers, the
 * least loaded of which serves it. When that one is crowded while another is idle, the choice of
 * wlc joins the set; a set that did not change for a day loses its most loaded member. Same picks
 * as the kernel's ip_vs_lblcr.
 */
#include "sched.h"

#include "locality.h"

#define UNCHANGED_MAX seconds_to_ticks(24 * 3600)

/* The least loaded member that takes new connections, NULL: none. */
static const struct service_dest *
least_of(const struct service *svc, const struct sched_context *ctx, const struct locality_entry *e)
{
	const struct service_dest *least = NULL;
	uint64_t least_load = 0;

	for (struct locality_member *m = locality_first(ctx->locality, e); m;
	     m = locality_next(ctx->locality, m)) {
		const struct service_dest *d = locality_server(svc, ctx, m);

		if (!d || d->weight <= 0 || !sched_not_overloaded(ctx, d))
			continue;
		uint64_t load = sched_overhead(ctx, d->id);

		if (!least || sched_lighter(load, d->weight, least_load, least->weight)) {
			least = d;
			least_load = load;
		}
	}
	return least;
}

/* The most loaded member with a weight, removed servers included. */
static struct locality_member *most_of(const struct sched_context *ctx,
				       const struct locality_entry *e)
{
	struct locality_member *most = NULL;
	uint64_t most_load = 0;
	int32_t most_weight = 0;

	for (struct locality_member *m = locality_first(ctx->locality, e); m;
	     m = locality_next(ctx->locality, m)) {
		const struct dest *d = snapshot_dest(ctx->snapshot, m->dest);

		if (d->birth != m->birth || d->weight <= 0)
			continue;
		uint64_t load = sched_overhead(ctx, m->dest);

		if (!most || sched_lighter(most_load, most_weight, load, d->weight)) {
			most = m;
			most_load = load;
			most_weight = d->weight;
		}
	}
	return most;
}

static void shrink(const struct sched_context *ctx, struct locality_entry *e)
{
	struct locality_member *m = most_of(ctx, e);

	if (m)
		locality_leave(ctx->locality, e, m, ctx->now);
}

static bool has(const struct sched_context *ctx, const struct locality_entry *e,
		const struct service_dest *d)
{
	uint32_t birth = snapshot_dest(ctx->snapshot, d->id)->birth;

	for (struct locality_member *m = locality_first(ctx->locality, e); m;
	     m = locality_next(ctx->locality, m))
		if (m->dest == d->id && m->birth == birth)
			return true;
	return false;
}

static const struct service_dest *lblcr_pick(struct sched_state *st, const struct service *svc,
					     const struct sched_context *ctx)
{
	struct locality_entry *e = locality_of_packet(st, ctx);
	const struct service_dest *d = e ? least_of(svc, ctx, e) : NULL;

	if (e && e->n_members > 1 && tick_after(ctx->now, e->changed + UNCHANGED_MAX))
		shrink(ctx, e);
	if (d && !locality_crowded(svc, ctx, d))
		return d;
	d = sched_least_loaded(svc, ctx);
	if (!d)
		return NULL;
	if (!e || !has(ctx, e, d))
		locality_note(st, svc, ctx, e, d);
	return d;
}

static struct sched_ops lblcr = {.name = "lblcr", .pick = lblcr_pick};
SCHED_REGISTER(lblcr)
