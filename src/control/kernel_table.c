/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Links, addresses, routes and neighbours as the kernel tells them (kernel_table.h).
 * Main lcore only.
 *
 * What the kernel does not tell: routes that go because an interface goes down or loses an
 * address. Changes of links and addresses therefore ask for the routes to be read anew.
 */
#include "kernel_table.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "hmap.h"
#include "twin.h"

/* ---- messages ---------------------------------------------------------------------------- */

#define ATTRS 64 /* more than any of the messages read here defines */

struct attrs {
	const struct nlattr *at[ATTRS];
};

static int attrs_take(const struct nlattr *attr, void *data)
{
	struct attrs *attrs = data;
	uint16_t type = mnl_attr_get_type(attr);

	if (type < ATTRS)
		attrs->at[type] = attr;
	return MNL_CB_OK;
}

/* The fixed part of a message and its attributes; NULL: too short for it. */
static const void *message_read(const struct nlmsghdr *nlh, size_t fixed, struct attrs *attrs)
{
	memset(attrs, 0, sizeof(*attrs));
	if (mnl_nlmsg_get_payload_len(nlh) < fixed)
		return NULL;
	mnl_attr_parse(nlh, (unsigned int)fixed, attrs_take, attrs);
	return mnl_nlmsg_get_payload(nlh);
}

static uint32_t attr_u32(const struct attrs *attrs, uint16_t type, uint32_t otherwise)
{
	const struct nlattr *attr = attrs->at[type];

	if (attr == NULL || mnl_attr_get_payload_len(attr) < sizeof(uint32_t))
		return otherwise;
	return mnl_attr_get_u32(attr);
}

static size_t address_size(uint16_t af)
{
	return af == AF_INET ? 4 : 16;
}

/* False: absent or of a wrong length, and out is zero. */
static bool attr_address(const struct nlattr *attr, uint16_t af, struct lvs_addr *out)
{
	memset(out, 0, sizeof(*out));
	if (attr == NULL || mnl_attr_get_payload_len(attr) != address_size(af))
		return false;
	memcpy(out->b, mnl_attr_get_payload(attr), address_size(af));
	return true;
}

static bool af_known(uint16_t af)
{
	return af == AF_INET || af == AF_INET6;
}

/* ---- links: of twins --------------------------------------------------------------------- */

static struct {
	uint32_t flags;
	uint32_t mtu, first_mtu; /* the first one is the port's */
} links[DP_PORTS_MAX];

/* Of the flags, those that routes depend on. */
#define LINK_FLAGS (IFF_UP | IFF_RUNNING | IFF_LOWER_UP)

static void link_message(const struct nlmsghdr *nlh, bool dump, struct kernel_effect *effect)
{
	const struct ifinfomsg *ifi;
	struct attrs attrs;
	uint32_t mtu;
	int port;

	ifi = message_read(nlh, sizeof(*ifi), &attrs);
	if (ifi == NULL || ifi->ifi_family != AF_UNSPEC)
		return;
	port = twin_port((unsigned int)ifi->ifi_index);
	if (port < 0 || nlh->nlmsg_type == RTM_DELLINK) {
		/* Local addresses of other interfaces come and go with them. */
		if (!dump)
			effect->again |= KERNEL_DUMP(KERNEL_ADDRESSES) | KERNEL_DUMPS_ROUTES;
		return;
	}
	mtu = attr_u32(&attrs, IFLA_MTU, links[port].mtu);
	if (links[port].first_mtu == 0)
		links[port].first_mtu = mtu;
	if (links[port].mtu != mtu)
		effect->changed = true;
	if ((links[port].flags ^ ifi->ifi_flags) & LINK_FLAGS)
		effect->again |= KERNEL_DUMPS_ROUTES | KERNEL_DUMP(KERNEL_NEIGHBOURS);
	links[port].mtu = mtu;
	links[port].flags = ifi->ifi_flags;
}

/* ---- addresses: of twins, for what the director says itself ------------------------------ */

