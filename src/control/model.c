/* SPDX-License-Identifier: BSD-3-Clause */
/* The model's services, timeouts and timers: what ip_vs_add_service() and its sisters do. */
#include "model.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <event2/event.h>
#include <linux/ip_vs.h>

#include "estimator.h"
#include "history.h"
#include "ids.h"
#include "model_private.h"
#include "publish.h"
#include "stats.h"
#include "trash.h"

static struct {
	bool open, closing;
	struct hmap services; /* living ones */
	struct model_service **by_id;
	uint32_t room;               /* of by_id */
	struct service_list walk[2]; /* those of addresses, of fwmarks; newest first */
	uint64_t serial;
	unsigned int n;
	struct ids ids;
	struct timeouts timeouts;
	struct event *trash_timer, *turn_timer;
} model;

/* ---- helpers ----------------------------------------------------------------------------- */

int model_fail(struct model_error *err, int result, const char *format, ...)
{
	va_list args;

	if (err) {
		va_start(args, format);
		vsnprintf(err->text, sizeof(err->text), format, args);
		va_end(args);
	}
	return result;
}

const char *model_addr_text(uint16_t af, const struct lvs_addr *addr, char *buf)
{
	if (!inet_ntop(af, addr->b, buf, MODEL_ADDR_TEXT_MAX))
		snprintf(buf, MODEL_ADDR_TEXT_MAX, "(address family %u)", af);
	return buf;
}

uint64_t model_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec + 1;
}

static uint32_t key_hash(const struct service_key *key)
{
	return addr_hash(&key->addr, (uint64_t)key->fwmark << 32 ^ (uint64_t)key->af << 24 ^
					     (uint32_t)key->proto << 16 ^ key->port);
}

/* "service TCP 192.0.2.1 port 80" */
static const char *key_text(const struct service_key *key, char *buf, size_t len)
{
	char addr[MODEL_ADDR_TEXT_MAX];
	const char *proto = key->proto == IPPROTO_TCP   ? "TCP"
			    : key->proto == IPPROTO_UDP ? "UDP"
							: "SCTP";

	if (key->fwmark)
		snprintf(buf, len, "service fwmark %" PRIu32, key->fwmark);
	else
		snprintf(buf, len, "service %s %s port %u", proto,
			 model_addr_text(key->af, &key->addr, addr), ntohs(key->port));
	return buf;
}

/* ---- looking up -------------------------------------------------------------------------- */

struct model_service *model_service_find(const struct service_key *key)
{
	const uint32_t hash = key_hash(key);

	for (struct hmap_node *n = hmap_first(&model.services, hash); n; n = hmap_next(n)) {
		struct model_service *svc = hmap_entry(n, struct model_service, node);

		if (memcmp(&svc->key, key, sizeof(*key)) == 0)
			return svc;
	}
	return NULL;
}

uint32_t model_service_ids(void)
{
	return model.ids.fresh;
}

struct model_service *model_service_at(uint32_t id)
{
	return id < model.ids.fresh ? model.by_id[id] : NULL;
}

/* Where to go on when the one walked over last is gone. */
static struct model_service *walk_search(const struct service_walk *walk)
{
	struct model_service *svc;

	TAILQ_FOREACH (svc, &model.walk[walk->fwmarks], walk_link)
		if (svc->serial < walk->before)
			return svc;
	return NULL;
}

struct model_service *model_walk_next(struct service_walk *walk)
{
	struct model_service *svc;

	for (;;) {
		if (walk->over && walk->over->alive)
			svc = TAILQ_NEXT(walk->over, walk_link);
		else
			svc = walk_search(walk);
		if (svc || walk->fwmarks)
			return svc;
		model_walk_end(walk);
		*walk = (struct service_walk){.fwmarks = true, .before = UINT64_MAX};
	}
}

void model_walk_over(struct service_walk *walk, struct model_service *svc)
{
	model_service_get(svc);
	model_walk_end(walk);
	walk->before = svc->serial;
	walk->over = svc;
}

void model_walk_end(struct service_walk *walk)
{
	if (walk->over)
		model_service_put(walk->over);
	walk->over = NULL;
}

