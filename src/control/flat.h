/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tables of a snapshot (open addressing, linear probing, at most half full) in the form that
 * is edited: one change moves a few slots, and the whole is copied when it is published.
 * Owner: the main lcore.
 */
#ifndef LVSD_CONTROL_FLAT_H
#define LVSD_CONTROL_FLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a slot of this kind is. */
struct flat_kind {
	size_t size; /* bytes; all zero is an empty slot */
	bool (*used)(const void *slot);
	uint32_t (*hash)(const void *slot);
};

struct flat {
	const struct flat_kind *kind;
	uint8_t *slots;
	uint32_t mask;
	uint32_t n;
};

int flat_init(struct flat *flat, const struct flat_kind *kind); /* -ENOMEM */
void flat_fini(struct flat *flat);

/* Makes room for so many in all. -ENOMEM. */
int flat_reserve(struct flat *flat, uint32_t total);
void flat_insert(struct flat *flat, const void *slot); /* room must be there */

/* The slot for which same(slot, key), NULL: none. */
void *flat_find(const struct flat *flat, uint32_t hash,
		bool (*same)(const void *slot, const void *key), const void *key);
void flat_remove(struct flat *flat, void *slot); /* as flat_find() gave it */

void *flat_copy(const struct flat *flat); /* mask + 1 slots, the caller's; NULL: no memory */

#endif
