/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The data plane as the control plane sees it. This header, snapshot.h and fib.h are all that
 * src/control includes of src/dataplane; lcores, mbufs and rings do not appear in them.
 *
 * Every function is called from the main lcore only, unless said otherwise. Functions return 0 or
 * a negative errno and leave outputs untouched on failure; those with `err` also write one
 * sentence for people there.
 */
#ifndef LVSD_DATAPLANE_H
#define LVSD_DATAPLANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fib.h"
#include "snapshot.h"

#define DP_WORKERS_MAX   64
#define DP_PORTS_MAX     FIB_PORTS_MAX
#define DP_PORT_NAME_MAX 16 /* with the final 0: a kernel interface has the same name */
#define DP_ERROR_MAX     512

struct dp_error {
	char text[DP_ERROR_MAX];
};

/* ---- start and stop ---------------------------------------------------------------------- */

enum dp_hugepages { DP_HUGEPAGES_AUTO, DP_HUGEPAGES_YES, DP_HUGEPAGES_NO };

/* What a worker does when its queues are empty. */
enum dp_idle {
	DP_IDLE_SLEEP, /* after about a millisecond without work, naps of some 50 us */
	DP_IDLE_POLL,  /* polls on: lowest latency, a core always busy */
};

struct dp_port_config {
	char name[DP_PORT_NAME_MAX];
	char device[512]; /* PCI address (0000:03:00.0) or devargs (net_pcap0,rx_pcap=...) */
	uint16_t rx_ring; /* descriptors, 0: default */
	uint16_t tx_ring;
	uint16_t mtu; /* 0: the device's */
	bool promiscuous;
};

struct dp_config {
	enum dp_hugepages hugepages;
	uint32_t memory_mb;     /* for packet buffers when there are no hugepages, 0: default */
	int main_cpu;           /* -1: any */
	unsigned int n_workers; /* 1..DP_WORKERS_MAX */
	int worker_cpu[DP_WORKERS_MAX]; /* -1: any */
	enum dp_idle idle;
	uint32_t connections; /* per worker: room for so many, 1024..1<<28 */
	uint32_t n_mbufs;     /* 0: computed from ports and workers */
	unsigned int n_ports;
	struct dp_port_config port[DP_PORTS_MAX];
};

/* Starts the environment, opens and configures the ports, allocates the workers' memory. No
 * packet flows yet. `notes` receives the lines worth telling the user (such as "no hugepages
 * reserved, running without"). Once per process. */
int dp_init(const struct dp_config *config, void (*notes)(const char *line), struct dp_error *err);

/* Starts the ports and the workers. A snapshot and a fib must have been published. */
int dp_start(struct dp_error *err);

/* Stops the workers, closes the ports, frees everything. Also after a failed dp_init. */
void dp_stop(void);

/* ---- publishing -------------------------------------------------------------------------- */

/* Makes the workers use this one from their next burst on. The caller keeps owning it, and frees
 * the one that it replaces with dp_defer(). */
void dp_publish_snapshot(const struct snapshot *snapshot);
void dp_publish_fib(const struct fib *fib);

/* Calls fn(arg) from dp_reclaim() once no worker can hold a pointer that was published before
 * this call. Never waits. */
void dp_defer(void (*fn)(void *arg), void *arg);

/* Runs what is due of dp_defer(). Call it regularly. Returns how many are still waiting. */
size_t dp_reclaim(void);

/* ---- counters and loads: any time, any thread -------------------------------------------- */

/* Connections bound to a destination, summed over the workers. */
struct dest_load {
	uint32_t active;
	uint32_t inactive;
	uint32_t persistent; /* templates */
};

/* Traffic of a destination since its id was taken into use, summed over the workers. */
struct dest_stats {
	uint64_t conns, inpkts, outpkts, inbytes, outbytes;
};

void dp_dest_load(uint32_t dest, struct dest_load *out);
void dp_dest_stats(uint32_t dest, struct dest_stats *out);

/* The newest event of a service that every worker has replayed (service.version); 0 when some
 * worker has not scheduled in this epoch. Events up to it need not be kept. */
uint32_t dp_service_version_seen(uint32_t service, uint32_t epoch);

struct dp_counter {
	const char *name;
	const char *help;
	bool drop; /* every count is a packet that ended here */
	uint64_t value;
};

unsigned int dp_counter_count(void);
void dp_counter(unsigned int i, struct dp_counter *out);

