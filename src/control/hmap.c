/* SPDX-License-Identifier: BSD-3-Clause */
/* A chained hash table that grows by itself. Pure data structure, owned by its caller. */
#include "hmap.h"

#include <stdlib.h>

void hmap_init(struct hmap *map)
{
	*map = (struct hmap){0};
}

void hmap_fini(struct hmap *map)
{
	free(map->buckets);
	hmap_init(map);
}

static struct hmap_node **bucket(const struct hmap *map, uint32_t hash)
{
	return map->buckets ? &map->buckets[hash & map->mask] : (struct hmap_node **)&map->one;
}

static void grow(struct hmap *map)
{
	uint32_t mask = map->buckets ? map->mask * 2 + 1 : 15;
	struct hmap_node **buckets = calloc((size_t)mask + 1, sizeof(*buckets));
	struct hmap_node **old = map->buckets ? map->buckets : &map->one;

	if (!buckets)
		return;
	for (uint32_t i = 0; i <= (map->buckets ? map->mask : 0); i++) {
		struct hmap_node *next;

		for (struct hmap_node *n = old[i]; n; n = next) {
			next = n->next;
			n->next = buckets[n->hash & mask];
			buckets[n->hash & mask] = n;
		}
	}
	free(map->buckets);
	map->one = NULL;
	map->buckets = buckets;
	map->mask = mask;
}

void hmap_insert(struct hmap *map, struct hmap_node *node, uint32_t hash)
{
	if (!map->buckets || map->n > map->mask)
		grow(map);

	struct hmap_node **b = bucket(map, hash);

	node->hash = hash;
	node->next = *b;
	*b = node;
	map->n++;
}

void hmap_remove(struct hmap *map, struct hmap_node *node)
{
	struct hmap_node **p = bucket(map, node->hash);

	while (*p != node)
		p = &(*p)->next;
	*p = node->next;
	map->n--;
}

static struct hmap_node *from(struct hmap_node *node, uint32_t hash)
{
	while (node && node->hash != hash)
		node = node->next;
	return node;
}

struct hmap_node *hmap_first(const struct hmap *map, uint32_t hash)
{
	return from(*bucket(map, hash), hash);
}

struct hmap_node *hmap_next(const struct hmap_node *node)
{
	return from(node->next, node->hash);
}
