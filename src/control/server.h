/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control socket: AF_UNIX SOCK_SEQPACKET, generic netlink messages (api/lvsd_wire.h).
 *
 * Main lcore only. Everything happens in the event loop; nothing waits for a client.
 */
#ifndef LVSD_CONTROL_SERVER_H
#define LVSD_CONTROL_SERVER_H

#include <stddef.h>

struct event_base;
struct server;

/* What the server asks of others. Every member may be NULL. */
struct server_hooks {
	/* Kernel interface that stands for a port; NULL: none. Valid until the loop turns. */
	const char *(*twin_name)(unsigned int port);
};

/*
 * Listens on `path`. The model must be open. A file left behind by a daemon that is gone is
 * replaced; a missing last directory is made. Returns 0, or a negative errno with one sentence in
 * err: -EADDRINUSE when a living lvsd answers there, -EEXIST when something else than a socket is
 * in the way, -ENAMETOOLONG.
 */
int server_open(struct event_base *base, const char *path, struct server **out, char *err,
		size_t errlen);

/* Copied. */
void server_set_hooks(struct server *server, const struct server_hooks *hooks);

/* Drops every client and removes the socket's file. NULL is ignored. */
void server_close(struct server *server);

#endif
