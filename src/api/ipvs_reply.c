/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading the IPVS family's replies: policies of the attributes, then one function per object.
 */
#include "ipvs_reply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lvsd_wire.h"

static const struct client_policy cmd_policy[IPVS_CMD_ATTR_MAX + 1] = {
	[IPVS_CMD_ATTR_SERVICE] = {MNL_TYPE_NESTED, 0},
	[IPVS_CMD_ATTR_DEST] = {MNL_TYPE_NESTED, 0},
	[IPVS_CMD_ATTR_DAEMON] = {MNL_TYPE_NESTED, 0},
	[IPVS_CMD_ATTR_TIMEOUT_TCP] = {MNL_TYPE_U32, 0},
	[IPVS_CMD_ATTR_TIMEOUT_TCP_FIN] = {MNL_TYPE_U32, 0},
	[IPVS_CMD_ATTR_TIMEOUT_UDP] = {MNL_TYPE_U32, 0},
};

static const struct client_policy info_policy[IPVS_INFO_ATTR_MAX + 1] = {
	[IPVS_INFO_ATTR_VERSION] = {MNL_TYPE_U32, 0},
	[IPVS_INFO_ATTR_CONN_TAB_SIZE] = {MNL_TYPE_U32, 0},
};

static const struct client_policy svc_policy[IPVS_SVC_ATTR_MAX + 1] = {
	[IPVS_SVC_ATTR_AF] = {MNL_TYPE_U16, 0},
	[IPVS_SVC_ATTR_PROTOCOL] = {MNL_TYPE_U16, 0},
	[IPVS_SVC_ATTR_ADDR] = {MNL_TYPE_BINARY, sizeof(union ipvs_addr)},
	[IPVS_SVC_ATTR_PORT] = {MNL_TYPE_U16, 0},
	[IPVS_SVC_ATTR_FWMARK] = {MNL_TYPE_U32, 0},
	[IPVS_SVC_ATTR_SCHED_NAME] = {MNL_TYPE_NUL_STRING, IP_VS_SCHEDNAME_MAXLEN},
	[IPVS_SVC_ATTR_FLAGS] = {MNL_TYPE_BINARY, sizeof(struct ip_vs_flags)},
	[IPVS_SVC_ATTR_TIMEOUT] = {MNL_TYPE_U32, 0},
	[IPVS_SVC_ATTR_NETMASK] = {MNL_TYPE_U32, 0},
	[IPVS_SVC_ATTR_STATS] = {MNL_TYPE_NESTED, 0},
	[IPVS_SVC_ATTR_PE_NAME] = {MNL_TYPE_NUL_STRING, IP_VS_PENAME_MAXLEN},
	[IPVS_SVC_ATTR_STATS64] = {MNL_TYPE_NESTED, 0},
};

static const struct client_policy dest_policy[LVSD_DEST_ATTR_METHOD + 1] = {
	[IPVS_DEST_ATTR_ADDR] = {MNL_TYPE_BINARY, sizeof(union ipvs_addr)},
	[IPVS_DEST_ATTR_PORT] = {MNL_TYPE_U16, 0},
	[IPVS_DEST_ATTR_FWD_METHOD] = {MNL_TYPE_U32, 0},
	[IPVS_DEST_ATTR_WEIGHT] = {MNL_TYPE_U32, 0},
	[IPVS_DEST_ATTR_U_THRESH] = {MNL_TYPE_U32, 0},
	[IPVS_DEST_ATTR_L_THRESH] = {MNL_TYPE_U32, 0},
	[IPVS_DEST_ATTR_ACTIVE_CONNS] = {MNL_TYPE_U32, 0},
	[IPVS_DEST_ATTR_INACT_CONNS] = {MNL_TYPE_U32, 0},
	[IPVS_DEST_ATTR_PERSIST_CONNS] = {MNL_TYPE_U32, 0},
	[IPVS_DEST_ATTR_STATS] = {MNL_TYPE_NESTED, 0},
	[IPVS_DEST_ATTR_ADDR_FAMILY] = {MNL_TYPE_U16, 0},
	[IPVS_DEST_ATTR_STATS64] = {MNL_TYPE_NESTED, 0},
	[IPVS_DEST_ATTR_TUN_TYPE] = {MNL_TYPE_U8, 0},
	[IPVS_DEST_ATTR_TUN_PORT] = {MNL_TYPE_U16, 0},
	[IPVS_DEST_ATTR_TUN_FLAGS] = {MNL_TYPE_U16, 0},
	[LVSD_DEST_ATTR_METHOD] = {MNL_TYPE_U32, 0},
};

