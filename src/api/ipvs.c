/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The IPVS family in C: what is sent. Replies are read in ipvs_reply.c.
 */
#include "ipvs.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ipvs_reply.h"
#include "lvsd_wire.h"

/* ---- attributes -------------------------------------------------------------------------- */

void ipvs_put_service_key(struct nlmsghdr *nlh, const struct ipvs_service *svc)
{
	mnl_attr_put_u16(nlh, IPVS_SVC_ATTR_AF, svc->af);
	if (svc->fwmark) {
		mnl_attr_put_u32(nlh, IPVS_SVC_ATTR_FWMARK, svc->fwmark);
		return;
	}
	mnl_attr_put_u16(nlh, IPVS_SVC_ATTR_PROTOCOL, svc->protocol);
	mnl_attr_put(nlh, IPVS_SVC_ATTR_ADDR, sizeof(svc->addr), &svc->addr);
	mnl_attr_put_u16(nlh, IPVS_SVC_ATTR_PORT, svc->port);
}

static void put_service(struct nlmsghdr *nlh, const struct ipvs_service *svc, bool full)
{
	struct ip_vs_flags flags = {.flags = svc->flags, .mask = ~0U};
	struct nlattr *nest = mnl_attr_nest_start(nlh, IPVS_CMD_ATTR_SERVICE);

	ipvs_put_service_key(nlh, svc);
	if (full) {
		mnl_attr_put_strz(nlh, IPVS_SVC_ATTR_SCHED_NAME, svc->sched);
		if (*svc->pe)
			mnl_attr_put_strz(nlh, IPVS_SVC_ATTR_PE_NAME, svc->pe);
		mnl_attr_put(nlh, IPVS_SVC_ATTR_FLAGS, sizeof(flags), &flags);
		mnl_attr_put_u32(nlh, IPVS_SVC_ATTR_TIMEOUT, svc->timeout);
		mnl_attr_put_u32(nlh, IPVS_SVC_ATTR_NETMASK, svc->netmask);
	}
	mnl_attr_nest_end(nlh, nest);
}

static void put_method(struct nlmsghdr *nlh, const struct ipvs_dest *dest)
{
	bool ours = dest->method == LVSD_METHOD_FULLNAT;

	mnl_attr_put_u32(nlh, IPVS_DEST_ATTR_FWD_METHOD, ours ? IP_VS_CONN_F_MASQ : dest->method);
	if (ours || dest->method_is_exact)
		mnl_attr_put_u32(nlh, LVSD_DEST_ATTR_METHOD, dest->method);
}

static void put_dest(struct nlmsghdr *nlh, const struct ipvs_dest *dest, bool full)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, IPVS_CMD_ATTR_DEST);

	mnl_attr_put_u16(nlh, IPVS_DEST_ATTR_ADDR_FAMILY, dest->af);
	mnl_attr_put(nlh, IPVS_DEST_ATTR_ADDR, sizeof(dest->addr), &dest->addr);
	mnl_attr_put_u16(nlh, IPVS_DEST_ATTR_PORT, dest->port);
	if (full) {
		put_method(nlh, dest);
		mnl_attr_put_u32(nlh, IPVS_DEST_ATTR_WEIGHT, dest->weight);
		mnl_attr_put_u8(nlh, IPVS_DEST_ATTR_TUN_TYPE, dest->tun_type);
		mnl_attr_put_u16(nlh, IPVS_DEST_ATTR_TUN_PORT, dest->tun_port);
		mnl_attr_put_u16(nlh, IPVS_DEST_ATTR_TUN_FLAGS, dest->tun_flags);
		mnl_attr_put_u32(nlh, IPVS_DEST_ATTR_U_THRESH, dest->u_threshold);
		mnl_attr_put_u32(nlh, IPVS_DEST_ATTR_L_THRESH, dest->l_threshold);
	}
	mnl_attr_nest_end(nlh, nest);
}

/* ---- changes ----------------------------------------------------------------------------- */

static struct nlmsghdr *request(struct client *client, uint8_t cmd, uint16_t flags)
{
	return client_request(client, LVSD_FAMILY_IPVS_ID, cmd, flags);
}

