/* SPDX-License-Identifier: BSD-3-Clause */
/* Opening, configuring and closing ethdevs. Nothing here is on the packet path. */
#include "port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "error.h"

#define RING_DEFAULT 1024

static struct port ports[DP_PORTS_MAX];
static unsigned int n_ports;

unsigned int port_count(void)
{
	return n_ports;
}

struct port *port_get(unsigned int index)
{
	return index < n_ports ? &ports[index] : NULL;
}

uint32_t port_mbufs_needed(const struct dp_config *config)
{
	uint32_t n = 0;

	for (unsigned int i = 0; i < config->n_ports; i++) {
		uint32_t rx = config->port[i].rx_ring ? config->port[i].rx_ring : RING_DEFAULT;
		uint32_t tx = config->port[i].tx_ring ? config->port[i].tx_ring : RING_DEFAULT;

		n += (rx + tx) * config->n_workers;
	}
	return n;
}

/* Virtual devices whose queues all carry traffic, whether we ask for them or not. */
static bool queues_are_fixed(const struct rte_eth_dev_info *info)
{
	static const char *const names[] = {"net_af_packet", "net_pcap", "net_af_xdp"};

	for (unsigned int i = 0; i < RTE_DIM(names); i++)
		if (strcmp(info->driver_name, names[i]) == 0)
			return true;
	return false;
}

static void choose_queues(struct port *p, const struct rte_eth_dev_info *info,
			  unsigned int n_workers)
{
	p->n_rxq = queues_are_fixed(info) ? info->max_rx_queues
					  : RTE_MIN(info->max_rx_queues, (uint16_t)n_workers);
	p->n_txq = RTE_MIN(info->max_tx_queues, (uint16_t)n_workers);
	/* A queue without RSS receives nothing or makes no difference. */
	if (!queues_are_fixed(info) && !info->flow_type_rss_offloads && info->max_rx_queues > 1 &&
	    strcmp(info->driver_name, "net_null") != 0 &&
	    strcmp(info->driver_name, "net_ring") != 0)
		p->n_rxq = 1;
}

static int setup_queues(struct port *p, const struct rte_eth_dev_info *info,
			const struct dp_port_config *pc, struct rte_mempool *pool)
{
	uint16_t rx = pc->rx_ring ? pc->rx_ring : RING_DEFAULT;
	uint16_t tx = pc->tx_ring ? pc->tx_ring : RING_DEFAULT;
	int socket = rte_eth_dev_socket_id(p->id);
	int ret = rte_eth_dev_adjust_nb_rx_tx_desc(p->id, &rx, &tx);

	for (uint16_t q = 0; !ret && q < p->n_rxq; q++)
		ret = rte_eth_rx_queue_setup(p->id, q, rx, (unsigned int)socket, NULL, pool);
	struct rte_eth_txconf txconf = info->default_txconf;

	txconf.offloads = info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	for (uint16_t q = 0; !ret && q < p->n_txq; q++)
		ret = rte_eth_tx_queue_setup(p->id, q, tx, (unsigned int)socket, &txconf);
	return ret;
}

static int configure(struct port *p, const struct dp_port_config *pc, unsigned int n_workers,
		     struct rte_mempool *pool, struct dp_error *err)
{
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf;
	int ret = rte_eth_dev_info_get(p->id, &info);

	if (ret)
		return error_set(err, ret, "port %s: cannot read the device's abilities: %s",
				 p->name, strerror(-ret));
	p->driver = info.driver_name;
	if (!info.max_rx_queues || !info.max_tx_queues)
		return error_set(err, -EINVAL, "port %s: device %s has no %s queue", p->name,
				 p->device, info.max_rx_queues ? "transmit" : "receive");
	choose_queues(p, &info, n_workers);
	memset(&conf, 0, sizeof(conf));
	conf.txmode.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	if (p->n_rxq > 1 && info.flow_type_rss_offloads) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf =
			info.flow_type_rss_offloads &
			(RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP);
	}
	ret = rte_eth_dev_configure(p->id, p->n_rxq, p->n_txq, &conf);
	if (!ret)
		ret = setup_queues(p, &info, pc, pool);
	if (ret)
		return error_set(err, ret, "port %s: cannot configure device %s: %s", p->name,
				 p->device, strerror(-ret));
	if (pc->mtu && (ret = rte_eth_dev_set_mtu(p->id, pc->mtu)) && ret != -ENOTSUP)
		return error_set(err, ret, "port %s: device %s does not take mtu %u (%u to %u)",
				 p->name, p->device, pc->mtu, info.min_mtu, info.max_mtu);
	rte_eth_dev_get_mtu(p->id, &p->mtu);
	if (pc->mtu)
		p->mtu = pc->mtu;
	return rte_eth_macaddr_get(p->id, &p->mac);
}

