/* SPDX-License-Identifier: BSD-3-Clause */
/* Lookup of services and virtual addresses in the snapshot. */
#include "service.h"

const struct service *service_find(const struct snapshot *s, uint16_t af, uint8_t proto,
				   const struct lvs_addr *addr, uint16_t port)
{
	for (uint32_t at = service_hash(af, proto, addr, port);; at++) {
		const struct service *svc = s->services[at & s->service_mask];

		if (!svc)
			return NULL;
		if (svc->port == port && svc->proto == proto && svc->af == af &&
		    addr_equal(&svc->addr, addr))
			return svc;
	}
}

static bool in_set(const struct vip *set, uint32_t mask, uint16_t af, const struct lvs_addr *addr)
{
	for (uint32_t at = vip_hash(af, addr);; at++) {
		const struct vip *v = &set[at & mask];

		if (v->af == 0)
			return false;
		if (v->af == af && addr_equal(&v->addr, addr))
			return true;
	}
}

bool service_is_vip(const struct snapshot *s, uint16_t af, const struct lvs_addr *addr)
{
	return in_set(s->vips, s->vip_mask, af, addr);
}

bool service_is_laddr(const struct snapshot *s, uint16_t af, const struct lvs_addr *addr)
{
	return s->laddrs && in_set(s->laddrs, s->laddr_mask, af, addr);
}
