/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lc, least connection: the server with the fewest connections, whatever its weight, an active one
 * counting as much as 256 inactive ones; the first in the list among equals. Same picks as the
 * kernel's ip_vs_lc.
 */
#include "sched.h"

static const struct service_dest *lc_pick(struct sched_state *st, const struct service *svc,
					  const struct sched_context *ctx)
{
	const struct service_dest *least = NULL;
	uint64_t least_load = 0;

	(void)st;
	for (uint32_t i = 0; i < svc->n_dests; i++) {
		const struct service_dest *d = &svc->dests[i];

		if (d->weight <= 0 || !sched_not_overloaded(ctx, d))
			continue;
		uint64_t load = sched_overhead(ctx, d->id);

		if (!least || load < least_load) {
			least = d;
			least_load = load;
		}
	}
	return least;
}

static struct sched_ops lc = {.name = "lc", .pick = lc_pick};
SCHED_REGISTER(lc)
