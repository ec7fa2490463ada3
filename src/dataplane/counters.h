/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers of the named counters. Each worker counts in its own array; the main lcore sums. */
#ifndef LVSD_DATAPLANE_COUNTERS_H
#define LVSD_DATAPLANE_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

enum counter {
#define DROP(name, help)  COUNTER_##name,
#define COUNT(name, help) COUNTER_##name,
#include "counters.def"
#undef DROP
#undef COUNT
	COUNTERS
};

struct counter_text {
	const char *name;
	const char *help;
	bool drop;
};

extern const struct counter_text counter_texts[COUNTERS];

/* The sum of the counters that are drops. */
uint64_t counters_drops(const uint64_t counters[COUNTERS]);

#endif
