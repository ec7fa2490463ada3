/* SPDX-License-Identifier: BSD-3-Clause */
/* The model's destinations (real servers): what ip_vs_add_dest() and its sisters do. */
#include "model.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/ip_vs.h>

#include "estimator.h"
#include "history.h"
#include "ids.h"
#include "model_private.h"
#include "publish.h"
#include "stats.h"
#include "trash.h"

static struct ids dest_ids;
static uint64_t last_seq;
static uint32_t last_birth;

void model_dest_open(void)
{
	ids_init(&dest_ids, DESTS_MAX);
	last_seq = 0;
}

void model_dest_close(void)
{
	ids_fini(&dest_ids);
}

struct model_dest *model_dest_find(const struct model_service *svc, const struct dest_key *key)
{
	struct model_dest *d;

	TAILQ_FOREACH (d, &svc->dests, link)
		if (memcmp(&d->key, key, sizeof(*key)) == 0)
			return d;
	return NULL;
}

/* ---- what is allowed --------------------------------------------------------------------- */

static int check_spec(const struct dest_spec *spec, struct model_error *err)
{
	if (spec->weight > INT32_MAX)
		return model_fail(err, -ERANGE, "weight %" PRId32 ": 0 to %d are allowed",
				  (int32_t)spec->weight, INT32_MAX);
	if (spec->lower > spec->upper)
		return model_fail(err, -ERANGE,
				  "lower threshold %" PRIu32 " is above the upper one, %" PRIu32,
				  spec->lower, spec->upper);
	if (spec->fwd > FWD_FULLNAT)
		return model_fail(err, -EINVAL,
				  "forwarding method %" PRIu32 ": 0 (masquerading), 1 (local), "
				  "2 (tunnel), 3 (direct routing), 4 (bypass) and 5 (FULLNAT) "
				  "are allowed",
				  spec->fwd);
	if (spec->tun_type >= IP_VS_CONN_F_TUNNEL_TYPE_MAX)
		return model_fail(err, -EINVAL,
				  "tunnel type %u: 0 (ipip), 1 (gue) and 2 (gre) are allowed",
				  spec->tun_type);
	if (spec->tun_type == IP_VS_CONN_F_TUNNEL_TYPE_GUE && spec->tun_port == 0)
		return model_fail(err, -EINVAL, "a gue tunnel needs a port, 1 to 65535");
	return 0;
}

static int check_family(const struct model_service *svc, const struct dest_key *key,
			const struct dest_spec *spec, struct model_error *err)
{
	if (key->af != svc->key.af && spec->fwd != FWD_TUNNEL)
		return model_fail(err, -EINVAL,
				  "destination and service are of different address families: "
				  "only tunnels can do that");
	return 0;
}

#define LOOPBACK_BROADCAST 0x7fffffffu /* 127.255.255.255 */

/* Unicast as the kernel defines it; of broadcast addresses of links, only the loopback's is known
 * here. */
bool model_is_unicast(uint16_t af, const struct lvs_addr *addr)
{
	if (af == AF_INET) {
		uint32_t a = ntohl(addr->v4);

		return a != INADDR_ANY && a != INADDR_BROADCAST && a != LOOPBACK_BROADCAST &&
		       !IN_MULTICAST(a);
	}

	struct in6_addr a6;

	memcpy(&a6, addr->b, sizeof(a6));
	return !IN6_IS_ADDR_UNSPECIFIED(&a6) && !IN6_IS_ADDR_MULTICAST(&a6) &&
	       !IN6_IS_ADDR_LINKLOCAL(&a6) && !IN6_IS_ADDR_V4MAPPED(&a6);
}

/* ---- life -------------------------------------------------------------------------------- */

static void release_id(void *arg)
{
	ids_give(&dest_ids, (uint32_t)(uintptr_t)arg);
}

void model_dest_free(struct model_dest *d)
{
	struct model_service *svc = d->service;

	publish_dest_gone(d);
	free(d);
	model_service_put(svc);
}

void model_dest_purge(struct model_dest *d)
{
	struct model_service *svc = d->service;
	struct dest_stats counted;

	dp_dest_stats(d->id, &counted);
	stats_sub(&counted, &d->joined);
	stats_add(&svc->left, &counted);
	dp_defer(release_id, (void *)(uintptr_t)d->id);
	publish_vip(svc);
	model_dest_free(d);
}

/* Becomes a destination of svc that has counted nothing. */
static void join(struct model_dest *d, struct model_service *svc)
{
	d->service = svc;
	model_service_get(svc);
	dp_dest_stats(d->id, &d->joined);
	d->zero = d->joined;
	estimator_zero(&d->est, &d->joined);
}

static int create(struct model_service *svc, const struct dest_key *key, struct model_dest **out,
		  struct model_error *err)
{
	char text[MODEL_ADDR_TEXT_MAX];
	struct model_dest *d;
	int r;

