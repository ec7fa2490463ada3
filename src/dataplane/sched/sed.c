/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sed, shortest expected delay: the server with the fewest active connections for its weight, the
 * new one included; the first in the list among equals. Same picks as the kernel's ip_vs_sed.
 */
#include "sched.h"

static const struct service_dest *sed_pick(struct sched_state *st, const struct service *svc,
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

		if (!least || sched_lighter(delay, d->weight, least_delay, least->weight)) {
			least = d;
			least_delay = delay;
		}
	}
	return least;
}

static struct sched_ops sed = {.name = "sed", .pick = sed_pick};
SCHED_REGISTER(sed)
