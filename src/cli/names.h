/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers into names: addresses and ports, protocols, forwarding methods, scheduler flags.
 */
#ifndef LVSD_CLI_NAMES_H
#define LVSD_CLI_NAMES_H

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipvs.h"

/* The name of a protocol that has services, as services(5) knows it: "tcp"...; NULL otherwise. */
const char *names_protocol(uint16_t protocol);

/* "host:port" or "[host]:port"; without `numeric` both are looked up, which may take a while. */
#define NAMES_HOST_PORT_MAX (NI_MAXHOST + 16)
void names_host_port(char *buf, size_t size, uint16_t af, const union ipvs_addr *addr,
		     uint16_t port, uint16_t protocol, bool numeric);

/* The flags of a service as ipvsadm -b takes them, comma-separated; names depend on the
 * scheduler. */
#define NAMES_FLAGS_MAX 64
void names_sched_flags(char *buf, size_t size, const char *sched, uint32_t flags);

/* The other way round. 0, or -EINVAL for an unknown flag, -EDOM for one of another scheduler;
 * then *bad is its name. */
#define NAMES_SCHED_FLAGS (IP_VS_SVC_F_SCHED1 | IP_VS_SVC_F_SCHED2 | IP_VS_SVC_F_SCHED3)
int names_parse_sched_flags(char *list, const char *sched, uint32_t *flags, const char **bad);

#endif
