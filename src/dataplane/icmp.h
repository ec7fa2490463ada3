/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP errors that the director itself sends. */
#ifndef LVSD_DATAPLANE_ICMP_H
#define LVSD_DATAPLANE_ICMP_H

#include "worker.h"

enum icmp_error {
	ICMP_ERROR_HOST_UNREACHABLE,
	ICMP_ERROR_PORT_UNREACHABLE,
	ICMP_ERROR_FRAGMENTATION_NEEDED, /* info: the MTU */
	ICMP_ERROR_TIME_EXCEEDED,
};

/*
 * Tells the sender of p, which stays the caller's. `from` is the director's address that speaks:
 * the virtual one toward clients, the port's toward servers. Rate-limited; nothing is sent about
 * broadcasts (parse.c) and nothing when there is no way back.
 */
void icmp_send_error(struct worker *w, const struct packet *p, enum icmp_error error, uint16_t info,
		     uint32_t from);

#endif
