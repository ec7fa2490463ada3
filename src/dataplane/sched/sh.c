/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sh, source hashing: the client's address (sh-port: and its port) decides. A server has as many
 * neighbouring slots as its weight. One that takes no new connections leaves its clients without
 * a server, or (sh-fallback) to the servers that they would have with other offsets. Same table
 * and walk as the kernel's ip_vs_sh.
 */
#include "sched.h"

#include "table.h"

static int sh_build(const struct service *svc, const struct sched_key *keys, uint16_t *slot)
{
	uint32_t at = 0;
	int32_t taken = 0;

	(void)keys;
	for (uint32_t i = 0; i < TABLE_SLOTS && svc->n_dests; i++) {
		slot[i] = (uint16_t)at;
		/* Also weight 0 takes a slot. */
		if (++taken >= svc->dests[at].weight) {
			taken = 0;
			at = at + 1 == svc->n_dests ? 0 : at + 1;
		}
	}
	return 0;
}

static const struct service_dest *sh_pick(struct sched_state *st, const struct service *svc,
					  const struct sched_context *ctx)
{
	uint32_t first = table_hash(table_client(svc, ctx->packet));
	const struct service_dest *d = table_at(svc, first);

	(void)st;
	if (!d || table_available(ctx, d))
		return d;
	if (!(svc->flags & TABLE_FLAG_FALLBACK))
		return NULL;
	/* The offset is the first slot once more, so the walk starts at twice its number. */
	for (uint32_t i = 0; i < TABLE_SLOTS; i++) {
		d = table_at(svc, (first + first + i) % TABLE_SLOTS);
		if (table_available(ctx, d))
			return d;
	}
	return NULL;
}

static struct sched_ops sh = {
	.name = "sh", .n_slots = TABLE_SLOTS, .build = sh_build, .pick = sh_pick};
SCHED_REGISTER(sh)