unsigned int model_service_count(void)
{
	return model.n;
}

/* ---- life of a service ------------------------------------------------------------------- */

void model_service_get(struct model_service *svc)
{
	svc->refs++;
}

static void release_id(void *arg)
{
	ids_give(&model.ids, (uint32_t)(uintptr_t)arg);
}

void model_service_put(struct model_service *svc)
{
	if (--svc->refs > 0)
		return;
	if (!model.closing)
		dp_defer(release_id, (void *)(uintptr_t)svc->id);
	history_close(svc);
	free(svc);
}

/* An id, and the place in by_id that belongs to it. */
static int take_id(uint32_t *out)
{
	struct model_service **by_id;
	uint32_t id, room;
	int r = ids_take(&model.ids, &id);

	if (r < 0)
		return r;
	if (id >= model.room) {
		room = model.room ? model.room * 2 : 64;
		by_id = realloc(model.by_id, room * sizeof(struct model_service *));
		if (!by_id) {
			ids_give(&model.ids, id);
			return -ENOMEM;
		}
		memset(by_id + model.room, 0, (room - model.room) * sizeof(*by_id));
		model.by_id = by_id;
		model.room = room;
	}
	*out = id;
	return 0;
}

static int allocate(struct model_service **out)
{
	struct model_service *svc = calloc(1, sizeof(*svc));
	int r;

	if (!svc)
		return -ENOMEM;
	r = take_id(&svc->id);
	if (r < 0) {
		free(svc);
		return r;
	}
	TAILQ_INIT(&svc->dests);
	TAILQ_INIT(&svc->trashed);
	TAILQ_INIT(&svc->laddrs);
	svc->refs = 1;
	if (publish_reserve_service() < 0 || history_open(svc) < 0) {
		ids_give(&model.ids, svc->id);
		free(svc);
		return -ENOMEM;
	}
	*out = svc;
	return 0;
}

/* ---- what is allowed --------------------------------------------------------------------- */

static int find_sched(const char *name, const struct sched_ops **out, struct model_error *err)
{
	*out = NULL;
	if (strcmp(name, "none") == 0)
		return 0;
	*out = dp_sched_find(name);
	if (!*out)
		return model_fail(err, -ENOENT, "there is no scheduler \"%s\"", name);
	return 0;
}

static int check_spec(const struct service_key *key, const struct service_spec *spec,
		      const struct sched_ops **sched, struct model_error *err)
{
	int r = find_sched(spec->sched, sched, err);

	if (r < 0)
		return r;
	if (spec->pe[0] && strcmp(spec->pe, "sip") != 0)
		return model_fail(err, -ENOENT,
				  "there is no persistence engine \"%s\": only \"sip\"", spec->pe);
	if (key->af == AF_INET6 && (spec->netmask < 1 || spec->netmask > 128))
		return model_fail(err, -EINVAL,
				  "IPv6 prefix length %" PRIu32 ": 1 to 128 are allowed",
				  spec->netmask);
	if (spec->timeout > MODEL_TIMEOUT_MAX)
		return model_fail(err, -EINVAL,
				  "persistence timeout %" PRIu32 ": 0 to %u seconds are allowed",
				  spec->timeout, MODEL_TIMEOUT_MAX);
	return 0;
}

/* The kernel takes any protocol number for a service that will never see a packet. */
static int check_key(const struct service_key *key, struct model_error *err)
{
	if (!key->fwmark && key->proto != IPPROTO_TCP && key->proto != IPPROTO_UDP &&
	    key->proto != IPPROTO_SCTP)
		return model_fail(err, -EINVAL,
				  "protocol %u: 6 (TCP), 17 (UDP) and 132 (SCTP) are allowed",
				  key->proto);
	return 0;
}

/* ---- changes ----------------------------------------------------------------------------- */

static void set_spec(struct model_service *svc, const struct service_spec *spec)
{
	svc->flags = (svc->flags & ~spec->flags_mask) | (spec->flags & spec->flags_mask) |
		     IP_VS_SVC_F_HASHED;
	svc->timeout = spec->timeout;
	svc->netmask = spec->netmask;
	snprintf(svc->pe, sizeof(svc->pe), "%s", spec->pe);
}

