/* SPDX-License-Identifier: BSD-3-Clause */
/* A token bucket of one worker: how much of something that an outsider can provoke it does. */
#ifndef LVSD_DATAPLANE_RATE_H
#define LVSD_DATAPLANE_RATE_H

#include <stdbool.h>

#include "clock.h"

struct rate {
	uint32_t per_second;
	uint32_t burst;
	uint32_t tokens;
	tick_t filled;
};

/* Takes one; false when there is none. */
static inline bool rate_take(struct rate *r, tick_t now)
{
	if (r->tokens == 0) {
		uint64_t passed = now - r->filled;
		uint64_t fresh = passed * r->per_second / TICKS_PER_SECOND;

		if (fresh == 0)
			return false;
		r->tokens = fresh > r->burst ? r->burst : (uint32_t)fresh;
		r->filled = now;
	}
	r->tokens--;
	return true;
}

#endif
