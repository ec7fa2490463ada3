/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Building a datagram of generic netlink messages in a buffer. A message that does not fit is
 * taken back as a whole. Main lcore.
 */
#ifndef LVSD_CONTROL_REPLY_H
#define LVSD_CONTROL_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

struct reply {
	uint8_t *buf;
	size_t room, used;
	uint16_t family; /* nlmsg_type of messages */
	uint8_t version;
	uint16_t flags; /* nlmsg_flags */
	uint32_t seq;
	struct nlmsghdr *nlh; /* the message in the making */
	bool full;            /* something of it did not fit */
};

/* A message begins, attributes follow, and it ends. */
void reply_begin(struct reply *reply, uint8_t cmd);
bool reply_end(struct reply *reply); /* false: it did not fit and is gone */

/* A message of a plain netlink type with this payload (NLMSG_DONE). false: does not fit. */
bool reply_plain(struct reply *reply, uint16_t type, const void *data, size_t len);

void reply_put(struct reply *reply, uint16_t attr, const void *data, size_t len);
void reply_u8(struct reply *reply, uint16_t attr, uint8_t value);
void reply_u16(struct reply *reply, uint16_t attr, uint16_t value);
void reply_u32(struct reply *reply, uint16_t attr, uint32_t value);
void reply_u64(struct reply *reply, uint16_t attr, uint64_t value);
void reply_string(struct reply *reply, uint16_t attr, const char *value);

/* Nested attributes without the NLA_F_NESTED bit, as the kernel's IPVS sends them. */
struct nlattr *reply_nest(struct reply *reply, uint16_t attr);
void reply_nest_end(struct reply *reply, struct nlattr *nest);

#endif
