/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Life of the tables of schedulers that hash: made when a service is compiled, shared by its later
 * versions while the list of servers stays the same. Owner: the main lcore.
 */
#include "../dataplane.h"

#include <stdlib.h>

#include "sched.h"

bool dp_sched_has_table(const struct sched_ops *ops)
{
	return ops && ops->n_slots;
}

const struct sched_table *dp_sched_build(const struct service *svc, const struct sched_key *keys)
{
	uint32_t n = svc->sched->n_slots;
	struct sched_table *t = malloc(sizeof(*t) + n * sizeof(t->slot[0]));

	if (!t)
		return NULL;
	*t = (struct sched_table){.refs = 1, .n_slots = n};
	for (uint32_t i = 0; i < n; i++)
		t->slot[i] = SCHED_SLOT_EMPTY;
	if (svc->sched->build(svc, keys, t->slot) < 0) {
		free(t);
		return NULL;
	}
	return t;
}

const struct sched_table *dp_sched_share(const struct sched_table *table)
{
	if (table)
		((struct sched_table *)(uintptr_t)table)->refs++;
	return table;
}

void dp_sched_release(const struct sched_table *table)
{
	struct sched_table *t = (struct sched_table *)(uintptr_t)table;

	if (t && --t->refs == 0)
		free(t);
}
