/* SPDX-License-Identifier: BSD-3-Clause */
/* The world's machinery: environment, ports made of rings, workers, frames, counters. Its control
 * plane is in world.c. */
#include "harness.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_rcu_qsbr.h>

#include "dataplane/port.h"
#include "dataplane/punt.h"
#include "world.h"

#define RING_SIZE 4096
#define MBUFS     16383
#define TURNS_MAX 100000
#define PUNTED    4096

tick_t world_now;

static struct rte_mempool *pool;
static struct rte_ring *rx[WORLD_PORTS][WORLD_QUEUES], *tx[WORLD_PORTS][WORLD_QUEUES];
static uint64_t marks[COUNTERS];
static int64_t clock_ahead_ns;
static uint16_t headroom;

static struct punted {
	int port;
	struct frame *frame;
} punted[PUNTED];
static unsigned int punted_first, punted_last;
static struct lvs_addr asked[PUNTED];
static unsigned int asked_first, asked_last;

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "harness: %s\n", what);
	abort();
}

/* ---- time -------------------------------------------------------------------------------- */

int __real_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts);

/* The main lcore's clock, too, shows what the test wants (--wrap=clock_gettime). */
int __wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	int ret = __real_clock_gettime(id, ts);
	int64_t ns = ts->tv_nsec + clock_ahead_ns % 1000000000;

	ts->tv_sec += clock_ahead_ns / 1000000000 + ns / 1000000000;
	ts->tv_nsec = ns % 1000000000;
	return ret;
}

void world_sleep(double seconds)
{
	world_now += (tick_t)(int64_t)(seconds * TICKS_PER_SECOND);
	clock_ahead_ns += (int64_t)(seconds * 1e9);
}

/* ---- random numbers ---------------------------------------------------------------------- */

uint64_t harness_seed(void)
{
	const char *text = getenv("LVSD_SEED");
	struct timespec ts;
	uint64_t seed;

	clock_gettime(CLOCK_REALTIME, &ts);
	seed = text ? strtoull(text, NULL, 0) : (uint64_t)ts.tv_sec << 20 ^ (uint64_t)ts.tv_nsec;
	printf("# LVSD_SEED=%llu\n", (unsigned long long)seed);
	fflush(stdout);
	return seed ? seed : 1;
}

uint64_t harness_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* ---- environment ------------------------------------------------------------------------- */

static void start_eal(void)
{
	char lcores[32];
	char *argv[] = {(char *)"test",
			(char *)"--no-huge",
			(char *)"-m",
			(char *)"128",
			(char *)"--no-shconf",
			(char *)"--no-pci",
			(char *)"--no-telemetry",
			(char *)"--log-level=*:error",
			(char *)"--lcores",
			lcores,
			NULL};
	cpu_set_t set;
	int cpu = 0;

	sched_getaffinity(0, sizeof(set), &set);
	while (cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, &set))
		cpu++;
	snprintf(lcores, sizeof(lcores), "0@%d", cpu);
	must(rte_eal_init((int)RTE_DIM(argv) - 1, argv) >= 0, "cannot start EAL");
}

static void make_port(unsigned int p)
{
	struct rte_eth_conf conf;
	char name[RTE_RING_NAMESIZE];

	for (unsigned int q = 0; q < WORLD_QUEUES; q++) {
		snprintf(name, sizeof(name), "in_%u_%u", p, q);
		rx[p][q] = rte_ring_create(name, RING_SIZE, SOCKET_ID_ANY, 0);
		snprintf(name, sizeof(name), "out_%u_%u", p, q);
		tx[p][q] = rte_ring_create(name, RING_SIZE, SOCKET_ID_ANY, 0);
		must(rx[p][q] && tx[p][q], "no memory for rings");
	}
	snprintf(name, sizeof(name), "port%u", p);
	int id = rte_eth_from_rings(name, rx[p], WORLD_QUEUES, tx[p], WORLD_QUEUES, 0);

	must(id >= 0, "cannot make a port of rings");
	memset(&conf, 0, sizeof(conf));
	must(!rte_eth_dev_configure((uint16_t)id, WORLD_QUEUES, WORLD_QUEUES, &conf), "configure");
	for (uint16_t q = 0; q < WORLD_QUEUES; q++) {
		must(!rte_eth_rx_queue_setup((uint16_t)id, q, RING_SIZE, 0, NULL, pool), "rx");
		must(!rte_eth_tx_queue_setup((uint16_t)id, q, RING_SIZE, 0, NULL), "tx");
	}
	must(!rte_eth_dev_start((uint16_t)id), "cannot start a port of rings");
	must(!port_adopt((uint16_t)id, name, 1, 1), "cannot adopt a port");
	port_get(p)->started = true; /* port_close_all() stops it */
	for (int i = 0; i < 6; i++)
		port_get(p)->mac.addr_bytes[i] = (uint8_t)(MAC_PORT(p) >> (40 - 8 * i));
}

