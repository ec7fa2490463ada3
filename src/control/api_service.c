/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPVS commands about services, and what destinations share with them. Attributes are required,
 * ordered and answered as in the kernel's ip_vs_ctl.
 */
#include "api.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include <linux/ip_vs.h>

static const struct attr_rule ipvs_rules[] = {
	[IPVS_CMD_ATTR_SERVICE] = {"SERVICE", ATTR_NEST},
	[IPVS_CMD_ATTR_DEST] = {"DEST", ATTR_NEST},
	[IPVS_CMD_ATTR_DAEMON] = {"DAEMON", ATTR_NEST},
	[IPVS_CMD_ATTR_TIMEOUT_TCP] = {"TIMEOUT_TCP", ATTR_NUMBER, 4},
	[IPVS_CMD_ATTR_TIMEOUT_TCP_FIN] = {"TIMEOUT_TCP_FIN", ATTR_NUMBER, 4},
	[IPVS_CMD_ATTR_TIMEOUT_UDP] = {"TIMEOUT_UDP", ATTR_NUMBER, 4},
};

const struct attr_policy api_ipvs_policy = {MNL_ARRAY_SIZE(ipvs_rules), ipvs_rules};

static const struct attr_rule service_rules[] = {
	[IPVS_SVC_ATTR_AF] = {"SERVICE.AF", ATTR_NUMBER, 2},
	[IPVS_SVC_ATTR_PROTOCOL] = {"SERVICE.PROTOCOL", ATTR_NUMBER, 2},
	[IPVS_SVC_ATTR_ADDR] = {"SERVICE.ADDR", ATTR_BYTES, 16},
	[IPVS_SVC_ATTR_PORT] = {"SERVICE.PORT", ATTR_NUMBER, 2},
	[IPVS_SVC_ATTR_FWMARK] = {"SERVICE.FWMARK", ATTR_NUMBER, 4},
	[IPVS_SVC_ATTR_SCHED_NAME] = {"SERVICE.SCHED_NAME", ATTR_STRING, SCHED_NAME_MAX - 1},
	[IPVS_SVC_ATTR_FLAGS] = {"SERVICE.FLAGS", ATTR_NUMBER, sizeof(struct ip_vs_flags)},
	[IPVS_SVC_ATTR_TIMEOUT] = {"SERVICE.TIMEOUT", ATTR_NUMBER, 4},
	[IPVS_SVC_ATTR_NETMASK] = {"SERVICE.NETMASK", ATTR_NUMBER, 4},
	[IPVS_SVC_ATTR_PE_NAME] = {"SERVICE.PE_NAME", ATTR_STRING, PE_NAME_MAX - 1},
};

static const struct attr_policy service_policy = {MNL_ARRAY_SIZE(service_rules), service_rules};

int api_addr(uint16_t af, const struct nlattr *a, const char *name, struct lvs_addr *out,
	     struct model_error *err)
{
	unsigned int len = mnl_attr_get_payload_len(a);

	if (len != 16 && (len != 4 || af != AF_INET))
		return model_fail(err, -EINVAL, "attribute %s has %u bytes, %s are needed", name,
				  len, af == AF_INET ? "4 or 16" : "16");
	*out = (struct lvs_addr){0};
	memcpy(out->b, mnl_attr_get_payload(a), af == AF_INET ? 4 : 16);
	return 0;
}

static int key_by_address(const struct nlattr *const *inner, struct service_key *key,
			  struct model_error *err)
{
	static const uint16_t required[] = {IPVS_SVC_ATTR_PROTOCOL, IPVS_SVC_ATTR_ADDR,
					    IPVS_SVC_ATTR_PORT};
	int r = attr_require(&service_policy, inner, required, MNL_ARRAY_SIZE(required), err);

	if (r < 0)
		return r;
	key->proto = attr_u16(inner[IPVS_SVC_ATTR_PROTOCOL]);
	key->port = attr_u16(inner[IPVS_SVC_ATTR_PORT]);
	return api_addr(key->af, inner[IPVS_SVC_ATTR_ADDR], "SERVICE.ADDR", &key->addr, err);
}

int api_service_key(const struct nlattr *nest, struct service_key *key, struct model_service **svc,
		    const struct nlattr **inner, struct model_error *err)
{
	static const uint16_t required[] = {IPVS_SVC_ATTR_AF};
	int r;

	if (!nest)
		return model_fail(err, -EINVAL, "attribute SERVICE is missing");
	r = attr_parse_nest(&service_policy, nest, inner, err);
	if (r == 0)
		r = attr_require(&service_policy, inner, required, 1, err);
	if (r < 0)
		return r;
	*key = (struct service_key){.af = attr_u16(inner[IPVS_SVC_ATTR_AF])};
	if (key->af != AF_INET && key->af != AF_INET6)
		return model_fail(err, -EAFNOSUPPORT,
				  "address family %u: %u (IPv4) and %u (IPv6) are allowed", key->af,
				  AF_INET, AF_INET6);
	if (inner[IPVS_SVC_ATTR_FWMARK]) {
		key->fwmark = attr_u32(inner[IPVS_SVC_ATTR_FWMARK]);
		if (key->fwmark == 0)
			r = model_fail(err, -EINVAL, "fwmark 0: 1 to %" PRIu32 " are allowed",
				       UINT32_MAX);
	} else {
		r = key_by_address(inner, key, err);
	}
	if (r == 0)
		*svc = model_service_find(key);
	return r;
}

