/* SPDX-License-Identifier: BSD-3-Clause */
/* Overload with hysteresis, judged by its worker whenever a connection comes or goes. */
#include "load.h"

static uint32_t load_total(const struct load_view *v, uint32_t dest)
{
	uint32_t active, inactive;

	load_read(v, dest, &active, &inactive);
	return active + inactive;
}

void load_judge(const struct load_view *v, uint32_t dest, uint32_t upper, uint32_t lower)
{
	struct dest_slot *s = &v->slots[v->own][dest];
	uint32_t total = load_total(v, dest);

	if (total >= upper)
		s->overloaded = 1;
	else if (total < lower)
		s->overloaded = 0;
}

void load_bound(const struct load_view *v, uint32_t id, const struct dest *d)
{
	struct dest_slot *s = &v->slots[v->own][id];

	load_follow_edits(s, d->overload_epoch);
	if (d->upper && load_total(v, id) >= d->upper)
		s->overloaded = 1;
}

void load_unbound(const struct load_view *v, uint32_t id, const struct dest *d)
{
	struct dest_slot *s = &v->slots[v->own][id];

	load_follow_edits(s, d->overload_epoch);
	if (s->overloaded && (!d->lower || load_total(v, id) < d->lower))
		s->overloaded = 0;
}
