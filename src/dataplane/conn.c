/* SPDX-License-Identifier: BSD-3-Clause */
/* The connection table: arena, hash, life of a connection. Timers are in expire.c. */
#include "conn.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "conn_wheel.h"
#include "memory.h"

/* Entries a bucket holds on average when the table is full (two per connection): beyond it,
 * overflow buckets become frequent. */
#define BUCKET_LOAD 8
/*
 * Overflow buckets. In a full table the entries of a bucket are Poisson distributed with mean 8:
 * 18.4 % of the buckets need one more, 0.01 % two more. A quarter, and some for small tables whose
 * share varies, lets every table become full.
 */
#define OVERFLOW(buckets) ((buckets) / 4 + 64)
#define EVICT_LOOKS       64

static size_t align64(size_t n)
{
	return (n + 63) & ~(size_t)63;
}

static uint32_t bucket_count(uint32_t capacity)
{
	return (uint32_t)rte_align64pow2(((uint64_t)capacity * 2 + BUCKET_LOAD - 1) / BUCKET_LOAD);
}

int conn_table_init(struct conn_table *t, uint32_t capacity, int cpu, bool huge, tick_t now)
{
	if (capacity == 0 || capacity > CONN_TABLE_MAX)
		return -EINVAL;

	uint32_t buckets = bucket_count(capacity);
	uint32_t overflow = OVERFLOW(buckets);
	size_t hot = align64(sizeof(struct conn_arena));
	size_t cold = hot + (size_t)capacity * sizeof(struct conn);
	size_t table = align64(cold + (size_t)capacity * sizeof(struct conn_cold));
	size_t size = table + ((size_t)buckets + overflow) * sizeof(struct conn_bucket);
	uint64_t secret[2];

	if (getrandom(secret, sizeof(secret), 0) != sizeof(secret))
		return -EIO;
	struct conn_arena *a = memory_map(size, cpu, &huge);
	if (!a)
		return -ENOMEM;
	memory_populate(a, size);
	a->magic = CONN_ARENA_MAGIC;
	a->version = CONN_ARENA_VERSION;
	a->capacity = capacity;
	a->size = size;
	/* Odd: a zero factor would make the hash constant. */
	a->secret[0] = secret[0] | 1;
	a->secret[1] = secret[1] | 1;
	a->hot_offset = hot;
	a->cold_offset = cold;
	a->bucket_offset = table;
	a->bucket_mask = buckets - 1;
	a->n_overflow = overflow;

	size_t size6 = (size_t)capacity * sizeof(struct conn6);
	bool no_huge = false;
	struct conn6 *addr6 = memory_map(size6, cpu, &no_huge);

	if (!addr6) {
		memory_unmap(a, size);
		return -ENOMEM;
	}
	char *base = (char *)a;
	*t = (struct conn_table){
		.arena = a,
		.hot = (struct conn *)(base + hot),
		.cold = (struct conn_cold *)(base + cold),
		.buckets = (struct conn_bucket *)(base + table),
		.addr6 = addr6,
		.secret = {a->secret[0], a->secret[1]},
		.bucket_mask = a->bucket_mask,
		.huge = huge,
	};
	conn_table_clear(t, now);
	return 0;
}

void conn_table_fini(struct conn_table *t)
{
	if (t->arena) {
		memory_unmap(t->addr6, (size_t)t->arena->capacity * sizeof(struct conn6));
		memory_unmap(t->arena, t->arena->size);
	}
	*t = (struct conn_table){0};
}

void conn_table_clear(struct conn_table *t, tick_t now)
{
	struct conn_arena *a = t->arena;

	for (uint32_t i = 0; i < a->high; i++)
		t->hot[i].af = 0;
	if (a->used)
		memset(t->buckets, 0,
		       ((size_t)a->bucket_mask + 1 + a->n_overflow) * sizeof(*t->buckets));
	a->overflow_used = 0;
	a->overflow_free = 0;
	a->used = 0;
	a->high = 0;
	a->free = CONN_NONE;
	wheel_clear(a, now);
}

size_t conn_table_bytes(const struct conn_table *t)
{
	return t->arena->size;
}

static inline bool conn_matches(const struct conn_table *t, const struct conn *c, uint32_t entry,
				const struct conn_key *k)
{
	bool out = entry & 1;

	if ((out ? c->out_addrs : c->in_addrs) != k->addrs ||
	    (out ? c->out_ports : c->in_ports) != k->ports || c->proto != k->proto)
		return false;
	if (likely(!k->addrs6))
		return (out ? c->daf : c->af) == AF_INET;
	const struct conn6 *a = conn_addr6(t, c);

	return (out ? c->daf : c->af) == AF_INET6 &&
	       memcmp(out ? &a->daddr : &a->caddr, k->addrs6, 2 * sizeof(struct lvs_addr)) == 0;
}

struct conn *conn_lookup(const struct conn_table *t, const struct conn_key *key, enum conn_dir *dir)
{
	const struct conn_bucket *b = &t->buckets[conn_bucket_index(t, key->hash)];
	uint16_t tag = conn_tag(key->hash);