	if (!model_is_unicast(key->af, &key->addr))
		return model_fail(err, -EINVAL, "destination %s: a unicast address is needed%s",
				  model_addr_text(key->af, &key->addr, text),
				  key->af == AF_INET6 ? ", not a link-local one" : "");
	d = calloc(1, sizeof(*d));
	if (!d)
		return model_fail(err, -ENOMEM, "out of memory");
	r = ids_take(&dest_ids, &d->id);
	if (r == 0 && publish_reserve_dest(d->id) < 0) {
		ids_give(&dest_ids, d->id);
		r = -ENOMEM;
	}
	if (r < 0) {
		free(d);
		return r == -ENOSPC ? model_fail(err, r,
						 "there are %u destinations already, "
						 "as many as lvsd can hold",
						 DESTS_MAX)
				    : model_fail(err, r, "out of memory");
	}
	d->key = *key;
	d->birth = ++last_birth;
	join(d, svc);
	*out = d;
	return 0;
}

/* The removed destination of that identity, as it was. */
static struct model_dest *revive(struct model_service *svc, const struct dest_key *key)
{
	struct model_dest *d = trash_take(&svc->key, key);
	struct model_service *before;

	if (!d)
		return NULL;
	before = d->service;
	if (before == svc) {
		dp_dest_stats(d->id, &d->est.last);
		return d;
	}
	/* The service is another one by now, although of the same name: counting begins anew. */
	join(d, svc);
	publish_vip(before);
	model_laddr_follow(before, svc);
	model_service_put(before);
	return d;
}

/* The kernel ends an overload when the upper threshold is raised or removed, and begins one only
 * when a connection comes. */
static void set_spec(struct model_dest *d, const struct dest_spec *spec)
{
	static uint32_t last_epoch;

	if (spec->upper == 0 || spec->upper > d->spec.upper)
		d->overload_epoch = ++last_epoch;
	d->spec = *spec;
}

int model_dest_add(struct model_service *svc, const struct dest_key *key,
		   const struct dest_spec *spec, struct model_error *err)
{
	char text[MODEL_ADDR_TEXT_MAX];
	struct model_dest *d;
	int r = check_family(svc, key, spec, err);

	if (r == 0)
		r = check_spec(spec, err);
	if (r < 0)
		return r;
	if (model_dest_find(svc, key))
		return model_fail(err, -EEXIST, "the service has destination %s port %u already",
				  model_addr_text(key->af, &key->addr, text), ntohs(key->port));
	d = revive(svc, key);
	if (!d) {
		r = create(svc, key, &d, err);
		if (r < 0)
			return r;
	}
	set_spec(d, spec);
	d->last_weight = spec->weight;
	d->available = true;
	d->seq = ++last_seq;
	TAILQ_INSERT_HEAD(&svc->dests, d, link);
	svc->n_dests++;
	history_add(svc, SCHED_EVENT_ADD, d->id, DEST_NONE);
	publish_dest_changed(d);
	publish_service_changed(svc);
	return 0;
}

static int missing(const struct dest_key *key, struct model_error *err)
{
	char text[MODEL_ADDR_TEXT_MAX];

	return model_fail(err, -ENOENT, "the service has no destination %s port %u",
			  model_addr_text(key->af, &key->addr, text), ntohs(key->port));
}

int model_dest_edit(struct model_service *svc, const struct dest_key *key,
		    const struct dest_spec *spec, struct model_error *err)
{
	struct model_dest *d;
	int r = check_family(svc, key, spec, err);

	if (r == 0)
		r = check_spec(spec, err);
	if (r < 0)
		return r;
	d = model_dest_find(svc, key);
	if (!d)
		return missing(key, err);
	set_spec(d, spec);
	if (spec->weight)
		d->last_weight = spec->weight;
	history_add(svc, SCHED_EVENT_EDIT, d->id, DEST_NONE);
	publish_dest_changed(d);
	publish_service_changed(svc);
	return 0;
}

void model_dest_remove(struct model_dest *d)
{
	struct model_service *svc = d->service;

	TAILQ_REMOVE(&svc->dests, d, link);
	svc->n_dests--;
	d->available = false;
	TAILQ_INSERT_TAIL(&svc->trashed, d, link);
	trash_put(d);
	publish_dest_changed(d);
}

int model_dest_del(struct model_service *svc, const struct dest_key *key, struct model_error *err)
{
	struct model_dest *d = model_dest_find(svc, key), *prev;

	if (!d)
		return missing(key, err);
	prev = TAILQ_PREV(d, dest_list, link);
	model_dest_remove(d);
	history_add(svc, SCHED_EVENT_DEL, d->id, prev ? prev->id : DEST_NONE);
	publish_service_changed(svc);
	return 0;
}

void model_dest_stats(const struct model_dest *d, struct model_stats *out)
{
	dp_dest_stats(d->id, &out->count);
	stats_sub(&out->count, &d->zero);
	estimator_read(&d->est, &out->rate);
}
