/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The listing of connections, -Lc.
 */
#ifndef LVSD_CLI_CONNS_H
#define LVSD_CLI_CONNS_H

#include <stdbool.h>

#include "client.h"

/* In the daemon's order; `pe` adds the persistence engine's columns. 0 or a negative errno. */
int conns_list(struct client *client, bool numeric, bool pe);

#endif
