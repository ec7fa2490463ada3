/* SPDX-License-Identifier: BSD-3-Clause */
/* Mappings for tables; every lookup in a big table is a TLB miss less with hugepages. */
#include "memory.h"

#include <numa.h>
#include <sys/mman.h>

#define HUGEPAGE ((size_t)2 << 20)
#ifndef MADV_POPULATE_WRITE /* linux/mman.h */
#define MADV_POPULATE_WRITE 23
#endif

static size_t round_up(size_t size)
{
	return (size + HUGEPAGE - 1) & ~(HUGEPAGE - 1);
}

void *memory_map(size_t size, int cpu, bool *huge)
{
	bool want = *huge;
	void *p = MAP_FAILED;

	size = round_up(size);
	/* Without MAP_NORESERVE the kernel reserves the hugepages now: a later touch cannot fail.
	 */
	if (want)
		p = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	*huge = p != MAP_FAILED;
	if (p == MAP_FAILED) {
		p = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (p == MAP_FAILED)
			return NULL;
		/* Best effort: not every kernel has transparent hugepages. */
		(void)madvise(p, size, MADV_HUGEPAGE);
	}
	if (cpu >= 0 && numa_available() >= 0 && numa_max_node() > 0)
		numa_tonode_memory(p, size, numa_node_of_cpu(cpu));
	return p;
}

void memory_populate(void *p, size_t size)
{
	/* Kernels before 5.14 do not know it: then the first touches fault, which is only slower.
	 */
	(void)madvise(p, round_up(size), MADV_POPULATE_WRITE);
}

void memory_unmap(void *p, size_t size)
{
	if (p)
		munmap(p, round_up(size));
}
