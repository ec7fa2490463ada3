/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The next snapshot in the making. It notes what changed, compiles only that, shares everything
 * else with the snapshot before, and retires what was replaced. Owner: the main lcore.
 */
#ifndef LVSD_CONTROL_PUBLISH_H
#define LVSD_CONTROL_PUBLISH_H

#include "model.h"

int publish_open(void); /* -ENOMEM */
void publish_close(void);

/* Room for one more service, or for the destination `id`: after this, what follows cannot fail
 * for it. -ENOMEM. */
int publish_reserve_service(void);
int publish_reserve_dest(uint32_t id);

void publish_service_changed(struct model_service *svc);
void publish_service_removed(struct model_service *svc);
void publish_dest_changed(struct model_dest *dest);
void publish_dest_gone(struct model_dest *dest); /* before it is freed */
void publish_timeouts(const struct timeouts *timeouts);

/* Whether a service's address should be a virtual address: while it lives, and then while
 * connections of its destinations do. -ENOMEM: not added, call again. */
int publish_vip(struct model_service *svc);

bool publish_is_vip(uint16_t af, const struct lvs_addr *addr);

/* An address is a local one from the first take to the last drop. -ENOMEM: not taken. */
int publish_laddr_take(uint16_t af, const struct lvs_addr *addr);
void publish_laddr_drop(uint16_t af, const struct lvs_addr *addr);
bool publish_is_laddr(uint16_t af, const struct lvs_addr *addr);

/* Publishes when something changed. -ENOMEM: the workers keep what they have, call again. */
int publish_now(void);

#endif
