/* SPDX-License-Identifier: BSD-3-Clause */
/* The cache of lblc and lblcr: a hash table of addresses, and lists of servers. */
#include "locality.h"

#include <stdlib.h>
#include <sys/random.h>

#include "../memory.h"
#include "../packet.h"
#include "sched.h"

#define UNUSED_MAX  seconds_to_ticks(24 * 3600) /* then it is dropped */
#define UNUSED_BUSY seconds_to_ticks(6 * 60)    /* the same, when there are too many */
#define LAP_SECONDS 60
#define STEP_MAX    32 /* ticks that one turn makes up for */

struct locality {
	uint32_t *buckets;
	struct locality_entry *entries;
	struct locality_member *members;
	uint32_t capacity, mask;
	uint32_t n, high, free;  /* of the entries: used, ever used, list */
	uint32_t high_m, free_m; /* of the members */
	uint32_t lives;
	uint32_t at, lap; /* of the walk: next bucket, which walk it is */
	uint32_t per_tick;
	tick_t walked;
	struct lvs_addr secret; /* clients choose the addresses */
};

#define MEMBERS(capacity) ((capacity)*2) /* lblc has one per entry, lblcr a few */

static size_t bucket_bytes(const struct locality *l)
{
	return ((size_t)l->mask + 1) * sizeof(l->buckets[0]);
}

/* ---- life -------------------------------------------------------------------------------- */

struct locality *locality_create(uint32_t capacity, int cpu)
{
	struct locality *l = calloc(1, sizeof(*l));
	bool huge = false;

	if (!l)
		return NULL;
	if (getrandom(&l->secret, sizeof(l->secret), 0) != sizeof(l->secret)) {
		free(l);
		return NULL;
	}
	l->capacity = capacity;
	l->mask = 63;
	while (l->mask + 1 < capacity)
		l->mask = l->mask * 2 + 1;
	l->per_tick = l->mask / (LAP_SECONDS * TICKS_PER_SECOND) + 1;
	l->buckets = memory_map(bucket_bytes(l), cpu, &huge);
	l->entries = memory_map(capacity * sizeof(l->entries[0]), cpu, &huge);
	l->members = memory_map(MEMBERS(capacity) * sizeof(l->members[0]), cpu, &huge);
	if (!l->buckets || !l->entries || !l->members) {
		locality_destroy(l);
		return NULL;
	}
	return l;
}

void locality_destroy(struct locality *l)
{
	if (!l)
		return;
	memory_unmap(l->buckets, bucket_bytes(l));
	memory_unmap(l->entries, l->capacity * sizeof(l->entries[0]));
	memory_unmap(l->members, MEMBERS(l->capacity) * sizeof(l->members[0]));
	free(l);
}

void locality_begin(struct locality *l, struct sched_state *st)
{
	if (++l->lives == 0)
		l->lives = 1;
	st->life = l->lives;
	st->entries = 0;
	st->surplus = 0;
}

uint32_t locality_count(const struct locality *l)
{
	return l->n;
}

/* ---- members ----------------------------------------------------------------------------- */

static struct locality_member *member(const struct locality *l, uint32_t ref)
{
	return ref ? &l->members[ref - 1] : NULL;
}

struct locality_member *locality_first(const struct locality *l, const struct locality_entry *e)
{
	return member(l, e->first);
}

struct locality_member *locality_next(const struct locality *l, const struct locality_member *m)
{
	return member(l, m->next);
}

void locality_join(struct locality *l, struct locality_entry *e, uint32_t dest, uint32_t birth,
		   tick_t now)
{
	uint32_t ref = l->free_m;

	if (ref)
		l->free_m = member(l, ref)->next;
	else if (l->high_m < MEMBERS(l->capacity))
		ref = ++l->high_m;
	else
		return;
	*member(l, ref) = (struct locality_member){.next = e->first, .dest = dest, .birth = birth};
	e->first = ref;
	e->n_members++;
	e->changed = now;
}

void locality_leave(struct locality *l, struct locality_entry *e, struct locality_member *m,
		    tick_t now)
{
	uint32_t ref = (uint32_t)(m - l->members) + 1;
	uint32_t *link = &e->first;

	while (*link != ref)
		link = &member(l, *link)->next;
	*link = m->next;
	m->next = l->free_m;
	l->free_m = ref;
	e->n_members--;
	e->changed = now;
}

/* ---- entries ----------------------------------------------------------------------------- */

static struct locality_entry *entry(const struct locality *l, uint32_t ref)
{
	return ref ? &l->entries[ref - 1] : NULL;
}

static uint32_t *bucket(const struct locality *l, uint32_t life, const struct lvs_addr *addr)
{
	struct lvs_addr a = {
		.q = {addr->q[0] ^ l->secret.q[0], addr->q[1] ^ l->secret.q[1]},
	};

	return &l->buckets[addr_hash(&a, life) & l->mask];
}

struct locality_entry *locality_find(struct locality *l, const struct sched_state *st,
				     const struct lvs_addr *addr)
{
	struct locality_entry *e = entry(l, *bucket(l, st->life, addr));

	while (e && (e->life != st->life || !addr_equal(&e->addr, addr)))
		e = entry(l, e->next);
	return e;
}