int model_service_add(const struct service_key *key, const struct service_spec *spec,
		      struct model_error *err)
{
	char text[MODEL_ERROR_MAX / 2];
	const struct sched_ops *sched = NULL;
	struct model_service *svc;
	int r;

	if (model_service_find(key))
		return model_fail(err, -EEXIST, "%s exists already",
				  key_text(key, text, sizeof(text)));
	r = check_key(key, err);
	if (r == 0 && !key->fwmark && publish_is_laddr(key->af, &key->addr))
		r = model_fail(err, -EADDRINUSE,
			       "%s: the address is a local address of a service, it cannot be a "
			       "virtual one too",
			       key_text(key, text, sizeof(text)));
	if (r == 0)
		r = check_spec(key, spec, &sched, err);
	if (r < 0)
		return r;
	r = allocate(&svc);
	if (r == -ENOSPC)
		return model_fail(err, r, "there are %u services already, as many as lvsd can hold",
				  SERVICES_MAX);
	if (r < 0)
		return model_fail(err, r, "out of memory");
	svc->key = *key;
	svc->sched = sched;
	svc->alive = true;
	set_spec(svc, spec);
	hmap_insert(&model.services, &svc->node, key_hash(key));
	model.by_id[svc->id] = svc;
	svc->serial = model.serial++;
	TAILQ_INSERT_HEAD(&model.walk[key->fwmark != 0], svc, walk_link);
	model.n++;
	publish_vip(svc);
	publish_service_changed(svc);
	return 0;
}

int model_service_edit(struct model_service *svc, const struct service_spec *spec,
		       struct model_error *err)
{
	const struct sched_ops *sched = NULL;
	int r = check_spec(&svc->key, spec, &sched, err);

	if (r < 0)
		return r;
	set_spec(svc, spec);
	if (sched != svc->sched) {
		svc->sched = sched;
		history_add(svc, SCHED_EVENT_INIT, DEST_NONE, DEST_NONE);
	}
	publish_service_changed(svc);
	return 0;
}

void model_service_del(struct model_service *svc)
{
	struct model_dest *d;

	hmap_remove(&model.services, &svc->node);
	model.by_id[svc->id] = NULL;
	TAILQ_REMOVE(&model.walk[svc->key.fwmark != 0], svc, walk_link);
	model.n--;
	svc->alive = false;
	while ((d = TAILQ_FIRST(&svc->dests)))
		model_dest_remove(d);
	model_laddr_service_removed(svc);
	publish_service_removed(svc);
	publish_vip(svc);
	model_service_put(svc);
}

void model_flush(void)
{
	for (uint32_t id = 0; id < model.ids.fresh; id++)
		if (model.by_id[id])
			model_service_del(model.by_id[id]);
}

/* ---- counters ---------------------------------------------------------------------------- */

static void add_list(const struct dest_list *list, struct dest_stats *sum)
{
	const struct model_dest *d;

	TAILQ_FOREACH (d, list, link) {
		struct dest_stats s;

		dp_dest_stats(d->id, &s);
		stats_sub(&s, &d->joined);
		stats_add(sum, &s);
	}
}

void model_service_raw(const struct model_service *svc, struct dest_stats *out)
{
	*out = svc->left;
	add_list(&svc->dests, out);
	add_list(&svc->trashed, out);
}

void model_service_stats(const struct model_service *svc, struct model_stats *out)
{
	model_service_raw(svc, &out->count);
	stats_sub(&out->count, &svc->zero);
	estimator_read(&svc->est, &out->rate);
}

/* Trashed destinations keep their counters, as in the kernel. */
void model_service_zero(struct model_service *svc)
{
	struct model_dest *d;

	TAILQ_FOREACH (d, &svc->dests, link) {
		dp_dest_stats(d->id, &d->zero);
		estimator_zero(&d->est, &d->zero);
	}
	model_service_raw(svc, &svc->zero);
	estimator_zero(&svc->est, &svc->zero);
}

void model_zero(void)
{
	for (uint32_t id = 0; id < model.ids.fresh; id++)
		if (model.by_id[id])
			model_service_zero(model.by_id[id]);
}

/* ---- timeouts ---------------------------------------------------------------------------- */

