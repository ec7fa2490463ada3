/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time on the packet path: ticks of 1/256 s in 32 bits, computed from the TSC once per burst.
 *
 * Ticks wrap after 194 days and are compared by difference, which is right for spans up to 97
 * days; the longest timeout is 31 days. Time is always an argument, so that expiry is tested
 * without waiting.
 */
#ifndef LVSD_DATAPLANE_CLOCK_H
#define LVSD_DATAPLANE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define TICKS_PER_SECOND 256u

typedef uint32_t tick_t;

/* Converts a TSC value into ticks; set up once on the main lcore before the workers start. */
struct clock {
	uint64_t base_tsc;
	uint64_t ticks_per_tsc; /* fixed point, 2^-64 */
	tick_t base_tick;
};

void clock_init(struct clock *c);

static inline tick_t clock_ticks(const struct clock *c, uint64_t tsc)
{
	unsigned __int128 t = (unsigned __int128)(tsc - c->base_tsc) * c->ticks_per_tsc;

	return c->base_tick + (tick_t)(t >> 64);
}

static inline tick_t seconds_to_ticks(uint32_t seconds)
{
	return seconds * TICKS_PER_SECOND;
}

/* a is later than b */
static inline bool tick_after(tick_t a, tick_t b)
{
	return (int32_t)(a - b) > 0;
}

#endif
