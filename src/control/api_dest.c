/* SPDX-License-Identifier: BSD-3-Clause */
/* IPVS commands about destinations, as in the kernel's ip_vs_ctl. */
#include "api.h"

#include <errno.h>
#include <sys/socket.h>

#include <linux/ip_vs.h>

#include "api/lvsd_wire.h"

static const struct attr_rule dest_rules[] = {
	[IPVS_DEST_ATTR_ADDR] = {"DEST.ADDR", ATTR_BYTES, 16},
	[IPVS_DEST_ATTR_PORT] = {"DEST.PORT", ATTR_NUMBER, 2},
	[IPVS_DEST_ATTR_FWD_METHOD] = {"DEST.FWD_METHOD", ATTR_NUMBER, 4},
	[IPVS_DEST_ATTR_WEIGHT] = {"DEST.WEIGHT", ATTR_NUMBER, 4},
	[IPVS_DEST_ATTR_U_THRESH] = {"DEST.U_THRESH", ATTR_NUMBER, 4},
	[IPVS_DEST_ATTR_L_THRESH] = {"DEST.L_THRESH", ATTR_NUMBER, 4},
	[IPVS_DEST_ATTR_ADDR_FAMILY] = {"DEST.ADDR_FAMILY", ATTR_NUMBER, 2},
	[IPVS_DEST_ATTR_TUN_TYPE] = {"DEST.TUN_TYPE", ATTR_NUMBER, 1},
	[IPVS_DEST_ATTR_TUN_PORT] = {"DEST.TUN_PORT", ATTR_NUMBER, 2},
	[IPVS_DEST_ATTR_TUN_FLAGS] = {"DEST.TUN_FLAGS", ATTR_NUMBER, 2},
	[LVSD_DEST_ATTR_METHOD] = {"DEST.METHOD", ATTR_NUMBER, 4},
};

static const struct attr_policy dest_policy = {MNL_ARRAY_SIZE(dest_rules), dest_rules};

/* Clients from before mixed address families say nothing or 0: the service's. */
static int read_family(const struct nlattr *a, const struct model_service *svc, uint16_t *out,
		       struct model_error *err)
{
	uint16_t af = a ? attr_u16(a) : 0;

	if (af == 0)
		af = svc->key.af;
	if (af != AF_INET && af != AF_INET6)
		return model_fail(err, -EAFNOSUPPORT,
				  "address family %u: %u (IPv4) and %u (IPv6) are allowed", af,
				  AF_INET, AF_INET6);
	*out = af;
	return 0;
}

/* The kernel's number, or ours beside its 0. */
static int read_method(const struct nlattr *const *inner, uint32_t *out, struct model_error *err)
{
	uint32_t method = attr_u32(inner[IPVS_DEST_ATTR_FWD_METHOD]) & IP_VS_CONN_F_FWD_MASK;
	const struct nlattr *ours = inner[LVSD_DEST_ATTR_METHOD];

	if (method > FWD_BYPASS)
		return model_fail(err, -EINVAL,
				  "forwarding method %u: 0 (masquerading), 1 (local), 2 (tunnel), "
				  "3 (direct routing) and 4 (bypass) are allowed",
				  method);
	if (ours && attr_u32(ours) != method) {
		if (attr_u32(ours) != LVSD_METHOD_FULLNAT || method != FWD_NAT)
			return model_fail(err, -EINVAL,
					  "attribute DEST.METHOD %u beside forwarding method %u: "
					  "the same number, or %u (FULLNAT) beside 0, is allowed",
					  attr_u32(ours), method, LVSD_METHOD_FULLNAT);
		method = FWD_FULLNAT;
	}
	*out = method;
	return 0;
}

static int read_spec(const struct nlattr *const *inner, struct dest_spec *spec,
		     struct model_error *err)
{
	static const uint16_t required[] = {IPVS_DEST_ATTR_FWD_METHOD, IPVS_DEST_ATTR_WEIGHT,
					    IPVS_DEST_ATTR_U_THRESH, IPVS_DEST_ATTR_L_THRESH};
	int r = attr_require(&dest_policy, inner, required, MNL_ARRAY_SIZE(required), err);

	uint32_t method = 0;

	if (r == 0)
		r = read_method(inner, &method, err);
	if (r < 0)
		return r;
	*spec = (struct dest_spec){
		.fwd = method,
		.weight = attr_u32(inner[IPVS_DEST_ATTR_WEIGHT]),
		.upper = attr_u32(inner[IPVS_DEST_ATTR_U_THRESH]),
		.lower = attr_u32(inner[IPVS_DEST_ATTR_L_THRESH]),
	};
	if (inner[IPVS_DEST_ATTR_TUN_TYPE])
		spec->tun_type = attr_u8(inner[IPVS_DEST_ATTR_TUN_TYPE]);
	if (inner[IPVS_DEST_ATTR_TUN_PORT])
		spec->tun_port = attr_u16(inner[IPVS_DEST_ATTR_TUN_PORT]);
	if (inner[IPVS_DEST_ATTR_TUN_FLAGS])
		spec->tun_flags = attr_u16(inner[IPVS_DEST_ATTR_TUN_FLAGS]);
	return 0;
}

/* Service and destination of a request; `spec` NULL: only what names them. *named (may be NULL):
 * the client knows methods that IPVS has no number for. */
static int read_dest(struct api_request *req, struct model_service **svc, struct dest_key *key,
		     struct dest_spec *spec, bool *named)
{
	static const uint16_t required[] = {IPVS_DEST_ATTR_ADDR, IPVS_DEST_ATTR_PORT};
	const struct nlattr *nest = req->attr[IPVS_CMD_ATTR_DEST];
	const struct nlattr *inner[ATTRS_MAX];
	uint16_t af = 0;
	int r = api_service_need(req, svc);

