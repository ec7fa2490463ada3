/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wrr, weighted round robin: laps over the list take every server whose weight reaches the
 * current weight; each lap lowers it by the weights' greatest common divisor, and below 1 it
 * starts again at the top. Same picks as the kernel's ip_vs_wrr.
 */
#include "sched.h"

/* The top: the highest weight, lowered to the last level that is 1 above a multiple of step. */
static void wrr_event(struct sched_state *st, const struct service *svc,
		      const struct sched_event *ev)
{
	(void)svc;
	st->cursor = DEST_NONE;
	st->step = ev->gcd;
	st->max = ev->max_weight ? ev->max_weight - (ev->gcd - 1) : 0;
	if (ev->kind == SCHED_EVENT_INIT || st->weight > st->max || !st->weight)
		st->weight = st->max;
	else if (st->step > 1)
		st->weight = (st->weight / st->step) * st->step + 1;
}

/* The highest weight that could be chosen now, 0: none. */
static int32_t best_weight(const struct service *svc, const struct sched_context *ctx)
{
	int32_t best = 0;

	for (uint32_t i = 0; i < svc->n_dests; i++) {
		const struct service_dest *d = &svc->dests[i];

		if (d->weight > best && sched_not_overloaded(ctx, d))
			best = d->weight;
	}
	return best;
}

static const struct service_dest *wrr_pick(struct sched_state *st, const struct service *svc,
					   const struct sched_context *ctx)
{
	if (st->max <= 0)
		return NULL;

	uint32_t at = (uint32_t)(sched_cursor_position(st, svc) + 1);
	int32_t weight = st->weight, best = -1;

	for (;;) {
		for (; at < svc->n_dests; at++) {
			const struct service_dest *d = &svc->dests[at];

			if (d->weight >= weight && sched_not_overloaded(ctx, d)) {
				st->weight = weight;
				sched_cursor_set(st, svc, at);
				return d;
			}
		}
		/* A lap ended. Skip the levels that nobody reaches. */
		if (best < 0)
			best = best_weight(svc, ctx);
		if (best == 0)
			return NULL;
		at = 0;
		weight -= st->step;
		if (weight <= 0)
			weight = st->max;
		if (weight > best)
			weight -= (int32_t)(((int64_t)weight - best + st->step - 1) / st->step *
					    st->step);
		if (weight <= 0)
			weight = st->max;
	}
}

static struct sched_ops wrr = {.name = "wrr", .event = wrr_event, .pick = wrr_pick};
SCHED_REGISTER(wrr)
