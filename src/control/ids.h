/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Small dense numbers. A freed one is taken again after all those that were freed before it.
 * Owner: the main lcore.
 */
#ifndef LVSD_CONTROL_IDS_H
#define LVSD_CONTROL_IDS_H

#include <stdint.h>

struct ids {
	uint32_t max;   /* ids are below */
	uint32_t fresh; /* never taken are those from here on */
	uint32_t *ring; /* free ones, oldest first; has room for all below fresh */
	uint32_t room, head, n;
};

void ids_init(struct ids *ids, uint32_t max);
void ids_fini(struct ids *ids);

/* 0 with *out, -ENOSPC when all are taken, -ENOMEM. */
int ids_take(struct ids *ids, uint32_t *out);
void ids_give(struct ids *ids, uint32_t id); /* also after ids_fini(): then nothing happens */

#endif
