/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rules of -S: command lines that make the same services again. As with ipvsadm 1.31 the
 * thresholds of destinations are not among them.
 */
#include "out_table.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>

#include "lvsd_wire.h"
#include "names.h"

void out_save_selector(const struct format *format, const struct ipvs_service *svc)
{
	char name[NAMES_HOST_PORT_MAX];
	const char *option = svc->protocol == IPPROTO_TCP   ? "-t"
			     : svc->protocol == IPPROTO_UDP ? "-u"
							    : "--sctp-service";

	if (svc->fwmark) {
		printf("-f %" PRId32 "%s", (int32_t)svc->fwmark, svc->af == AF_INET6 ? " -6" : "");
		return;
	}
	names_host_port(name, sizeof(name), svc->af, &svc->addr, svc->port, svc->protocol,
			format->numeric);
	printf("%s %s", option, name);
}

static void save_mask(const struct ipvs_service *svc)
{
	char mask[INET_ADDRSTRLEN];

	if (svc->af == AF_INET6) {
		if (svc->netmask != 128)
			printf(" -M %" PRIu32, svc->netmask);
	} else if (svc->netmask != ~0U) {
		inet_ntop(AF_INET, &svc->netmask, mask, sizeof(mask));
		printf(" -M %s", mask);
	}
}

void out_save_service(const struct format *format, const struct ipvs_service *svc)
{
	char flags[NAMES_FLAGS_MAX];

	printf("-A ");
	out_save_selector(format, svc);
	printf(" -s %s", svc->sched);
	if (svc->flags & IP_VS_SVC_F_PERSISTENT) {
		printf(" -p %" PRIu32, svc->timeout);
		save_mask(svc);
	}
	if (*svc->pe)
		printf(" --pe %s", svc->pe);
	if (svc->flags & IP_VS_SVC_F_ONEPACKET)
		printf(" -o");
	if (svc->flags & NAMES_SCHED_FLAGS) {
		names_sched_flags(flags, sizeof(flags), svc->sched, svc->flags);
		printf(" -b %s", flags);
	}
	putchar('\n');
}

static void save_tunnel(const struct ipvs_dest *dest)
{
	const char *checksum = dest->tun_flags & IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM ? "remcsum"
			       : dest->tun_flags & IP_VS_TUNNEL_ENCAP_FLAG_CSUM  ? "csum"
										 : "nocsum";

	if (dest->tun_type == IP_VS_CONN_F_TUNNEL_TYPE_GUE)
		printf(" --tun-type gue --tun-port %u --tun-%s", ntohs(dest->tun_port), checksum);
	else if (dest->tun_type == IP_VS_CONN_F_TUNNEL_TYPE_GRE)
		printf(" --tun-type gre --tun-%s", checksum);
	else
		printf(" --tun-type ipip");
}

void out_save_dest(const struct format *format, const struct ipvs_service *svc,
		   const struct ipvs_dest *dest)
{
	uint32_t method = dest->method & IP_VS_CONN_F_FWD_MASK;
	char name[NAMES_HOST_PORT_MAX];

	printf("-a ");
	out_save_selector(format, svc);
	names_host_port(name, sizeof(name), dest->af, &dest->addr, dest->port,
			svc->fwmark ? 0 : svc->protocol, format->numeric);
	printf(" -r %s %s -w %d", name,
	       method == IP_VS_CONN_F_TUNNEL                  ? "-i"
	       : method == IP_VS_CONN_F_DROUTE                ? "-g"
	       : method == LVSD_METHOD_FULLNAT && format->own ? "--fullnat"
							      : "-m",
	       (int)dest->weight);
	if (method == IP_VS_CONN_F_TUNNEL)
		save_tunnel(dest);
	if (format->own && dest->u_threshold)
		printf(" -x %" PRIu32 " -y %" PRIu32, dest->u_threshold, dest->l_threshold);
	putchar('\n');
}
