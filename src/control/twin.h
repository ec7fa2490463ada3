/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Twins: a tap interface for every port, with the port's name, link address and MTU. What a port
 * receives and is not the data plane's goes into the twin, what the kernel sends through the twin
 * goes out of the port. A twin lives in lvsd's own network namespace and as long as lvsd.
 *
 * Main lcore only. Ports are the indexes of dataplane.h.
 */
#ifndef LVSD_CONTROL_TWIN_H
#define LVSD_CONTROL_TWIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/dataplane.h"

struct event_base;

/*
 * Makes the twin of a port and sets it up. -EPERM: lvsd may not make interfaces; -ENOENT: the
 * kernel has no tun driver; -EEXIST: there is an interface of that name. `err` says it in words.
 */
int twin_open(struct event_base *base, unsigned int port, const char *name, const uint8_t mac[6],
	      uint16_t mtu, struct dp_error *err);

/* Removes every twin. */
void twin_close_all(void);

/* Name of a port's twin, NULL: it has none. */
const char *twin_name(unsigned int port);

/* Kernel index of a port's twin, 0: it has none. */
unsigned int twin_ifindex(unsigned int port);

/* The port whose twin has this kernel index, -1: none. */
int twin_port(unsigned int ifindex);

/* Gives a frame that the port received to the kernel. Lost and counted when the kernel does not
 * take it (interface down, queue full). */
void twin_receive(unsigned int port, const void *frame, size_t len);

/* Shows the port's link state on the twin, for those who watch it (VRRP, routing daemons). */
void twin_set_link(unsigned int port, bool up);

/* Has somebody deleted the interface? Says so once, and forgets the twin. */
bool twin_take_deleted(unsigned int port);

/* Frames lost between port and twin, either way, since the last call. */
uint64_t twin_take_lost(unsigned int port);

#endif
