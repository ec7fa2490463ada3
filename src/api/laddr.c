/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests and replies about FULLNAT. */
#include "laddr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ipvs_reply.h"

static const struct client_policy policy[LVSD_LADDR_ATTR_MAX + 1] = {
	[LVSD_LADDR_ATTR_SERVICE] = {MNL_TYPE_NESTED, 0},
	[LVSD_LADDR_ATTR_AF] = {MNL_TYPE_U16, 0},
	[LVSD_LADDR_ATTR_ADDR] = {MNL_TYPE_BINARY, sizeof(union ipvs_addr)},
	[LVSD_LADDR_ATTR_FIRST] = {MNL_TYPE_U16, 0},
	[LVSD_LADDR_ATTR_LAST] = {MNL_TYPE_U16, 0},
	[LVSD_LADDR_ATTR_CLIENT_INFO] = {MNL_TYPE_U8, 0},
};

static size_t addr_size(uint16_t af)
{
	return af == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
}

/* ---- changes ----------------------------------------------------------------------------- */

static struct nlmsghdr *request(struct client *client, uint8_t cmd, uint16_t flags,
				const struct ipvs_service *svc)
{
	struct nlmsghdr *nlh = client_request(client, LVSD_FAMILY_LVSD_ID, cmd, flags);

	if (svc) {
		struct nlattr *nest = mnl_attr_nest_start(nlh, LVSD_LADDR_ATTR_SERVICE);

		ipvs_put_service_key(nlh, svc);
		mnl_attr_nest_end(nlh, nest);
	}
	return nlh;
}

static void put_addr(struct nlmsghdr *nlh, const struct laddr *laddr)
{
	mnl_attr_put_u16(nlh, LVSD_LADDR_ATTR_AF, laddr->af);
	mnl_attr_put(nlh, LVSD_LADDR_ATTR_ADDR, addr_size(laddr->af), &laddr->addr);
}

int laddr_add(struct client *client, const struct ipvs_service *svc, const struct laddr *laddr)
{
	struct nlmsghdr *nlh = request(client, LVSD_CMD_NEW_LADDR, 0, svc);

	put_addr(nlh, laddr);
	mnl_attr_put_u16(nlh, LVSD_LADDR_ATTR_FIRST, laddr->first);
	mnl_attr_put_u16(nlh, LVSD_LADDR_ATTR_LAST, laddr->last);
	return client_call(client, nlh, NULL, NULL);
}

int laddr_del(struct client *client, const struct ipvs_service *svc, const struct laddr *laddr)
{
	struct nlmsghdr *nlh = request(client, LVSD_CMD_DEL_LADDR, 0, svc);

	put_addr(nlh, laddr);
	return client_call(client, nlh, NULL, NULL);
}

int laddr_set_client_info(struct client *client, const struct ipvs_service *svc, uint8_t info)
{
	struct nlmsghdr *nlh = request(client, LVSD_CMD_SET_CLIENT_INFO, 0, svc);

	mnl_attr_put_u8(nlh, LVSD_LADDR_ATTR_CLIENT_INFO, info);
	return client_call(client, nlh, NULL, NULL);
}

/* ---- list -------------------------------------------------------------------------------- */

static int fill(const struct nlattr **tb, struct laddr *laddr)
{
	const struct nlattr *addr = tb[LVSD_LADDR_ATTR_ADDR];
	int err;

	if (!tb[LVSD_LADDR_ATTR_SERVICE])
		return -EPROTO;
	err = ipvs_read_service_key(tb[LVSD_LADDR_ATTR_SERVICE], &laddr->service);
	if (err < 0)
		return err;
	laddr->client_info = client_u8(tb[LVSD_LADDR_ATTR_CLIENT_INFO], LVSD_CLIENT_INFO_NONE);
	laddr->none = !addr;
	if (laddr->none)
		return 0;
	laddr->af = client_u16(tb[LVSD_LADDR_ATTR_AF], laddr->service.af);
	if (mnl_attr_get_payload_len(addr) < addr_size(laddr->af))
		return -EPROTO;
	memcpy(&laddr->addr, mnl_attr_get_payload(addr), addr_size(laddr->af));
	laddr->first = client_u16(tb[LVSD_LADDR_ATTR_FIRST], 0);
	laddr->last = client_u16(tb[LVSD_LADDR_ATTR_LAST], 0);
	return 0;
}

static int receive(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *tb[LVSD_LADDR_ATTR_MAX + 1];
	int err = client_parse(nlh, policy, LVSD_LADDR_ATTR_MAX, tb);
	struct laddr *laddr;

	if (err < 0)
		return err;
	laddr = ipvs_list_item(arg);
	return laddr ? fill(tb, laddr) : -ENOMEM;
}

int laddr_list(struct client *client, const struct ipvs_service *svc, struct laddr **list,
	       size_t *n)
{
	struct nlmsghdr *nlh = request(client, LVSD_CMD_GET_LADDR, NLM_F_DUMP, svc);
	struct ipvs_list got = {.size = sizeof(**list)};
	int err = client_call(client, nlh, receive, &got);

	if (err < 0) {
		free(got.items);
		return err;
	}
	*list = got.items;
	*n = got.n;
	return 0;
}
