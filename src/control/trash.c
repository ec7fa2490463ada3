/* SPDX-License-Identifier: BSD-3-Clause */
/* Removed destinations until their last connection is long gone. */
#include "trash.h"

#include <string.h>

#include "model_private.h"
#include "publish.h"

static struct {
	struct dest_list list; /* the one looked at longest ago first */
	struct hmap index;
} trash;

static uint32_t trash_hash(const struct service_key *svc, const struct dest_key *key)
{
	uint32_t h =
		addr_hash(&svc->addr, (uint64_t)svc->fwmark << 32 | svc->proto << 16 | svc->port);

	return addr_hash(&key->addr, (uint64_t)h << 32 | (uint32_t)key->af << 16 | key->port);
}

void trash_open(void)
{
	TAILQ_INIT(&trash.list);
	hmap_init(&trash.index);
}

static void unlink_dest(struct model_dest *d)
{
	struct model_service *svc = d->service;

	TAILQ_REMOVE(&trash.list, d, trash_link);
	hmap_remove(&trash.index, &d->trash_node);
	TAILQ_REMOVE(&svc->trashed, d, link);
	if (d->referenced)
		svc->n_referenced--;
	d->referenced = false;
}

void trash_close(void)
{
	struct model_dest *d;

	while ((d = TAILQ_FIRST(&trash.list))) {
		unlink_dest(d);
		model_dest_free(d);
	}
	hmap_fini(&trash.index);
}

void trash_put(struct model_dest *d)
{
	TAILQ_INSERT_TAIL(&trash.list, d, trash_link);
	hmap_insert(&trash.index, &d->trash_node, trash_hash(&d->service->key, &d->key));
	d->idle_since = 0;
	/* A worker may be binding a connection to it right now; the next tick knows better. */
	d->referenced = true;
	d->service->n_referenced++;
}

struct model_dest *trash_take(const struct service_key *svc, const struct dest_key *key)
{
	const uint32_t hash = trash_hash(svc, key);

	for (struct hmap_node *n = hmap_first(&trash.index, hash); n; n = hmap_next(n)) {
		struct model_dest *d = hmap_entry(n, struct model_dest, trash_node);

		if (memcmp(&d->key, key, sizeof(*key)) == 0 &&
		    memcmp(&d->service->key, svc, sizeof(*svc)) == 0) {
			unlink_dest(d);
			return d;
		}
	}
	return NULL;
}

static bool in_use(const struct model_dest *d)
{
	struct dest_load load;

	dp_dest_load(d->id, &load);
	return load.active || load.inactive || load.persistent;
}

/* Returns false when it is time to forget it. */
static bool look(struct model_dest *d, uint64_t now)
{
	bool used = in_use(d);

	if (used != d->referenced) {
		d->service->n_referenced += used ? 1 : -1;
		d->referenced = used;
		publish_vip(d->service); /* without memory the next look tries again */
	}
	if (used)
		d->idle_since = 0;
	else if (!d->idle_since)
		d->idle_since = now;
	return used || now - d->idle_since < TRASH_IDLE_SECONDS;
}

void trash_tick(uint64_t now)
{
	struct model_dest *last = TAILQ_LAST(&trash.list, dest_list);
	struct model_dest *d;

	for (unsigned int i = 0; i < TRASH_TICK_MAX && (d = TAILQ_FIRST(&trash.list)); i++) {
		bool end = d == last;

		if (look(d, now)) {
			TAILQ_REMOVE(&trash.list, d, trash_link);
			TAILQ_INSERT_TAIL(&trash.list, d, trash_link);
		} else {
			unlink_dest(d);
			model_dest_purge(d);
		}
		if (end)
			return;
	}
}