struct locality_entry *locality_add(struct locality *l, struct sched_state *st, uint32_t service,
				    const struct lvs_addr *addr, tick_t now)
{
	uint32_t *head = bucket(l, st->life, addr), ref = l->free;

	if (ref)
		l->free = entry(l, ref)->next;
	else if (l->high < l->capacity)
		ref = ++l->high;
	else
		return NULL;
	*entry(l, ref) = (struct locality_entry){
		.addr = *addr,
		.next = *head,
		.service = service,
		.life = st->life,
		.used = now,
		.changed = now,
	};
	*head = ref;
	l->n++;
	st->entries++;
	return entry(l, ref);
}

/* ---- for lblc and lblcr ------------------------------------------------------------------ */

struct locality_entry *locality_of_packet(struct sched_state *st, const struct sched_context *ctx)
{
	struct lvs_addr dst = packet_dst_addr(ctx->packet);
	struct locality_entry *e;

	if (!st->life)
		locality_begin(ctx->locality, st);
	e = locality_find(ctx->locality, st, &dst);
	if (e)
		e->used = ctx->now;
	return e;
}

void locality_note(struct sched_state *st, const struct service *svc,
		   const struct sched_context *ctx, struct locality_entry *e,
		   const struct service_dest *d)
{
	struct lvs_addr dst = packet_dst_addr(ctx->packet);

	if (!e)
		e = locality_add(ctx->locality, st, svc->id, &dst, ctx->now);
	if (e)
		locality_join(ctx->locality, e, d->id, snapshot_dest(ctx->snapshot, d->id)->birth,
			      ctx->now);
}

const struct service_dest *locality_server(const struct service *svc,
					   const struct sched_context *ctx,
					   struct locality_member *m)
{
	const struct dest *d = snapshot_dest(ctx->snapshot, m->dest);

	if (d->birth != m->birth || !(d->flags & DEST_AVAILABLE))
		return NULL;
	if (m->hint < svc->n_dests && svc->dests[m->hint].id == m->dest)
		return &svc->dests[m->hint];
	for (uint32_t i = 0; i < svc->n_dests; i++) {
		if (svc->dests[i].id == m->dest) {
			m->hint = i;
			return &svc->dests[i];
		}
	}
	return NULL;
}

bool locality_crowded(const struct service *svc, const struct sched_context *ctx,
		      const struct service_dest *d)
{
	if ((int64_t)sched_active(ctx, d->id) <= d->weight)
		return false;
	for (uint32_t i = 0; i < svc->n_dests; i++)
		if ((int64_t)sched_active(ctx, svc->dests[i].id) * 2 < svc->dests[i].weight)
			return true;
	return false;
}

/* ---- what is not used goes ----------------------------------------------------------------- */

/* On a lap that finds a service with too many addresses, a third more than those go, as in the
 * kernel. */
static uint32_t surplus(uint32_t entries)
{
	uint32_t n = entries > LOCALITY_PER_SERVICE
			     ? (uint32_t)((uint64_t)(entries - LOCALITY_PER_SERVICE) * 4 / 3)
			     : 0;

	return n < LOCALITY_PER_SERVICE / 2 ? n : LOCALITY_PER_SERVICE / 2;
}

static bool outlived(const struct locality *l, const struct locality_entry *e,
		     struct sched_state *st, tick_t now)
{
	tick_t unused = now - e->used;

	if (st->life != e->life)
		return true;
	if (st->lap != l->lap) {
		st->lap = l->lap;
		st->surplus = surplus(st->entries);
	}
	if (unused >= UNUSED_MAX)
		return true;
	if (unused < UNUSED_BUSY)
		return false;
	if (st->surplus) {
		st->surplus--;
		return true;
	}
	return l->n > l->capacity / 4 * 3;
}

static void drop(struct locality *l, uint32_t *link, struct sched_state *st, tick_t now)
{
	uint32_t ref = *link;
	struct locality_entry *e = entry(l, ref);

	while (e->first)
		locality_leave(l, e, member(l, e->first), now);
	if (st->life == e->life)
		st->entries--;
	*link = e->next;
	e->next = l->free;
	l->free = ref;
	l->n--;
}

static void sweep(struct locality *l, struct sched_state *states, tick_t now)
{
	uint32_t *link = &l->buckets[l->at];

	while (*link) {
		struct locality_entry *e = entry(l, *link);
		struct sched_state *st = &states[e->service];

		if (outlived(l, e, st, now))
			drop(l, link, st, now);
		else
			link = &e->next;
	}
	l->at = (l->at + 1) & l->mask;
	l->lap += l->at == 0;
}

void locality_turn(struct locality *l, struct sched_state *states, tick_t now)
{
	uint32_t ticks = now - l->walked;

	if (ticks == 0)
		return;
	l->walked = now;
	if (l->n == 0)
		return;
	for (uint32_t i = 0; i < (ticks < STEP_MAX ? ticks : STEP_MAX) * l->per_tick; i++)
		sweep(l, states, now);
}
