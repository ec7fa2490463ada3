/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which CPU the main thread and each worker get. Pure functions; any thread.
 */
#ifndef LVSD_CONTROL_CPUS_H
#define LVSD_CONTROL_CPUS_H

#include <sched.h>

#include "config.h"

/*
 * Fills in main_cpu, n_workers and worker_cpu[] of `out` from what the configuration wants and
 * the CPUs in `allowed`. Where nothing is said: the first CPU is the main thread's and every
 * other one a worker's. More workers than there are CPUs share them (worker_cpu[] is -1).
 * -EINVAL: a CPU that the configuration names is not in `allowed`.
 */
int cpus_place(const struct config *config, const cpu_set_t *allowed, struct dp_config *out,
	       struct dp_error *err);

#endif
