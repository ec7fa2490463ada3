/* SPDX-License-Identifier: BSD-3-Clause */
/* LVSD_CMD_GET_CONN: every connection and template, asked from the workers piece by piece. */
#include "api.h"

#include <errno.h>
#include <sys/socket.h>

#include "api/lvsd_wire.h"

#define VIEWS 256

struct conn_cursor {
	struct dp_conn_walk *walk;
	unsigned int at, n;
	struct conn_view view[VIEWS];
};

static int dump_start(struct api_request *req, void *state)
{
	struct conn_cursor *c = state;

	c->walk = dp_conn_walk_open();
	return c->walk ? 0 : model_fail(req->err, -ENOMEM, "out of memory");
}

static size_t addr_size(uint16_t af)
{
	return af == AF_INET6 ? 16 : 4;
}

static bool put_conn(struct reply *reply, const struct conn_view *v)
{
	reply_begin(reply, LVSD_CMD_GET_CONN);
	reply_u16(reply, LVSD_CONN_ATTR_AF, v->af);
	reply_u8(reply, LVSD_CONN_ATTR_PROTO, v->proto);
	reply_put(reply, LVSD_CONN_ATTR_CADDR, v->caddr.b, addr_size(v->af));
	reply_u16(reply, LVSD_CONN_ATTR_CPORT, v->cport);
	reply_put(reply, LVSD_CONN_ATTR_VADDR, v->vaddr.b, addr_size(v->af));
	reply_u16(reply, LVSD_CONN_ATTR_VPORT, v->vport);
	reply_put(reply, LVSD_CONN_ATTR_DADDR, v->daddr.b, addr_size(v->daf));
	reply_u16(reply, LVSD_CONN_ATTR_DPORT, v->dport);
	reply_u16(reply, LVSD_CONN_ATTR_DAF, v->daf);
	reply_string(reply, LVSD_CONN_ATTR_STATE, v->state);
	reply_u32(reply, LVSD_CONN_ATTR_EXPIRES, v->expires_ms);
	reply_u32(reply, LVSD_CONN_ATTR_FLAGS, v->flags);
	reply_u32(reply, LVSD_CONN_ATTR_WORKER, v->worker);
	return reply_end(reply);
}

static int dump_step(void *state, struct reply *reply)
{
	struct conn_cursor *c = state;

	for (;;) {
		for (; c->at < c->n; c->at++)
			if (!put_conn(reply, &c->view[c->at]))
				return API_MORE;

		int n = dp_conn_walk_next(c->walk, c->view, VIEWS);

		if (n <= 0)
			return n; /* API_END, -EAGAIN */
		c->at = 0;
		c->n = (unsigned int)n;
	}
}

static void dump_stop(void *state)
{
	struct conn_cursor *c = state;

	if (c->walk)
		dp_conn_walk_close(c->walk);
}

const struct api_dump api_conn_dump = {sizeof(struct conn_cursor), dump_start, dump_step,
				       dump_stop};
