/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cycles per packet of the pipeline, in one process, without a NIC.
 *
 * Three arms take turns in short windows, so that a busy machine disturbs them alike:
 *
 *   source     makes frames of random flows and gives them to a null port
 *   macswap    as testpmd's: source + swap of the Ethernet addresses
 *   lvsd       source + our pipeline (NAT)
 *
 * What is reported is the median over all windows, minus the source's. Between windows the frames
 * that the pipeline puts out are checked against the rewrite that they must show.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_launch.h>

#include "dataplane/checksum.h"
#include "dataplane/pipeline.h"
#include "dataplane/port.h"
#include "dataplane/proto/proto.h"
#include "dataplane/worker.h"

#define WINDOW_BURSTS    32
#define WINDOW_PACKETS   (WINDOW_BURSTS * BURST_MAX)
#define SERVERS          16
#define FRAME_LEN        64
#define VIP              RTE_IPV4(192, 0, 2, 1)
#define SERVER(i)        (RTE_IPV4(10, 0, 0, 1) + (i))
#define CLIENT_NET       RTE_IPV4(100, 64, 0, 0) /* 100.64/10: room for 4M addresses */
#define FLOWS_PER_CLIENT 32
#define FIRST_PORT       1024
#define VPORT            53
#define DPORT            5353

enum arm { ARM_SOURCE, ARM_MACSWAP, ARM_LVSD, ARMS };
enum direction { TO_SERVER, TO_CLIENT };

struct options {
	unsigned int rounds;
	enum direction direction;
	bool hugepages;
};

struct bench {
	struct worker *w;
	struct rte_mempool *pool;
	uint16_t ethdev;
	uint64_t flows;
	enum direction direction;
	uint64_t random;
	uint8_t frame[FRAME_LEN];
	uint16_t frame_sum; /* of its IP header without client address and checksum */
};

/* ---- configuration: one UDP service, rr over SERVERS servers --------------------------------- */

static const struct rte_ether_addr router = {{2, 0, 0, 0, 0, 1}};

static void publish_services(void)
{
	static struct service_dest list[SERVERS];
	static struct dest_page page;
	static const struct dest_page *pages[1] = {&page};
	static struct sched_event event = {.kind = SCHED_EVENT_INIT, .max_weight = 1, .gcd = 1};
	static struct service svc = {
		.af = AF_INET,
		.proto = IPPROTO_UDP,
		.epoch = 1,
		.version = 1,
		.n_events = 1,
		.events = &event,
		.n_dests = SERVERS,
		.dests = list,
	};
	static const struct service *table[4];
	static struct vip vips[4];
	static struct snapshot snapshot = {
		.version = 1,
		.service_mask = 3,
		.services = table,
		.vip_mask = 3,
		.vips = vips,
		.n_dest_pages = 1,
		.dest_pages = pages,
	};

	svc.addr = addr_v4(rte_cpu_to_be_32(VIP));
	svc.port = rte_cpu_to_be_16(VPORT);
	svc.sched = sched_find("rr");
	for (uint32_t i = 0; i < SERVERS; i++) {
		list[i] = (struct service_dest){.id = i, .weight = 1, .last_weight = 1};
		page.d[i] = (struct dest){
			.addr = addr_v4(rte_cpu_to_be_32(SERVER(i))),
			.port = rte_cpu_to_be_16(DPORT),
			.af = AF_INET,
			.flags = DEST_AVAILABLE,
			.fwd = FWD_NAT,
		};
	}
	table[service_hash(svc.af, svc.proto, &svc.addr, svc.port) & 3] = &svc;
	vips[vip_hash(AF_INET, &svc.addr) & 3] = (struct vip){.addr = svc.addr, .af = AF_INET};
	proto_timeouts_default(&snapshot.timeouts);
	dp_publish_snapshot(&snapshot);
}

static void publish_routes(void)
{
	struct lvs_addr gateway = addr_v4(rte_cpu_to_be_32(RTE_IPV4(172, 16, 0, 1)));
	struct fib_route route = {.af = AF_INET, .type = FIB_UNICAST, .gateway = gateway};
	struct fib_neighbour neighbour = {.af = AF_INET, .addr = gateway};
	struct fib_input in = {
		.routes = &route,
		.n_routes = 1,
		.neighbours = &neighbour,
		.n_neighbours = 1,
	};

	memcpy(neighbour.mac, &router, sizeof(neighbour.mac));
	dp_publish_fib(fib_build(&in, NULL));
}

/* ---- the source ------------------------------------------------------------------------------ */

static uint64_t next_random(struct bench *b)
{
	b->random ^= b->random << 13;
	b->random ^= b->random >> 7;
	b->random ^= b->random << 17;
	return b->random;
}

