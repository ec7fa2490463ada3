/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of the model share among themselves: model.c (services), model_dest.c
 * (destinations), trash.c (removed destinations) and estimator.c (rates). Main lcore.
 */
#ifndef LVSD_CONTROL_MODEL_PRIVATE_H
#define LVSD_CONTROL_MODEL_PRIVATE_H

#include "model.h"

/* ---- model.c ---- */

/* Service ids are below; NULL where no living service has the id. */
uint32_t model_service_ids(void);
struct model_service *model_service_at(uint32_t id);

/* Counters of a service since it was added, zeroing aside. */
void model_service_raw(const struct model_service *svc, struct dest_stats *out);

/* References keep a removed service's object and id while destinations in the trash are its own. */
void model_service_get(struct model_service *svc);
void model_service_put(struct model_service *svc);

/* Text of an address, for sentences. */
#define MODEL_ADDR_TEXT_MAX 64
const char *model_addr_text(uint16_t af, const struct lvs_addr *addr, char *buf);

uint64_t model_now(void); /* seconds of a clock that only goes forward, never 0 */

/* ---- model_dest.c ---- */

void model_dest_open(void);
void model_dest_close(void);

/* Moves a destination from its service's list into the trash. */
void model_dest_remove(struct model_dest *dest);

/* Forgets a destination that is in no list; its id is free again after the grace period. */
void model_dest_purge(struct model_dest *dest);

/* The same at the end of the program, when there is no data plane any more. */
void model_dest_free(struct model_dest *dest);

/* Can it be the address of one station? Links are not known here. */
bool model_is_unicast(uint16_t af, const struct lvs_addr *addr);

/* ---- model_laddr.c ---- */

void model_laddr_open(void);
void model_laddr_close(void); /* services are gone */

/* The service is removed: its local addresses remain as long as its connections do. */
void model_laddr_service_removed(struct model_service *svc);

/* Removed destinations of `before`, with their connections, are those of `now` from here on. */
void model_laddr_follow(struct model_service *before, struct model_service *now);

/* Once a second: forgets removed addresses that nobody can be using any more. */
void model_laddr_tick(uint64_t now);

/* At the end of the program. */
void model_laddr_free(struct model_service *svc);

#endif