static int send_service(struct client *client, uint8_t cmd, const struct ipvs_service *svc,
			bool full)
{
	struct nlmsghdr *nlh = request(client, cmd, 0);

	put_service(nlh, svc, full);
	return client_call(client, nlh, NULL, NULL);
}

int ipvs_add_service(struct client *client, const struct ipvs_service *svc)
{
	return send_service(client, IPVS_CMD_NEW_SERVICE, svc, true);
}

int ipvs_set_service(struct client *client, const struct ipvs_service *svc)
{
	return send_service(client, IPVS_CMD_SET_SERVICE, svc, true);
}

int ipvs_del_service(struct client *client, const struct ipvs_service *svc)
{
	return send_service(client, IPVS_CMD_DEL_SERVICE, svc, false);
}

int ipvs_zero(struct client *client, const struct ipvs_service *svc)
{
	if (svc)
		return send_service(client, IPVS_CMD_ZERO, svc, false);
	return client_call(client, request(client, IPVS_CMD_ZERO, 0), NULL, NULL);
}

int ipvs_flush(struct client *client)
{
	return client_call(client, request(client, IPVS_CMD_FLUSH, 0), NULL, NULL);
}

static int send_dest(struct client *client, uint8_t cmd, const struct ipvs_service *svc,
		     const struct ipvs_dest *dest, bool full)
{
	struct nlmsghdr *nlh = request(client, cmd, 0);

	put_service(nlh, svc, false);
	put_dest(nlh, dest, full);
	return client_call(client, nlh, NULL, NULL);
}

int ipvs_add_dest(struct client *client, const struct ipvs_service *svc,
		  const struct ipvs_dest *dest)
{
	return send_dest(client, IPVS_CMD_NEW_DEST, svc, dest, true);
}

int ipvs_set_dest(struct client *client, const struct ipvs_service *svc,
		  const struct ipvs_dest *dest)
{
	return send_dest(client, IPVS_CMD_SET_DEST, svc, dest, true);
}

int ipvs_del_dest(struct client *client, const struct ipvs_service *svc,
		  const struct ipvs_dest *dest)
{
	return send_dest(client, IPVS_CMD_DEL_DEST, svc, dest, false);
}

int ipvs_set_timeouts(struct client *client, const struct ipvs_timeouts *timeouts)
{
	struct nlmsghdr *nlh = request(client, IPVS_CMD_SET_CONFIG, 0);

	mnl_attr_put_u32(nlh, IPVS_CMD_ATTR_TIMEOUT_TCP, timeouts->tcp);
	mnl_attr_put_u32(nlh, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, timeouts->tcp_fin);
	mnl_attr_put_u32(nlh, IPVS_CMD_ATTR_TIMEOUT_UDP, timeouts->udp);
	return client_call(client, nlh, NULL, NULL);
}

static void put_mcast(struct nlmsghdr *nlh, const struct ipvs_daemon *daemon)
{
	if (daemon->sync_maxlen)
		mnl_attr_put_u16(nlh, IPVS_DAEMON_ATTR_SYNC_MAXLEN, daemon->sync_maxlen);
	if (daemon->mcast_af == AF_INET)
		mnl_attr_put_u32(nlh, IPVS_DAEMON_ATTR_MCAST_GROUP, daemon->mcast_group.in.s_addr);
	if (daemon->mcast_af == AF_INET6)
		mnl_attr_put(nlh, IPVS_DAEMON_ATTR_MCAST_GROUP6, sizeof(daemon->mcast_group.in6),
			     &daemon->mcast_group.in6);
	if (daemon->mcast_port)
		mnl_attr_put_u16(nlh, IPVS_DAEMON_ATTR_MCAST_PORT, daemon->mcast_port);
	if (daemon->mcast_ttl)
		mnl_attr_put_u8(nlh, IPVS_DAEMON_ATTR_MCAST_TTL, daemon->mcast_ttl);
}