struct address {
	struct lvs_addr addr;
	uint16_t af;
	uint8_t port;
	bool preferred; /* primary, global, in a network: not an address brought by VRRP */
	uint32_t pad;   /* lists are compared as bytes */
};

struct address_list {
	struct address *item;
	size_t n, room;
};

/* In the kernel's order. A dump fills `incoming`, which replaces the list at its end. */
static struct address_list addresses, incoming;

static void address_message(const struct nlmsghdr *nlh, bool dump, struct kernel_effect *effect)
{
	const struct ifaddrmsg *ifa;
	struct attrs attrs;
	struct address a = {0};
	uint32_t flags;
	int port;

	ifa = message_read(nlh, sizeof(*ifa), &attrs);
	if (ifa == NULL || !af_known(ifa->ifa_family))
		return;
	if (!dump) {
		effect->again |= KERNEL_DUMP(KERNEL_ADDRESSES) | KERNEL_DUMPS_ROUTES;
		return;
	}
	port = twin_port(ifa->ifa_index);
	a.af = ifa->ifa_family;
	if (port < 0 || (!attr_address(attrs.at[IFA_LOCAL], a.af, &a.addr) &&
			 !attr_address(attrs.at[IFA_ADDRESS], a.af, &a.addr)))
		return;
	flags = attr_u32(&attrs, IFA_FLAGS, ifa->ifa_flags);
	a.port = (uint8_t)port;
	a.preferred = ifa->ifa_scope == RT_SCOPE_UNIVERSE && !(flags & IFA_F_SECONDARY) &&
		      ifa->ifa_prefixlen < address_size(a.af) * 8;
	if (incoming.n == incoming.room) {
		size_t room = incoming.room == 0 ? 16 : incoming.room * 2;
		void *item = reallocarray(incoming.item, room, sizeof(a));

		if (item == NULL)
			return;
		incoming.item = item;
		incoming.room = room;
	}
	incoming.item[incoming.n++] = a;
}

static void addresses_end(struct kernel_effect *effect)
{
	struct address_list old = addresses;

	if (old.n != incoming.n ||
	    (old.n > 0 && memcmp(old.item, incoming.item, old.n * sizeof(*old.item)) != 0))
		effect->changed = true;
	addresses = incoming;
	incoming = old;
	incoming.n = 0;
}

/* ---- routes ------------------------------------------------------------------------------ */

struct route {
	struct hmap_node node;
	TAILQ_ENTRY(route) link;
	/* the key; several routes may have the same */
	struct lvs_addr dst;
	uint16_t af;
	uint8_t prefix;
	bool local; /* in the table of local addresses, which comes before all others */
	uint32_t metric;
	/* what it says */
	struct lvs_addr gateway;
	uint32_t oif;
	uint32_t mtu;
	uint8_t type; /* enum fib_route_type */
	bool usable;  /* for the workers: it leaves by a twin, or does not leave */
	/* of this table */
	uint32_t mark;
	uint64_t seq;
};

static TAILQ_HEAD(, route) routes = TAILQ_HEAD_INITIALIZER(routes);
static struct hmap routes_by_key;
static uint32_t route_mark;
static uint64_t route_seq;

static uint32_t route_hash(const struct route *r)
{
	return addr_hash(&r->dst, (uint64_t)r->metric << 32 | (uint64_t)r->af << 16 |
					  (uint64_t)r->prefix << 1 | r->local);
}

static bool route_same_key(const struct route *a, const struct route *b)
{
	return a->af == b->af && a->prefix == b->prefix && a->local == b->local &&
	       a->metric == b->metric && addr_equal(&a->dst, &b->dst);
}

static bool route_same(const struct route *a, const struct route *b)
{
	return route_same_key(a, b) && a->type == b->type && a->oif == b->oif &&
	       addr_equal(&a->gateway, &b->gateway) && a->mtu == b->mtu && a->usable == b->usable;
}

/* The route in the table that says the same as `want`, or (exact false) the first of its key. */
static struct route *route_find(const struct route *want, bool exact)
{
	struct route *best = NULL;

