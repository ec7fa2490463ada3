/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * LVSD commands about FULLNAT: local addresses of services, and how servers learn the client's
 * address.
 */
#include "api.h"

#include <errno.h>
#include <sys/socket.h>

#include <linux/ip_vs.h>

#include "api/lvsd_wire.h"

static const struct attr_rule laddr_rules[] = {
	[LVSD_LADDR_ATTR_SERVICE] = {"SERVICE", ATTR_NEST},
	[LVSD_LADDR_ATTR_AF] = {"AF", ATTR_NUMBER, 2},
	[LVSD_LADDR_ATTR_ADDR] = {"ADDR", ATTR_BYTES, 16},
	[LVSD_LADDR_ATTR_FIRST] = {"FIRST", ATTR_NUMBER, 2},
	[LVSD_LADDR_ATTR_LAST] = {"LAST", ATTR_NUMBER, 2},
	[LVSD_LADDR_ATTR_CLIENT_INFO] = {"CLIENT_INFO", ATTR_NUMBER, 1},
};

const struct attr_policy api_laddr_policy = {MNL_ARRAY_SIZE(laddr_rules), laddr_rules};

_Static_assert((int)LVSD_LADDR_ATTR_SERVICE == IPVS_CMD_ATTR_SERVICE,
	       "api_service_need() reads it");
_Static_assert((int)LVSD_CLIENT_INFO_NONE == CLIENT_INFO_NONE, "the same numbers");
_Static_assert((int)LVSD_CLIENT_INFO_TOA == CLIENT_INFO_TOA, "the same numbers");

static uint16_t number_or(const struct nlattr *a, uint16_t otherwise)
{
	return a ? attr_u16(a) : otherwise;
}

static int read_laddr(struct api_request *req, struct model_service **svc, struct local_addr *out)
{
	static const uint16_t required[] = {LVSD_LADDR_ATTR_ADDR};
	int r = api_service_need(req, svc);

	if (r == 0)
		r = attr_require(&api_laddr_policy, req->attr, required, 1, req->err);
	if (r < 0)
		return r;
	*out = (struct local_addr){
		.af = number_or(req->attr[LVSD_LADDR_ATTR_AF], (*svc)->key.af),
		.first = number_or(req->attr[LVSD_LADDR_ATTR_FIRST], LVSD_LADDR_FIRST_DEFAULT),
		.last = number_or(req->attr[LVSD_LADDR_ATTR_LAST], LVSD_LADDR_LAST_DEFAULT),
	};
	if (out->af != AF_INET && out->af != AF_INET6)
		return model_fail(req->err, -EAFNOSUPPORT,
				  "address family %u: %u (IPv4) and %u (IPv6) are allowed", out->af,
				  AF_INET, AF_INET6);
	return api_addr(out->af, req->attr[LVSD_LADDR_ATTR_ADDR], "ADDR", &out->addr, req->err);
}

int api_laddr_new(struct api_request *req)
{
	struct model_service *svc;
	struct local_addr local;
	int r = read_laddr(req, &svc, &local);

	return r < 0 ? r : model_laddr_add(svc, &local, req->err);
}

int api_laddr_del(struct api_request *req)
{
	struct model_service *svc;
	struct local_addr local;
	int r = read_laddr(req, &svc, &local);

	return r < 0 ? r : model_laddr_del(svc, local.af, &local.addr, req->err);
}

int api_client_info_set(struct api_request *req)
{
	static const uint16_t required[] = {LVSD_LADDR_ATTR_CLIENT_INFO};
	struct model_service *svc;
	int r = api_service_need(req, &svc);

	if (r == 0)
		r = attr_require(&api_laddr_policy, req->attr, required, 1, req->err);
	return r < 0 ? r
		     : model_client_info_set(svc, attr_u8(req->attr[LVSD_LADDR_ATTR_CLIENT_INFO]),
					     req->err);
}

/* ---- listing ----------------------------------------------------------------------------- */

/* `la` NULL: the service has none. */
static bool put_laddr(struct reply *reply, const struct model_service *svc,
		      const struct model_laddr *la)
{
	struct nlattr *nest;

	reply_begin(reply, LVSD_CMD_GET_LADDR);
	nest = reply_nest(reply, LVSD_LADDR_ATTR_SERVICE);
	api_put_service_key(reply, svc);
	reply_nest_end(reply, nest);
	if (la) {
		reply_u16(reply, LVSD_LADDR_ATTR_AF, la->local.af);
		reply_put(reply, LVSD_LADDR_ATTR_ADDR, la->local.addr.b,
			  la->local.af == AF_INET ? 4 : 16);
		reply_u16(reply, LVSD_LADDR_ATTR_FIRST, la->local.first);
		reply_u16(reply, LVSD_LADDR_ATTR_LAST, la->local.last);
	}
	reply_u8(reply, LVSD_LADDR_ATTR_CLIENT_INFO, svc->client_info);
	return reply_end(reply);
}

struct laddr_cursor {
	struct service_walk walk;
	uint64_t serial;        /* of the service that was begun */
	uint64_t seq;           /* of its local address that was put last */
	struct service_key key; /* only this service; af 0: all */
};

static int dump_start(struct api_request *req, void *state)
{
	struct laddr_cursor *c = state;
	struct model_service *svc;
	int r;

	c->walk = SERVICE_WALK_START;
	if (!req->attr[LVSD_LADDR_ATTR_SERVICE])
		return 0;
	r = api_service_need(req, &svc);
	if (r == 0)
		c->key = svc->key;
	return r;
}

/* API_MORE: the datagram is full. */
static int put_laddrs(struct reply *reply, const struct model_service *svc, struct laddr_cursor *c)
{
	const struct model_laddr *la;

	if (svc->serial != c->serial)
		c->seq = 0;
	c->serial = svc->serial;
	if (svc->n_laddrs == 0 && (svc->client_info || model_laddr_needed(svc)))
		return put_laddr(reply, svc, NULL) ? API_END : API_MORE;
	TAILQ_FOREACH (la, &svc->laddrs, link) {
		if (la->seq <= c->seq)
			continue;
		if (!put_laddr(reply, svc, la))
			return API_MORE;
		c->seq = la->seq;
	}
	return API_END;
}

static int dump_step(void *state, struct reply *reply)
{
	struct laddr_cursor *c = state;
	struct model_service *svc;

	if (c->key.af) {
		svc = model_service_find(&c->key);
		return svc ? put_laddrs(reply, svc, c) : API_END;
	}
	while ((svc = model_walk_next(&c->walk))) {
		if (put_laddrs(reply, svc, c) == API_MORE)
			return API_MORE;
		model_walk_over(&c->walk, svc);
	}
	return API_END;
}

static void dump_stop(void *state)
{
	struct laddr_cursor *c = state;

	model_walk_end(&c->walk);
}

const struct api_dump api_laddr_dump = {sizeof(struct laddr_cursor), dump_start, dump_step,
					dump_stop};
