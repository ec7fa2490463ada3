/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From changes of the model to published snapshots.
 *
 * `services` and `vips` are the snapshot's tables in editable form, copied when they changed.
 * Destination pages are copied on the first change after a publication. What the last snapshot
 * used and the next one does not is retired after the next one is published.
 */
#include "publish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"
#include "flat.h"
#include "history.h"

#define NO_PAGE UINT32_MAX

/* An address and how many want it to be in its set. */
struct addr_ref {
	struct hmap_node node;
	struct vip addr;
	uint32_t refs;
};

/* A set of addresses: virtual ones, local ones. */
struct addr_set {
	struct flat flat;
	struct hmap refs;
	bool changed;
};

struct page_slot {
	struct dest_page *page; /* as the next snapshot has it */
	struct dest_page *old;  /* as the published one has it, when it differs */
	uint32_t next;          /* of the pages that differ */
	bool differs;
};

static struct {
	struct flat services;
	struct addr_set vips, laddrs;
	bool services_changed, pages_changed, timeouts_changed;
	struct page_slot *pages;
	uint32_t n_pages, room_pages;
	uint32_t first_differing;
	TAILQ_HEAD(, model_service) dirty_services;
	TAILQ_HEAD(, model_dest) dirty_dests;
	struct compiled_service *retired; /* nobody finds them any more, once the next is out */
	struct timeouts timeouts;
	struct snapshot *current;
} pub;

/* ---- slots of the tables ----------------------------------------------------------------- */

static const struct service *slot_service(const void *slot)
{
	return *(const struct service *const *)slot;
}

static bool service_used(const void *slot)
{
	return slot_service(slot) != NULL;
}

static uint32_t service_slot_hash(const void *slot)
{
	const struct service *s = slot_service(slot);

	return service_hash(s->af, s->proto, &s->addr, s->port);
}

static bool service_same(const void *slot, const void *key)
{
	return slot_service(slot) == key;
}

static bool vip_used(const void *slot)
{
	return ((const struct vip *)slot)->af != 0;
}

static uint32_t vip_slot_hash(const void *slot)
{
	const struct vip *v = slot;

	return vip_hash(v->af, &v->addr);
}

static bool vip_same(const void *slot, const void *key)
{
	const struct vip *a = slot, *b = key;

	return a->af == b->af && addr_equal(&a->addr, &b->addr);
}

static const struct flat_kind service_kind = {sizeof(struct service *), service_used,
					      service_slot_hash};
static const struct flat_kind vip_kind = {sizeof(struct vip), vip_used, vip_slot_hash};

/* ---- open and close ---------------------------------------------------------------------- */

int publish_open(void)
{
	memset(&pub, 0, sizeof(pub));
	TAILQ_INIT(&pub.dirty_services);
	TAILQ_INIT(&pub.dirty_dests);
	pub.first_differing = NO_PAGE;
	hmap_init(&pub.vips.refs);
	hmap_init(&pub.laddrs.refs);
	if (flat_init(&pub.services, &service_kind) < 0 ||
	    flat_init(&pub.vips.flat, &vip_kind) < 0 ||
	    flat_init(&pub.laddrs.flat, &vip_kind) < 0) {
		publish_close();
		return -ENOMEM;
	}
	/* The first snapshot is empty, but it is one. */
	pub.services_changed = pub.vips.changed = pub.laddrs.changed = pub.pages_changed = true;
	return 0;
}

static void free_snapshot(struct snapshot *s)
{
	if (!s)
		return;
	free((void *)s->services);
	free((void *)s->vips);
	free((void *)s->laddrs);
	free((void *)s->dest_pages);
	free(s);
}

static struct addr_ref *set_find(const struct addr_set *set, const struct vip *addr)
{
	uint32_t hash = vip_slot_hash(addr);

	for (struct hmap_node *n = hmap_first(&set->refs, hash); n; n = hmap_next(n)) {
		struct addr_ref *ref = hmap_entry(n, struct addr_ref, node);

		if (vip_same(&ref->addr, addr))
			return ref;
	}
	return NULL;
}