static int no_such_service(struct model_error *err)
{
	return model_fail(err, -ESRCH, "there is no such service");
}

int api_service_need(struct api_request *req, struct model_service **svc)
{
	const struct nlattr *inner[ATTRS_MAX];
	struct service_key key;
	int r = api_service_key(req->attr[IPVS_CMD_ATTR_SERVICE], &key, svc, inner, req->err);

	if (r == 0 && !*svc)
		r = no_such_service(req->err);
	return r;
}

/* The settings of a service, all of which must be there. */
static int read_spec(const struct nlattr *const *inner, struct service_spec *spec,
		     struct model_error *err)
{
	static const uint16_t required[] = {IPVS_SVC_ATTR_SCHED_NAME, IPVS_SVC_ATTR_FLAGS,
					    IPVS_SVC_ATTR_TIMEOUT, IPVS_SVC_ATTR_NETMASK};
	const struct nlattr *pe = inner[IPVS_SVC_ATTR_PE_NAME];
	struct ip_vs_flags flags;
	int r = attr_require(&service_policy, inner, required, MNL_ARRAY_SIZE(required), err);

	if (r < 0)
		return r;
	memcpy(&flags, mnl_attr_get_payload(inner[IPVS_SVC_ATTR_FLAGS]), sizeof(flags));
	*spec = (struct service_spec){
		.flags = flags.flags,
		.flags_mask = flags.mask,
		.timeout = attr_u32(inner[IPVS_SVC_ATTR_TIMEOUT]),
		.netmask = attr_u32(inner[IPVS_SVC_ATTR_NETMASK]),
	};
	snprintf(spec->sched, sizeof(spec->sched), "%s",
		 mnl_attr_get_str(inner[IPVS_SVC_ATTR_SCHED_NAME]));
	if (pe)
		snprintf(spec->pe, sizeof(spec->pe), "%s", mnl_attr_get_str(pe));
	return 0;
}

/* NEW and SET begin alike. */
static int read_service(struct api_request *req, struct service_key *key, struct service_spec *spec,
			struct model_service **svc)
{
	const struct nlattr *inner[ATTRS_MAX];
	int r = api_service_key(req->attr[IPVS_CMD_ATTR_SERVICE], key, svc, inner, req->err);

	return r < 0 ? r : read_spec(inner, spec, req->err);
}

int api_service_new(struct api_request *req)
{
	struct model_service *svc;
	struct service_spec spec;
	struct service_key key;
	int r = read_service(req, &key, &spec, &svc);

	return r < 0 ? r : model_service_add(&key, &spec, req->err);
}

int api_service_set(struct api_request *req)
{
	struct model_service *svc;
	struct service_spec spec;
	struct service_key key;
	int r = read_service(req, &key, &spec, &svc);

	if (r == 0 && !svc)
		r = no_such_service(req->err);
	return r < 0 ? r : model_service_edit(svc, &spec, req->err);
}

int api_service_del(struct api_request *req)
{
	struct model_service *svc;
	int r = api_service_need(req, &svc);

	if (r == 0)
		model_service_del(svc);
	return r;
}

int api_service_zero(struct api_request *req)
{
	struct model_service *svc;
	int r;

	if (!req->attr[IPVS_CMD_ATTR_SERVICE]) {
		model_zero();
		return 0;
	}
	r = api_service_need(req, &svc);
	if (r == 0)
		model_service_zero(svc);
	return r;
}

int api_service_flush(struct api_request *req)
{
	model_flush();
	return 0;
}

/* ---- answers ----------------------------------------------------------------------------- */

static void put_stats(struct reply *reply, const struct model_stats *s)
{
	reply_u32(reply, IPVS_STATS_ATTR_CONNS, (uint32_t)s->count.conns);
	reply_u32(reply, IPVS_STATS_ATTR_INPKTS, (uint32_t)s->count.inpkts);
	reply_u32(reply, IPVS_STATS_ATTR_OUTPKTS, (uint32_t)s->count.outpkts);
	reply_u64(reply, IPVS_STATS_ATTR_INBYTES, s->count.inbytes);
	reply_u64(reply, IPVS_STATS_ATTR_OUTBYTES, s->count.outbytes);
	reply_u32(reply, IPVS_STATS_ATTR_CPS, (uint32_t)s->rate.cps);
	reply_u32(reply, IPVS_STATS_ATTR_INPPS, (uint32_t)s->rate.inpps);
	reply_u32(reply, IPVS_STATS_ATTR_OUTPPS, (uint32_t)s->rate.outpps);
	reply_u32(reply, IPVS_STATS_ATTR_INBPS, (uint32_t)s->rate.inbps);
	reply_u32(reply, IPVS_STATS_ATTR_OUTBPS, (uint32_t)s->rate.outbps);
}

