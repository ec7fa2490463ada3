/* SPDX-License-Identifier: BSD-3-Clause */
#include "frag_table.h"

#include <errno.h>

#include "memory.h"

int frag_table_init(struct frag_table *t, const struct rte_mempool *pool, unsigned int n_workers,
		    int cpu)
{
	bool huge = false;

	t->memory = memory_map(sizeof(*t->memory), cpu, &huge);
	if (!t->memory)
		return -ENOMEM;
	t->conns.hot = t->memory->conns;
	t->conns.addr6 = t->memory->addr6;
	t->held_max = pool->size / (FRAG_POOL_PART * n_workers);
	t->held_max = RTE_MIN(t->held_max, (uint32_t)FRAG_HELD_ALL);
	return 0;
}

void frag_table_fini(struct frag_table *t)
{
	for (uint32_t i = 1; t->memory && i <= t->high; i++) {
		struct frag_datagram *d = &t->memory->datagrams[i];

		/* Free ones hold nothing. */
		while (d->n_held)
			rte_pktmbuf_free(d->held[--d->n_held]);
	}
	memory_unmap(t->memory, sizeof(*t->memory));
	t->memory = NULL;
}

/* ---- lookup ------------------------------------------------------------------------------ */

static uint16_t *bucket(struct frag_table *t, uint64_t hash)
{
	return &t->memory->hash[hash % FRAG_HASH];
}

static bool same(const struct frag_key *a, const struct frag_key *b)
{
	return a->id == b->id && a->af == b->af && a->proto == b->proto &&
	       addr_equal(&a->src, &b->src) && addr_equal(&a->dst, &b->dst);
}

struct frag_datagram *frag_find(struct frag_table *t, const struct frag_key *key, uint64_t hash)
{
	for (uint16_t i = *bucket(t, hash); i; i = t->memory->datagrams[i].chain)
		if (same(&t->memory->datagrams[i].key, key))
			return &t->memory->datagrams[i];
	return NULL;
}

/* ---- lists by age ------------------------------------------------------------------------ */

static uint8_t list_of(const struct frag_datagram *d)
{
	return (uint8_t)((d->verdict != FRAG_WAIT) << 1 | (d->key.af == AF_INET6));
}

static void list_append(struct frag_table *t, struct frag_datagram *d, tick_t now)
{
	uint16_t i = frag_index(t, d);

	d->list = list_of(d);
	d->since = now;
	d->next = 0;
	d->prev = t->lists[d->list].last;
	if (d->prev)
		t->memory->datagrams[d->prev].next = i;
	else
		t->lists[d->list].first = i;
	t->lists[d->list].last = i;
}

static void list_remove(struct frag_table *t, struct frag_datagram *d)
{
	if (d->prev)
		t->memory->datagrams[d->prev].next = d->next;
	else
		t->lists[d->list].first = d->next;
	if (d->next)
		t->memory->datagrams[d->next].prev = d->prev;
	else
		t->lists[d->list].last = d->prev;
}

static struct frag_datagram *older(struct frag_table *t, unsigned int list1, unsigned int list2)
{
	uint16_t a = t->lists[list1].first, b = t->lists[list2].first;
	struct frag_datagram *d = t->memory->datagrams;

	if (!a || !b)
		return a || b ? &d[a | b] : NULL;
	return tick_after(d[a].since, d[b].since) ? &d[b] : &d[a];
}

struct frag_datagram *frag_oldest(struct frag_table *t, bool waiting)
{
	struct frag_datagram *d = older(t, 0, 1);

	return d || waiting ? d : older(t, 2, 3);
}

struct frag_datagram *frag_overdue(struct frag_table *t, tick_t now)
{
	static const uint32_t seconds[] = {FRAG_SECONDS_IP4, FRAG_SECONDS_IP6};

	for (unsigned int list = 0; list < FRAG_LISTS; list++) {
		struct frag_datagram *d = &t->memory->datagrams[t->lists[list].first];

		if (t->lists[list].first && now - d->since >= seconds_to_ticks(seconds[list & 1]))
			return d;
	}
	return NULL;
}

/* ---- life -------------------------------------------------------------------------------- */

