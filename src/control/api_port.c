/* SPDX-License-Identifier: BSD-3-Clause */
/* LVSD_CMD_GET_PORT: the ports, what they are and what went through them. */
#include "api.h"

#include "api/lvsd_wire.h"

struct port_cursor {
	const struct server_hooks *hooks;
	unsigned int at;
};

static int dump_start(struct api_request *req, void *state)
{
	struct port_cursor *c = state;

	c->hooks = req->hooks;
	return 0;
}

static bool put_port(struct reply *reply, unsigned int port, const char *twin)
{
	struct dp_port_info i;

	dp_port_info(port, &i);
	reply_begin(reply, LVSD_CMD_GET_PORT);
	reply_string(reply, LVSD_PORT_ATTR_NAME, i.name);
	reply_string(reply, LVSD_PORT_ATTR_DEVICE, i.device);
	reply_string(reply, LVSD_PORT_ATTR_DRIVER, i.driver);
	reply_put(reply, LVSD_PORT_ATTR_MAC, i.mac, sizeof(i.mac));
	reply_u32(reply, LVSD_PORT_ATTR_MTU, i.mtu);
	reply_u8(reply, LVSD_PORT_ATTR_LINK, i.link);
	reply_u32(reply, LVSD_PORT_ATTR_SPEED, i.speed);
	reply_u32(reply, LVSD_PORT_ATTR_RX_QUEUES, i.rx_queues);
	reply_u32(reply, LVSD_PORT_ATTR_TX_QUEUES, i.tx_queues);
	reply_string(reply, LVSD_PORT_ATTR_STEERING, i.steering);
	if (twin)
		reply_string(reply, LVSD_PORT_ATTR_TWIN, twin);
	reply_u64(reply, LVSD_PORT_ATTR_IPACKETS, i.ipackets);
	reply_u64(reply, LVSD_PORT_ATTR_OPACKETS, i.opackets);
	reply_u64(reply, LVSD_PORT_ATTR_IBYTES, i.ibytes);
	reply_u64(reply, LVSD_PORT_ATTR_OBYTES, i.obytes);
	reply_u64(reply, LVSD_PORT_ATTR_IMISSED, i.imissed);
	reply_u64(reply, LVSD_PORT_ATTR_IERRORS, i.ierrors);
	reply_u64(reply, LVSD_PORT_ATTR_OERRORS, i.oerrors);
	return reply_end(reply);
}

static int dump_step(void *state, struct reply *reply)
{
	struct port_cursor *c = state;

	for (; c->at < dp_port_count(); c->at++) {
		const char *twin = NULL;

		if (c->hooks && c->hooks->twin_name)
			twin = c->hooks->twin_name(c->at);
		if (!put_port(reply, c->at, twin))
			return API_MORE;
	}
	return API_END;
}

const struct api_dump api_port_dump = {sizeof(struct port_cursor), dump_start, dump_step};