	if (r < 0)
		return r;
	if (!nest)
		return model_fail(req->err, -EINVAL, "attribute DEST is missing");
	r = attr_parse_nest(&dest_policy, nest, inner, req->err);
	if (r == 0)
		r = attr_require(&dest_policy, inner, required, MNL_ARRAY_SIZE(required), req->err);
	if (r == 0 && spec)
		r = read_spec(inner, spec, req->err);
	if (r == 0)
		r = read_family(inner[IPVS_DEST_ATTR_ADDR_FAMILY], *svc, &af, req->err);
	if (r < 0)
		return r;
	*key = (struct dest_key){.af = af, .port = attr_u16(inner[IPVS_DEST_ATTR_PORT])};
	if (named)
		*named = inner[LVSD_DEST_ATTR_METHOD] != NULL;
	return api_addr(af, inner[IPVS_DEST_ATTR_ADDR], "DEST.ADDR", &key->addr, req->err);
}

int api_dest_new(struct api_request *req)
{
	struct model_service *svc;
	struct dest_spec spec;
	struct dest_key key;
	int r = read_dest(req, &svc, &key, &spec, NULL);

	return r < 0 ? r : model_dest_add(svc, &key, &spec, req->err);
}

int api_dest_set(struct api_request *req)
{
	struct model_service *svc;
	struct dest_spec spec;
	struct dest_key key;
	const struct model_dest *d;
	bool named;
	int r = read_dest(req, &svc, &key, &spec, &named);

	if (r < 0)
		return r;
	/* Who changes the weight of what is listed as masquerading does not mean the method. */
	d = model_dest_find(svc, &key);
	if (d && d->spec.fwd == FWD_FULLNAT && spec.fwd == FWD_NAT && !named)
		spec.fwd = FWD_FULLNAT;
	return model_dest_edit(svc, &key, &spec, req->err);
}

int api_dest_del(struct api_request *req)
{
	struct model_service *svc;
	struct dest_key key;
	int r = read_dest(req, &svc, &key, NULL, NULL);

	return r < 0 ? r : model_dest_del(svc, &key, req->err);
}

/* ---- listing ----------------------------------------------------------------------------- */

static bool put_dest(struct reply *reply, const struct model_dest *d)
{
	struct model_stats stats;
	struct dest_load load;
	struct nlattr *nest;

	dp_dest_load(d->id, &load);
	reply_begin(reply, IPVS_CMD_NEW_DEST);
	nest = reply_nest(reply, IPVS_CMD_ATTR_DEST);
	reply_put(reply, IPVS_DEST_ATTR_ADDR, d->key.addr.b, sizeof(d->key.addr.b));
	reply_u16(reply, IPVS_DEST_ATTR_PORT, d->key.port);
	reply_u32(reply, IPVS_DEST_ATTR_FWD_METHOD,
		  d->spec.fwd == FWD_FULLNAT ? FWD_NAT : d->spec.fwd);
	reply_u32(reply, IPVS_DEST_ATTR_WEIGHT, d->spec.weight);
	reply_u8(reply, IPVS_DEST_ATTR_TUN_TYPE, d->spec.tun_type);
	reply_u16(reply, IPVS_DEST_ATTR_TUN_PORT, d->spec.tun_port);
	reply_u16(reply, IPVS_DEST_ATTR_TUN_FLAGS, d->spec.tun_flags);
	reply_u32(reply, IPVS_DEST_ATTR_U_THRESH, d->spec.upper);
	reply_u32(reply, IPVS_DEST_ATTR_L_THRESH, d->spec.lower);
	reply_u32(reply, IPVS_DEST_ATTR_ACTIVE_CONNS, load.active);
	reply_u32(reply, IPVS_DEST_ATTR_INACT_CONNS, load.inactive);
	reply_u32(reply, IPVS_DEST_ATTR_PERSIST_CONNS, load.persistent);
	reply_u16(reply, IPVS_DEST_ATTR_ADDR_FAMILY, d->key.af);
	model_dest_stats(d, &stats);
	api_put_stats(reply, IPVS_DEST_ATTR_STATS, IPVS_DEST_ATTR_STATS64, &stats);
	if (d->spec.fwd == FWD_FULLNAT)
		reply_u32(reply, LVSD_DEST_ATTR_METHOD, LVSD_METHOD_FULLNAT);
	reply_nest_end(reply, nest);
	return reply_end(reply);
}

/* The list is ordered by `seq`, newest first, whatever is added or removed meanwhile. */
struct dest_cursor {
	bool nothing;
	struct service_key service;
	uint64_t below; /* go on with the first of a lower seq */
};

/* Like the kernel, no service is a service without destinations here. */
static int dump_start(struct api_request *req, void *state)
{
	const struct nlattr *nest = req->attr[IPVS_CMD_ATTR_SERVICE];
	const struct nlattr *inner[ATTRS_MAX];
	struct dest_cursor *at = state;
	struct model_service *svc;

	at->below = UINT64_MAX;
	at->nothing = !nest;
	return nest ? api_service_key(nest, &at->service, &svc, inner, req->err) : 0;
}

static int dump_step(void *state, struct reply *reply)
{
	struct dest_cursor *at = state;
	const struct model_service *svc = at->nothing ? NULL : model_service_find(&at->service);
	const struct model_dest *d;

	if (!svc)
		return API_END;
	TAILQ_FOREACH (d, &svc->dests, link) {
		if (d->seq >= at->below)
			continue;
		if (!put_dest(reply, d))
			return API_MORE;
		at->below = d->seq;
	}
	return API_END;
}

const struct api_dump api_dest_dump = {sizeof(struct dest_cursor), dump_start, dump_step};
