/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses, ports and numbers as the ipvsadm grammar writes them.
 */
#ifndef LVSD_CLI_PARSE_ADDR_H
#define LVSD_CLI_PARSE_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "ipvs.h"

/* A decimal number within min..max, blanks and a sign before it allowed. */
bool parse_number(const char *text, long min, long max, long *value);

struct host_port {
	uint16_t af;
	union ipvs_addr addr;
	uint16_t port; /* be16, 0 when absent */
	bool has_port;
};

/* host[:port], [v6]:port or a bare v6 address; the port a number or the name of a service of
 * `protocol`. */
bool parse_host_port(const char *text, uint16_t protocol, struct host_port *out);

#endif
