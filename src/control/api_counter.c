/* SPDX-License-Identifier: BSD-3-Clause */
/* LVSD_CMD_GET_COUNTER: every named counter of the data plane. */
#include "api.h"

#include "api/lvsd_wire.h"

struct counter_cursor {
	unsigned int at;
};

static int dump_start(struct api_request *req, void *state)
{
	return 0;
}

static bool put_counter(struct reply *reply, unsigned int i)
{
	struct dp_counter c;

	dp_counter(i, &c);
	reply_begin(reply, LVSD_CMD_GET_COUNTER);
	reply_string(reply, LVSD_COUNTER_ATTR_NAME, c.name);
	reply_u64(reply, LVSD_COUNTER_ATTR_VALUE, c.value);
	reply_u8(reply, LVSD_COUNTER_ATTR_DROP, c.drop);
	reply_string(reply, LVSD_COUNTER_ATTR_HELP, c.help);
	return reply_end(reply);
}

static int dump_step(void *state, struct reply *reply)
{
	struct counter_cursor *c = state;

	for (; c->at < dp_counter_count(); c->at++)
		if (!put_counter(reply, c->at))
			return API_MORE;
	return API_END;
}

const struct api_dump api_counter_dump = {sizeof(struct counter_cursor), dump_start, dump_step};
