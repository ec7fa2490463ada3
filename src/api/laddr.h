/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * FULLNAT in C: local addresses of services and how servers learn the client's address. Sits on
 * client.h and ipvs.h and shares their habits; of services only the key counts.
 */
#ifndef LVSD_API_LADDR_H
#define LVSD_API_LADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipvs.h"
#include "lvsd_wire.h"

struct laddr {
	struct ipvs_service service; /* its key */
	uint8_t client_info;         /* enum lvsd_client_info, of the service */
	bool none;                   /* the service has no local address; nothing below counts */
	uint16_t af;
	union ipvs_addr addr;
	uint16_t first, last; /* ports, host order */
};

int laddr_add(struct client *client, const struct ipvs_service *svc, const struct laddr *laddr);
int laddr_del(struct client *client, const struct ipvs_service *svc, const struct laddr *laddr);
int laddr_set_client_info(struct client *client, const struct ipvs_service *svc, uint8_t info);

/* Of one service, or of all (NULL); see LVSD_CMD_GET_LADDR. The caller frees *list. */
int laddr_list(struct client *client, const struct ipvs_service *svc, struct laddr **list,
	       size_t *n);

#endif
