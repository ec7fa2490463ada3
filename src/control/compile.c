/* SPDX-License-Identifier: BSD-3-Clause */
/* From the model's objects to those of a snapshot, one at a time. */
#include "compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "history.h"

/* Below which an overload ends: without a lower threshold, three quarters of the upper, as the
 * kernel has it: total * 4 < upper * 3. */
static uint32_t lower_threshold(const struct dest_spec *spec)
{
	return spec->lower ? spec->lower : spec->upper - spec->upper / 4;
}

/* Whether a table made of one list fits the other. */
static bool same_list(const struct service *a, const struct service *b)
{
	if (a->sched != b->sched || a->n_dests != b->n_dests)
		return false;
	for (uint32_t i = 0; i < a->n_dests; i++)
		if (a->dests[i].id != b->dests[i].id || a->dests[i].weight != b->dests[i].weight ||
		    a->dests[i].last_weight != b->dests[i].last_weight)
			return false;
	return true;
}

static int compile_table(const struct model_service *svc, struct service *out)
{
	const struct model_dest *d;
	struct sched_key *keys;
	uint32_t n = 0;

	if (!dp_sched_has_table(out->sched))
		return 0;
	if (svc->compiled && same_list(&svc->compiled->service, out)) {
		out->table = dp_sched_share(svc->compiled->service.table);
		return 0;
	}
	keys = calloc(svc->n_dests + 1, sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	TAILQ_FOREACH (d, &svc->dests, link)
		keys[n++] = (struct sched_key){.addr = d->key.addr, .port = d->key.port};
	out->table = dp_sched_build(out, keys);
	free(keys);
	return out->table ? 0 : -ENOMEM;
}

struct compiled_service *compile_service(const struct model_service *svc)
{
	const struct history *h = svc->history;
	struct compiled_service *out = malloc(
		sizeof(*out) + svc->n_laddrs * sizeof(struct local_addr) +
		svc->n_dests * sizeof(struct service_dest) + h->n * sizeof(struct sched_event));
	const struct model_laddr *la;
	struct local_addr *local;
	struct service_dest *sd;
	struct sched_event *events;
	const struct model_dest *d;

	if (!out)
		return NULL;
	local = (struct local_addr *)(out + 1);
	sd = (struct service_dest *)(local + svc->n_laddrs);
	events = (struct sched_event *)(sd + svc->n_dests);
	out->service = (struct service){
		.id = svc->id,
		.flags = svc->flags,
		.fwmark = svc->key.fwmark,
		.timeout = svc->timeout,
		.netmask = svc->netmask,
		.af = svc->key.af,
		.port = svc->key.port,
		.proto = (uint8_t)svc->key.proto,
		.addr = svc->key.addr,
		.sched = svc->sched,
		.epoch = h->epoch,
		.version = h->version,
		.n_events = h->n,
		.events = events,
		.n_laddrs = svc->n_laddrs,
		.laddrs = local,
		.client_info = svc->client_info,
		.n_dests = svc->n_dests,
		.dests = sd,
	};
	TAILQ_FOREACH (la, &svc->laddrs, link)
		*local++ = la->local;
	TAILQ_FOREACH (d, &svc->dests, link) {
		*sd++ = (struct service_dest){
			.id = d->id,
			.weight = (int32_t)d->spec.weight,
			.last_weight = (int32_t)d->last_weight,
			.upper = d->spec.upper,
			.lower = lower_threshold(&d->spec),
			.overload_epoch = d->overload_epoch,
		};
	}
	memcpy(events, h->event, h->n * sizeof(*events));
	if (compile_table(svc, &out->service) < 0) {
		free(out);
		return NULL;
	}
	return out;
}

void compile_free(void *compiled)
{
	struct compiled_service *cs = compiled;

	dp_sched_release(cs->service.table);
	free(cs);
}

void compile_dest(const struct model_dest *d, struct dest *out)
{
	*out = (struct dest){
		.addr = d->key.addr,
		.service = d->service->id,
		.upper = d->spec.upper,
		.lower = lower_threshold(&d->spec),
		.overload_epoch = d->overload_epoch,
		.port = d->key.port,
		.af = d->key.af,
		.flags = d->available ? DEST_AVAILABLE : 0,
		.fwd = (uint8_t)d->spec.fwd,
		.tun_type = d->spec.tun_type,
		.tun_port = d->spec.tun_port,
		.tun_flags = d->spec.tun_flags,
		.weight = (int32_t)d->spec.weight,
		.birth = d->birth,
	};
}
