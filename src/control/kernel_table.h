/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tables behind the mirror of the kernel (kernel.h): they take netlink messages, one at a
 * time, from a dump or from a notification alike. Main lcore only.
 *
 * A dump is a mark and a sweep: kernel_table_begin(), every message of it, kernel_table_end().
 * Notifications may come in between.
 */
#ifndef LVSD_CONTROL_KERNEL_TABLE_H
#define LVSD_CONTROL_KERNEL_TABLE_H

#include <stdint.h>

#include "network.h"

struct nlmsghdr;

enum kernel_dump {
	KERNEL_LINKS,
	KERNEL_ADDRESSES,
	KERNEL_ROUTES4,
	KERNEL_ROUTES6,
	KERNEL_NEIGHBOURS,
	KERNEL_DUMPS,
};

#define KERNEL_DUMP(kind)   (1u << (kind))
#define KERNEL_DUMPS_ALL    (KERNEL_DUMP(KERNEL_DUMPS) - 1)
#define KERNEL_DUMPS_ROUTES (KERNEL_DUMP(KERNEL_ROUTES4) | KERNEL_DUMP(KERNEL_ROUTES6))

/* What a message did. */
struct kernel_effect {
	bool changed;       /* kernel_table_collect() gives something else now */
	unsigned int again; /* KERNEL_DUMP() of tables that must be read anew */
};

void kernel_table_begin(enum kernel_dump kind);
void kernel_table_message(const struct nlmsghdr *nlh, bool dump, struct kernel_effect *effect);
void kernel_table_end(enum kernel_dump kind, struct kernel_effect *effect);
void kernel_table_free(void);

void kernel_table_collect(struct network *net);

/* Calls use() for at most `budget` neighbours that the kernel has not heard of for `age_ms`. */
void kernel_table_stale(uint64_t now, uint64_t age_ms, unsigned int budget,
			void (*use)(unsigned int ifindex, uint16_t af,
				    const struct lvs_addr *addr));

#endif