static void set_fini(struct addr_set *set)
{
	for (uint32_t i = 0; set->flat.slots && i <= set->flat.mask; i++) {
		const struct vip *addr = (const struct vip *)set->flat.slots + i;

		if (addr->af) {
			struct addr_ref *ref = set_find(set, addr);

			hmap_remove(&set->refs, &ref->node);
			free(ref);
		}
	}
	hmap_fini(&set->refs);
	flat_fini(&set->flat);
}

/* Nobody reads snapshots any more. Services and what belongs to them are gone already. */
void publish_close(void)
{
	for (uint32_t i = 0; i < pub.n_pages; i++) {
		free(pub.pages[i].page);
		free(pub.pages[i].old);
	}
	free(pub.pages);
	while (pub.retired) {
		struct compiled_service *next = pub.retired->next_retired;

		compile_free(pub.retired);
		pub.retired = next;
	}
	free_snapshot(pub.current);
	flat_fini(&pub.services);
	set_fini(&pub.vips);
	set_fini(&pub.laddrs);
	memset(&pub, 0, sizeof(pub));
}

/* ---- noting changes ---------------------------------------------------------------------- */

int publish_reserve_service(void)
{
	/* Some living services may not be in the table yet. */
	if (flat_reserve(&pub.services, model_service_count() + 1) < 0)
		return -ENOMEM;
	return flat_reserve(&pub.vips.flat, pub.vips.flat.n + 1);
}

int publish_reserve_dest(uint32_t id)
{
	uint32_t page = id >> DEST_PAGE_BITS;

	if (page >= pub.room_pages) {
		uint32_t room = pub.room_pages ? pub.room_pages * 2 : 16;
		struct page_slot *pages;

		if (room <= page)
			room = page + 1;
		pages = realloc(pub.pages, room * sizeof(*pages));
		if (!pages)
			return -ENOMEM;
		memset(pages + pub.room_pages, 0, (room - pub.room_pages) * sizeof(*pages));
		pub.pages = pages;
		pub.room_pages = room;
	}
	return 0;
}

void publish_service_changed(struct model_service *svc)
{
	if (svc->dirty)
		return;
	svc->dirty = true;
	TAILQ_INSERT_TAIL(&pub.dirty_services, svc, dirty_link);
}

void publish_dest_changed(struct model_dest *dest)
{
	if (dest->dirty)
		return;
	dest->dirty = true;
	TAILQ_INSERT_TAIL(&pub.dirty_dests, dest, dirty_link);
}

void publish_dest_gone(struct model_dest *dest)
{
	if (!dest->dirty)
		return;
	dest->dirty = false;
	TAILQ_REMOVE(&pub.dirty_dests, dest, dirty_link);
}

void publish_timeouts(const struct timeouts *timeouts)
{
	pub.timeouts = *timeouts;
	pub.timeouts_changed = true;
}

static void retire(struct compiled_service *cs)
{
	cs->next_retired = pub.retired;
	pub.retired = cs;
}

void publish_service_removed(struct model_service *svc)
{
	if (svc->dirty) {
		svc->dirty = false;
		TAILQ_REMOVE(&pub.dirty_services, svc, dirty_link);
	}
	if (svc->compiled) {
		const struct service *s = &svc->compiled->service;
		const uint32_t hash = service_slot_hash(&s);

		flat_remove(&pub.services, flat_find(&pub.services, hash, service_same, s));
		pub.services_changed = true;
		retire(svc->compiled);
		svc->compiled = NULL;
	}
}

/* ---- sets of addresses ------------------------------------------------------------------- */

