/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nq, never queue: the first server in the list that has no active connection; when all have one,
 * the one with the fewest for its weight, as sed. Same picks as the kernel's ip_vs_nq.
 */
#include "sched.h"

static const struct service_dest *nq_pick(struct sched_state *st, const struct service *svc,
					  const struct sched_context *ctx)
{
	const struct service_dest *least = NULL;
	uint64_t least_delay = 0;

	(void)st;
	for (uint32_t i = 0; i < svc->n_dests; i++) {
		const struct service_dest *d = &svc->dests[i];

		if (d->weight <= 0 || !sched_not_overloaded(ctx, d))
			continue;
		uint64_t delay = (uint64_t)sched_active(ctx, d->id) + 1;

		if (delay == 1)
			return d;
		if (!least || sched_lighter(delay, d->weight, least_delay, least->weight)) {
			least = d;
			least_delay = delay;
		}
	}
	return least;
}

static struct sched_ops nq = {.name = "nq", .pick = nq_pick};
SCHED_REGISTER(nq)
