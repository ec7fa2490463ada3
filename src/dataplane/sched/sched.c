/* SPDX-License-Identifier: BSD-3-Clause */
/* Registry of schedulers, and the replay of events that keeps their state the kernel's. */
#include "sched.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sched_ops *registry;

void sched_register(struct sched_ops *ops)
{
	if (sched_find(ops->name)) {
		fprintf(stderr, "scheduler %s is registered twice\n", ops->name);
		abort();
	}
	ops->next = registry;
	registry = ops;
}

const struct sched_ops *sched_find(const char *name)
{
	for (const struct sched_ops *o = registry; o; o = o->next)
		if (strcmp(o->name, name) == 0)
			return o;
	return NULL;
}

/* What happens before the scheduler is bound is forgotten, whichever it was. */
static void begin(struct sched_state *st)
{
	*st = (struct sched_state){.epoch = st->epoch, .version = st->version, .cursor = DEST_NONE};
}

static void replay(struct sched_state *st, const struct service *svc)
{
	uint32_t oldest = svc->version - svc->n_events; /* version before events[0] */

	if (st->epoch != svc->epoch || (int32_t)(st->version - oldest) < 0) {
		/* Never scheduled, or too long ago for the history: begin anew. */
		*st = (struct sched_state){.epoch = svc->epoch, .cursor = DEST_NONE};
		st->version = oldest;
	}
	for (uint32_t v = st->version; v != svc->version; v++) {
		const struct sched_event *ev = &svc->events[v - oldest];

		if (ev->kind == SCHED_EVENT_INIT)
			begin(st);
		if (svc->sched->event)
			svc->sched->event(st, svc, ev);
	}
	__atomic_store_n(&st->version, svc->version, __ATOMIC_RELAXED);
}

const struct service_dest *sched_pick(struct sched_state *st, const struct service *svc,
				      const struct sched_context *ctx)
{
	if (!svc->sched)
		return NULL;
	if (__builtin_expect(st->version != svc->version || st->epoch != svc->epoch, 0))
		replay(st, svc);
	return svc->sched->pick(st, svc, ctx);
}

const struct service_dest *sched_least_loaded(const struct service *svc,
					      const struct sched_context *ctx)
{
	const struct service_dest *least = NULL;
	uint64_t least_load = 0;

	for (uint32_t i = 0; i < svc->n_dests; i++) {
		const struct service_dest *d = &svc->dests[i];

		if (d->weight <= 0 || !sched_not_overloaded(ctx, d))
			continue;
		uint64_t load = sched_overhead(ctx, d->id);

		if (!least || sched_lighter(load, d->weight, least_load, least->weight)) {
			least = d;
			least_load = load;
		}
	}
	return least;
}

int sched_cursor_position(struct sched_state *st, const struct service *svc)
{
	if (st->cursor == DEST_NONE)
		return -1;
	if (st->hint < svc->n_dests && svc->dests[st->hint].id == st->cursor)
		return (int)st->hint;
	for (uint32_t i = 0; i < svc->n_dests; i++)
		if (svc->dests[i].id == st->cursor)
			return (int)i;
	return -1;
}
