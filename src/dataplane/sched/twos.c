/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * twos, the power of two random choices: draws two servers by weight and takes the one with fewer
 * connections for its weight, the first drawn among equals. The distribution of the kernel's
 * ip_vs_twos, whose draw of zero falls to the first server, too; each worker has random numbers of
 * its own.
 */
#include "sched.h"

#include <rte_random.h>

static bool usable(const struct sched_context *ctx, const struct service_dest *d)
{
	return d->weight > 0 && sched_not_overloaded(ctx, d);
}

/* The weights of all usable servers; *last is the last of them. */
static uint64_t total_weight(const struct service *svc, const struct sched_context *ctx,
			     const struct service_dest **last)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < svc->n_dests; i++) {
		if (usable(ctx, &svc->dests[i])) {
			sum += (uint64_t)svc->dests[i].weight;
			*last = &svc->dests[i];
		}
	}
	return sum;
}

static const struct service_dest *twos_pick(struct sched_state *st, const struct service *svc,
					    const struct sched_context *ctx)
{
	const struct service_dest *drawn[2] = {NULL, NULL}, *last = NULL;
	uint64_t total = total_weight(svc, ctx, &last), sum = 0;

	(void)st;
	if (total == 0)
		return NULL;
	uint64_t at[2] = {rte_rand_max(total + 1), rte_rand_max(total + 1)};

	for (uint32_t i = 0; i < svc->n_dests && (!drawn[0] || !drawn[1]); i++) {
		const struct service_dest *d = &svc->dests[i];

		if (!usable(ctx, d))
			continue;
		sum += (uint64_t)d->weight;
		for (int k = 0; k < 2; k++)
			if (!drawn[k] && at[k] <= sum)
				drawn[k] = d;
	}
	/* Others' connections may have filled a server since the sum was made. */
	for (int k = 0; k < 2; k++)
		if (!drawn[k])
			drawn[k] = last;
	if (drawn[0] != drawn[1] &&
	    sched_lighter(sched_overhead(ctx, drawn[1]->id), drawn[1]->weight,
			  sched_overhead(ctx, drawn[0]->id), drawn[0]->weight))
		return drawn[1];
	return drawn[0];
}

static struct sched_ops twos = {.name = "twos", .pick = twos_pick};
SCHED_REGISTER(twos)
