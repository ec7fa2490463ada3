/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mh, Maglev hashing: the client's address (mh-port: and its port) decides, by a table in which
 * servers have slots in proportion to their weights and keep nearly all of them when others come
 * and go. A server drained by weight 0 keeps its slots (last_weight): its clients get no server,
 * or with mh-fallback another one, and come back when it does. Same table and walk as the
 * kernel's ip_vs_mh on a 64-bit machine.
 */
#include "sched.h"

#include <errno.h>
#include <stdlib.h>

#include "table.h"

#define MH_SLOTS 4093 /* CONFIG_IP_VS_MH_TAB_INDEX 12 */
#define MH_BITS  6    /* half of that: the digits that a weight has at most */

static const uint64_t offset_key = 2654435761, skip_key = 2654446892;

static inline uint64_t rotate(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

/* SipHash-1-3 of four bytes under the key (key, key), cut to 32 bits. */
static uint32_t mh_hash(uint32_t value, uint64_t key)
{
	uint64_t v[4] = {
		key ^ 0x736f6d6570736575ull,
		key ^ 0x646f72616e646f6dull,
		key ^ 0x6c7967656e657261ull,
		key ^ 0x7465646279746573ull,
	};
	uint64_t last = 4ull << 56 | value;

	v[3] ^= last;
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return (uint32_t)(v[0] ^ v[1] ^ v[2] ^ v[3]);
}

/* ---- table ------------------------------------------------------------------------------- */

/* A server's way through the slots, and how many it takes when it is its turn. */
struct mh_walk {
	uint32_t at, skip;
	int32_t turns;
};

static int32_t gcd(int32_t a, int32_t b)
{
	while (b) {
		int32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* False: nobody has a weight. */
static bool mh_prepare(const struct service *svc, const struct sched_key *keys,
		       struct mh_walk *walk)
{
	int32_t divisor = 0, most = 0;
	int shift = 0;

	for (uint32_t i = 0; i < svc->n_dests; i++) {
		divisor = gcd(divisor, svc->dests[i].last_weight);
		if (svc->dests[i].last_weight > most)
			most = svc->dests[i].last_weight;
	}
	if (divisor == 0)
		return false;
	while (most / divisor >> shift >= 1 << MH_BITS)
		shift++;
	for (uint32_t i = 0; i < svc->n_dests; i++) {
		uint32_t value = ntohs(keys[i].port) + table_fold(svc->af, &keys[i].addr);
		int32_t weight = svc->dests[i].last_weight;
		int32_t turns = weight / divisor >> shift;

		walk[i] = (struct mh_walk){
			.at = mh_hash(value, offset_key) % MH_SLOTS,
			.skip = mh_hash(value, skip_key) % (MH_SLOTS - 1) + 1,
			.turns = turns == 0 && weight > 0 ? 1 : turns,
		};
	}
	return true;
}

static void mh_take(struct mh_walk *walk, uint16_t position, uint16_t *slot)
{
	while (slot[walk->at] != SCHED_SLOT_EMPTY)
		walk->at = (walk->at + walk->skip) % MH_SLOTS;
	slot[walk->at] = position;
}

/* With more servers than slots, those at the end of the list get none. */
static int mh_build(const struct service *svc, const struct sched_key *keys, uint16_t *slot)
{
	struct mh_walk *walk = malloc((svc->n_dests + 1) * sizeof(*walk));
	uint32_t filled = 0;

	if (!walk)
		return -ENOMEM;
	if (mh_prepare(svc, keys, walk))
		while (filled < MH_SLOTS)
			for (uint32_t i = 0; i < svc->n_dests; i++)
				for (int32_t n = 0; n < walk[i].turns && filled < MH_SLOTS;
				     n++, filled++)
					mh_take(&walk[i], (uint16_t)i, slot);
	free(walk);
	return 0;
}

/* ---- choice ------------------------------------------------------------------------------ */

static bool any_available(const struct service *svc, const struct sched_context *ctx)
{
	for (uint32_t i = 0; i < svc->n_dests; i++)
		if (svc->dests[i].last_weight > 0 && table_available(ctx, &svc->dests[i]))
			return true;
	return false;
}

static const struct service_dest *mh_pick(struct sched_state *st, const struct service *svc,
					  const struct sched_context *ctx)
{
	uint32_t client = table_client(svc, ctx->packet);
	uint32_t first = mh_hash(client, offset_key) % MH_SLOTS;
	const struct service_dest *d = table_at(svc, first);

	(void)st;
	if (!d || table_available(ctx, d))
		return d;
	/* Thousands of hashes, only to find nobody: not for every SYN of an outage. */
	if (!(svc->flags & TABLE_FLAG_FALLBACK) || !any_available(svc, ctx))
		return NULL;
	for (uint32_t i = 0; i < MH_SLOTS; i++) {
		uint32_t offset = (first + i) % MH_SLOTS;

		d = table_at(svc, mh_hash(client + offset, offset_key) % MH_SLOTS);
		if (table_available(ctx, d))
			return d;
	}
	return NULL;
}

static struct sched_ops mh = {
	.name = "mh", .n_slots = MH_SLOTS, .build = mh_build, .pick = mh_pick};
SCHED_REGISTER(mh)
