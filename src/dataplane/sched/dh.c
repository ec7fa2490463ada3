/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dh, destination hashing: the packet's destination address decides, for caches and firewalls
 * behind a fwmark. Weights do not count, but a server that takes no new connections leaves its
 * addresses without one. Same table as the kernel's ip_vs_dh.
 */
#include "sched.h"

#include "table.h"

static int dh_build(const struct service *svc, const struct sched_key *keys, uint16_t *slot)
{
	(void)keys;
	for (uint32_t i = 0; i < TABLE_SLOTS && svc->n_dests; i++)
		slot[i] = (uint16_t)(i % svc->n_dests);
	return 0;
}

static const struct service_dest *dh_pick(struct sched_state *st, const struct service *svc,
					  const struct sched_context *ctx)
{
	struct lvs_addr dst = packet_dst_addr(ctx->packet);
	const struct service_dest *d = table_at(svc, table_hash(table_fold(ctx->packet->af, &dst)));

	(void)st;
	return d && table_available(ctx, d) ? d : NULL;
}

static struct sched_ops dh = {
	.name = "dh", .n_slots = TABLE_SLOTS, .build = dh_build, .pick = dh_pick};
SCHED_REGISTER(dh)