static const struct client_policy daemon_policy[IPVS_DAEMON_ATTR_MAX + 1] = {
	[IPVS_DAEMON_ATTR_STATE] = {MNL_TYPE_U32, 0},
	[IPVS_DAEMON_ATTR_MCAST_IFN] = {MNL_TYPE_NUL_STRING, IP_VS_IFNAME_MAXLEN},
	[IPVS_DAEMON_ATTR_SYNC_ID] = {MNL_TYPE_U32, 0},
	[IPVS_DAEMON_ATTR_SYNC_MAXLEN] = {MNL_TYPE_U16, 0},
	[IPVS_DAEMON_ATTR_MCAST_GROUP] = {MNL_TYPE_U32, 0},
	[IPVS_DAEMON_ATTR_MCAST_GROUP6] = {MNL_TYPE_BINARY, sizeof(struct in6_addr)},
	[IPVS_DAEMON_ATTR_MCAST_PORT] = {MNL_TYPE_U16, 0},
	[IPVS_DAEMON_ATTR_MCAST_TTL] = {MNL_TYPE_U8, 0},
};

/* The order of struct ipvs_stats is the order of the attributes. */
static const struct client_policy stats64_policy[IPVS_STATS_ATTR_MAX + 1] = {
	[IPVS_STATS_ATTR_CONNS] = {MNL_TYPE_U64, 0},
	[IPVS_STATS_ATTR_INPKTS] = {MNL_TYPE_U64, 0},
	[IPVS_STATS_ATTR_OUTPKTS] = {MNL_TYPE_U64, 0},
	[IPVS_STATS_ATTR_INBYTES] = {MNL_TYPE_U64, 0},
	[IPVS_STATS_ATTR_OUTBYTES] = {MNL_TYPE_U64, 0},
	[IPVS_STATS_ATTR_CPS] = {MNL_TYPE_U64, 0},
	[IPVS_STATS_ATTR_INPPS] = {MNL_TYPE_U64, 0},
	[IPVS_STATS_ATTR_OUTPPS] = {MNL_TYPE_U64, 0},
	[IPVS_STATS_ATTR_INBPS] = {MNL_TYPE_U64, 0},
	[IPVS_STATS_ATTR_OUTBPS] = {MNL_TYPE_U64, 0},
};

static const struct client_policy stats32_policy[IPVS_STATS_ATTR_MAX + 1] = {
	[IPVS_STATS_ATTR_CONNS] = {MNL_TYPE_U32, 0},
	[IPVS_STATS_ATTR_INPKTS] = {MNL_TYPE_U32, 0},
	[IPVS_STATS_ATTR_OUTPKTS] = {MNL_TYPE_U32, 0},
	[IPVS_STATS_ATTR_INBYTES] = {MNL_TYPE_U64, 0},
	[IPVS_STATS_ATTR_OUTBYTES] = {MNL_TYPE_U64, 0},
	[IPVS_STATS_ATTR_CPS] = {MNL_TYPE_U32, 0},
	[IPVS_STATS_ATTR_INPPS] = {MNL_TYPE_U32, 0},
	[IPVS_STATS_ATTR_OUTPPS] = {MNL_TYPE_U32, 0},
	[IPVS_STATS_ATTR_INBPS] = {MNL_TYPE_U32, 0},
	[IPVS_STATS_ATTR_OUTBPS] = {MNL_TYPE_U32, 0},
};

_Static_assert(sizeof(struct ipvs_stats) == 10 * sizeof(uint64_t), "one word per attribute");

void *ipvs_list_item(struct ipvs_list *list)
{
	if (list->n == list->room) {
		size_t room = list->room ? 2 * list->room : 16;
		void *items = realloc(list->items, room * list->size);

		if (!items)
			return NULL;
		list->items = items;
		list->room = room;
	}
	return memset((char *)list->items + list->n++ * list->size, 0, list->size);
}

/* 4 bytes are IPv4, 16 either; the rest is not an address. */
static int read_addr(const struct nlattr *attr, uint16_t af, union ipvs_addr *addr)
{
	size_t need = af == AF_INET6 ? sizeof(addr->in6) : sizeof(addr->in);

	if (!attr || mnl_attr_get_payload_len(attr) < need)
		return -EPROTO;
	memcpy(addr, mnl_attr_get_payload(attr), need);
	return 0;
}

