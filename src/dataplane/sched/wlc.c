/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wlc, weighted least connection: the server with the fewest connections for its weight, an
 * active one counting as much as 256 inactive ones; the first in the list among equals. Same
 * picks as the kernel's ip_vs_wlc.
 */
#include "sched.h"

static uint64_t overhead(const struct sched_context *ctx, const struct service_dest *d)
{
	uint32_t active, inactive;

	load_read(ctx->load, d->id, &active, &inactive);
	return ((uint64_t)active << 8) + inactive;
}

static const struct service_dest *wlc_pick(struct sched_state *st, const struct service *svc,
					   const struct sched_context *ctx)
{
	const struct service_dest *least = NULL;
	uint64_t least_load = 0;

	(void)st;
	for (uint32_t i = 0; i < svc->n_dests; i++) {
		const struct service_dest *d = &svc->dests[i];

		if (d->weight <= 0 || !sched_not_overloaded(ctx, d))
			continue;
		uint64_t load = overhead(ctx, d);

		/* load / weight without dividing */
		if (!least || least_load * (uint64_t)d->weight > load * (uint64_t)least->weight) {
			least = d;
			least_load = load;
		}
	}
	return least;
}

static struct sched_ops wlc = {.name = "wlc", .pick = wlc_pick};
SCHED_REGISTER(wlc)
