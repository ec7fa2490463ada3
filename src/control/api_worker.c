/* SPDX-License-Identifier: BSD-3-Clause */
/* LVSD_CMD_GET_WORKER: the workers, their load and their connections. */
#include "api.h"

#include "api/lvsd_wire.h"

struct worker_cursor {
	unsigned int at;
};

static int dump_start(struct api_request *req, void *state)
{
	return 0;
}

static bool put_worker(struct reply *reply, unsigned int worker)
{
	struct dp_worker_info i;

	dp_worker_info(worker, &i);
	reply_begin(reply, LVSD_CMD_GET_WORKER);
	reply_u32(reply, LVSD_WORKER_ATTR_ID, worker);
	reply_u32(reply, LVSD_WORKER_ATTR_CPU, i.cpu);
	reply_u64(reply, LVSD_WORKER_ATTR_RX_PACKETS, i.rx_packets);
	reply_u64(reply, LVSD_WORKER_ATTR_TX_PACKETS, i.tx_packets);
	reply_u64(reply, LVSD_WORKER_ATTR_DROPS, i.drops);
	reply_u64(reply, LVSD_WORKER_ATTR_HANDOVERS, i.handovers);
	reply_u64(reply, LVSD_WORKER_ATTR_LOOPS, i.loops);
	reply_u64(reply, LVSD_WORKER_ATTR_BUSY_LOOPS, i.busy_loops);
	reply_u64(reply, LVSD_WORKER_ATTR_CONNS, i.conns);
	reply_u64(reply, LVSD_WORKER_ATTR_CONNS_MAX, i.conns_max);
	reply_u64(reply, LVSD_WORKER_ATTR_CONN_MEMORY, i.conn_memory);
	reply_u64(reply, LVSD_WORKER_ATTR_CONNS_CREATED, i.conns_created);
	reply_u64(reply, LVSD_WORKER_ATTR_CONNS_EXPIRED, i.conns_expired);
	reply_u8(reply, LVSD_WORKER_ATTR_HUGEPAGES, i.hugepages);
	return reply_end(reply);
}

static int dump_step(void *state, struct reply *reply)
{
	struct worker_cursor *c = state;

	for (; c->at < dp_worker_count(); c->at++)
		if (!put_worker(reply, c->at))
			return API_MORE;
	return API_END;
}

const struct api_dump api_worker_dump = {sizeof(struct worker_cursor), dump_start, dump_step};