	for (;;) {
		for (uint32_t match = bucket_match(b, tag); match;
		     match &= match - 1, match &= match - 1) {
			uint32_t entry = b->entry[(unsigned int)__builtin_ctz(match) / 2];
			struct conn *c = &t->hot[entry >> 1];

			if (likely(conn_matches(t, c, entry, key))) {
				*dir = (enum conn_dir)(entry & 1);
				return c;
			}
		}
		if (likely(b->next == 0))
			return NULL;
		b = &t->buckets[b->next];
	}
}

struct lvs_addr conn_next_addr(const struct conn_table *t, const struct conn *c, enum conn_dir dir,
			       uint16_t *af)
{
	*af = dir == CONN_IN ? c->daf : c->af;
	if (*af == AF_INET)
		return addr_v4(dir == CONN_IN ? c->daddr : c->caddr);
	return dir == CONN_IN ? conn_addr6(t, c)->daddr : conn_addr6(t, c)->caddr;
}

static uint64_t hash_of(const struct conn_table *t, const struct conn *c, enum conn_dir dir)
{
	return dir == CONN_IN ? conn_hash(t, c->in_addrs, c->in_ports, c->proto)
			      : conn_hash(t, c->out_addrs, c->out_ports, c->proto);
}

/* An overflow bucket's index, 0 when there is none left. */
static uint32_t overflow_take(struct conn_table *t)
{
	struct conn_arena *a = t->arena;
	uint32_t i = a->overflow_free;

	if (i)
		a->overflow_free = t->buckets[i].next;
	else if (a->overflow_used < a->n_overflow)
		i = a->bucket_mask + 1 + a->overflow_used++;
	else
		return 0;
	t->buckets[i] = (struct conn_bucket){0};
	return i;
}

static int table_insert(struct conn_table *t, uint64_t hash, uint32_t entry)
{
	struct conn_bucket *b = &t->buckets[conn_bucket_index(t, hash)];

	for (;;) {
		uint32_t empty = bucket_match(b, 0);

		if (likely(empty != 0)) {
			unsigned int i = (unsigned int)__builtin_ctz(empty) / 2;

			b->tag[i] = conn_tag(hash);
			b->entry[i] = entry;
			return 0;
		}
		if (!b->next) {
			uint32_t fresh = overflow_take(t);

			if (!fresh)
				return -ENOSPC;
			b->next = fresh;
		}
		b = &t->buckets[b->next];
	}
}

static void table_remove(struct conn_table *t, uint64_t hash, uint32_t entry)
{
	struct conn_bucket *before = NULL;
	uint32_t at = conn_bucket_index(t, hash);

	while (true) {
		struct conn_bucket *b = &t->buckets[at];

		for (unsigned int i = 0; i < BUCKET_ENTRIES; i++) {
			if (b->entry[i] != entry || b->tag[i] == 0)
				continue;
			b->tag[i] = 0;
			if (before && bucket_match(b, 0) == (1u << 2 * BUCKET_ENTRIES) - 1) {
				before->next = b->next;
				b->next = t->arena->overflow_free;
				t->arena->overflow_free = at;
			}
			return;
		}
		if (!b->next)
			return;
		before = b;
		at = b->next;
	}
}

struct conn *conn_alloc(struct conn_table *t)
{
	struct conn_arena *a = t->arena;
	uint32_t i = a->free;

	if (i != CONN_NONE)
		a->free = t->cold[i].next;
	else if (a->high < a->capacity)
		i = a->high++;
	else
		return NULL;
	t->cold[i] = (struct conn_cold){.control = CONN_NONE};
	t->hot[i] = (struct conn){.dest = DEST_NONE};
	a->used++;
	return &t->hot[i];
}

void conn_free(struct conn_table *t, struct conn *c)
{
	uint32_t i = conn_index(t, c);

	c->af = 0;
	t->cold[i].next = t->arena->free;
	t->arena->free = i;
	t->arena->used--;
}

int conn_insert(struct conn_table *t, struct conn *c)
{
	uint32_t entry = conn_index(t, c) << 1;
	uint64_t in = hash_of(t, c, CONN_IN);

	if (unlikely(table_insert(t, in, entry | CONN_IN) < 0)) {
		conn_free(t, c);
		return -ENOSPC;
	}
	if (likely(c->replies) &&
	    unlikely(table_insert(t, hash_of(t, c, CONN_OUT), entry | CONN_OUT) < 0)) {
		table_remove(t, in, entry | CONN_IN);
		conn_free(t, c);
		return -ENOSPC;
	}
	wheel_link(t, c);
	return 0;
}

void conn_remove(struct conn_table *t, struct conn *c)
{
	uint32_t entry = conn_index(t, c) << 1;

	table_remove(t, hash_of(t, c, CONN_IN), entry | CONN_IN);
	if (c->replies)
		table_remove(t, hash_of(t, c, CONN_OUT), entry | CONN_OUT);
	wheel_unlink(t, c);
	conn_free(t, c);
}

struct conn *conn_find_expendable(struct conn_table *t, bool (*expendable)(const struct conn *c))
{
	for (unsigned int n = 0; n < EVICT_LOOKS && n < t->arena->high; n++) {
		if (t->evict_hand >= t->arena->high)
			t->evict_hand = 0;
		struct conn *c = &t->hot[t->evict_hand++];

		if (c->af && expendable(c))
			return c;
	}
	return NULL;
}
