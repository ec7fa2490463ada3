/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of the counters; see counters.def. */
#include "counters.h"

const struct counter_text counter_texts[COUNTERS] = {
#define DROP(name, help)  {#name, help, true},
#define COUNT(name, help) {#name, help, false},
#include "counters.def"
#undef DROP
#undef COUNT
};

uint64_t counters_drops(const uint64_t counters[COUNTERS])
{
	uint64_t sum = 0;

	for (int i = 0; i < COUNTERS; i++)
		if (counter_texts[i].drop)
			sum += counters[i];
	return sum;
}
