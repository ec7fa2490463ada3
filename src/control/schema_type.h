/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kinds of values a configuration key can have (schema.h). Constant data; any thread.
 */
#ifndef LVSD_CONTROL_SCHEMA_TYPE_H
#define LVSD_CONTROL_SCHEMA_TYPE_H

#include "schema.h"

extern const struct schema_type type_int;     /* int64_t, key->min..max */
extern const struct schema_type type_bool;    /* bool */
extern const struct schema_type type_enum;    /* int: the position in key->choices */
extern const struct schema_type type_string;  /* char[key->max + 1], of at least key->min */
extern const struct schema_type type_name;    /* char[16]: a port's name */
extern const struct schema_type type_cpu;     /* int64_t: a CPU, -1 for "any" */
extern const struct schema_type type_cpus;    /* struct config_cpus */
extern const struct schema_type type_host;    /* struct config_address: one address, no prefix */
extern const struct schema_type type_address; /* struct config_address: address/prefix */
extern const struct schema_type type_prefix;  /* struct config_address: a network */
extern const struct schema_type type_mac;     /* uint8_t[6] */

#endif
