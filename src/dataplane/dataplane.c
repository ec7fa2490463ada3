/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the control plane calls (dataplane.h): start and stop, publishing with deferred freeing,
 * reading of counters, and walks over connections. Runs on the main lcore.
 */
#include "dataplane.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

#include "eal.h"
#include "error.h"
#include "mailbox.h"
#include "port.h"
#include "proto/proto.h"
#include "punt.h"
#include "worker.h"

static struct rte_mempool *pool;
static bool eal_started, workers_started;

/* ---- start and stop ---------------------------------------------------------------------- */

static int create_pool(const struct dp_config *c, struct dp_error *err)
{
	pool = rte_pktmbuf_pool_create("packets", c->n_mbufs, 256, PACKET_PRIV_SIZE,
				       RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (!pool)
		return error_set(err, -ENOMEM, "no memory for %u packet buffers: %s", c->n_mbufs,
				 rte_strerror(rte_errno));
	return 0;
}

static int create_qsbr(unsigned int n_workers)
{
	size_t size = rte_rcu_qsbr_get_memsize(n_workers);

	shared.qsbr = rte_zmalloc("qsbr", size, RTE_CACHE_LINE_SIZE);
	return shared.qsbr ? rte_rcu_qsbr_init(shared.qsbr, n_workers) : -ENOMEM;
}

static int create_workers(const struct dp_config *c, void (*notes)(const char *line),
			  struct dp_error *err)
{
	bool all_huge = true;

	for (unsigned int i = 0; i < c->n_workers; i++) {
		struct worker *w;
		int ret = worker_create(i, c, pool, &w);

		if (ret)
			return error_set(err, ret,
					 "no memory for worker %u with room for %u connections: %s",
					 i, c->connections, strerror(-ret));
		all_huge &= w->conns.huge;
	}
	if (c->hugepages == DP_HUGEPAGES_YES && !all_huge)
		notes("not enough hugepages left for the connection tables: they use small pages "
		      "(slower)");
	return worker_connect_all();
}

int dp_init(const struct dp_config *config, void (*notes)(const char *line), struct dp_error *err)
{
	struct dp_config c = *config;
	int ret = eal_start(&c, notes, err);

	if (ret)
		return ret;
	eal_started = true;
	clock_init(&shared.clock);
	shared.idle = c.idle;
	atomic_store(&shared.stop, false);
	ret = create_pool(&c, err);
	if (!ret)
		ret = port_open_all(&c, pool, err);
	if (!ret && create_qsbr(c.n_workers))
		ret = error_set(err, -ENOMEM, "no memory for %u workers", c.n_workers);
	if (!ret)
		ret = create_workers(&c, notes, err);
	return ret;
}

int dp_start(struct dp_error *err)
{
	int ret = port_start_all(err);

	if (ret)
		return ret;
	for (unsigned int i = 0; i < shared.n_workers; i++) {
		ret = rte_eal_remote_launch(worker_main, shared.workers[i], EAL_WORKER_LCORE + i);
		if (ret)
			return error_set(err, ret, "cannot start worker %u: %s", i, strerror(-ret));
		workers_started = true;
	}
	return 0;
}

void dp_stop(void)
{
	if (!eal_started)
		return;
	atomic_store(&shared.stop, true);
	if (workers_started)
		rte_eal_mp_wait_lcore();
	workers_started = false;
	while (dp_reclaim())
		;
	punt_fini();
	port_close_all();
	for (unsigned int i = 0; i < shared.n_workers; i++)
		if (shared.workers[i])
			worker_destroy(shared.workers[i]);
	shared.n_workers = 0;
	rte_free(shared.qsbr);
	shared.qsbr = NULL;
	rte_mempool_free(pool);
	pool = NULL;
	eal_stop();
	eal_started = false;
}

/* ---- publishing -------------------------------------------------------------------------- */

/* Waiting frees, oldest first. main: owns */
static struct deferred {
	struct deferred *next;
	uint64_t token;
	void (*fn)(void *arg);
	void *arg;
} * deferred_first, **deferred_last = &deferred_first;

static size_t n_deferred;

void dp_publish_snapshot(const struct snapshot *snapshot)
{
	atomic_store_explicit(&shared.snapshot, snapshot, memory_order_release);
}

void dp_publish_fib(const struct fib *fib)
{
	atomic_store_explicit(&shared.fib, fib, memory_order_release);
}

void dp_defer(void (*fn)(void *arg), void *arg)
{
	struct deferred *d = malloc(sizeof(*d));

	/* Out of memory: rather keep the object for ever than free it too early. */
	if (!d)
		return;
	*d = (struct deferred){.fn = fn, .arg = arg};
	d->token = shared.qsbr ? rte_rcu_qsbr_start(shared.qsbr) : 0;
	*deferred_last = d;
	deferred_last = &d->next;
	n_deferred++;
}

size_t dp_reclaim(void)
{
	struct deferred *d;

	while ((d = deferred_first) != NULL) {
		if (workers_started && rte_rcu_qsbr_check(shared.qsbr, d->token, false) != 1)
			break;
		deferred_first = d->next;
		if (!deferred_first)
			deferred_last = &deferred_first;
		n_deferred--;
		d->fn(d->arg);
		free(d);
	}
	return n_deferred;
}

/* ---- counters and loads ------------------------------------------------------------------ */

static uint64_t read64(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

void dp_dest_load(uint32_t dest, struct dest_load *out)
{
	*out = (struct dest_load){0};
	for (unsigned int i = 0; i < shared.n_workers; i++) {
		const struct dest_slot *s = &shared.workers[i]->dests[dest];

		out->active += __atomic_load_n(&s->active, __ATOMIC_RELAXED);
		out->inactive += __atomic_load_n(&s->inactive, __ATOMIC_RELAXED);
		out->persistent += __atomic_load_n(&s->persistent, __ATOMIC_RELAXED);
	}
}

void dp_dest_stats(uint32_t dest, struct dest_stats *out)
{
	*out = (struct dest_stats){0};
	for (unsigned int i = 0; i < shared.n_workers; i++) {
		const struct dest_slot *s = &shared.workers[i]->dests[dest];

		out->conns += read64(&s->conns);
		out->inpkts += read64(&s->inpkts);
		out->outpkts += read64(&s->outpkts);
		out->inbytes += read64(&s->inbytes);
		out->outbytes += read64(&s->outbytes);
	}
}

uint32_t dp_service_version_seen(uint32_t service, uint32_t epoch)
{
	uint32_t oldest = UINT32_MAX;

	for (unsigned int i = 0; i < shared.n_workers; i++) {
		const struct sched_state *st = &shared.workers[i]->scheds[service];

		if (__atomic_load_n(&st->epoch, __ATOMIC_RELAXED) != epoch)
			return 0;
		oldest = RTE_MIN(oldest, __atomic_load_n(&st->version, __ATOMIC_RELAXED));
	}
	return shared.n_workers ? oldest : 0;
}

unsigned int dp_counter_count(void)
{
	return COUNTERS;
}

void dp_counter(unsigned int i, struct dp_counter *out)
{
	const struct counter_text *t = &counter_texts[i];

	*out = (struct dp_counter){.name = t->name, .help = t->help, .drop = t->drop};
	out->value = punt_counters[i];
	for (unsigned int k = 0; k < shared.n_workers; k++)
		out->value += read64(&shared.workers[k]->counters[i]);
}

unsigned int dp_worker_count(void)
{
	return shared.n_workers;
}

void dp_worker_info(unsigned int worker, struct dp_worker_info *out)
{
	const struct worker *w = shared.workers[worker];

	*out = (struct dp_worker_info){
		.cpu = w->cpu,
		.rx_packets = read64(&w->rx_packets),
		.tx_packets = read64(&w->tx_packets),
		.drops = counters_drops(w->counters),
		.handovers = read64(&w->counters[COUNTER_handover]),
		.loops = read64(&w->loops),
		.busy_loops = read64(&w->busy_loops),
		.conns = __atomic_load_n(&w->conns.arena->used, __ATOMIC_RELAXED),
		.conns_max = w->conns.arena->capacity,
		.conn_memory = conn_table_bytes(&w->conns),
		.conns_created = read64(&w->counters[COUNTER_conn_created]),
		.conns_expired = read64(&w->counters[COUNTER_conn_expired]),
		.hugepages = w->conns.huge,
	};
}

uint32_t dp_conn_table_size(void)
{
	uint32_t n = 0;

	for (unsigned int i = 0; i < shared.n_workers; i++)
		n += shared.workers[i]->conns.bucket_mask + 1;
	return n;
}

unsigned int dp_port_count(void)
{
	return port_count();
}

void dp_port_info(unsigned int i, struct dp_port_info *out)
{
	const struct port *p = port_get(i);
	struct rte_eth_link link;
	struct rte_eth_stats st;

	memset(&link, 0, sizeof(link));
	memset(&st, 0, sizeof(st));
	(void)rte_eth_link_get_nowait(p->id, &link);
	(void)rte_eth_stats_get(p->id, &st);
	*out = (struct dp_port_info){
		.name = p->name,
		.device = p->device,
		.driver = p->driver,
		.steering = shared.n_workers == 1 ? "single" : "handover",
		.mtu = p->mtu,
		.link = link.link_status == RTE_ETH_LINK_UP,
		.speed = link.link_speed,
		.rx_queues = p->n_rxq,
		.tx_queues = p->n_txq,
		.ipackets = st.ipackets,
		.opackets = st.opackets,
		.ibytes = st.ibytes,
		.obytes = st.obytes,
		.imissed = st.imissed,
		.ierrors = st.ierrors,
		.oerrors = st.oerrors,
	};
	memcpy(out->mac, p->mac.addr_bytes, sizeof(out->mac));
}

/* ---- names ------------------------------------------------------------------------------- */

const struct sched_ops *dp_sched_find(const char *name)
{
	return sched_find(name);
}

const char *dp_sched_name(const struct sched_ops *ops)
{
	return ops->name;
}

void dp_timeouts_default(struct timeouts *out)
{
	proto_timeouts_default(out);
}

/* ---- walks over connections -------------------------------------------------------------- */

struct dp_conn_walk {
	struct dp_conn_walk *next; /* among the closed ones that a worker still writes to */
	unsigned int worker;
	bool posted;
	struct mail mail;
};

static struct dp_conn_walk *abandoned;

struct dp_conn_walk *dp_conn_walk_open(void)
{
	return calloc(1, sizeof(struct dp_conn_walk));
}

static void abandoned_free(void)
{
	for (struct dp_conn_walk **at = &abandoned; *at;) {
		struct dp_conn_walk *walk = *at;

		if (!atomic_load_explicit(&walk->mail.done, memory_order_acquire)) {
			at = &walk->next;
			continue;
		}
		*at = walk->next;
		free(walk);
	}
}

/* Asks the worker for the next views; when it is not running (before dp_start), does its part. */
static int walk_post(struct dp_conn_walk *walk, unsigned int n)
{
	struct worker *w = shared.workers[walk->worker];
	int ret;

	walk->mail.kind = MAIL_WALK;
	walk->mail.want = RTE_MIN(n, (unsigned int)MAIL_VIEWS_MAX);
	ret = mailbox_post(w, &walk->mail);
	if (ret)
		return ret;
	walk->posted = true;
	if (!workers_started)
		mailbox_serve(w);
	return 0;
}

int dp_conn_walk_next(struct dp_conn_walk *walk, struct conn_view *out, unsigned int n)
{
	struct mail *m = &walk->mail;

	for (;;) {
		if (!walk->posted) {
			if (walk->worker >= shared.n_workers)
				return 0;
			int ret = walk_post(walk, n);

			if (ret)
				return ret;
		}
		if (!atomic_load_explicit(&m->done, memory_order_acquire))
			return -EAGAIN;
		walk->posted = false;
		unsigned int got = m->got;

		memcpy(out, m->views, got * sizeof(*out));
		if (m->end) {
			walk->worker++;
			m->cursor = 0;
		}
		if (got)
			return (int)got;
	}
}

void dp_conn_walk_close(struct dp_conn_walk *walk)
{
	abandoned_free();
	if (walk->posted && !atomic_load_explicit(&walk->mail.done, memory_order_acquire)) {
		walk->next = abandoned;
		abandoned = walk;
		return;
	}
	free(walk);
}

void dp_conn_flush(void)
{
	static struct mail flush[DP_WORKERS_MAX];

	for (unsigned int i = 0; i < shared.n_workers; i++) {
		struct worker *w = shared.workers[i];

		flush[i].kind = MAIL_FLUSH;
		while (mailbox_post(w, &flush[i]) == -EAGAIN)
			rte_delay_us_sleep(10);
		if (!workers_started)
			mailbox_serve(w);
		while (!atomic_load_explicit(&flush[i].done, memory_order_acquire))
			rte_delay_us_sleep(10);
	}
}
