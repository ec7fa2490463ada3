/* SPDX-License-Identifier: BSD-3-Clause */
/* Starting DPDK's environment with the arguments that our config means. */
#ifndef LVSD_DATAPLANE_EAL_H
#define LVSD_DATAPLANE_EAL_H

#include "dataplane.h"

/* Worker i runs on lcore EAL_WORKER_LCORE + i. */
#define EAL_WORKER_LCORE 1

/* `hugepages` in *config is changed from AUTO to what was decided. */
int eal_start(struct dp_config *config, void (*notes)(const char *line), struct dp_error *err);
void eal_stop(void);

#endif