	for (struct hmap_node *n = hmap_first(&routes_by_key, route_hash(want)); n != NULL;
	     n = hmap_next(n)) {
		struct route *r = (struct route *)n; /* the node is its first member */

		if (exact ? route_same(r, want) : route_same_key(r, want))
			if (best == NULL || r->seq < best->seq)
				best = r;
	}
	return best;
}

static void route_remove(struct route *r)
{
	hmap_remove(&routes_by_key, &r->node);
	TAILQ_REMOVE(&routes, r, link);
	free(r);
}

static void route_add(const struct route *new, struct kernel_effect *effect)
{
	struct route *r = malloc(sizeof(*r));

	if (r == NULL) {
		effect->again |= KERNEL_DUMPS_ROUTES;
		return;
	}
	*r = *new;
	r->mark = route_mark;
	r->seq = ++route_seq;
	hmap_insert(&routes_by_key, &r->node, route_hash(r));
	TAILQ_INSERT_TAIL(&routes, r, link);
	effect->changed |= r->usable;
}

/* Fills in one next hop, usable when it lives and is a twin's. */
static void hop_read(struct route *r, uint32_t oif, uint32_t flags, const struct attrs *attrs)
{
	r->oif = oif;
	r->usable = !(flags & RTNH_F_DEAD) && twin_port(oif) >= 0;
	if (!attr_address(attrs->at[RTA_GATEWAY], r->af, &r->gateway) &&
	    (attrs->at[RTA_GATEWAY] != NULL || attrs->at[RTA_VIA] != NULL))
		r->usable = false; /* a router of the other family: not for the data plane yet */
}

/* Of several next hops the first usable one; none is: the first. */
static void multipath_read(struct route *r, const struct nlattr *attr)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(attr);
	size_t left = mnl_attr_get_payload_len(attr), step;
	bool any = false;

	while (left >= sizeof(*hop) && hop->rtnh_len >= sizeof(*hop) && hop->rtnh_len <= left) {
		struct attrs attrs = {0};
		struct route candidate = *r;

		mnl_attr_parse_payload(RTNH_DATA(hop), hop->rtnh_len - sizeof(*hop), attrs_take,
				       &attrs);
		hop_read(&candidate, (uint32_t)hop->rtnh_ifindex, hop->rtnh_flags, &attrs);
		if (!any || candidate.usable)
			*r = candidate;
		any = true;
		step = (size_t)RTNH_ALIGN(hop->rtnh_len);
		if (r->usable || left < step)
			return;
		left -= step;
		hop = RTNH_NEXT(hop);
	}
}

static const struct {
	uint8_t kernel; /* RTN_* */
	bool local;     /* in the local table */
	uint8_t fib;
} route_types[] = {
	{RTN_UNICAST, false, FIB_UNICAST},      {RTN_UNREACHABLE, false, FIB_UNREACHABLE},
	{RTN_PROHIBIT, false, FIB_UNREACHABLE}, {RTN_BLACKHOLE, false, FIB_UNREACHABLE},
	{RTN_LOCAL, false, FIB_LOCAL},          {RTN_LOCAL, true, FIB_LOCAL},
	{RTN_BROADCAST, true, FIB_LOCAL},       {RTN_ANYCAST, true, FIB_LOCAL},
};

