/* SPDX-License-Identifier: BSD-3-Clause */
/* Large zeroed memory for the workers' tables: from hugepages when there are any left. */
#ifndef LVSD_DATAPLANE_MEMORY_H
#define LVSD_DATAPLANE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Maps `size` bytes of zeros, aligned to a page, on the NUMA node of `cpu` (-1: anywhere). With
 * *huge true, tries reserved hugepages first; *huge then says what it became. Pages are taken
 * when first touched. Returns NULL when out of memory. Free with memory_unmap().
 */
void *memory_map(size_t size, int cpu, bool *huge);

/* Takes all pages now, so that the packet path never waits for the kernel to clear one. */
void memory_populate(void *p, size_t size);

void memory_unmap(void *p, size_t size);

#endif
