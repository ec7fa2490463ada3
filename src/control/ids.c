/* SPDX-License-Identifier: BSD-3-Clause */
/* Small dense numbers with the longest possible time before one is taken again. */
#include "ids.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void ids_init(struct ids *ids, uint32_t max)
{
	*ids = (struct ids){.max = max};
}

void ids_fini(struct ids *ids)
{
	free(ids->ring);
	ids_init(ids, 0);
}

/* Room to give every id back is made when it is taken, so that giving cannot fail. */
static int grow(struct ids *ids)
{
	uint32_t room = ids->room ? ids->room * 2 : 64;
	uint32_t *ring = malloc(room * sizeof(*ring));

	if (!ring)
		return -ENOMEM;
	for (uint32_t i = 0; i < ids->n; i++)
		ring[i] = ids->ring[(ids->head + i) % ids->room];
	free(ids->ring);
	ids->ring = ring;
	ids->room = room;
	ids->head = 0;
	return 0;
}

int ids_take(struct ids *ids, uint32_t *out)
{
	if (ids->n > 0) {
		*out = ids->ring[ids->head];
		ids->head = (ids->head + 1) % ids->room;
		ids->n--;
		return 0;
	}
	if (ids->fresh == ids->max)
		return -ENOSPC;
	if (ids->fresh == ids->room && grow(ids) < 0)
		return -ENOMEM;
	*out = ids->fresh++;
	return 0;
}

void ids_give(struct ids *ids, uint32_t id)
{
	if (id >= ids->fresh)
		return;
	ids->ring[(ids->head + ids->n) % ids->room] = id;
	ids->n++;
}