static void put_stats64(struct reply *reply, const struct model_stats *s)
{
	reply_u64(reply, IPVS_STATS_ATTR_CONNS, s->count.conns);
	reply_u64(reply, IPVS_STATS_ATTR_INPKTS, s->count.inpkts);
	reply_u64(reply, IPVS_STATS_ATTR_OUTPKTS, s->count.outpkts);
	reply_u64(reply, IPVS_STATS_ATTR_INBYTES, s->count.inbytes);
	reply_u64(reply, IPVS_STATS_ATTR_OUTBYTES, s->count.outbytes);
	reply_u64(reply, IPVS_STATS_ATTR_CPS, s->rate.cps);
	reply_u64(reply, IPVS_STATS_ATTR_INPPS, s->rate.inpps);
	reply_u64(reply, IPVS_STATS_ATTR_OUTPPS, s->rate.outpps);
	reply_u64(reply, IPVS_STATS_ATTR_INBPS, s->rate.inbps);
	reply_u64(reply, IPVS_STATS_ATTR_OUTBPS, s->rate.outbps);
}

void api_put_stats(struct reply *reply, uint16_t stats, uint16_t stats64,
		   const struct model_stats *s)
{
	struct nlattr *nest = reply_nest(reply, stats);

	put_stats(reply, s);
	reply_nest_end(reply, nest);
	nest = reply_nest(reply, stats64);
	put_stats64(reply, s);
	reply_nest_end(reply, nest);
}

void api_put_service_key(struct reply *reply, const struct model_service *svc)
{
	reply_u16(reply, IPVS_SVC_ATTR_AF, svc->key.af);
	if (svc->key.fwmark) {
		reply_u32(reply, IPVS_SVC_ATTR_FWMARK, svc->key.fwmark);
	} else {
		reply_u16(reply, IPVS_SVC_ATTR_PROTOCOL, svc->key.proto);
		reply_put(reply, IPVS_SVC_ATTR_ADDR, svc->key.addr.b, sizeof(svc->key.addr.b));
		reply_u16(reply, IPVS_SVC_ATTR_PORT, svc->key.port);
	}
}

/* One message; false when it does not fit any more. */
static bool put_service(struct reply *reply, const struct model_service *svc)
{
	const struct ip_vs_flags flags = {.flags = svc->flags, .mask = UINT32_MAX};
	struct model_stats stats;
	struct nlattr *nest;

	reply_begin(reply, IPVS_CMD_NEW_SERVICE);
	nest = reply_nest(reply, IPVS_CMD_ATTR_SERVICE);
	api_put_service_key(reply, svc);
	reply_string(reply, IPVS_SVC_ATTR_SCHED_NAME,
		     svc->sched ? dp_sched_name(svc->sched) : "none");
	if (svc->pe[0])
		reply_string(reply, IPVS_SVC_ATTR_PE_NAME, svc->pe);
	reply_put(reply, IPVS_SVC_ATTR_FLAGS, &flags, sizeof(flags));
	reply_u32(reply, IPVS_SVC_ATTR_TIMEOUT, svc->timeout);
	reply_u32(reply, IPVS_SVC_ATTR_NETMASK, svc->netmask);
	model_service_stats(svc, &stats);
	api_put_stats(reply, IPVS_SVC_ATTR_STATS, IPVS_SVC_ATTR_STATS64, &stats);
	reply_nest_end(reply, nest);
	return reply_end(reply);
}

int api_service_get(struct api_request *req)
{
	struct model_service *svc;
	int r = api_service_need(req, &svc);

	if (r == 0)
		put_service(req->reply, svc);
	return r;
}

static int dump_start(struct api_request *req, void *state)
{
	*(struct service_walk *)state = SERVICE_WALK_START;
	return 0;
}

static int dump_step(void *state, struct reply *reply)
{
	struct service_walk *walk = state;
	struct model_service *svc;

	while ((svc = model_walk_next(walk))) {
		if (!put_service(reply, svc))
			return API_MORE;
		model_walk_over(walk, svc);
	}
	return API_END;
}

static void dump_stop(void *state)
{
	model_walk_end(state);
}

const struct api_dump api_service_dump = {sizeof(struct service_walk), dump_start, dump_step,
					  dump_stop};