struct frag_datagram *frag_new(struct frag_table *t, const struct frag_key *key, uint64_t hash,
			       tick_t now)
{
	uint16_t i = t->free, *head = bucket(t, hash);

	if (i)
		t->free = t->memory->datagrams[i].next;
	else if (t->high < FRAG_DATAGRAMS)
		i = (uint16_t)++t->high;
	else
		return NULL;
	struct frag_datagram *d = &t->memory->datagrams[i];

	d->key = *key;
	d->verdict = FRAG_WAIT;
	d->n_ranges = 0;
	d->n_held = 0;
	d->end = 0;
	d->chain = *head;
	*head = i;
	list_append(t, d, now);
	t->used++;
	return d;
}

void frag_free(struct frag_table *t, struct frag_datagram *d, uint64_t hash)
{
	uint16_t i = frag_index(t, d), *link = bucket(t, hash);

	while (*link != i)
		link = &t->memory->datagrams[*link].chain;
	*link = d->chain;
	list_remove(t, d);
	d->next = t->free;
	t->free = i;
	t->used--;
}

void frag_decide(struct frag_table *t, struct frag_datagram *d, enum frag_verdict verdict,
		 tick_t now)
{
	list_remove(t, d);
	d->verdict = (uint8_t)verdict;
	list_append(t, d, now);
}

/* ---- ranges ------------------------------------------------------------------------------ */

static void insert(struct frag_datagram *d, unsigned int at, struct frag_range r)
{
	memmove(&d->ranges[at + 1], &d->ranges[at], (d->n_ranges++ - at) * sizeof(r));
	d->ranges[at] = r;
}

static void close_gap(struct frag_datagram *d, unsigned int at)
{
	d->ranges[at].end = d->ranges[at + 1].end;
	memmove(&d->ranges[at + 1], &d->ranges[at + 2],
		(--d->n_ranges - at - 1) * sizeof(d->ranges[0]));
}

static bool contradicts(const struct frag_datagram *d, uint16_t end, bool more)
{
	uint16_t reached = d->n_ranges ? d->ranges[d->n_ranges - 1].end : 0;

	if (more)
		return d->end && end > d->end;
	return d->end ? end != d->end : end < reached;
}

enum frag_fit frag_note_range(struct frag_datagram *d, uint16_t start, uint16_t end, bool more)
{
	unsigned int i = 0;

	if (contradicts(d, end, more))
		return FRAG_OVERLAP;
	while (i < d->n_ranges && d->ranges[i].end <= start)
		i++;
	/* Range i, if there is one, ends behind start; those before do not. */
	if (i < d->n_ranges && d->ranges[i].start < end)
		return d->ranges[i].start <= start && end <= d->ranges[i].end ? FRAG_DUPLICATE
									      : FRAG_OVERLAP;
	bool after = i && d->ranges[i - 1].end == start;
	bool before = i < d->n_ranges && d->ranges[i].start == end;

	if (after)
		d->ranges[i - 1].end = end;
	else if (before)
		d->ranges[i].start = start;
	else if (d->n_ranges == FRAG_RANGES)
		return FRAG_FULL;
	else
		insert(d, i, (struct frag_range){.start = start, .end = end});
	if (after && before)
		close_gap(d, i - 1);
	if (!more)
		d->end = end;
	return FRAG_NEW;
}

bool frag_complete(const struct frag_datagram *d)
{
	return d->end && d->n_ranges == 1 && d->ranges[0].start == 0 && d->ranges[0].end == d->end;
}

/* ---- fragments that wait ----------------------------------------------------------------- */

bool frag_hold(struct frag_table *t, struct frag_datagram *d, struct rte_mbuf *m, uint16_t offset)
{
	unsigned int at = d->n_held;

	if (at == FRAG_HELD_MAX || t->held + m->nb_segs > t->held_max)
		return false;
	for (; at && d->held_at[at - 1] > offset; at--) {
		d->held_at[at] = d->held_at[at - 1];
		d->held[at] = d->held[at - 1];
	}
	d->held_at[at] = offset;
	d->held[at] = m;
	d->n_held++;
	t->held += m->nb_segs;
	return true;
}

unsigned int frag_take(struct frag_table *t, struct frag_datagram *d, struct rte_mbuf **out)
{
	unsigned int n = d->n_held;

	for (unsigned int i = 0; i < n; i++) {
		out[i] = d->held[i];
		t->held -= out[i]->nb_segs;
	}
	d->n_held = 0;
	return n;
}
