/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests from the main lcore that a worker answers between two bursts. One request at a time
 * per worker; its memory belongs to the main lcore until it is posted and after it is done.
 */
#ifndef LVSD_DATAPLANE_MAILBOX_H
#define LVSD_DATAPLANE_MAILBOX_H

#include <stdatomic.h>

#include "dataplane.h"

struct worker;

#define MAIL_VIEWS_MAX 256

enum mail_kind { MAIL_WALK, MAIL_FLUSH };

struct mail {
	enum mail_kind kind;
	/* MAIL_WALK: from which object on, and where the next walk goes on. */
	uint32_t cursor;
	bool end;
	unsigned int want, got;
	struct conn_view views[MAIL_VIEWS_MAX];
	atomic_bool done; /* worker: sets, releases the rest; main: reads */
};

/* Worker: answers the request that waits, if any. */
void mailbox_serve(struct worker *w);

/* Main: posts a request. -EAGAIN while the worker has another one. */
int mailbox_post(struct worker *w, struct mail *mail);

#endif
