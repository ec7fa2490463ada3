/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rr, round robin: the server after the one chosen last, in list order. When that one is removed,
 * the one before it takes its place. Same picks as the kernel's ip_vs_rr.
 */
#include "sched.h"

static void rr_event(struct sched_state *st, const struct service *svc,
		     const struct sched_event *ev)
{
	(void)svc;
	if (ev->kind == SCHED_EVENT_INIT)
		st->cursor = DEST_NONE;
	else if (ev->kind == SCHED_EVENT_DEL && ev->dest == st->cursor)
		st->cursor = ev->prev;
}

static const struct service_dest *rr_pick(struct sched_state *st, const struct service *svc,
					  const struct sched_context *ctx)
{
	uint32_t n = svc->n_dests;
	uint32_t at = (uint32_t)(sched_cursor_position(st, svc) + 1);

	for (uint32_t i = 0; i < n; i++, at++) {
		if (at >= n)
			at = 0;
		const struct service_dest *d = &svc->dests[at];

		if (d->weight > 0 && sched_not_overloaded(ctx, d)) {
			sched_cursor_set(st, svc, at);
			return d;
		}
	}
	return NULL;
}

static struct sched_ops rr = {.name = "rr", .event = rr_event, .pick = rr_pick};
SCHED_REGISTER(rr)