/* The 64-bit set when the reply has one. */
static int read_stats(const struct nlattr *stats64, const struct nlattr *stats32,
		      struct ipvs_stats *stats)
{
	const struct client_policy *policy = stats64 ? stats64_policy : stats32_policy;
	const struct nlattr *tb[IPVS_STATS_ATTR_MAX + 1];
	uint64_t *word = &stats->conns;
	int type, err;

	if (!stats64 && !stats32)
		return 0;

	err = client_parse_nested(stats64 ? stats64 : stats32, policy, IPVS_STATS_ATTR_MAX, tb);
	if (err < 0)
		return err;
	for (type = IPVS_STATS_ATTR_CONNS; type <= IPVS_STATS_ATTR_OUTBPS; type++, word++)
		*word = policy[type].type == MNL_TYPE_U64 ? client_u64(tb[type], 0)
							  : client_u32(tb[type], 0);
	return 0;
}

/* The nest `which` of the reply, sorted into tb. */
static int read_nest(const struct nlmsghdr *nlh, int which, const struct client_policy *policy,
		     uint16_t max, const struct nlattr **tb)
{
	const struct nlattr *top[IPVS_CMD_ATTR_MAX + 1];
	int err = client_parse(nlh, cmd_policy, IPVS_CMD_ATTR_MAX, top);

	if (err < 0)
		return err;
	if (!top[which])
		return -EPROTO;
	return client_parse_nested(top[which], policy, max, tb);
}

int ipvs_read_info(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *tb[IPVS_INFO_ATTR_MAX + 1];
	struct ipvs_info *info = arg;
	int err = client_parse(nlh, info_policy, IPVS_INFO_ATTR_MAX, tb);

	if (err < 0)
		return err;
	info->version = client_u32(tb[IPVS_INFO_ATTR_VERSION], 0);
	info->conn_tab_size = client_u32(tb[IPVS_INFO_ATTR_CONN_TAB_SIZE], 0);
	return 0;
}

int ipvs_read_timeouts(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *tb[IPVS_CMD_ATTR_MAX + 1];
	struct ipvs_timeouts *timeouts = arg;
	int err = client_parse(nlh, cmd_policy, IPVS_CMD_ATTR_MAX, tb);

	if (err < 0)
		return err;
	timeouts->tcp = client_u32(tb[IPVS_CMD_ATTR_TIMEOUT_TCP], 0);
	timeouts->tcp_fin = client_u32(tb[IPVS_CMD_ATTR_TIMEOUT_TCP_FIN], 0);
	timeouts->udp = client_u32(tb[IPVS_CMD_ATTR_TIMEOUT_UDP], 0);
	return 0;
}

static int fill_service_key(const struct nlattr **tb, struct ipvs_service *svc)
{
	svc->af = client_u16(tb[IPVS_SVC_ATTR_AF], 0);
	svc->fwmark = client_u32(tb[IPVS_SVC_ATTR_FWMARK], 0);
	if (svc->fwmark)
		return 0;
	svc->protocol = client_u16(tb[IPVS_SVC_ATTR_PROTOCOL], 0);
	svc->port = client_u16(tb[IPVS_SVC_ATTR_PORT], 0);
	return read_addr(tb[IPVS_SVC_ATTR_ADDR], svc->af, &svc->addr);
}

int ipvs_read_service_key(const struct nlattr *nest, struct ipvs_service *svc)
{
	const struct nlattr *tb[IPVS_SVC_ATTR_MAX + 1];
	int err = client_parse_nested(nest, svc_policy, IPVS_SVC_ATTR_MAX, tb);

	return err < 0 ? err : fill_service_key(tb, svc);
}

static int fill_service(const struct nlattr **tb, struct ipvs_service *svc)
{
	struct ip_vs_flags flags;
	int err = fill_service_key(tb, svc);

	if (err < 0)
		return err;
	if (!tb[IPVS_SVC_ATTR_FLAGS] ||
	    mnl_attr_get_payload_len(tb[IPVS_SVC_ATTR_FLAGS]) != sizeof(flags))
		return -EPROTO;
	memcpy(&flags, mnl_attr_get_payload(tb[IPVS_SVC_ATTR_FLAGS]), sizeof(flags));
	svc->flags = flags.flags & flags.mask;
	svc->timeout = client_u32(tb[IPVS_SVC_ATTR_TIMEOUT], 0);
	svc->netmask = client_u32(tb[IPVS_SVC_ATTR_NETMASK], 0);
	strcpy(svc->sched, client_str(tb[IPVS_SVC_ATTR_SCHED_NAME], ""));
	strcpy(svc->pe, client_str(tb[IPVS_SVC_ATTR_PE_NAME], ""));
	return read_stats(tb[IPVS_SVC_ATTR_STATS64], tb[IPVS_SVC_ATTR_STATS], &svc->stats);
}

