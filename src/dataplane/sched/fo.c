/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fo, weighted failover: the server with the highest weight, the first in the list among equals;
 * the others stand by. Same picks as the kernel's ip_vs_fo.
 */
#include "sched.h"

static const struct service_dest *fo_pick(struct sched_state *st, const struct service *svc,
					  const struct sched_context *ctx)
{
	const struct service_dest *best = NULL;
	int32_t best_weight = 0;

	(void)st;
	for (uint32_t i = 0; i < svc->n_dests; i++) {
		const struct service_dest *d = &svc->dests[i];

		if (d->weight > best_weight && sched_not_overloaded(ctx, d)) {
			best = d;
			best_weight = d->weight;
		}
	}
	return best;
}

static struct sched_ops fo = {.name = "fo", .pick = fo_pick};
SCHED_REGISTER(fo)
