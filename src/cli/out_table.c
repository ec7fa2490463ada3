/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tables of -L, byte for byte as ipvsadm 1.31 prints them.
 */
#include "out_table.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "names.h"

/* An IPv4 name that is longer is cut, so that the columns stand; an IPv6 one is not. */
#define NAME_WIDTH 28

static const char *const headers[] = {
	[LAYOUT_STATS] =
		"Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n"
		"  -> RemoteAddress:Port\n",
	[LAYOUT_RATE] =
		"Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n"
		"  -> RemoteAddress:Port\n",
	[LAYOUT_THRESHOLDS] =
		"Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn \n"
		"  -> RemoteAddress:Port\n",
	[LAYOUT_PERSISTENT_CONN] =
		"Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn \n"
		"  -> RemoteAddress:Port\n",
	[LAYOUT_TUN_INFO] =
		"Prot LocalAddress:Port Scheduler Flags\n"
		"  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn "
		"InActConn\n",
	[LAYOUT_PLAIN] = "Prot LocalAddress:Port Scheduler Flags\n"
			 "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n",
};

void out_table_header(const struct format *format)
{
	fputs(headers[format->layout], stdout);
}

/* ---- numbers ----------------------------------------------------------------------------- */

/* Nine columns; above, powers of a thousand or, when exact, as many as it takes. */
static void print_large(const struct format *format, uint64_t n)
{
	static const struct {
		uint64_t below;
		uint64_t unit;
		const char *suffix;
	} steps[] = {
		{UINT64_C(1000000000), UINT64_C(1000), "K"},
		{UINT64_C(100000000000), UINT64_C(1000000), "M"},
		{UINT64_C(100000000000000), UINT64_C(1000000000), "G"},
		{UINT64_MAX, UINT64_C(1000000000000), "T"},
	};
	size_t i = 0;

	if (n < UINT64_C(100000000)) {
		printf("%9" PRIu64, n);
	} else if (format->exact) {
		printf(" %" PRIu64, n);
	} else {
		while (n >= steps[i].below && steps[i].below != UINT64_MAX)
			i++;
		printf("%8" PRIu64 "%s", n / steps[i].unit, steps[i].suffix);
	}
}

static void print_stats(const struct format *format, const struct ipvs_stats *stats)
{
	print_large(format, stats->conns);
	print_large(format, stats->inpkts);
	print_large(format, stats->outpkts);
	print_large(format, stats->inbytes);
	print_large(format, stats->outbytes);
	putchar('\n');
}

static void print_rate(const struct format *format, const struct ipvs_stats *stats)
{
	printf(" %8" PRIu64 " %8" PRIu64 " %8" PRIu64, stats->cps, stats->inpps, stats->outpps);
	print_large(format, stats->inbps);
	print_large(format, stats->outbps);
	putchar('\n');
}

/* ---- services ---------------------------------------------------------------------------- */

static const char *protocol_column(const struct ipvs_service *svc)
{
	if (svc->fwmark)
		return "FWM";
	switch (svc->protocol) {
	case IPPROTO_TCP:
		return "TCP";
	case IPPROTO_UDP:
		return "UDP";
	}
	return "SCTP";
}

static void service_name(const struct format *format, const struct ipvs_service *svc, char *buf,
			 size_t size)
{
	if (svc->fwmark) {
		snprintf(buf, size, "%" PRId32 "%s", (int32_t)svc->fwmark,
			 svc->af == AF_INET6 ? " IPv6" : "");
		return;
	}
	names_host_port(buf, size, svc->af, &svc->addr, svc->port, svc->protocol, format->numeric);
	if (svc->af != AF_INET6)
		buf[NAME_WIDTH] = 0;
}

static void print_persistence(const struct ipvs_service *svc)
{
	char mask[INET_ADDRSTRLEN];

	printf(" persistent %" PRIu32, svc->timeout);
	if (svc->af == AF_INET6) {
		if (svc->netmask != 128)
			printf(" mask %" PRIu32, svc->netmask);
	} else if (svc->netmask != ~0U) {
		inet_ntop(AF_INET, &svc->netmask, mask, sizeof(mask));
		printf(" mask %s", mask);
	}
	if (*svc->pe)
		printf(" pe %s", svc->pe);
}

