/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happened to a service's list of servers, in the order it happened: the events that
 * workers replay so that their schedulers take the steps of the kernel's (snapshot.h).
 * Owner: the main lcore; a compiled service has a copy.
 */
#ifndef LVSD_CONTROL_HISTORY_H
#define LVSD_CONTROL_HISTORY_H

#include "model.h"

struct history {
	uint32_t epoch;   /* which life of the service's id */
	uint32_t version; /* number of the newest event */
	uint32_t n, room; /* 1 <= n <= SCHED_EVENTS_MAX */
	struct sched_event event[];
};

/* Begins the history of a service with the event "scheduler bound". -ENOMEM. */
int history_open(struct model_service *svc);
void history_close(struct model_service *svc);

/* Adds an event that just happened: the list is as it is after it. Without memory the oldest
 * events are forgotten. A new binding makes everything before it worthless. */
void history_add(struct model_service *svc, enum sched_event_kind kind, uint32_t dest,
		 uint32_t prev);

/* Forgets the events that every worker has replayed, but the newest. */
void history_trim(struct model_service *svc);

#endif
