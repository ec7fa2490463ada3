/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One connected client: what it sent and what it still has to be sent. While something waits to
 * be sent, or a dump goes on, nothing more is read from it, so that its requests are answered in
 * order and its queue stays short. Main lcore; never blocks.
 */
#ifndef LVSD_CONTROL_CLIENT_H
#define LVSD_CONTROL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "api.h"

struct event_base;
struct client;

/* What the server knows and clients' requests need. */
struct client_context {
	struct event_base *base;
	const struct server_hooks *hooks;
	uint64_t started;                                 /* model_now() */
	void (*closed)(void *arg, struct client *client); /* it is gone after this call */
	void *arg;
};

/* Takes over the socket (also when it fails). `context` outlives the client. NULL: no memory. */
struct client *client_open(const struct client_context *context, int fd, bool may_change);
void client_close(struct client *client); /* does not call closed() */

/* ---- for genl.c ---- */

const struct client_context *client_context(const struct client *client);
bool client_may_change(const struct client *client);

/* Queues one datagram. Without memory the client is dropped, later. */
void client_send(struct client *client, const void *data, size_t len);

/* Starts a dump that answers with messages as `reply` would begin them. -EBUSY: one is going on
 * already. */
int client_dump(struct client *client, const struct api_dump *dump, struct api_request *req,
		const struct reply *reply);

#endif