static uint32_t client_addr(uint64_t flow)
{
	return CLIENT_NET + (uint32_t)(flow / FLOWS_PER_CLIENT);
}

static uint16_t client_port(uint64_t flow)
{
	return (uint16_t)(FIRST_PORT + flow % FLOWS_PER_CLIENT);
}

/* Connections are made in the order of flow numbers, so rr tells the server. */
static uint32_t server_of(uint64_t flow)
{
	return SERVER((uint32_t)(flow % SERVERS));
}

static void frame_prepare(struct bench *b)
{
	struct rte_ether_hdr *eth = (void *)b->frame;
	struct rte_ipv4_hdr *ip = (void *)(eth + 1);
	struct rte_udp_hdr *udp = (void *)(ip + 1);

	memset(b->frame, 0, sizeof(b->frame));
	eth->dst_addr = port_get(0)->mac;
	eth->src_addr = router;
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	ip->version_ihl = RTE_IPV4_VHL_DEF;
	ip->total_length = rte_cpu_to_be_16(FRAME_LEN - sizeof(*eth));
	ip->time_to_live = 64;
	ip->next_proto_id = IPPROTO_UDP;
	udp->dgram_len = rte_cpu_to_be_16(FRAME_LEN - sizeof(*eth) - sizeof(*ip));
	udp->dgram_cksum = 0x3412; /* not zero; that it is wrong costs the same */
	b->frame_sum = rte_raw_cksum(ip, sizeof(*ip));
}

/* A frame of a flow; in the bench's direction. */
static inline void frame_write(const struct bench *b, uint8_t *to, uint64_t flow)
{
	struct rte_ipv4_hdr *ip = (void *)(to + sizeof(struct rte_ether_hdr));
	struct rte_udp_hdr *udp = (void *)(ip + 1);
	uint32_t client = rte_cpu_to_be_32(client_addr(flow));
	uint32_t other;

	memcpy(to, b->frame, FRAME_LEN);
	if (b->direction == TO_SERVER) {
		other = rte_cpu_to_be_32(VIP);
		ip->src_addr = client;
		ip->dst_addr = other;
		udp->src_port = rte_cpu_to_be_16(client_port(flow));
		udp->dst_port = RTE_BE16(VPORT);
	} else {
		other = rte_cpu_to_be_32(server_of(flow));
		ip->src_addr = other;
		ip->dst_addr = client;
		udp->src_port = RTE_BE16(DPORT);
		udp->dst_port = rte_cpu_to_be_16(client_port(flow));
	}
	uint32_t sum = (uint32_t)b->frame_sum + (client & 0xffff) + (client >> 16) +
		       (other & 0xffff) + (other >> 16);
	ip->hdr_checksum = (uint16_t)~checksum_fold(sum);
}

static void burst_make(struct bench *b, struct rte_mbuf **m, bool in_order, uint64_t first)
{
	if (rte_pktmbuf_alloc_bulk(b->pool, m, BURST_MAX))
		rte_exit(1, "out of packet buffers\n");
	for (unsigned int i = 0; i < BURST_MAX; i++) {
		uint64_t flow =
			in_order ? (first + i) % b->flows
				 : (uint64_t)(((unsigned __int128)next_random(b) * b->flows) >> 64);

		m[i]->data_len = FRAME_LEN;
		m[i]->pkt_len = FRAME_LEN;
		frame_write(b, rte_pktmbuf_mtod(m[i], uint8_t *), flow);
	}
}

/* ---- arms ------------------------------------------------------------------------------------ */

static inline void swap_macs(struct rte_mbuf **m)
{
	for (unsigned int i = 0; i < BURST_MAX; i++)
		rte_prefetch0(rte_pktmbuf_mtod(m[i], void *));
	for (unsigned int i = 0; i < BURST_MAX; i++) {
		struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m[i], struct rte_ether_hdr *);
		struct rte_ether_addr a = eth->dst_addr;

		eth->dst_addr = eth->src_addr;
		eth->src_addr = a;
	}
}

/* One window; returns cycles per packet. */
static double window(struct bench *b, enum arm arm)
{
	uint64_t begin = rte_rdtsc();

	for (unsigned int k = 0; k < WINDOW_BURSTS; k++) {
		struct rte_mbuf *m[BURST_MAX];

		burst_make(b, m, false, 0);
		if (arm == ARM_LVSD) {
			worker_load(b->w, clock_ticks(&shared.clock, rte_rdtsc()));
			pipeline_run(b->w, 0, m, BURST_MAX, false);
			worker_flush_port(b->w, 0);
			continue;
		}
		if (arm == ARM_MACSWAP)
			swap_macs(m);
		if (rte_eth_tx_burst(b->ethdev, 0, m, BURST_MAX) != BURST_MAX)
			rte_exit(1, "the null port refuses frames\n");
	}
	return (double)(rte_rdtsc() - begin) / WINDOW_PACKETS;
}

