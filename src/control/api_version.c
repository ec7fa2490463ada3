/* SPDX-License-Identifier: BSD-3-Clause */
/* LVSD_CMD_GET_VERSION: which lvsd this is. */
#include "api.h"

#include <unistd.h>

#include "api/lvsd_wire.h"

static const struct attr_rule no_rules[1];

const struct attr_policy api_none_policy = {0, no_rules};

int api_version_get(struct api_request *req)
{
	struct reply *reply = req->reply;

	reply_begin(reply, LVSD_CMD_GET_VERSION);
	reply_string(reply, LVSD_VERSION_ATTR_VERSION, LVSD_VERSION);
	reply_string(reply, LVSD_VERSION_ATTR_DPDK, "DPDK " LVSD_DPDK_VERSION);
	reply_u32(reply, LVSD_VERSION_ATTR_PID, (uint32_t)getpid());
	reply_u32(reply, LVSD_VERSION_ATTR_UPTIME, (uint32_t)req->uptime);
	reply_end(reply);
	return 0;
}
