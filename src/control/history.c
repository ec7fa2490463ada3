/* SPDX-License-Identifier: BSD-3-Clause */
/* The events that make the workers' schedulers follow a service's list of servers. */
#include "history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t last_epoch;

static int32_t gcd(int32_t a, int32_t b)
{
	while (b) {
		int32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static void fill(const struct model_service *svc, struct sched_event *ev)
{
	const struct model_dest *d;

	ev->max_weight = 0;
	ev->gcd = 0;
	TAILQ_FOREACH (d, &svc->dests, link) {
		int32_t w = (int32_t)d->spec.weight;

		if (w > ev->max_weight)
			ev->max_weight = w;
		if (w > 0)
			ev->gcd = gcd(ev->gcd, w);
	}
	if (ev->gcd == 0)
		ev->gcd = 1;
}

int history_open(struct model_service *svc)
{
	const uint32_t room = 4;
	struct history *h = malloc(sizeof(*h) + room * sizeof(h->event[0]));

	if (!h)
		return -ENOMEM;
	*h = (struct history){.room = room};
	if (++last_epoch == 0) /* 0 is what a worker's state begins with */
		last_epoch = 1;
	h->epoch = last_epoch;
	svc->history = h;
	history_add(svc, SCHED_EVENT_INIT, DEST_NONE, DEST_NONE);
	return 0;
}

void history_close(struct model_service *svc)
{
	free(svc->history);
	svc->history = NULL;
}

static void forget(struct history *h, uint32_t n)
{
	memmove(&h->event[0], &h->event[n], (h->n - n) * sizeof(h->event[0]));
	h->n -= n;
}

static void grow(struct model_service *svc)
{
	struct history *h = svc->history;
	uint32_t room = h->room * 2;

	if (room > SCHED_EVENTS_MAX)
		return;
	h = realloc(h, sizeof(*h) + room * sizeof(h->event[0]));
	if (!h)
		return;
	h->room = room;
	svc->history = h;
}

void history_add(struct model_service *svc, enum sched_event_kind kind, uint32_t dest,
		 uint32_t prev)
{
	if (kind == SCHED_EVENT_INIT)
		svc->history->n = 0;
	if (svc->history->n == svc->history->room)
		history_trim(svc);
	if (svc->history->n == svc->history->room)
		grow(svc);
	if (svc->history->n == svc->history->room)
		forget(svc->history, svc->history->n / 4 + 1);

	struct sched_event *ev = &svc->history->event[svc->history->n++];

	*ev = (struct sched_event){.kind = kind, .dest = dest, .prev = prev};
	fill(svc, ev);
	svc->history->version++;
}

void history_trim(struct model_service *svc)
{
	struct history *h = svc->history;
	uint32_t seen = dp_service_version_seen(svc->id, h->epoch);
	uint32_t oldest = h->version - h->n; /* the version before event[0] */
	uint32_t n = seen - oldest;

	if (seen == 0 || (int32_t)n <= 0)
		return;
	forget(h, n < h->n ? n : h->n - 1);
}