static void print_schedule(const struct ipvs_service *svc)
{
	char flags[NAMES_FLAGS_MAX];

	printf(" %s", svc->sched);
	if (svc->flags & NAMES_SCHED_FLAGS) {
		names_sched_flags(flags, sizeof(flags), svc->sched, svc->flags);
		printf(" (%s)", flags);
	}
	if (svc->flags & IP_VS_SVC_F_PERSISTENT)
		print_persistence(svc);
	if (svc->flags & IP_VS_SVC_F_ONEPACKET)
		printf(" ops");
	putchar('\n');
}

void out_table_service(const struct format *format, const struct ipvs_service *svc)
{
	bool columns = format->layout == LAYOUT_STATS || format->layout == LAYOUT_RATE;
	char name[NAMES_HOST_PORT_MAX];

	service_name(format, svc, name, sizeof(name));
	printf("%-4s ", protocol_column(svc));
	if (!columns) {
		printf("%s", name);
		print_schedule(svc);
		return;
	}
	printf("%-28s", name);
	if (format->layout == LAYOUT_STATS)
		print_stats(format, &svc->stats);
	else
		print_rate(format, &svc->stats);
}

/* ---- destinations ------------------------------------------------------------------------ */

static const char *forward_column(const struct ipvs_dest *dest)
{
	switch (dest->method & IP_VS_CONN_F_FWD_MASK) {
	case IP_VS_CONN_F_LOCALNODE:
		return "Local";
	case IP_VS_CONN_F_TUNNEL:
		return "Tunnel";
	case IP_VS_CONN_F_DROUTE:
		return "Route";
	}
	/* Methods that IPVS has no word for rewrite addresses too. */
	return "Masq";
}

static void tunnel_column(const struct ipvs_dest *dest, char *buf, size_t size)
{
	const char *checksum = dest->tun_flags & IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM ? "r+c"
			       : dest->tun_flags & IP_VS_TUNNEL_ENCAP_FLAG_CSUM  ? "+c"
										 : "-c";

	if ((dest->method & IP_VS_CONN_F_FWD_MASK) != IP_VS_CONN_F_TUNNEL)
		snprintf(buf, size, "n/a");
	else if (dest->tun_type == IP_VS_CONN_F_TUNNEL_TYPE_GUE)
		snprintf(buf, size, "gue:%u:%s", ntohs(dest->tun_port), checksum);
	else if (dest->tun_type == IP_VS_CONN_F_TUNNEL_TYPE_GRE)
		snprintf(buf, size, "gre:%s", checksum);
	else
		snprintf(buf, size, "ipip");
}

void out_table_dest(const struct format *format, const struct ipvs_service *svc,
		    const struct ipvs_dest *dest)
{
	char name[NAMES_HOST_PORT_MAX], tunnel[32];

	names_host_port(name, sizeof(name), dest->af, &dest->addr, dest->port,
			svc->fwmark ? 0 : svc->protocol, format->numeric);
	if (dest->af != AF_INET6)
		name[NAME_WIDTH] = 0;
	printf("  -> %-28s", name);

	switch (format->layout) {
	case LAYOUT_STATS:
		print_stats(format, &dest->stats);
		break;
	case LAYOUT_RATE:
		print_rate(format, &dest->stats);
		break;
	case LAYOUT_THRESHOLDS:
		printf(" %-10u %-10u %-10u %-10u\n", dest->u_threshold, dest->l_threshold,
		       dest->active, dest->inactive);
		break;
	case LAYOUT_PERSISTENT_CONN:
		printf(" %-9d %-11u %-10u %-10u\n", (int)dest->weight, dest->persistent,
		       dest->active, dest->inactive);
		break;
	case LAYOUT_TUN_INFO:
		tunnel_column(dest, tunnel, sizeof(tunnel));
		printf(" %-7s %-13s %-6d %-10u %-10u\n", forward_column(dest), tunnel,
		       (int)dest->weight, dest->active, dest->inactive);
		break;
	default:
		printf(" %-7s %-6d %-10u %-10u\n", forward_column(dest), (int)dest->weight,
		       dest->active, dest->inactive);
		break;
	}
}
