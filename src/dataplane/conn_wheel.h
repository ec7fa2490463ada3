/* SPDX-License-Identifier: BSD-3-Clause */
/* The timer wheel's links, used by conn.c alone; see conn.h. */
#ifndef LVSD_DATAPLANE_CONN_WHEEL_H
#define LVSD_DATAPLANE_CONN_WHEEL_H

#include "conn.h"

void wheel_clear(struct conn_arena *a, tick_t now);
void wheel_link(struct conn_table *t, struct conn *c);
void wheel_unlink(struct conn_table *t, struct conn *c);

#endif
