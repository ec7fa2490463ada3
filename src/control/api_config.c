/* SPDX-License-Identifier: BSD-3-Clause */
/* IPVS commands about timeouts and the version. */
#include "api.h"

#include <linux/ip_vs.h>

int api_config_get(struct api_request *req)
{
	struct model_timeouts t;

	model_timeouts(&t);
	reply_begin(req->reply, IPVS_CMD_SET_CONFIG);
	reply_u32(req->reply, IPVS_CMD_ATTR_TIMEOUT_TCP, t.tcp);
	reply_u32(req->reply, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, t.tcp_fin);
	reply_u32(req->reply, IPVS_CMD_ATTR_TIMEOUT_UDP, t.udp);
	reply_end(req->reply);
	return 0;
}

static uint32_t timeout(const struct nlattr *a)
{
	return a ? attr_u32(a) : 0;
}

int api_config_set(struct api_request *req)
{
	const struct model_timeouts t = {
		.tcp = timeout(req->attr[IPVS_CMD_ATTR_TIMEOUT_TCP]),
		.tcp_fin = timeout(req->attr[IPVS_CMD_ATTR_TIMEOUT_TCP_FIN]),
		.udp = timeout(req->attr[IPVS_CMD_ATTR_TIMEOUT_UDP]),
	};

	return model_timeouts_set(&t, req->err);
}

int api_info_get(struct api_request *req)
{
	reply_begin(req->reply, IPVS_CMD_SET_INFO);
	reply_u32(req->reply, IPVS_INFO_ATTR_VERSION, IP_VS_VERSION_CODE);
	reply_u32(req->reply, IPVS_INFO_ATTR_CONN_TAB_SIZE, dp_conn_table_size());
	reply_end(req->reply);
	return 0;
}
