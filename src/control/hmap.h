/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A chained hash table of nodes that live in their objects. It grows by itself; without memory to
 * grow it only gets slower, so that inserting never fails. Owner: whoever owns the objects.
 */
#ifndef LVSD_CONTROL_HMAP_H
#define LVSD_CONTROL_HMAP_H

#include <stddef.h>
#include <stdint.h>

struct hmap_node {
	struct hmap_node *next;
	uint32_t hash;
};

struct hmap {
	struct hmap_node **buckets;
	struct hmap_node *one; /* the only bucket until there is memory for more */
	uint32_t mask;
	uint32_t n;
};

/* The object that a node lies in. */
#define hmap_entry(node, type, member) ((type *)((char *)(node)-offsetof(type, member)))

void hmap_init(struct hmap *map);
void hmap_fini(struct hmap *map); /* the nodes are the owner's */
void hmap_insert(struct hmap *map, struct hmap_node *node, uint32_t hash);
void hmap_remove(struct hmap *map, struct hmap_node *node); /* must be in it */

/* The first node with this hash, and the next one after `node`. NULL at the end. */
struct hmap_node *hmap_first(const struct hmap *map, uint32_t hash);
struct hmap_node *hmap_next(const struct hmap_node *node);

#endif
