/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the schedulers that hash have in common (dh, sh, mh): the kernel's way to make a number of
 * an address, and slots that lead to servers.
 */
#ifndef LVSD_DATAPLANE_SCHED_TABLE_H
#define LVSD_DATAPLANE_SCHED_TABLE_H

#include <arpa/inet.h>
#include <sys/socket.h>

#include "../packet.h"
#include "sched.h"

/* Of dh and sh: the kernel's IP_VS_DH_TAB_BITS and IP_VS_SH_TAB_BITS. */
#define TABLE_BITS  8
#define TABLE_SLOTS (1u << TABLE_BITS)

/* Flags of sh and mh: IP_VS_SVC_F_SCHED_{SH,MH}_{FALLBACK,PORT}. */
#define TABLE_FLAG_FALLBACK 0x08u
#define TABLE_FLAG_PORT     0x10u

/* An address as a number in host order: IPv6's words exclusive-ored. */
static inline uint32_t table_fold(uint16_t af, const struct lvs_addr *addr)
{
	if (af == AF_INET)
		return ntohl(addr->w[0]);
	return ntohl(addr->w[0] ^ addr->w[1] ^ addr->w[2] ^ addr->w[3]);
}

/* The kernel's hash_32(): the highest bits of a product. */
static inline uint32_t table_hash(uint32_t value)
{
	return (value * 0x61c88647u) >> (32 - TABLE_BITS);
}

/* What sh and mh hash: the client's address, and its port if the service wants that. */
static inline uint32_t table_client(const struct service *svc, const struct packet *p)
{
	struct lvs_addr src = packet_src_addr(p);
	uint32_t port = svc->flags & TABLE_FLAG_PORT ? ntohs(packet_sport(p)) : 0;

	return port + table_fold(p->af, &src);
}

/* The server of a slot, NULL: empty. */
static inline const struct service_dest *table_at(const struct service *svc, uint32_t slot)
{
	uint16_t position = svc->table->slot[slot];

	return position == SCHED_SLOT_EMPTY ? NULL : &svc->dests[position];
}

static inline bool table_available(const struct sched_context *ctx, const struct service_dest *d)
{
	return d->weight > 0 && sched_not_overloaded(ctx, d);
}

#endif