void harness_init(void)
{
	start_eal();
	pool = rte_pktmbuf_pool_create("frames", MBUFS, 0, PACKET_PRIV_SIZE,
				       RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	must(pool, "no memory for packet buffers");
	for (unsigned int p = 0; p < WORLD_PORTS; p++)
		make_port(p);
}

void harness_fini(void)
{
	port_close_all();
	rte_eal_cleanup();
}

int harness_run_tests(const char *name, const struct CMUnitTest *tests, size_t n)
{
	harness_init();
	int failed = _cmocka_run_group_tests(name, tests, n, NULL, NULL);

	harness_fini();
	return failed;
}

/* ---- worlds ------------------------------------------------------------------------------ */

struct worker *world_worker(unsigned int i)
{
	return shared.workers[i];
}

static void drain(void)
{
	struct frame f;

	for (unsigned int p = 0; p < WORLD_PORTS; p++)
		while (world_sent(p, &f))
			;
	while (world_punted(&f) >= 0)
		;
	asked_first = asked_last = 0;
}

/* What a test that failed has left. */
static void abandon(void)
{
	punt_fini();
	drain();
	for (unsigned int i = 0; i < shared.n_workers; i++)
		worker_destroy(shared.workers[i]);
	shared.n_workers = 0;
	world_tables_end();
}

void world_begin(const struct world_config *config)
{
	if (shared.n_workers)
		abandon();
	struct world_config c = config ? *config : (struct world_config){0};
	struct dp_config dp = {
		.hugepages = DP_HUGEPAGES_NO,
		.n_workers = c.n_workers ? c.n_workers : 1,
		.connections = c.connections ? c.connections : 1024,
	};
	struct worker *w;

	world_now = c.start ? c.start : 1000 * TICKS_PER_SECOND;
	clock_ahead_ns = 0;
	headroom = 0;
	/* A clock that stands still at the first tick. */
	shared.clock = (struct clock){.base_tick = world_now};
	for (unsigned int p = 0; p < WORLD_PORTS; p++) {
		port_get(p)->n_rxq = c.n_rxq ? c.n_rxq : 1;
		port_get(p)->n_txq = c.n_txq ? c.n_txq : 1;
		port_get(p)->mtu = 1500;
		port_get(p)->punt = true;
	}
	for (unsigned int i = 0; i < dp.n_workers; i++) {
		dp.worker_cpu[i] = -1;
		must(!worker_create(i, &dp, pool, &w), "cannot create a worker");
	}
	must(!worker_connect_all(), "cannot connect the workers");
	world_tables_begin();
	memset(punt_counters, 0, COUNTERS * sizeof(punt_counters[0]));
	world_mark();
}

void world_end(void)
{
	unsigned int n = shared.n_workers;

	world_turn();
	world_poll();
	punt_fini();
	world_turn();
	drain();
	for (unsigned int i = 0; i < n; i++)
		worker_destroy(shared.workers[i]);
	shared.n_workers = 0;
	world_tables_end();
	if (rte_mempool_avail_count(pool) != MBUFS)
		fail_msg("%u packet buffers were not freed", MBUFS - rte_mempool_avail_count(pool));
}

void world_turn(void)
{
	unsigned int busy = 1;

	for (unsigned int k = 0; busy; k++) {
		busy = 0;
		for (unsigned int i = 0; i < shared.n_workers; i++)
			busy += worker_turn(shared.workers[i], world_now);
		must(k < TURNS_MAX, "the workers find no rest");
	}
}

/* ---- frames ------------------------------------------------------------------------------ */

static void bytes_free(void *addr, void *shinfo)
{
	free(addr);
	free(shinfo);
}

void world_headroom(uint16_t bytes)
{
	headroom = bytes;
}

/* An mbuf whose buffer is an allocation of exactly the headroom and these bytes. */
static struct rte_mbuf *mbuf_of(const uint8_t *data, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct rte_mbuf_ext_shared_info *shinfo = calloc(1, sizeof(*shinfo));
	uint8_t *bytes = malloc(headroom + len);

	must(m && shinfo && (bytes || !len), "no memory for a frame");
	memcpy(bytes + headroom, data, len);
	shinfo->free_cb = bytes_free;
	shinfo->fcb_opaque = shinfo;
	rte_mbuf_ext_refcnt_set(shinfo, 1);
	rte_pktmbuf_attach_extbuf(m, bytes, RTE_BAD_IOVA, (uint16_t)(headroom + len), shinfo);
	m->data_off = headroom;
	must(rte_pktmbuf_append(m, (uint16_t)len) != NULL, "cannot fill a frame");
	return m;
}

void world_inject(unsigned int port, unsigned int queue, const struct frame *f)
{
	must(!rte_ring_enqueue(rx[port][queue], mbuf_of(f->data, f->len)), "receive queue full");
}

void world_inject_split(unsigned int port, const struct frame *f, size_t first)
{
	struct rte_mbuf *m = mbuf_of(f->data, first);

	must(!rte_pktmbuf_chain(m, mbuf_of(f->data + first, f->len - first)), "cannot chain");
	must(!rte_ring_enqueue(rx[port][0], m), "receive queue full");
}

bool world_sent(unsigned int port, struct frame *out)
{
	struct rte_mbuf *m;

	for (unsigned int q = 0; q < WORLD_QUEUES; q++) {
		if (rte_ring_dequeue(tx[port][q], (void **)&m))
			continue;
		out->len = rte_pktmbuf_pkt_len(m);
		out->l3 = 14;
		must(out->len <= FRAME_MAX, "frame too long");
		const void *data = rte_pktmbuf_read(m, 0, (uint32_t)out->len, out->data);

		if (data != out->data)
			memcpy(out->data, data, out->len);
		rte_pktmbuf_free(m);
		return true;
	}
	return false;
}

unsigned int world_sent_count(unsigned int port)
{
	unsigned int n = 0;

	for (unsigned int q = 0; q < WORLD_QUEUES; q++)
		n += rte_ring_count(tx[port][q]);
	return n;
}

static void take_frame(void *arg, unsigned int port, const void *data, size_t len)
{
	struct frame *f = malloc(sizeof(*f));

	must(f && len <= FRAME_MAX && punted_last - punted_first < PUNTED, "frame for the kernel");
	f->len = len;
	f->l3 = 14;
	memcpy(f->data, data, len);
	punted[punted_last++ % PUNTED] = (struct punted){.port = (int)port, .frame = f};
}

static void take_request(void *arg, unsigned int port, uint16_t af, const struct lvs_addr *addr)
{
	must(asked_last - asked_first < PUNTED, "request for a link address");
	asked[asked_last++ % PUNTED] = *addr;
}

void world_poll(void)
{
	static const struct dp_punt_ops ops = {.frame = take_frame, .resolve = take_request};

	while (dp_punt_poll(&ops, NULL, 64))
		;
}

int world_punted(struct frame *out)
{
	if (punted_first == punted_last)
		return -1;
	struct punted p = punted[punted_first++ % PUNTED];

	memcpy(out, p.frame, sizeof(*out));
	free(p.frame);
	return p.port;
}

int world_asked(struct lvs_addr *out)
{
	if (asked_first == asked_last)
		return -1;
	*out = asked[asked_first++ % PUNTED];
	return 0;
}

/* ---- what is to be seen ------------------------------------------------------------------ */

void world_mark(void)
{
	for (unsigned int i = 0; i < dp_counter_count(); i++) {
		struct dp_counter c;

		dp_counter(i, &c);
		marks[i] = c.value;
	}
}

static uint64_t counter_since(unsigned int i, struct dp_counter *c)
{
	dp_counter(i, c);
	return c->value - marks[i];
}

uint64_t world_counter(const char *name)
{
	struct dp_counter c;

	for (unsigned int i = 0; i < dp_counter_count(); i++) {
		uint64_t n = counter_since(i, &c);

		if (strcmp(c.name, name) == 0)
			return n;
	}
	fail_msg("no counter named %s", name);
	return 0;
}

/* What the list says of a counter: "a b=2" gives 1 for a, 2 for b, 0 for others. */
static uint64_t listed(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = list; at && *at; at += strcspn(at, " "), at += strspn(at, " ")) {
		if (strncmp(at, name, n) != 0)
			continue;
		if (at[n] == '=')
			return strtoull(at + n + 1, NULL, 10);
		if (at[n] == 0 || at[n] == ' ')
			return 1;
	}
	return 0;
}

