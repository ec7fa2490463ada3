/* SPDX-License-Identifier: BSD-3-Clause */
/* Sets the tick clock to the machine's monotonic clock, so that ticks mean the same in every
 * process of one boot. */
#include "clock.h"

#include <time.h>

#include <rte_cycles.h>

void clock_init(struct clock *c)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	c->base_tsc = rte_rdtsc();
	c->base_tick = (tick_t)((uint64_t)ts.tv_sec * TICKS_PER_SECOND +
				(uint64_t)ts.tv_nsec * TICKS_PER_SECOND / 1000000000u);
	c->ticks_per_tsc =
		(uint64_t)(((unsigned __int128)TICKS_PER_SECOND << 64) / rte_get_tsc_hz());
}
