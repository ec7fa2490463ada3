/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lblc, locality-based least connection: an address stays with its server, as long as that has a
 * weight and is not crowded while another is idle; else wlc chooses. For clusters of caches. Same
 * picks as the kernel's ip_vs_lblc, which does not ask for the upper threshold of a server that
 * an address has already.
 */
#include "sched.h"

#include "locality.h"

static const struct service_dest *lblc_pick(struct sched_state *st, const struct service *svc,
					    const struct sched_context *ctx)
{
	struct locality_entry *e = locality_of_packet(st, ctx);
	struct locality_member *m = e ? locality_first(ctx->locality, e) : NULL;
	const struct service_dest *d = m ? locality_server(svc, ctx, m) : NULL;

	if (d && d->weight > 0 && !locality_crowded(svc, ctx, d))
		return d;
	d = sched_least_loaded(svc, ctx);
	if (!d)
		return NULL;
	if (m)
		locality_leave(ctx->locality, e, m, ctx->now);
	locality_note(st, svc, ctx, e, d);
	return d;
}

static struct sched_ops lblc = {.name = "lblc", .pick = lblc_pick};
SCHED_REGISTER(lblc)
