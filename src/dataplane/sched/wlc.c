/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wlc, weighted least connection: the server with the fewest connections for its weight, an
 * active one counting as much as 256 inactive ones; the first in the list among equals. Same
 * picks as the kernel's ip_vs_wlc.
 */
#include "sched.h"

static const struct service_dest *wlc_pick(struct sched_state *st, const struct service *svc,
					   const struct sched_context *ctx)
{
	(void)st;
	return sched_least_loaded(svc, ctx);
}

static struct sched_ops wlc = {.name = "wlc", .pick = wlc_pick};
SCHED_REGISTER(wlc)