/* The ethdev a device string stands for: probed by us, or found on the PCI bus by EAL. */
static int find_ethdev(const struct dp_port_config *pc, uint16_t *id, struct dp_error *err)
{
	struct rte_dev_iterator it;
	int ret = rte_dev_probe(pc->device);

	if (ret && ret != -EEXIST)
		return error_set(
			err, ret,
			"port %s: cannot open device \"%s\": %s (a PCI address such as "
			"0000:03:00.0 of a NIC bound to vfio-pci, or a virtual device such "
			"as net_af_packet0,iface=eth1)",
			pc->name, pc->device, strerror(-ret));
	RTE_ETH_FOREACH_MATCHING_DEV(*id, pc->device, &it)
	{
		rte_eth_iterator_cleanup(&it);
		return 0;
	}
	char name[RTE_DEV_NAME_MAX_LEN];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(pc->device, ","), pc->device);
	if (rte_eth_dev_get_port_by_name(name, id) == 0)
		return 0;
	return error_set(err, -ENODEV, "port %s: device \"%s\" has no network interface", pc->name,
			 pc->device);
}

static int port_open(const struct dp_port_config *pc, unsigned int n_workers,
		     struct rte_mempool *pool, struct dp_error *err)
{
	struct port *p = &ports[n_ports];
	uint16_t id;
	int ret = find_ethdev(pc, &id, err);

	if (ret)
		return ret;
	for (unsigned int i = 0; i < n_ports; i++)
		if (ports[i].id == id)
			return error_set(err, -EEXIST, "ports %s and %s are the same device %s",
					 ports[i].name, pc->name, pc->device);
	*p = (struct port){.id = id};
	snprintf(p->name, sizeof(p->name), "%s", pc->name);
	snprintf(p->device, sizeof(p->device), "%s", pc->device);
	n_ports++;
	ret = configure(p, pc, n_workers, pool, err);
	if (ret)
		return ret;
	if (pc->promiscuous)
		rte_eth_promiscuous_enable(id);
	rte_eth_allmulticast_enable(id);
	return 0;
}

int port_open_all(const struct dp_config *config, struct rte_mempool *pool, struct dp_error *err)
{
	for (unsigned int i = 0; i < config->n_ports; i++) {
		int ret = port_open(&config->port[i], config->n_workers, pool, err);

		if (ret)
			return ret;
	}
	return 0;
}

int port_start_all(struct dp_error *err)
{
	for (unsigned int i = 0; i < n_ports; i++) {
		int ret = rte_eth_dev_start(ports[i].id);

		if (ret)
			return error_set(err, ret, "port %s: cannot start device %s: %s",
					 ports[i].name, ports[i].device, strerror(-ret));
		ports[i].started = true;
		rte_eth_dev_set_link_up(ports[i].id);
	}
	return 0;
}

void port_close_all(void)
{
	for (unsigned int i = 0; i < n_ports; i++) {
		if (ports[i].started)
			rte_eth_dev_stop(ports[i].id);
		rte_eth_dev_close(ports[i].id);
	}
	n_ports = 0;
}

int port_adopt(uint16_t ethdev, const char *name, uint16_t n_rxq, uint16_t n_txq)
{
	struct port *p = &ports[n_ports];

	if (n_ports == DP_PORTS_MAX)
		return -ENOSPC;
	*p = (struct port){.id = ethdev, .n_rxq = n_rxq, .n_txq = n_txq, .driver = "adopted"};
	snprintf(p->name, sizeof(p->name), "%s", name);
	snprintf(p->device, sizeof(p->device), "%s", name);
	rte_eth_dev_get_mtu(ethdev, &p->mtu);
	n_ports++;
	return rte_eth_macaddr_get(ethdev, &p->mac);
}
