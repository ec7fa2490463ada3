/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports: ethdevs as configured at start. Written by the main lcore before the workers start, read
 * by everybody after.
 */
#ifndef LVSD_DATAPLANE_PORT_H
#define LVSD_DATAPLANE_PORT_H

#include <rte_ether.h>
#include <rte_mbuf.h>

#include "dataplane.h"

struct port {
	char name[DP_PORT_NAME_MAX];
	char device[sizeof(((struct dp_port_config *)0)->device)];
	uint16_t id; /* of the ethdev */
	uint16_t n_rxq, n_txq;
	uint16_t mtu;
	bool started;
	bool punt; /* has a twin; main: writes, workers: read */
	const char *driver;
	struct rte_ether_addr mac;
};

/* Opens the ports of the config in order; ports get the indexes 0, 1, … */
int port_open_all(const struct dp_config *config, struct rte_mempool *pool, struct dp_error *err);
int port_start_all(struct dp_error *err);
void port_close_all(void);

/* Takes over an ethdev that somebody else has configured and started (tests, benchmarks). */
int port_adopt(uint16_t ethdev, const char *name, uint16_t n_rxq, uint16_t n_txq);

unsigned int port_count(void);
struct port *port_get(unsigned int index); /* NULL: no such port */

/* Packet buffers that the ports of a config need at most. */
uint32_t port_mbufs_needed(const struct dp_config *config);

#endif
