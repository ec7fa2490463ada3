/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests to the kernel's network configuration (NETLINK_ROUTE): what the configuration file
 * gives for a twin, and asking for a neighbour's link address. Reading what the kernel has is
 * kernel.h's. Main lcore only.
 */
#ifndef LVSD_CONTROL_RTNL_H
#define LVSD_CONTROL_RTNL_H

#include "config.h"

int rtnl_open(void);
void rtnl_close(void);

/* These three wait for the kernel's answer (it never sleeps over them) and say in `err` why it
 * refused. `via` of family 0: the network is on link. */
int rtnl_add_address(unsigned int ifindex, const struct config_address *addr, struct dp_error *err);
int rtnl_add_route(unsigned int ifindex, const struct config_address *to,
		   const struct config_address *via, struct dp_error *err);
int rtnl_add_neighbour(unsigned int ifindex, const struct config_address *addr,
		       const uint8_t mac[6], struct dp_error *err);

/* Tells the kernel that a neighbour is in use: it finds the link address if it has none, tries
 * again if it had failed, and checks one that has not been heard of for long. Does not wait. */
void rtnl_use_neighbour(unsigned int ifindex, uint16_t af, const struct lvs_addr *addr);

#endif