/* False: a route that the mirror does not hold. */
static bool route_read(const struct nlmsghdr *nlh, struct route *r)
{
	const struct nlattr *metrics;
	const struct rtmsg *rtm;
	struct attrs attrs;
	uint32_t table;
	bool known = false;

	rtm = message_read(nlh, sizeof(*rtm), &attrs);
	if (rtm == NULL || !af_known(rtm->rtm_family) || rtm->rtm_flags & RTM_F_CLONED ||
	    rtm->rtm_tos != 0 || rtm->rtm_src_len != 0 ||
	    rtm->rtm_dst_len > address_size(rtm->rtm_family) * 8)
		return false;
	table = attr_u32(&attrs, RTA_TABLE, rtm->rtm_table);
	if (table != RT_TABLE_MAIN && table != RT_TABLE_LOCAL)
		return false;
	*r = (struct route){.af = rtm->rtm_family,
			    .prefix = rtm->rtm_dst_len,
			    .local = table == RT_TABLE_LOCAL,
			    .metric = attr_u32(&attrs, RTA_PRIORITY, 0)};
	if (!attr_address(attrs.at[RTA_DST], r->af, &r->dst) && r->prefix != 0)
		return false;
	for (size_t i = 0; i < sizeof(route_types) / sizeof(route_types[0]) && !known; i++) {
		known = rtm->rtm_type == route_types[i].kernel && r->local == route_types[i].local;
		r->type = route_types[i].fib;
	}
	if (!known)
		return false;
	metrics = attrs.at[RTA_METRICS];
	if (metrics != NULL) {
		struct attrs inner = {0};

		mnl_attr_parse_nested(metrics, attrs_take, &inner);
		r->mtu = attr_u32(&inner, RTAX_MTU, 0);
	}
	if (r->type != FIB_UNICAST)
		r->usable = true;
	else if (attrs.at[RTA_MULTIPATH] != NULL)
		multipath_read(r, attrs.at[RTA_MULTIPATH]);
	else
		hop_read(r, attr_u32(&attrs, RTA_OIF, 0), rtm->rtm_flags, &attrs);
	return true;
}

static void route_message(const struct nlmsghdr *nlh, bool dump, struct kernel_effect *effect)
{
	struct route r, *old;

	if (!route_read(nlh, &r))
		return;
	/* Notifications of IPv6 tell the next hops of a route one by one: read the whole. */
	if (!dump && r.af == AF_INET6) {
		effect->again |= KERNEL_DUMP(KERNEL_ROUTES6);
		return;
	}
	old = route_find(&r, true);
	if (nlh->nlmsg_type == RTM_DELROUTE) {
		if (old == NULL) /* perhaps a next hop has died in the meantime */
			old = route_find(&r, false);
		if (old != NULL) {
			effect->changed |= old->usable;
			route_remove(old);
		}
		return;
	}
	if (old != NULL) {
		old->mark = route_mark;
		return;
	}
	old = !dump && nlh->nlmsg_flags & NLM_F_REPLACE ? route_find(&r, false) : NULL;
	if (old == NULL) {
		route_add(&r, effect);
		return;
	}
	effect->changed |= old->usable || r.usable;
	old->gateway = r.gateway;
	old->oif = r.oif;
	old->mtu = r.mtu;
	old->type = r.type;
	old->usable = r.usable;
	old->mark = route_mark;
}

static void routes_end(uint16_t af, struct kernel_effect *effect)
{
	struct route *r, *next;

	for (r = TAILQ_FIRST(&routes); r != NULL; r = next) {
		next = TAILQ_NEXT(r, link);
		if (r->af != af || r->mark == route_mark)
			continue;
		effect->changed |= r->usable;
		route_remove(r);
	}
}

/* ---- neighbours: of twins ---------------------------------------------------------------- */

struct neighbour {
	struct hmap_node node;
	TAILQ_ENTRY(neighbour) link;
	struct lvs_addr addr;
	uint16_t af;
	uint32_t ifindex;
	uint8_t mac[6];
	bool stale;
	uint64_t stale_since; /* ms; 0: not known yet */
	uint32_t mark;
};

static TAILQ_HEAD(, neighbour) neighbours = TAILQ_HEAD_INITIALIZER(neighbours);
static struct hmap neighbours_by_addr;
static uint32_t neighbour_mark;

#define NUD_USABLE (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP)

static uint32_t neighbour_hash(uint32_t ifindex, uint16_t af, const struct lvs_addr *addr)
{
	return addr_hash(addr, (uint64_t)ifindex << 16 | af);
}

static struct neighbour *neighbour_find(uint32_t ifindex, uint16_t af, const struct lvs_addr *addr)
{
	struct hmap_node *n = hmap_first(&neighbours_by_addr, neighbour_hash(ifindex, af, addr));