static int set_take(struct addr_set *set, const struct vip *addr)
{
	struct addr_ref *ref = set_find(set, addr);

	if (!ref) {
		if (flat_reserve(&set->flat, set->flat.n + 1) < 0)
			return -ENOMEM;
		ref = calloc(1, sizeof(*ref));
		if (!ref)
			return -ENOMEM;
		ref->addr = *addr;
		hmap_insert(&set->refs, &ref->node, vip_slot_hash(addr));
		flat_insert(&set->flat, addr);
		set->changed = true;
	}
	ref->refs++;
	return 0;
}

static void set_drop(struct addr_set *set, const struct vip *addr)
{
	struct addr_ref *ref = set_find(set, addr);

	if (--ref->refs > 0)
		return;
	flat_remove(&set->flat, flat_find(&set->flat, vip_slot_hash(addr), vip_same, addr));
	set->changed = true;
	hmap_remove(&set->refs, &ref->node);
	free(ref);
}

int publish_vip(struct model_service *svc)
{
	bool wanted = !svc->key.fwmark && (svc->alive || svc->n_referenced > 0);
	const struct vip vip = {.addr = svc->key.addr, .af = svc->key.af};

	if (wanted == svc->vip)
		return 0;
	if (wanted && set_take(&pub.vips, &vip) < 0)
		return -ENOMEM;
	if (!wanted)
		set_drop(&pub.vips, &vip);
	svc->vip = wanted;
	return 0;
}

bool publish_is_vip(uint16_t af, const struct lvs_addr *addr)
{
	return set_find(&pub.vips, &(struct vip){.addr = *addr, .af = af});
}

int publish_laddr_take(uint16_t af, const struct lvs_addr *addr)
{
	return set_take(&pub.laddrs, &(struct vip){.addr = *addr, .af = af});
}

void publish_laddr_drop(uint16_t af, const struct lvs_addr *addr)
{
	set_drop(&pub.laddrs, &(struct vip){.addr = *addr, .af = af});
}

bool publish_is_laddr(uint16_t af, const struct lvs_addr *addr)
{
	return set_find(&pub.laddrs, &(struct vip){.addr = *addr, .af = af});
}

/* ---- compiling what changed -------------------------------------------------------------- */

static int renew_service(struct model_service *svc)
{
	struct compiled_service *cs;
	const struct service *s;

	if (svc->key.fwmark)
		return 0; /* not found by address */
	history_trim(svc);
	cs = compile_service(svc);
	if (!cs)
		return -ENOMEM;
	s = &cs->service;
	if (svc->compiled) {
		void *slot = flat_find(&pub.services, service_slot_hash(&s), service_same,
				       &svc->compiled->service);

		memcpy(slot, &s, sizeof(s));
		retire(svc->compiled);
	} else {
		flat_insert(&pub.services, &s);
	}
	svc->compiled = cs;
	pub.services_changed = true;
	return 0;
}

static int renew_services(void)
{
	struct model_service *svc;

	while ((svc = TAILQ_FIRST(&pub.dirty_services))) {
		if (renew_service(svc) < 0)
			return -ENOMEM;
		svc->dirty = false;
		TAILQ_REMOVE(&pub.dirty_services, svc, dirty_link);
	}
	return 0;
}

