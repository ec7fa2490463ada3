/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A mirror of the kernel's network tables, kept up to date by netlink notifications: local
 * addresses of every interface, routes of the main table that leave by a twin, neighbours of
 * twins. Whoever changes them (ip, keepalived, a routing daemon), lvsd forwards accordingly.
 *
 * Main lcore only. Twins must be open before the mirror is.
 */
#ifndef LVSD_CONTROL_KERNEL_H
#define LVSD_CONTROL_KERNEL_H

#include "dataplane/dataplane.h"
#include "network.h"

struct event_base;

/* Reads all tables, then follows them; `changed` is called after every change that shows in
 * kernel_collect(), perhaps many times in a row. */
int kernel_open(struct event_base *base, void (*changed)(void), struct dp_error *err);
void kernel_close(void);

/* Adds what the mirror holds. */
void kernel_collect(struct network *net);

/* Once a second: has the kernel check neighbours that it has not heard of for a while. It does not
 * see the data plane's traffic and would otherwise never notice that one is gone. `now` in ms. */
void kernel_refresh(uint64_t now);

#endif
