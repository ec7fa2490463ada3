/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Removed destinations, kept while connections use them and for two minutes more. Added again to
 * a service of the same identity meanwhile, a destination comes back with its connections.
 * Owner: the main lcore.
 */
#ifndef LVSD_CONTROL_TRASH_H
#define LVSD_CONTROL_TRASH_H

#include "model.h"

#define TRASH_IDLE_SECONDS 120

/* Destinations looked at in one tick, the rest in the next ones. */
#define TRASH_TICK_MAX 8192

void trash_open(void);
void trash_close(void); /* frees what is in it */

/* The destination is in its service's `trashed` list already. */
void trash_put(struct model_dest *dest);

/* Takes one of this identity out, NULL: there is none. Out of the service's list, too. */
struct model_dest *trash_take(const struct service_key *service, const struct dest_key *key);

/* Once a second: sees which have connections, and forgets those idle for long. */
void trash_tick(uint64_t now);

#endif
