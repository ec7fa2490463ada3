/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPVS commands about synchronisation daemons. Requests are checked as in the kernel, but there
 * is no synchronisation yet: starting says so, and none is ever running.
 */
#include "api.h"

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>

#include <linux/ip_vs.h>

static const struct attr_rule daemon_rules[] = {
	[IPVS_DAEMON_ATTR_STATE] = {"DAEMON.STATE", ATTR_NUMBER, 4},
	[IPVS_DAEMON_ATTR_MCAST_IFN] = {"DAEMON.MCAST_IFN", ATTR_STRING, IP_VS_IFNAME_MAXLEN - 1},
	[IPVS_DAEMON_ATTR_SYNC_ID] = {"DAEMON.SYNC_ID", ATTR_NUMBER, 4},
	[IPVS_DAEMON_ATTR_SYNC_MAXLEN] = {"DAEMON.SYNC_MAXLEN", ATTR_NUMBER, 2},
	[IPVS_DAEMON_ATTR_MCAST_GROUP] = {"DAEMON.MCAST_GROUP", ATTR_NUMBER, 4},
	[IPVS_DAEMON_ATTR_MCAST_GROUP6] = {"DAEMON.MCAST_GROUP6", ATTR_NUMBER, 16},
	[IPVS_DAEMON_ATTR_MCAST_PORT] = {"DAEMON.MCAST_PORT", ATTR_NUMBER, 2},
	[IPVS_DAEMON_ATTR_MCAST_TTL] = {"DAEMON.MCAST_TTL", ATTR_NUMBER, 1},
};

static const struct attr_policy daemon_policy = {MNL_ARRAY_SIZE(daemon_rules), daemon_rules};

static int read_daemon(struct api_request *req, const uint16_t *required, unsigned int n,
		       const struct nlattr **inner)
{
	const struct nlattr *nest = req->attr[IPVS_CMD_ATTR_DAEMON];
	uint32_t state;
	int r;

	if (!nest)
		return model_fail(req->err, -EINVAL, "attribute DAEMON is missing");
	r = attr_parse_nest(&daemon_policy, nest, inner, req->err);
	if (r == 0)
		r = attr_require(&daemon_policy, inner, required, n, req->err);
	if (r < 0)
		return r;
	state = attr_u32(inner[IPVS_DAEMON_ATTR_STATE]);
	if (state != IP_VS_STATE_MASTER && state != IP_VS_STATE_BACKUP)
		return model_fail(req->err, -EINVAL,
				  "daemon state %" PRIu32
				  ": %u (master) and %u (backup) are allowed",
				  state, IP_VS_STATE_MASTER, IP_VS_STATE_BACKUP);
	return 0;
}

int api_daemon_new(struct api_request *req)
{
	static const uint16_t required[] = {IPVS_DAEMON_ATTR_STATE, IPVS_DAEMON_ATTR_MCAST_IFN,
					    IPVS_DAEMON_ATTR_SYNC_ID};
	const struct nlattr *inner[ATTRS_MAX];
	const char *name;
	int r = read_daemon(req, required, MNL_ARRAY_SIZE(required), inner);

	if (r < 0)
		return r;
	name = mnl_attr_get_str(inner[IPVS_DAEMON_ATTR_MCAST_IFN]);
	if (if_nametoindex(name) == 0)
		return model_fail(req->err, -ENODEV, "there is no network interface \"%s\"", name);
	return model_fail(req->err, -ENOSYS, "synchronisation is not part of this release");
}

int api_daemon_del(struct api_request *req)
{
	static const uint16_t required[] = {IPVS_DAEMON_ATTR_STATE};
	const struct nlattr *inner[ATTRS_MAX];
	int r = read_daemon(req, required, MNL_ARRAY_SIZE(required), inner);

	return r < 0 ? r : model_fail(req->err, -ESRCH, "no synchronisation daemon is running");
}

static int dump_start(struct api_request *req, void *state)
{
	return 0;
}

static int dump_step(void *state, struct reply *reply)
{
	return API_END;
}

const struct api_dump api_daemon_dump = {1, dump_start, dump_step};
