/* SPDX-License-Identifier: BSD-3-Clause */
/* Arithmetic on the counters of a destination or service. */
#ifndef LVSD_CONTROL_STATS_H
#define LVSD_CONTROL_STATS_H

#include "dataplane/dataplane.h"

static inline void stats_add(struct dest_stats *to, const struct dest_stats *s)
{
	to->conns += s->conns;
	to->inpkts += s->inpkts;
	to->outpkts += s->outpkts;
	to->inbytes += s->inbytes;
	to->outbytes += s->outbytes;
}

static inline void stats_sub(struct dest_stats *from, const struct dest_stats *s)
{
	from->conns -= s->conns;
	from->inpkts -= s->inpkts;
	from->outpkts -= s->outpkts;
	from->inbytes -= s->inbytes;
	from->outbytes -= s->outbytes;
}

#endif