struct dp_worker_info {
	unsigned int cpu;
	uint64_t rx_packets, tx_packets, drops, handovers;
	uint64_t loops, busy_loops;
	uint64_t conns, conns_max, conn_memory, conns_created, conns_expired;
	bool hugepages;
};

unsigned int dp_worker_count(void);
void dp_worker_info(unsigned int worker, struct dp_worker_info *out);

/* Hash buckets of all connection tables together. */
uint32_t dp_conn_table_size(void);

struct dp_port_info {
	const char *name, *device, *driver, *steering;
	uint8_t mac[6];
	uint16_t mtu;
	bool link;
	uint32_t speed; /* Mbit/s, UINT32_MAX: unknown */
	uint16_t rx_queues, tx_queues;
	uint64_t ipackets, opackets, ibytes, obytes, imissed, ierrors, oerrors;
};

unsigned int dp_port_count(void);
void dp_port_info(unsigned int port, struct dp_port_info *out);

/* ---- schedulers and protocols by name ---------------------------------------------------- */

/* NULL: no such scheduler. */
const struct sched_ops *dp_sched_find(const char *name);
const char *dp_sched_name(const struct sched_ops *ops);

/* Whether services with this scheduler need a table; ops may be NULL. */
bool dp_sched_has_table(const struct sched_ops *ops);

/* Makes the table of a service that is complete but for it; keys[i] belongs to dests[i]. The
 * caller gets a reference. NULL without memory. */
const struct sched_table *dp_sched_build(const struct service *svc, const struct sched_key *keys);

/* One more service has the table; one less: the last one frees it. Main lcore; NULL is allowed. */
const struct sched_table *dp_sched_share(const struct sched_table *table);
void dp_sched_release(const struct sched_table *table);

/* The timeouts the kernel starts with. */
void dp_timeouts_default(struct timeouts *out);

/* Numbers of the states whose timeouts `ipvsadm --set` changes. */
#define DP_STATE_TCP_ESTABLISHED 1
#define DP_STATE_TCP_FIN_WAIT    4
#define DP_STATE_UDP_NORMAL      0

/* ---- connections: asked from the workers, which own them --------------------------------- */

struct conn_view {
	struct lvs_addr caddr, vaddr, daddr;
	uint16_t cport, vport, dport; /* be16 */
	uint16_t af, daf;
	uint8_t proto;
	uint8_t worker;
	uint32_t flags; /* IP_VS_CONN_F_* */
	uint32_t expires_ms;
	uint32_t dest;     /* destination id, DEST_NONE */
	const char *state; /* static string */
};

struct dp_conn_walk; /* a walk over the connections of all workers; any number may be open */

struct dp_conn_walk *dp_conn_walk_open(void); /* NULL: out of memory */

/* Fills up to n (at most 256) views. Returns how many, 0 at the end, or -EAGAIN: the worker has not
 * answered yet, call again a little later. A connection that lives during the whole walk is seen
 * exactly once; others may be. */
int dp_conn_walk_next(struct dp_conn_walk *walk, struct conn_view *out, unsigned int n);

void dp_conn_walk_close(struct dp_conn_walk *walk); /* any time, also after -EAGAIN */

/* Empties nothing but the connections: every connection and template of every worker is
 * forgotten. For tests and for `lvsadm`'s own verbs; kernel IPVS does it on module unload. */
void dp_conn_flush(void);

/* ---- frames between the ports and the control plane -------------------------------------- */

/* Whether frames from the port that are not for the data plane are taken to dp_punt_poll(); if
 * not (so it begins), they are dropped and counted as no_twin. */
void dp_port_set_punt(unsigned int port, bool enabled);

struct dp_punt_ops {
	/* A frame from `port` that is not for the data plane. Valid during the call. */
	void (*frame)(void *arg, unsigned int port, const void *data, size_t len);
	/* A packet waits for the link address of addr on port. Called at most once a second for
	 * the same address while packets for it wait. */
	void (*resolve)(void *arg, unsigned int port, uint16_t af, const struct lvs_addr *addr);
};

/* Takes up to `budget` frames from the workers, calls ops for each, and sends waiting packets
 * whose neighbour the published fib knows by now. Returns how many frames there were. */
unsigned int dp_punt_poll(const struct dp_punt_ops *ops, void *arg, unsigned int budget);

/* Sends a complete Ethernet frame out of a port, through a worker. -EMSGSIZE, -ENOBUFS. */
int dp_transmit(unsigned int port, const void *data, size_t len);

#endif