/* Makes a page the next snapshot's own, so that it may be written. */
static int own_page(uint32_t i)
{
	struct page_slot *slot = &pub.pages[i];
	struct dest_page *copy;

	if (slot->differs)
		return 0;
	copy = aligned_alloc(_Alignof(struct dest_page), sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	if (slot->page)
		memcpy(copy, slot->page, sizeof(*copy));
	else
		memset(copy, 0, sizeof(*copy));
	slot->old = slot->page;
	slot->page = copy;
	slot->differs = true;
	slot->next = pub.first_differing;
	pub.first_differing = i;
	pub.pages_changed = true;
	return 0;
}

static int renew_dest(const struct model_dest *dest)
{
	uint32_t page = dest->id >> DEST_PAGE_BITS;

	/* All pages up to the highest exist. */
	for (; pub.n_pages <= page; pub.n_pages++)
		if (own_page(pub.n_pages) < 0)
			return -ENOMEM;
	if (own_page(page) < 0)
		return -ENOMEM;
	compile_dest(dest, &pub.pages[page].page->d[dest->id & (DEST_PAGE_SIZE - 1)]);
	return 0;
}

static int renew_dests(void)
{
	struct model_dest *dest;

	while ((dest = TAILQ_FIRST(&pub.dirty_dests))) {
		if (renew_dest(dest) < 0)
			return -ENOMEM;
		publish_dest_gone(dest);
	}
	return 0;
}

/* ---- publishing -------------------------------------------------------------------------- */

static const struct dest_page *const *copy_pages(void)
{
	const struct dest_page **pages = malloc((pub.n_pages + 1) * sizeof(*pages));

	if (!pages)
		return NULL;
	for (uint32_t i = 0; i < pub.n_pages; i++)
		pages[i] = pub.pages[i].page;
	pages[pub.n_pages] = NULL;
	return pages;
}

/* The next snapshot: new tables where something changed, those of the current one elsewhere. */
static struct snapshot *assemble(void)
{
	const struct snapshot *now = pub.current;
	struct snapshot *s = malloc(sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct snapshot){
		.version = now ? now->version + 1 : 1,
		.timeouts = pub.timeouts,
		.service_mask = pub.services_changed ? pub.services.mask : now->service_mask,
		.services = pub.services_changed ? flat_copy(&pub.services) : now->services,
		.vip_mask = pub.vips.changed ? pub.vips.flat.mask : now->vip_mask,
		.vips = pub.vips.changed ? flat_copy(&pub.vips.flat) : now->vips,
		.laddr_mask = pub.laddrs.changed ? pub.laddrs.flat.mask : now->laddr_mask,
		.laddrs = pub.laddrs.changed ? flat_copy(&pub.laddrs.flat) : now->laddrs,
		.n_dest_pages = pub.n_pages,
		.dest_pages = pub.pages_changed ? copy_pages() : now->dest_pages,
	};
	if (s->services && s->vips && s->laddrs && s->dest_pages)
		return s;
	if (pub.services_changed)
		free((void *)s->services);
	if (pub.vips.changed)
		free((void *)s->vips);
	if (pub.laddrs.changed)
		free((void *)s->laddrs);
	if (pub.pages_changed)
		free((void *)s->dest_pages);
	free(s);
	return NULL;
}

/* Everything that the replaced snapshot had to itself. */
static void retire_replaced(struct snapshot *old)
{
	while (pub.retired) {
		struct compiled_service *next = pub.retired->next_retired;

		dp_defer(compile_free, pub.retired);
		pub.retired = next;
	}
	while (pub.first_differing != NO_PAGE) {
		struct page_slot *slot = &pub.pages[pub.first_differing];

		if (slot->old)
			dp_defer(free, slot->old);
		slot->old = NULL;
		slot->differs = false;
		pub.first_differing = slot->next;
	}
	if (!old)
		return;
	if (pub.services_changed)
		dp_defer(free, (void *)old->services);
	if (pub.vips.changed)
		dp_defer(free, (void *)old->vips);
	if (pub.laddrs.changed)
		dp_defer(free, (void *)old->laddrs);
	if (pub.pages_changed)
		dp_defer(free, (void *)old->dest_pages);
	dp_defer(free, old);
}

int publish_now(void)
{
	struct snapshot *next, *old = pub.current;

	if (renew_services() < 0 || renew_dests() < 0)
		return -ENOMEM;
	if (!pub.services_changed && !pub.vips.changed && !pub.laddrs.changed &&
	    !pub.pages_changed && !pub.timeouts_changed)
		return 0;
	next = assemble();
	if (!next)
		return -ENOMEM;
	dp_publish_snapshot(next);
	pub.current = next;
	retire_replaced(old);
	pub.services_changed = pub.pages_changed = pub.timeouts_changed = false;
	pub.vips.changed = pub.laddrs.changed = false;
	return 0;
}
