/* SPDX-License-Identifier: BSD-3-Clause */
/* What tests of the model share: a model on the stand-in for the data plane, and short hands. */
#ifndef LVSD_TESTS_MODEL_FIXTURE_H
#define LVSD_TESTS_MODEL_FIXTURE_H

#include "control/model.h"
#include "fake_dataplane.h"

/* The service of most tests is TCP, this address, port 80. */
#define VIP "192.0.2.1"

int model_setup(void **state);         /* empty */
int model_setup_service(void **state); /* with the service of most tests, rr */
int model_teardown(void **state);

extern struct model_error err; /* of what failed last */

struct service_key skey(uint16_t proto, const char *addr, uint16_t port);
struct service_spec sspec(const char *sched, uint32_t flags);
struct dest_key dkey(const char *addr, uint16_t port);

int add_service(uint16_t proto, const char *addr, uint16_t port, const char *sched);
struct model_service *service(uint16_t proto, const char *addr, uint16_t port);

/* Of the service of most tests. */
struct model_service *svc(void);
int add(const char *addr, uint32_t weight);
int edit(const char *addr, uint32_t weight);
int del(const char *addr);
struct model_dest *dest(const char *addr);
const struct service *seen(void); /* what the workers see of it, everything published */

/* Seconds go by, one look into the trash each. */
void pass(unsigned int seconds);
uint64_t tick(void); /* the time one second later, nothing else */

#endif
