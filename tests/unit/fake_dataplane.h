/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stand-in for the data plane, for tests of the control plane: no lcores and no packets, but
 * every published snapshot is walked and checked, must never change afterwards, and is freed
 * when the test says so. Loads, counters and connections are what the test sets.
 */
#ifndef LVSD_TESTS_FAKE_DATAPLANE_H
#define LVSD_TESTS_FAKE_DATAPLANE_H

#include "dataplane/dataplane.h"

/* Forgets everything: deferred calls are made, numbers are 0. */
void fake_reset(void);

/* The snapshot published last, and how many there were. */
const struct snapshot *fake_snapshot(void);
unsigned int fake_published(void);

/* What a worker would find. NULL: nothing. `addr` in dotted notation. */
const struct service *fake_find(uint8_t proto, const char *addr, uint16_t port);
bool fake_is_vip(const char *addr);
bool fake_is_laddr(const char *addr);

/* Makes every deferred call. Returns how many. */
size_t fake_grace_period(void);

/* Of a destination id. */
struct dest_load *fake_load(uint32_t dest);
struct dest_stats *fake_stats(uint32_t dest);

/* What dp_service_version_seen() says, for every service. */
extern uint32_t fake_seen;

/* Tables of schedulers that exist; "sh" has one. */
extern unsigned int fake_tables;

/* Connections that a walk finds: view number i is made by this function; it takes a worker so
 * many calls of dp_conn_walk_next() to answer. */
extern unsigned int fake_conns, fake_conn_delay;
void fake_conn(unsigned int i, struct conn_view *out);
extern unsigned int fake_open_walks;

#endif