static void check_names(const char *list)
{
	for (const char *at = list; at && *at; at += strcspn(at, " "), at += strspn(at, " ")) {
		char name[64];

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, " ="), at);
		world_counter(name);
	}
}

void world_expect_counters(const char *counters, const char *what)
{
	struct dp_counter c;
	bool wrong = false;

	check_names(counters);
	for (unsigned int i = 0; i < dp_counter_count(); i++) {
		uint64_t got = counter_since(i, &c), want = listed(counters, c.name);

		if (got == want)
			continue;
		fprintf(stderr, "  counter %s: %llu, expected %llu\n", c.name,
			(unsigned long long)got, (unsigned long long)want);
		wrong = true;
	}
	if (wrong)
		fail_msg("%s: counters", what);
}

unsigned int world_conns(struct conn_view *out, unsigned int n)
{
	struct dp_conn_walk *walk = dp_conn_walk_open();
	struct conn_view views[64];
	unsigned int total = 0;
	int got;

	must(walk != NULL, "no memory for a walk");
	while ((got = dp_conn_walk_next(walk, views, 64)) > 0)
		for (int i = 0; i < got; i++, total++)
			if (total < n)
				out[total] = views[i];
	dp_conn_walk_close(walk);
	assert_int_equal(got, 0);
	return total;
}