void model_timeouts(struct model_timeouts *out)
{
	out->tcp = model.timeouts.s[PROTO_IX_TCP][DP_STATE_TCP_ESTABLISHED];
	out->tcp_fin = model.timeouts.s[PROTO_IX_TCP][DP_STATE_TCP_FIN_WAIT];
	out->udp = model.timeouts.s[PROTO_IX_UDP][DP_STATE_UDP_NORMAL];
}

int model_timeouts_set(const struct model_timeouts *in, struct model_error *err)
{
	const struct {
		const char *name;
		uint32_t value;
		uint32_t *to;
	} row[] = {
		{"tcp", in->tcp, &model.timeouts.s[PROTO_IX_TCP][DP_STATE_TCP_ESTABLISHED]},
		{"tcpfin", in->tcp_fin, &model.timeouts.s[PROTO_IX_TCP][DP_STATE_TCP_FIN_WAIT]},
		{"udp", in->udp, &model.timeouts.s[PROTO_IX_UDP][DP_STATE_UDP_NORMAL]},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (row[i].value > MODEL_TIMEOUT_MAX)
			return model_fail(err, -EINVAL,
					  "timeout %s %" PRIu32 ": 0 (as it is) to %u seconds "
					  "are allowed",
					  row[i].name, row[i].value, MODEL_TIMEOUT_MAX);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (row[i].value)
			*row[i].to = row[i].value;
	publish_timeouts(&model.timeouts);
	return 0;
}

/* ---- open, close, timers ----------------------------------------------------------------- */

void model_publish(void)
{
	publish_now(); /* what fails stays noted, and the next timer tries again */
	dp_reclaim();  /* many changes in a row leave many tables behind */
}

static void on_second(evutil_socket_t fd, short what, void *arg)
{
	trash_tick(model_now());
	model_laddr_tick(model_now());
	model_publish();
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	estimator_tick();
	dp_reclaim();
}

static int start_timers(struct event_base *base)
{
	const struct timeval second = {.tv_sec = 1};
	const struct timeval part = {.tv_usec = ESTIMATOR_TURN_MS * 1000};

	model.trash_timer = event_new(base, -1, EV_PERSIST, on_second, NULL);
	model.turn_timer = event_new(base, -1, EV_PERSIST, on_turn, NULL);
	if (!model.trash_timer || !model.turn_timer || event_add(model.trash_timer, &second) < 0 ||
	    event_add(model.turn_timer, &part) < 0)
		return -ENOMEM;
	return 0;
}

int model_open(struct event_base *base)
{
	if (publish_open() < 0)
		return -ENOMEM;
	memset(&model, 0, sizeof(model));
	model.open = true;
	hmap_init(&model.services);
	TAILQ_INIT(&model.walk[0]);
	TAILQ_INIT(&model.walk[1]);
	ids_init(&model.ids, SERVICES_MAX);
	model_dest_open();
	model_laddr_open();
	trash_open();
	dp_timeouts_default(&model.timeouts);
	publish_timeouts(&model.timeouts);
	if (start_timers(base) < 0 || publish_now() < 0) {
		model_close();
		return -ENOMEM;
	}
	return 0;
}

/* The data plane is gone by now: nothing may ask it or leave it anything. */
static void free_service(struct model_service *svc)
{
	struct model_dest *d;

	while ((d = TAILQ_FIRST(&svc->dests))) {
		TAILQ_REMOVE(&svc->dests, d, link);
		model_dest_free(d);
	}
	model_laddr_free(svc);
	publish_service_removed(svc);
	model_service_put(svc);
}

void model_close(void)
{
	if (!model.open)
		return;
	model.closing = true;
	if (model.trash_timer)
		event_free(model.trash_timer);
	if (model.turn_timer)
		event_free(model.turn_timer);
	for (uint32_t id = 0; id < model.ids.fresh; id++)
		if (model.by_id[id])
			free_service(model.by_id[id]);
	model_laddr_close();
	trash_close();
	publish_close();
	model_dest_close();
	hmap_fini(&model.services);
	ids_fini(&model.ids);
	free(model.by_id);
	memset(&model, 0, sizeof(model));
}