/* ---- checks ---------------------------------------------------------------------------------- */

static void check_frame(const struct bench *b, const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	const struct rte_ipv4_hdr *ip = (const void *)(eth + 1);
	const struct rte_udp_hdr *udp = (const void *)(ip + 1);
	uint32_t client = rte_be_to_cpu_32(b->direction == TO_SERVER ? ip->src_addr : ip->dst_addr);
	uint16_t port = rte_be_to_cpu_16(b->direction == TO_SERVER ? udp->src_port : udp->dst_port);
	uint64_t flow = (uint64_t)(client - CLIENT_NET) * FLOWS_PER_CLIENT + port - FIRST_PORT;
	bool ok = rte_is_same_ether_addr(&eth->dst_addr, &router) && ip->time_to_live == 63 &&
		  rte_raw_cksum(ip, sizeof(*ip)) == 0xffff && flow < b->flows;

	if (b->direction == TO_SERVER)
		ok = ok && rte_be_to_cpu_32(ip->dst_addr) == server_of(flow) &&
		     udp->dst_port == RTE_BE16(DPORT);
	else
		ok = ok && rte_be_to_cpu_32(ip->src_addr) == VIP &&
		     udp->src_port == RTE_BE16(VPORT);
	if (!ok)
		rte_exit(1, "a frame of flow %lu was not rewritten as it must be\n", flow);
}

/* One burst through the pipeline, every frame out looked at. */
static void check(struct bench *b)
{
	struct rte_mbuf *m[BURST_MAX];

	burst_make(b, m, false, 0);
	worker_load(b->w, clock_ticks(&shared.clock, rte_rdtsc()));
	pipeline_run(b->w, 0, m, BURST_MAX, false);
	if (b->w->tx[0].n != BURST_MAX)
		rte_exit(1, "%u frames in, %u out\n", BURST_MAX, b->w->tx[0].n);
	for (unsigned int i = 0; i < BURST_MAX; i++)
		check_frame(b, b->w->tx[0].mbufs[i]);
	worker_flush_port(b->w, 0);
}

/* ---- a run ----------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double percentile(double *v, unsigned int n, double p)
{
	qsort(v, n, sizeof(*v), by_value);
	return v[(unsigned int)(p * (n - 1))];
}

/* Opens every flow's connection, in order; returns cycles per new connection. */
static double open_flows(struct bench *b)
{
	enum direction direction = b->direction;
	uint64_t begin = rte_rdtsc();

	b->direction = TO_SERVER;
	for (uint64_t f = 0; f < b->flows; f += BURST_MAX) {
		struct rte_mbuf *m[BURST_MAX];

		burst_make(b, m, true, f);
		worker_load(b->w, clock_ticks(&shared.clock, rte_rdtsc()));
		pipeline_run(b->w, 0, m, BURST_MAX, false);
		worker_flush_port(b->w, 0);
	}
	b->direction = direction;
	return (double)(rte_rdtsc() - begin) / (double)b->flows;
}

static void run(struct bench *b, const struct options *o, uint64_t flows)
{
	struct dp_config config = {
		.n_workers = 1,
		.worker_cpu = {-1},
		.connections = (uint32_t)RTE_MAX(flows + flows / 8, 1024u),
		.hugepages = o->hugepages ? DP_HUGEPAGES_AUTO : DP_HUGEPAGES_NO,
	};
	double *v[ARMS];

	if (worker_create(0, &config, b->pool, &b->w) || worker_connect_all())
		rte_exit(1, "no memory for %lu connections\n", flows);
	b->flows = flows;
	b->direction = o->direction;
	b->random = 88172645463325252ull;
	frame_prepare(b);

	double opening = open_flows(b);
	double bytes = (double)conn_table_bytes(&b->w->conns) / b->w->conns.arena->capacity;

	if (b->w->conns.arena->used != flows)
		rte_exit(1, "%lu flows, %u connections\n", flows, b->w->conns.arena->used);
	for (int a = 0; a < ARMS; a++)
		v[a] = malloc(o->rounds * sizeof(double));
	for (unsigned int r = 0; r < o->rounds; r++) {
		for (int a = 0; a < ARMS; a++)
			v[(a + (int)r) % ARMS][r] = window(b, (enum arm)((a + (int)r) % ARMS));
		check(b);
		if (isatty(2) && r % 64 == 0)
			fprintf(stderr, "\r%lu flows: %u %%   ", flows, r * 100 / o->rounds);
	}
	if (isatty(2))
		fprintf(stderr, "\r%40s\r", "");
	double source = percentile(v[ARM_SOURCE], o->rounds, .5);
	double swap = percentile(v[ARM_MACSWAP], o->rounds, .5);
	double ours = percentile(v[ARM_LVSD], o->rounds, .5);
	double p10 =
		percentile(v[ARM_LVSD], o->rounds, .1) - percentile(v[ARM_SOURCE], o->rounds, .1);

	printf("%9lu  %7.1f  %7.1f  %7.1f  %7.1f  %7.1f  %8.2f  %7.0f  %6.1f  %s\n", flows, source,
	       swap - source, ours - source, p10, ours, ours / swap, opening, bytes,
	       b->w->conns.huge ? "yes" : "no");
	fflush(stdout);
	for (int a = 0; a < ARMS; a++)
		free(v[a]);
	worker_destroy(b->w);
}