	for (; n != NULL; n = hmap_next(n)) {
		struct neighbour *nb = (struct neighbour *)n; /* the node is its first member */

		if (nb->ifindex == ifindex && nb->af == af && addr_equal(&nb->addr, addr))
			return nb;
	}
	return NULL;
}

static void neighbour_remove(struct neighbour *nb)
{
	hmap_remove(&neighbours_by_addr, &nb->node);
	TAILQ_REMOVE(&neighbours, nb, link);
	free(nb);
}

static struct neighbour *neighbour_add(uint32_t ifindex, uint16_t af, const struct lvs_addr *addr)
{
	struct neighbour *nb = calloc(1, sizeof(*nb));

	if (nb == NULL)
		return NULL;
	nb->ifindex = ifindex;
	nb->af = af;
	nb->addr = *addr;
	hmap_insert(&neighbours_by_addr, &nb->node, neighbour_hash(ifindex, af, addr));
	TAILQ_INSERT_TAIL(&neighbours, nb, link);
	return nb;
}

/* The link address of a usable neighbour, NULL: it has none. */
static const uint8_t *neighbour_mac(const struct nlmsghdr *nlh, const struct ndmsg *ndm,
				    const struct attrs *attrs)
{
	const struct nlattr *attr = attrs->at[NDA_LLADDR];
	const uint8_t *mac;

	if (nlh->nlmsg_type == RTM_DELNEIGH || !(ndm->ndm_state & NUD_USABLE) || attr == NULL ||
	    mnl_attr_get_payload_len(attr) != 6)
		return NULL;
	mac = mnl_attr_get_payload(attr);
	return mac[0] & 1 ? NULL : mac; /* groups are in that table, too */
}

static void neighbour_message(const struct nlmsghdr *nlh, struct kernel_effect *effect)
{
	const struct ndmsg *ndm;
	const uint8_t *mac;
	struct attrs attrs;
	struct lvs_addr addr;
	struct neighbour *nb;
	uint32_t ifindex;
	bool stale;

	ndm = message_read(nlh, sizeof(*ndm), &attrs);
	if (ndm == NULL || !af_known(ndm->ndm_family) || ndm->ndm_flags & NTF_PROXY ||
	    !attr_address(attrs.at[NDA_DST], ndm->ndm_family, &addr))
		return;
	ifindex = (uint32_t)ndm->ndm_ifindex;
	if (twin_port(ifindex) < 0)
		return;
	mac = neighbour_mac(nlh, ndm, &attrs);
	nb = neighbour_find(ifindex, ndm->ndm_family, &addr);
	if (mac == NULL) {
		if (nb != NULL) {
			neighbour_remove(nb);
			effect->changed = true;
		}
		return;
	}
	if (nb == NULL) {
		nb = neighbour_add(ifindex, ndm->ndm_family, &addr);
		if (nb == NULL) {
			effect->again |= KERNEL_DUMP(KERNEL_NEIGHBOURS);
			return;
		}
		effect->changed = true;
	}
	nb->mark = neighbour_mark;
	effect->changed |= memcmp(nb->mac, mac, sizeof(nb->mac)) != 0;
	memcpy(nb->mac, mac, sizeof(nb->mac));
	stale = ndm->ndm_state & NUD_STALE;
	if (!stale || !nb->stale)
		nb->stale_since = 0;
	nb->stale = stale;
}

static void neighbours_end(struct kernel_effect *effect)
{
	struct neighbour *nb, *next;

	for (nb = TAILQ_FIRST(&neighbours); nb != NULL; nb = next) {
		next = TAILQ_NEXT(nb, link);
		if (nb->mark == neighbour_mark)
			continue;
		effect->changed = true;
		neighbour_remove(nb);
	}
}

