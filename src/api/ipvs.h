/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The IPVS family in C: one struct per object of <linux/ip_vs.h>, one function per message.
 * Sits on client.h and shares its habits: 0 or a negative errno, outputs untouched on failure,
 * nothing logged. Addresses and ports are in network byte order as on the wire, everything else
 * in host order.
 */
#ifndef LVSD_API_IPVS_H
#define LVSD_API_IPVS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <netinet/in.h>

#include <linux/ip_vs.h>

#include "client.h"

union ipvs_addr {
	struct in_addr in;
	struct in6_addr in6;
};

struct ipvs_stats {
	uint64_t conns;
	uint64_t inpkts;
	uint64_t outpkts;
	uint64_t inbytes;
	uint64_t outbytes;
	uint64_t cps;
	uint64_t inpps;
	uint64_t outpps;
	uint64_t inbps;
	uint64_t outbps;
};

/* Its key is (af, protocol, addr, port), or (af, fwmark) when fwmark is not 0. */
struct ipvs_service {
	uint16_t af;
	uint16_t protocol;
	union ipvs_addr addr;
	uint16_t port; /* be16 */
	uint32_t fwmark;
	char sched[IP_VS_SCHEDNAME_MAXLEN];
	char pe[IP_VS_PENAME_MAXLEN]; /* "": none */
	uint32_t flags;               /* IP_VS_SVC_F_* */
	uint32_t timeout;             /* persistence, seconds */
	uint32_t netmask;             /* be32, or prefix length in host order for IPv6 */
	struct ipvs_stats stats;
};

/* Its key is (af, addr, port) within a service. */
struct ipvs_dest {
	uint16_t af; /* not necessarily the service's */
	union ipvs_addr addr;
	uint16_t port;   /* be16 */
	uint32_t method; /* IP_VS_CONN_F_MASQ ..., LVSD_METHOD_FULLNAT */
	/* In ipvs_set_dest(): masquerading is not to leave FULLNAT as it is. */
	bool method_is_exact;
	uint32_t weight;
	uint32_t u_threshold;
	uint32_t l_threshold;
	uint8_t tun_type;   /* IP_VS_CONN_F_TUNNEL_TYPE_* */
	uint16_t tun_port;  /* be16 */
	uint16_t tun_flags; /* IP_VS_TUNNEL_ENCAP_FLAG_* */
	uint32_t active;
	uint32_t inactive;
	uint32_t persistent;
	struct ipvs_stats stats;
};

struct ipvs_timeouts {
	uint32_t tcp; /* seconds; 0 in ipvs_set_timeouts(): leave it */
	uint32_t tcp_fin;
	uint32_t udp;
};

struct ipvs_daemon {
	uint32_t state; /* IP_VS_STATE_MASTER or IP_VS_STATE_BACKUP */
	char mcast_ifn[IP_VS_IFNAME_MAXLEN];
	uint32_t sync_id;
	uint16_t sync_maxlen; /* 0: the daemon's default; so are the rest */
	uint16_t mcast_af;
	union ipvs_addr mcast_group;
	uint16_t mcast_port; /* host order */
	uint8_t mcast_ttl;
};

struct ipvs_info {
	uint32_t version; /* 0x010201 is 1.2.1 */
	uint32_t conn_tab_size;
};

/* Appends the attributes that name a service. */
void ipvs_put_service_key(struct nlmsghdr *nlh, const struct ipvs_service *svc);

int ipvs_get_info(struct client *client, struct ipvs_info *info);

int ipvs_add_service(struct client *client, const struct ipvs_service *svc);
int ipvs_set_service(struct client *client, const struct ipvs_service *svc);
int ipvs_del_service(struct client *client, const struct ipvs_service *svc); /* key only */
int ipvs_zero(struct client *client, const struct ipvs_service *svc); /* NULL: every service */
int ipvs_flush(struct client *client);

int ipvs_add_dest(struct client *client, const struct ipvs_service *svc,
		  const struct ipvs_dest *dest);
int ipvs_set_dest(struct client *client, const struct ipvs_service *svc,
		  const struct ipvs_dest *dest);
int ipvs_del_dest(struct client *client, const struct ipvs_service *svc,
		  const struct ipvs_dest *dest); /* keys only */

/* By its key; `found` may be `key`. -ESRCH without such a service. */
int ipvs_get_service(struct client *client, const struct ipvs_service *key,
		     struct ipvs_service *found);

/* Everything, in the daemon's order. The caller frees *list. */
int ipvs_get_services(struct client *client, struct ipvs_service **list, size_t *n);
int ipvs_get_dests(struct client *client, const struct ipvs_service *svc, struct ipvs_dest **list,
		   size_t *n);

int ipvs_get_timeouts(struct client *client, struct ipvs_timeouts *timeouts);
int ipvs_set_timeouts(struct client *client, const struct ipvs_timeouts *timeouts);

int ipvs_start_daemon(struct client *client, const struct ipvs_daemon *daemon);
int ipvs_stop_daemon(struct client *client, const struct ipvs_daemon *daemon); /* state, sync_id */
/* At most two: a master, a backup. */
int ipvs_get_daemons(struct client *client, struct ipvs_daemon daemons[2], size_t *n);

#endif
