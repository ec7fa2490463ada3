/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages built one after the other in a buffer of limited size. */
#include "reply.h"

#include <string.h>

#include <linux/genetlink.h>

/* From where the next message stands to the end of the buffer. */
static size_t left(const struct reply *r)
{
	return r->room - r->used;
}

void reply_begin(struct reply *r, uint8_t cmd)
{
	struct genlmsghdr *genl;

	r->full = left(r) < NLMSG_HDRLEN + GENL_HDRLEN;
	if (r->full)
		return;
	r->nlh = mnl_nlmsg_put_header(r->buf + r->used);
	r->nlh->nlmsg_type = r->family;
	r->nlh->nlmsg_flags = r->flags;
	r->nlh->nlmsg_seq = r->seq;
	genl = mnl_nlmsg_put_extra_header(r->nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = r->version;
}

bool reply_end(struct reply *r)
{
	if (r->full)
		return false;
	r->used += MNL_ALIGN(r->nlh->nlmsg_len);
	r->nlh = NULL;
	return true;
}

bool reply_plain(struct reply *r, uint16_t type, const void *data, size_t len)
{
	struct nlmsghdr *nlh;

	if (left(r) < NLMSG_HDRLEN + MNL_ALIGN(len))
		return false;
	nlh = mnl_nlmsg_put_header(r->buf + r->used);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = r->flags;
	nlh->nlmsg_seq = r->seq;
	memcpy(mnl_nlmsg_put_extra_header(nlh, len), data, len);
	r->used += MNL_ALIGN(nlh->nlmsg_len);
	return true;
}

void reply_put(struct reply *r, uint16_t attr, const void *data, size_t len)
{
	if (!r->full && !mnl_attr_put_check(r->nlh, left(r), attr, len, data))
		r->full = true;
}

void reply_u8(struct reply *r, uint16_t attr, uint8_t value)
{
	reply_put(r, attr, &value, sizeof(value));
}

void reply_u16(struct reply *r, uint16_t attr, uint16_t value)
{
	reply_put(r, attr, &value, sizeof(value));
}

void reply_u32(struct reply *r, uint16_t attr, uint32_t value)
{
	reply_put(r, attr, &value, sizeof(value));
}

void reply_u64(struct reply *r, uint16_t attr, uint64_t value)
{
	reply_put(r, attr, &value, sizeof(value));
}

void reply_string(struct reply *r, uint16_t attr, const char *value)
{
	reply_put(r, attr, value, strlen(value) + 1);
}

struct nlattr *reply_nest(struct reply *r, uint16_t attr)
{
	struct nlattr *nest;

	if (r->full)
		return NULL;
	nest = mnl_nlmsg_get_payload_tail(r->nlh);
	reply_put(r, attr, "", 0);
	return r->full ? NULL : nest;
}

void reply_nest_end(struct reply *r, struct nlattr *nest)
{
	if (!r->full)
		mnl_attr_nest_end(r->nlh, nest);
}
