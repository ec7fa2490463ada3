/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ovf, weighted overflow: the server with the highest weight, until it has more active connections
 * than its weight; then the next. None when all have. The first in the list among equals. Same
 * picks as the kernel's ip_vs_ovf.
 */
#include "sched.h"

static const struct service_dest *ovf_pick(struct sched_state *st, const struct service *svc,
					   const struct sched_context *ctx)
{
	const struct service_dest *best = NULL;
	int32_t best_weight = 0;

	(void)st;
	for (uint32_t i = 0; i < svc->n_dests; i++) {
		const struct service_dest *d = &svc->dests[i];

		if (d->weight > best_weight && sched_not_overloaded(ctx, d) &&
		    sched_active(ctx, d->id) <= (uint32_t)d->weight) {
			best = d;
			best_weight = d->weight;
		}
	}
	return best;
}

static struct sched_ops ovf = {.name = "ovf", .pick = ovf_pick};
SCHED_REGISTER(ovf)