int ipvs_read_service(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *tb[IPVS_SVC_ATTR_MAX + 1];
	struct ipvs_service *svc;
	int err = read_nest(nlh, IPVS_CMD_ATTR_SERVICE, svc_policy, IPVS_SVC_ATTR_MAX, tb);

	if (err < 0)
		return err;
	svc = ipvs_list_item(arg);
	return svc ? fill_service(tb, svc) : -ENOMEM;
}

static int fill_dest(const struct nlattr **tb, uint16_t svc_af, struct ipvs_dest *dest)
{
	int err;

	dest->af = client_u16(tb[IPVS_DEST_ATTR_ADDR_FAMILY], 0);
	if (dest->af == AF_UNSPEC)
		dest->af = svc_af;
	err = read_addr(tb[IPVS_DEST_ATTR_ADDR], dest->af, &dest->addr);
	if (err < 0)
		return err;
	dest->port = client_u16(tb[IPVS_DEST_ATTR_PORT], 0);
	dest->method =
		client_u32(tb[LVSD_DEST_ATTR_METHOD], client_u32(tb[IPVS_DEST_ATTR_FWD_METHOD], 0));
	dest->weight = client_u32(tb[IPVS_DEST_ATTR_WEIGHT], 0);
	dest->u_threshold = client_u32(tb[IPVS_DEST_ATTR_U_THRESH], 0);
	dest->l_threshold = client_u32(tb[IPVS_DEST_ATTR_L_THRESH], 0);
	dest->tun_type = client_u8(tb[IPVS_DEST_ATTR_TUN_TYPE], 0);
	dest->tun_port = client_u16(tb[IPVS_DEST_ATTR_TUN_PORT], 0);
	dest->tun_flags = client_u16(tb[IPVS_DEST_ATTR_TUN_FLAGS], 0);
	dest->active = client_u32(tb[IPVS_DEST_ATTR_ACTIVE_CONNS], 0);
	dest->inactive = client_u32(tb[IPVS_DEST_ATTR_INACT_CONNS], 0);
	dest->persistent = client_u32(tb[IPVS_DEST_ATTR_PERSIST_CONNS], 0);
	return read_stats(tb[IPVS_DEST_ATTR_STATS64], tb[IPVS_DEST_ATTR_STATS], &dest->stats);
}

int ipvs_read_dest(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *tb[LVSD_DEST_ATTR_METHOD + 1];
	struct ipvs_list *list = arg;
	struct ipvs_dest *dest;
	int err = read_nest(nlh, IPVS_CMD_ATTR_DEST, dest_policy, LVSD_DEST_ATTR_METHOD, tb);

	if (err < 0)
		return err;
	dest = ipvs_list_item(list);
	return dest ? fill_dest(tb, list->af, dest) : -ENOMEM;
}

int ipvs_read_daemon(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *tb[IPVS_DAEMON_ATTR_MAX + 1];
	const struct nlattr *group6;
	struct ipvs_daemon *daemon;
	int err = read_nest(nlh, IPVS_CMD_ATTR_DAEMON, daemon_policy, IPVS_DAEMON_ATTR_MAX, tb);

	if (err < 0)
		return err;
	daemon = ipvs_list_item(arg);
	if (!daemon)
		return -ENOMEM;

	daemon->state = client_u32(tb[IPVS_DAEMON_ATTR_STATE], 0);
	strcpy(daemon->mcast_ifn, client_str(tb[IPVS_DAEMON_ATTR_MCAST_IFN], ""));
	daemon->sync_id = client_u32(tb[IPVS_DAEMON_ATTR_SYNC_ID], 0);
	daemon->sync_maxlen = client_u16(tb[IPVS_DAEMON_ATTR_SYNC_MAXLEN], 0);
	daemon->mcast_port = client_u16(tb[IPVS_DAEMON_ATTR_MCAST_PORT], 0);
	daemon->mcast_ttl = client_u8(tb[IPVS_DAEMON_ATTR_MCAST_TTL], 0);
	group6 = tb[IPVS_DAEMON_ATTR_MCAST_GROUP6];
	daemon->mcast_af = group6 ? AF_INET6 : AF_INET;
	if (group6)
		return read_addr(group6, AF_INET6, &daemon->mcast_group);
	daemon->mcast_group.in.s_addr = client_u32(tb[IPVS_DAEMON_ATTR_MCAST_GROUP], 0);
	return 0;
}
