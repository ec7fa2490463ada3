/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Local addresses of FULLNAT. One that is removed stays in the set by which workers find the owner
 * of a server's packet, until there was a moment in which its service had no connection.
 */
#include "model.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "model_private.h"
#include "publish.h"

/* A worker may be using a replaced snapshot for a moment. */
#define LINGER_SECONDS 2

static struct laddr_list removed;
static uint64_t last_seq;

void model_laddr_open(void)
{
	TAILQ_INIT(&removed);
}

/* ---- what is allowed --------------------------------------------------------------------- */

static struct model_laddr *find(const struct model_service *svc, uint16_t af,
				const struct lvs_addr *addr)
{
	struct model_laddr *la;

	TAILQ_FOREACH (la, &svc->laddrs, link)
		if (la->local.af == af && addr_equal(&la->local.addr, addr))
			return la;
	return NULL;
}

static int check(const struct model_service *svc, const struct local_addr *local,
		 struct model_error *err)
{
	char text[MODEL_ADDR_TEXT_MAX];

	model_addr_text(local->af, &local->addr, text);
	if (local->af != svc->key.af)
		return model_fail(err, -EINVAL,
				  "local address %s: an %s address is needed, as the service's "
				  "servers have",
				  text, svc->key.af == AF_INET ? "IPv4" : "IPv6");
	if (!model_is_unicast(local->af, &local->addr))
		return model_fail(err, -EINVAL, "local address %s: a unicast address is needed%s",
				  text, local->af == AF_INET6 ? ", not a link-local one" : "");
	if (local->first == 0 || local->first > local->last)
		return model_fail(err, -EINVAL,
				  "local ports %u to %u: 1 to 65535 are allowed, the lower one "
				  "first",
				  local->first, local->last);
	if (publish_is_vip(local->af, &local->addr))
		return model_fail(err, -EADDRINUSE,
				  "local address %s: it is a virtual address; one is needed that "
				  "no service has",
				  text);
	if (find(svc, local->af, &local->addr))
		return model_fail(err, -EEXIST,
				  "the service has local address %s already; delete it first to "
				  "give it other ports",
				  text);
	if (svc->n_laddrs == MODEL_LADDRS_MAX)
		return model_fail(err, -ENOSPC, "the service has %u local addresses, no more fit",
				  MODEL_LADDRS_MAX);
	return 0;
}

/* ---- changes ----------------------------------------------------------------------------- */

int model_laddr_add(struct model_service *svc, const struct local_addr *local,
		    struct model_error *err)
{
	struct model_laddr *la;
	int r = check(svc, local, err);

	if (r < 0)
		return r;
	la = calloc(1, sizeof(*la));
	if (!la || publish_laddr_take(local->af, &local->addr) < 0) {
		free(la);
		return model_fail(err, -ENOMEM, "out of memory");
	}
	la->service = svc;
	la->local = *local;
	la->seq = ++last_seq;
	TAILQ_INSERT_TAIL(&svc->laddrs, la, link);
	svc->n_laddrs++;
	publish_service_changed(svc);
	return 0;
}

static void take_away(struct model_laddr *la)
{
	TAILQ_REMOVE(&la->service->laddrs, la, link);
	la->service->n_laddrs--;
	model_service_get(la->service);
	TAILQ_INSERT_TAIL(&removed, la, link);
}

int model_laddr_del(struct model_service *svc, uint16_t af, const struct lvs_addr *addr,
		    struct model_error *err)
{
	struct model_laddr *la = find(svc, af, addr);
	char text[MODEL_ADDR_TEXT_MAX];

	if (!la)
		return model_fail(err, -ENOENT, "the service has no local address %s",
				  model_addr_text(af, addr, text));
	take_away(la);
	publish_service_changed(svc);
	return 0;
}

int model_client_info_set(struct model_service *svc, uint8_t info, struct model_error *err)
{
	if (info > CLIENT_INFO_TOA)
		return model_fail(err, -EINVAL, "client info %u: 0 (none) and 1 (TOA) are allowed",
				  info);
	svc->client_info = info;
	publish_service_changed(svc);
	return 0;
}

bool model_laddr_needed(const struct model_service *svc)
{
	const struct model_dest *d;

	TAILQ_FOREACH (d, &svc->dests, link)
		if (d->spec.fwd == FWD_FULLNAT)
			return true;
	return false;
}

/* ---- afterlife --------------------------------------------------------------------------- */

void model_laddr_service_removed(struct model_service *svc)
{
	struct model_laddr *la;

	while ((la = TAILQ_FIRST(&svc->laddrs)))
		take_away(la);
}

void model_laddr_follow(struct model_service *before, struct model_service *now)
{
	struct model_laddr *la;

	TAILQ_FOREACH (la, &removed, link) {
		if (la->service != before)
			continue;
		la->service = now;
		model_service_get(now);
		model_service_put(before);
	}
}

static bool has_connections(const struct dest_list *list)
{
	const struct model_dest *d;
	struct dest_load load;

	TAILQ_FOREACH (d, list, link) {
		dp_dest_load(d->id, &load);
		if (load.active || load.inactive)
			return true;
	}
	return false;
}

static void forget(struct model_laddr *la)
{
	struct model_service *svc = la->service;

	TAILQ_REMOVE(&removed, la, link);
	free(la);
	model_service_put(svc);
}

void model_laddr_tick(uint64_t now)
{
	struct model_laddr *la, *next;

	for (la = TAILQ_FIRST(&removed); la; la = next) {
		next = TAILQ_NEXT(la, link);
		if (!la->removed_at)
			la->removed_at = now;
		if (now < la->removed_at + LINGER_SECONDS || has_connections(&la->service->dests) ||
		    has_connections(&la->service->trashed))
			continue;
		publish_laddr_drop(la->local.af, &la->local.addr);
		forget(la);
	}
}

/* ---- the end ----------------------------------------------------------------------------- */

void model_laddr_free(struct model_service *svc)
{
	struct model_laddr *la;

	while ((la = TAILQ_FIRST(&svc->laddrs))) {
		TAILQ_REMOVE(&svc->laddrs, la, link);
		free(la);
	}
}

void model_laddr_close(void)
{
	struct model_laddr *la;

	while ((la = TAILQ_FIRST(&removed)))
		forget(la);
}
