/* SPDX-License-Identifier: BSD-3-Clause */
/* What tests of the server share: a server, a client of it, and requests in one line each. */
#ifndef LVSD_TESTS_SERVER_FIXTURE_H
#define LVSD_TESTS_SERVER_FIXTURE_H

#include "api/lvsd_wire.h"
#include "control/model.h"
#include "control/server.h"
#include "fake_dataplane.h"
#include "server_client.h"

#define ACK  NLM_F_ACK
#define DUMP NLM_F_DUMP
#define IPVS LVSD_FAMILY_IPVS_ID
#define LVSD LVSD_FAMILY_LVSD_ID

extern struct event_base *base;
extern char dir[64], path[96]; /* of the socket */
extern char err[256];
extern struct request req; /* the one in the making */
extern struct answer ans;  /* to the last one */
extern int fd;             /* of the client */

int server_setup(void **state);
int server_teardown(void **state);

/* Parts of a request. Scheduler NULL, weight below 0: only what names it. */
void put_service(const char *addr, uint16_t port, const char *sched);
void put_dest(const char *addr, uint16_t port, int64_t weight);

/* Sends the request, forgets it, and returns the result. An error must have a sentence. */
int ask(void);
void clear(void); /* forgets the request */

int command(uint16_t family, uint8_t cmd, uint16_t flags);
int new_service(const char *addr, uint16_t port);
int new_dest(const char *addr, int64_t weight); /* of 192.0.2.1 port 80 */

#endif
