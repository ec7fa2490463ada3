/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The director's life on its host: twins of the ports, the kernel's network tables and those of
 * the configuration, kept published to the workers; frames between ports and twins.
 * Main lcore only.
 */
#ifndef LVSD_CONTROL_HOST_H
#define LVSD_CONTROL_HOST_H

#include "config.h"

struct event_base;

/* Makes the twins, sets on them what the configuration gives, reads the kernel's tables and
 * publishes the first fib. After dp_init(), before dp_start(). `config` must outlive the host. */
int host_open(struct event_base *base, const struct config *config, struct dp_error *err);

/* Begins to move frames. After dp_start(). */
int host_start(struct dp_error *err);

/* Removes the twins, stops the timers. While the workers still run, or after dp_stop(). */
void host_close(void);

/* Frees what the workers read. After dp_stop(). */
void host_free(void);

#endif