void kernel_table_stale(uint64_t now, uint64_t age_ms, unsigned int budget,
			void (*use)(unsigned int ifindex, uint16_t af, const struct lvs_addr *addr))
{
	struct neighbour *nb;

	TAILQ_FOREACH (nb, &neighbours, link) {
		if (!nb->stale)
			continue;
		if (nb->stale_since == 0)
			nb->stale_since = now;
		if (now - nb->stale_since < age_ms || budget == 0)
			continue;
		nb->stale_since = now;
		budget--;
		use(nb->ifindex, nb->af, &nb->addr);
	}
}

/* ---- all of them ------------------------------------------------------------------------- */

void kernel_table_message(const struct nlmsghdr *nlh, bool dump, struct kernel_effect *effect)
{
	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		link_message(nlh, dump, effect);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		address_message(nlh, dump, effect);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		route_message(nlh, dump, effect);
		break;
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		neighbour_message(nlh, effect);
		break;
	}
}

void kernel_table_begin(enum kernel_dump kind)
{
	if (kind == KERNEL_ADDRESSES)
		incoming.n = 0;
	else if (kind == KERNEL_ROUTES4 || kind == KERNEL_ROUTES6)
		route_mark++;
	else if (kind == KERNEL_NEIGHBOURS)
		neighbour_mark++;
}

void kernel_table_end(enum kernel_dump kind, struct kernel_effect *effect)
{
	if (kind == KERNEL_ADDRESSES)
		addresses_end(effect);
	else if (kind == KERNEL_ROUTES4)
		routes_end(AF_INET, effect);
	else if (kind == KERNEL_ROUTES6)
		routes_end(AF_INET6, effect);
	else if (kind == KERNEL_NEIGHBOURS)
		neighbours_end(effect);
}

static void collect_sources(struct network *net, bool preferred)
{
	for (size_t i = 0; i < addresses.n; i++) {
		const struct address *a = &addresses.item[i];
		struct fib_source source = {.addr = a->addr, .af = a->af, .port = a->port};

		if (a->preferred == preferred)
			network_add_source(net, &source);
	}
}

/* The lower of a route's and its twin's MTU; 0: nothing says other than the port. */
static uint16_t route_mtu(const struct route *r, int port)
{
	uint32_t mtu = r->mtu;

	if (port >= 0 && links[port].mtu < links[port].first_mtu &&
	    (mtu == 0 || links[port].mtu < mtu))
		mtu = links[port].mtu;
	return mtu > UINT16_MAX ? UINT16_MAX : (uint16_t)mtu;
}

void kernel_table_collect(struct network *net)
{
	const struct neighbour *nb;
	const struct route *r;

	TAILQ_FOREACH (r, &routes, link) {
		int port = r->type == FIB_UNICAST ? twin_port(r->oif) : -1;
		struct fib_route route = {.dst = r->dst,
					  .gateway = r->gateway,
					  .af = r->af,
					  .prefix = r->prefix,
					  .type = r->type,
					  .port = (uint16_t)(port < 0 ? 0 : port),
					  .mtu = route_mtu(r, port),
					  .metric = r->metric};

		if (r->usable && (r->type != FIB_UNICAST || port >= 0))
			network_add_route(net, &route);
	}
	TAILQ_FOREACH (nb, &neighbours, link) {
		int port = twin_port(nb->ifindex);
		struct fib_neighbour neighbour = {
			.addr = nb->addr, .af = nb->af, .port = (uint16_t)port};

		memcpy(neighbour.mac, nb->mac, sizeof(neighbour.mac));
		if (port >= 0)
			network_add_neighbour(net, &neighbour);
	}
	collect_sources(net, true);
	collect_sources(net, false);
}

void kernel_table_free(void)
{
	while (!TAILQ_EMPTY(&routes))
		route_remove(TAILQ_FIRST(&routes));
	while (!TAILQ_EMPTY(&neighbours))
		neighbour_remove(TAILQ_FIRST(&neighbours));
	hmap_fini(&routes_by_key);
	hmap_fini(&neighbours_by_addr);
	free(addresses.item);
	free(incoming.item);
	memset(&addresses, 0, sizeof(addresses));
	memset(&incoming, 0, sizeof(incoming));
	memset(links, 0, sizeof(links));
}
