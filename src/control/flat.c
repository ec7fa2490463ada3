/* SPDX-License-Identifier: BSD-3-Clause */
/* Open addressing that can also forget: removal moves later slots of the run back. */
#include "flat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FLAT_MIN 16

static void *at(const struct flat *flat, uint32_t i)
{
	return flat->slots + (size_t)(i & flat->mask) * flat->kind->size;
}

static int allocate(struct flat *flat, uint32_t n)
{
	uint8_t *slots = calloc(n, flat->kind->size);

	if (!slots)
		return -ENOMEM;
	flat->slots = slots;
	flat->mask = n - 1;
	return 0;
}

int flat_init(struct flat *flat, const struct flat_kind *kind)
{
	*flat = (struct flat){.kind = kind};
	return allocate(flat, FLAT_MIN);
}

void flat_fini(struct flat *flat)
{
	free(flat->slots);
	*flat = (struct flat){0};
}

static void place(struct flat *flat, const void *slot)
{
	uint32_t i = flat->kind->hash(slot);

	while (flat->kind->used(at(flat, i)))
		i++;
	memcpy(at(flat, i), slot, flat->kind->size);
}

int flat_reserve(struct flat *flat, uint32_t total)
{
	struct flat old = *flat;
	uint32_t n = flat->mask + 1;

	while (n / 2 < total)
		n *= 2;
	if (n == flat->mask + 1)
		return 0;
	if (allocate(flat, n) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i <= old.mask; i++)
		if (old.kind->used(at(&old, i)))
			place(flat, at(&old, i));
	free(old.slots);
	return 0;
}

void flat_insert(struct flat *flat, const void *slot)
{
	place(flat, slot);
	flat->n++;
}

void *flat_find(const struct flat *flat, uint32_t hash,
		bool (*same)(const void *slot, const void *key), const void *key)
{
	for (uint32_t i = hash; flat->kind->used(at(flat, i)); i++)
		if (same(at(flat, i), key))
			return at(flat, i);
	return NULL;
}

void flat_remove(struct flat *flat, void *slot)
{
	uint32_t hole = (uint32_t)(((uint8_t *)slot - flat->slots) / flat->kind->size);

	for (uint32_t i = hole + 1; flat->kind->used(at(flat, i)); i++) {
		uint32_t home = flat->kind->hash(at(flat, i));

		/* A slot may move into the hole unless its search begins behind it. */
		if (((i - home) & flat->mask) >= ((i - hole) & flat->mask)) {
			memcpy(at(flat, hole), at(flat, i), flat->kind->size);
			hole = i;
		}
	}
	memset(at(flat, hole), 0, flat->kind->size);
	flat->n--;
}

void *flat_copy(const struct flat *flat)
{
	size_t size = ((size_t)flat->mask + 1) * flat->kind->size;
	void *copy = malloc(size);

	if (copy)
		memcpy(copy, flat->slots, size);
	return copy;
}