static int send_daemon(struct client *client, uint8_t cmd, const struct ipvs_daemon *daemon)
{
	struct nlmsghdr *nlh = request(client, cmd, 0);
	struct nlattr *nest = mnl_attr_nest_start(nlh, IPVS_CMD_ATTR_DAEMON);

	mnl_attr_put_u32(nlh, IPVS_DAEMON_ATTR_STATE, daemon->state);
	mnl_attr_put_strz(nlh, IPVS_DAEMON_ATTR_MCAST_IFN, daemon->mcast_ifn);
	mnl_attr_put_u32(nlh, IPVS_DAEMON_ATTR_SYNC_ID, daemon->sync_id);
	put_mcast(nlh, daemon);
	mnl_attr_nest_end(nlh, nest);
	return client_call(client, nlh, NULL, NULL);
}

int ipvs_start_daemon(struct client *client, const struct ipvs_daemon *daemon)
{
	return send_daemon(client, IPVS_CMD_NEW_DAEMON, daemon);
}

int ipvs_stop_daemon(struct client *client, const struct ipvs_daemon *daemon)
{
	return send_daemon(client, IPVS_CMD_DEL_DAEMON, daemon);
}

/* ---- questions --------------------------------------------------------------------------- */

int ipvs_get_info(struct client *client, struct ipvs_info *info)
{
	struct ipvs_info got = {0};
	int err;

	err = client_call(client, request(client, IPVS_CMD_GET_INFO, 0), ipvs_read_info, &got);
	if (err < 0)
		return err;
	*info = got;
	return 0;
}

int ipvs_get_timeouts(struct client *client, struct ipvs_timeouts *timeouts)
{
	struct ipvs_timeouts got = {0};
	int err;

	err = client_call(client, request(client, IPVS_CMD_GET_CONFIG, 0), ipvs_read_timeouts,
			  &got);
	if (err < 0)
		return err;
	*timeouts = got;
	return 0;
}

int ipvs_get_service(struct client *client, const struct ipvs_service *key,
		     struct ipvs_service *found)
{
	struct nlmsghdr *nlh = request(client, IPVS_CMD_GET_SERVICE, 0);
	struct ipvs_list list = {.size = sizeof(struct ipvs_service)};
	int err;

	put_service(nlh, key, false);
	err = client_call(client, nlh, ipvs_read_service, &list);
	if (err == 0 && list.n == 0)
		err = -ESRCH;
	if (err == 0)
		*found = *(struct ipvs_service *)list.items;
	free(list.items);
	return err;
}

/* Runs a dump into a list; hands its items over on success. */
static int dump(struct client *client, struct nlmsghdr *nlh, client_answer_fn read,
		struct ipvs_list *list)
{
	int err = client_call(client, nlh, read, list);

	if (err < 0) {
		free(list->items);
		return err;
	}
	return 0;
}

int ipvs_get_services(struct client *client, struct ipvs_service **list, size_t *n)
{
	struct ipvs_list got = {.size = sizeof(**list)};
	int err;

	err = dump(client, request(client, IPVS_CMD_GET_SERVICE, NLM_F_DUMP), ipvs_read_service,
		   &got);
	if (err < 0)
		return err;
	*list = got.items;
	*n = got.n;
	return 0;
}

int ipvs_get_dests(struct client *client, const struct ipvs_service *svc, struct ipvs_dest **list,
		   size_t *n)
{
	struct nlmsghdr *nlh = request(client, IPVS_CMD_GET_DEST, NLM_F_DUMP);
	struct ipvs_list got = {.size = sizeof(**list), .af = svc->af};
	int err;

	put_service(nlh, svc, false);
	err = dump(client, nlh, ipvs_read_dest, &got);
	if (err < 0)
		return err;
	*list = got.items;
	*n = got.n;
	return 0;
}

int ipvs_get_daemons(struct client *client, struct ipvs_daemon daemons[2], size_t *n)
{
	struct ipvs_list got = {.size = sizeof(daemons[0])};
	int err;

	err = dump(client, request(client, IPVS_CMD_GET_DAEMON, NLM_F_DUMP), ipvs_read_daemon,
		   &got);
	if (err < 0)
		return err;
	*n = got.n < 2 ? got.n : 2;
	if (*n)
		memcpy(daemons, got.items, *n * sizeof(daemons[0]));
	free(got.items);
	return 0;
}
