/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A whole data plane in one process, without root, hugepages or NICs: ports made of rings, workers
 * whose turns the test calls, at the time it chooses, and a small control plane that builds
 * snapshots and fibs as snapshot.h and fib.h demand.
 *
 * harness_init() once per program; then every test has a world of its own, from world_begin() to
 * world_end(), which checks that no packet buffer was lost.
 *
 * Each frame's bytes lie in an allocation of exactly their length, so that AddressSanitizer sees
 * every read beyond them.
 */
#ifndef LVSD_TESTS_HARNESS_H
#define LVSD_TESTS_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/worker.h"
#include "packets.h"

#define WORLD_PORTS  3
#define WORLD_QUEUES 4 /* per port and direction */

#define MAC_PORT(p) (0x020000000010ull + (p))

void harness_init(void);
void harness_fini(void);

/* Runs the tests between init and fini; what main() returns. `name` is the group's. */
#define harness_run(name, tests) harness_run_tests(name, tests, sizeof(tests) / sizeof((tests)[0]))
int harness_run_tests(const char *name, const struct CMUnitTest *tests, size_t n);

/* The seed of random tests: LVSD_SEED, or the time; printed, so that a failure can be repeated. */
uint64_t harness_seed(void);
uint64_t harness_random(uint64_t *state);

/* ---- worlds ---- */

struct world_config {
	unsigned int n_workers; /* 0: 1 */
	uint32_t connections;   /* 0: 1024 */
	uint16_t n_rxq, n_txq;  /* of each port; 0: 1 */
	tick_t start;           /* the first tick */
};

extern tick_t world_now;

void world_begin(const struct world_config *config); /* NULL: defaults */
void world_end(void);
struct worker *world_worker(unsigned int i);

/* Lets time pass without a turn. */
void world_sleep(double seconds);

/* Turns every worker until none has anything to do. */
void world_turn(void);

/* ---- services: changed here, seen by the workers after world_publish() ---- */

uint32_t world_service(uint8_t proto, const char *addr, uint16_t port, const char *sched);
/* The service begins anew with a scheduler, servers kept (ipvsadm -E -s). */
void world_service_rebind(uint32_t service, const char *sched);
void world_service_remove(uint32_t service);
uint32_t world_dest(uint32_t service, const char *addr, uint16_t port, int32_t weight);
/* With thresholds; lower 0: the kernel's three quarters. */
uint32_t world_dest_limited(uint32_t service, const char *addr, uint16_t port, int32_t weight,
			    uint32_t upper, uint32_t lower);
void world_dest_weight(uint32_t dest, int32_t weight);
void world_dest_edit(uint32_t dest, int32_t weight, uint32_t upper, uint32_t lower);
void world_dest_method(uint32_t dest, enum fwd_method method);
void world_dest_remove(uint32_t dest);
void world_dest_revive(uint32_t dest); /* added again while connections refer to it */
/* FULLNAT: ports first..last of an address of the director. */
void world_laddr(uint32_t service, const char *addr, uint16_t first, uint16_t last);
void world_client_info(uint32_t service, enum client_info info);
void world_timeout(enum proto_index proto, unsigned int state, uint32_t seconds);
void world_publish(void);

/* ---- network: seen after world_publish_net() ---- */

void world_route(const char *prefix, enum fib_route_type type, uint16_t port, const char *gateway);
void world_route_mtu(const char *prefix, uint16_t mtu); /* of a route that is there */
void world_route_remove(const char *prefix);
void world_neighbour(const char *addr, uint16_t port, mac_t mac); /* 0: mac_of(addr) */
void world_neighbour_remove(const char *addr);
void world_source(const char *addr, uint16_t port);
void world_publish_net(void);
mac_t mac_of(const char *addr); /* the address that a neighbour has here */

/* ---- frames ---- */

void world_inject(unsigned int port, unsigned int queue, const struct frame *f);
/* How many bytes are free before every frame that comes in; 0 at the beginning of a world. */
void world_headroom(uint16_t bytes);
/* In two segments, the first of `first` bytes. */
void world_inject_split(unsigned int port, const struct frame *f, size_t first);
/* The next frame that was sent on the port. */
bool world_sent(unsigned int port, struct frame *out);
unsigned int world_sent_count(unsigned int port);

/* The main lcore's part: takes frames for the kernel and requests for link addresses. */
void world_poll(void);
/* The oldest frame for the kernel that world_poll() took; its port, or -1. */
int world_punted(struct frame *out);
/* The oldest request for a link address; 0, or -1 when there is none. */
int world_asked(struct lvs_addr *out);

/* ---- what is to be seen ---- */

void world_mark(void); /* counters count from here */
/* Exactly these counters have changed since world_mark(): "conn_created ip4_short=2". */
void world_expect_counters(const char *counters, const char *what);
uint64_t world_counter(const char *name); /* since world_mark() */
/* All connections, up to n; returns how many there are. */
unsigned int world_conns(struct conn_view *out, unsigned int n);

#endif
