/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Attributes of requests: a table of rules by attribute number says what each may look like, and
 * nothing is read that was not checked against it. Main lcore; the input is anybody's.
 */
#ifndef LVSD_CONTROL_ATTR_H
#define LVSD_CONTROL_ATTR_H

#include <stdint.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include "model.h"

#define ATTRS_MAX 72 /* numbers are below */

enum attr_kind {
	ATTR_IGNORED, /* may come, is not read */
	ATTR_NUMBER,  /* at least `size` bytes, of which that many are read (as in the kernel) */
	ATTR_STRING,  /* ends with a 0 byte; at most `size` bytes before it */
	ATTR_BYTES,   /* at most `size` bytes */
	ATTR_NEST,    /* attributes */
};

struct attr_rule {
	const char *name; /* for sentences: "SERVICE.PORT" */
	uint8_t kind;
	uint8_t size;
};

struct attr_policy {
	uint16_t n; /* rules, by attribute number; higher numbers are ignored */
	const struct attr_rule *rule;
};

/* Fills out[0..n-1] with the attribute of each number, the last if it comes twice, NULL where
 * there is none. `out` has room for ATTRS_MAX. -EINVAL. */
int attr_parse(const struct attr_policy *policy, const void *data, size_t len,
	       const struct nlattr **out, struct model_error *err);

/* The same for what is inside of a nest. */
int attr_parse_nest(const struct attr_policy *policy, const struct nlattr *nest,
		    const struct nlattr **out, struct model_error *err);

/* -EINVAL with its name when a required attribute is missing. */
int attr_require(const struct attr_policy *policy, const struct nlattr *const *attr,
		 const uint16_t *required, unsigned int n, struct model_error *err);

/* Values of attributes that attr_parse() let through. */
static inline uint8_t attr_u8(const struct nlattr *a)
{
	return *(const uint8_t *)mnl_attr_get_payload(a);
}

static inline uint16_t attr_u16(const struct nlattr *a)
{
	uint16_t v;

	memcpy(&v, mnl_attr_get_payload(a), sizeof(v));
	return v;
}

static inline uint32_t attr_u32(const struct nlattr *a)
{
	uint32_t v;

	memcpy(&v, mnl_attr_get_payload(a), sizeof(v));
	return v;
}

#endif