static void environment(struct bench *b)
{
	char *argv[] = {(char *)"bench-pipeline",
			(char *)"--no-huge",
			(char *)"-m",
			(char *)"128",
			(char *)"--no-pci",
			(char *)"--no-shconf",
			(char *)"--no-telemetry",
			(char *)"--log-level=*:error",
			NULL};
	struct rte_eth_conf conf;

	memset(&conf, 0, sizeof(conf));
	if (rte_eal_init(RTE_DIM(argv) - 1, argv) < 0 || rte_dev_probe("net_null0,size=64"))
		rte_exit(1, "cannot start DPDK\n");
	clock_init(&shared.clock);
	b->pool = rte_pktmbuf_pool_create("bench", 4095, 256, PACKET_PRIV_SIZE,
					  RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (!b->pool || rte_eth_dev_get_port_by_name("net_null0", &b->ethdev) ||
	    rte_eth_dev_configure(b->ethdev, 1, 1, &conf) ||
	    rte_eth_rx_queue_setup(b->ethdev, 0, 512, 0, NULL, b->pool) ||
	    rte_eth_tx_queue_setup(b->ethdev, 0, 512, 0, NULL) || rte_eth_dev_start(b->ethdev) ||
	    port_adopt(b->ethdev, "null", 1, 1))
		rte_exit(1, "cannot open the null port\n");
}

static void usage(FILE *to)
{
	fprintf(to,
		"usage: bench-pipeline [--flows N[,N...]] [--rounds N] [--reply] [--hugepages]\n"
		"  --flows      distinct flows, default 1000,100000,1000000\n"
		"  --rounds     windows of %u packets per arm, default 2000\n"
		"  --reply      packets from the servers instead of from the clients\n"
		"  --hugepages  connection table in hugepages (reserve them first)\n",
		WINDOW_PACKETS);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{"flows", required_argument, NULL, 'f'}, {"rounds", required_argument, NULL, 'r'},
		{"reply", no_argument, NULL, 'o'},       {"hugepages", no_argument, NULL, 'H'},
		{"help", no_argument, NULL, 'h'},        {NULL, 0, NULL, 0},
	};
	struct options o = {.rounds = 2000};
	char flows[256] = "1000,100000,1000000";
	struct bench b = {0};
	double load[1] = {0};
	int c;

	while ((c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		switch (c) {
		case 'f':
			snprintf(flows, sizeof(flows), "%s", optarg);
			break;
		case 'r':
			o.rounds = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'o':
			o.direction = TO_CLIENT;
			break;
		case 'H':
			o.hugepages = true;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (o.rounds < 10 || optind != argc) {
		usage(stderr);
		return 2;
	}
	environment(&b);
	publish_services();
	publish_routes();
	(void)getloadavg(load, 1);
	printf("NAT, UDP 64 B, IPv4, %s; bursts of %u; TSC %.3f GHz; load %.2f\n"
	       "cycles per packet (median; beyond: minus the source's):\n"
	       "    flows   source  macswap     lvsd  lvsdp10    whole  lvsd/swp  new conn  B/conn "
	       " huge\n"
	       "                     beyond   beyond   beyond               ratio\n",
	       o.direction == TO_SERVER ? "to the server" : "to the client", BURST_MAX,
	       (double)rte_get_tsc_hz() / 1e9, load[0]);
	for (char *save, *f = strtok_r(flows, ",", &save); f; f = strtok_r(NULL, ",", &save)) {
		uint64_t n = strtoull(f, NULL, 10);

		if (n < BURST_MAX || n > 100000000)
			rte_exit(2, "--flows: %s: from %u to 100000000\n", f, BURST_MAX);
		run(&b, &o, n);
	}
	rte_eal_cleanup();
	return 0;
}
