/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The environment: no files left behind (--in-memory, --no-shconf), hugepages when enough are
 * reserved, the main lcore and one lcore per worker on the CPUs of the config.
 */
#include "eal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

#include "error.h"
#include "packet.h"
#include "port.h"

#define ARGS_MAX       64
#define MBUF_BYTES     (RTE_MBUF_DEFAULT_BUF_SIZE + sizeof(struct rte_mbuf) + PACKET_PRIV_SIZE + 64)
#define OTHER_MB       64 /* rings, workers, the drivers' own */
#define HUGEPAGE_MB    2
#define FREE_HUGEPAGES "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"

static unsigned int free_hugepage_mb(void)
{
	FILE *f = fopen(FREE_HUGEPAGES, "re");
	unsigned int n = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%u", &n) != 1)
		n = 0;
	fclose(f);
	return n * HUGEPAGE_MB;
}

static bool is_pci(const char *device)
{
	unsigned int domain, bus, dev, function;
	int n = 0;

	if (sscanf(device, "%x:%x:%x.%x%n", &domain, &bus, &dev, &function, &n) == 4)
		return device[n] == 0 || device[n] == ',';
	return sscanf(device, "%x:%x.%x%n", &bus, &dev, &function, &n) == 3 &&
	       (device[n] == 0 || device[n] == ',');
}

/* The CPUs that this process may use, as a list for --lcores. */
static void any_cpu(char *out, size_t size)
{
	cpu_set_t set;
	size_t n = 0;

	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof(set), &set);
	out[0] = 0;
	for (unsigned int i = 0; i < CPU_SETSIZE && n + 8 < size; i++)
		if (CPU_ISSET(i, &set))
			n += (size_t)snprintf(out + n, size - n, n ? ",%u" : "%u", i);
}

static void lcore_list(const struct dp_config *c, char *out, size_t size)
{
	char any[1024];
	size_t n;

	any_cpu(any, sizeof(any));
	if (c->main_cpu < 0)
		n = (size_t)snprintf(out, size, "0@(%s)", any);
	else
		n = (size_t)snprintf(out, size, "0@%d", c->main_cpu);
	for (unsigned int i = 0; i < c->n_workers && n < size; i++) {
		if (c->worker_cpu[i] < 0)
			n += (size_t)snprintf(out + n, size - n, ",%u@(%s)", i + EAL_WORKER_LCORE,
					      any);
		else
			n += (size_t)snprintf(out + n, size - n, ",%u@%d", i + EAL_WORKER_LCORE,
					      c->worker_cpu[i]);
	}
}

static int decide_hugepages(struct dp_config *c, unsigned int need_mb,
			    void (*notes)(const char *line), struct dp_error *err)
{
	unsigned int have_mb = free_hugepage_mb();
	char line[256];

	if (c->hugepages == DP_HUGEPAGES_NO)
		return 0;
	if (have_mb >= need_mb) {
		c->hugepages = DP_HUGEPAGES_YES;
		return 0;
	}
	if (c->hugepages == DP_HUGEPAGES_YES)
		return error_set(
			err, -ENOMEM,
			"hugepages: yes, but %u MiB of 2 MiB pages are free and %u MiB are "
			"needed: reserve them with scripts/dpdk-setup.sh hugepages %uMiB, or "
			"set hugepages: auto",
			have_mb, need_mb, need_mb);
	c->hugepages = DP_HUGEPAGES_NO;
	snprintf(line, sizeof(line),
		 "%u MiB of hugepages are free and %u MiB are needed: running without (slower)",
		 have_mb, need_mb);
	notes(line);
	return 0;
}

/* EAL makes a folder for files that it then does not write: nobody shall find it later. */
static void remove_runtime_dir(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", rte_eal_get_runtime_dir());
	if (rmdir(path) == 0 && strrchr(path, '/') != path) {
		*strrchr(path, '/') = 0;
		(void)rmdir(path); /* fails when others have theirs in it */
	}
}

int eal_start(struct dp_config *c, void (*notes)(const char *line), struct dp_error *err)
{
	static char lcores[DP_WORKERS_MAX * 64 + 2048];
	char memory[16], prefix[48];
	char *argv[ARGS_MAX];
	int argc = 0;
	bool pci = false;

	if (!c->n_mbufs)
		c->n_mbufs = 8192 + port_mbufs_needed(c) + 4096 * c->n_workers;
	unsigned int need_mb = (unsigned int)((uint64_t)c->n_mbufs * MBUF_BYTES >> 20) + OTHER_MB;

	int ret = decide_hugepages(c, need_mb, notes, err);

	if (ret)
		return ret;
	lcore_list(c, lcores, sizeof(lcores));
	argv[argc++] = (char *)"lvsd";
	argv[argc++] = (char *)"--no-telemetry";
	snprintf(prefix, sizeof(prefix), "--file-prefix=lvsd-%d", (int)getpid());
	argv[argc++] = prefix;
	argv[argc++] = (char *)"--log-level=*:error";
	argv[argc++] = (char *)"--lcores";
	argv[argc++] = lcores;
	if (c->hugepages == DP_HUGEPAGES_NO) {
		snprintf(memory, sizeof(memory), "%u", RTE_MAX(c->memory_mb, need_mb));
		/* EAL does not take --in-memory with --no-huge. */
		argv[argc++] = (char *)"--no-huge";
		argv[argc++] = (char *)"--no-shconf";
		argv[argc++] = (char *)"-m";
		argv[argc++] = memory;
	} else {
		argv[argc++] = (char *)"--in-memory";
	}
	for (unsigned int i = 0; i < c->n_ports && argc < ARGS_MAX - 3; i++) {
		if (!is_pci(c->port[i].device))
			continue;
		argv[argc++] = (char *)"-a";
		argv[argc++] = c->port[i].device;
		pci = true;
	}
	if (!pci)
		argv[argc++] = (char *)"--no-pci";
	argv[argc] = NULL;

	/* EAL parses with getopt and may already have been used by main(). */
	optind = 1;
	ret = rte_eal_init(argc, argv);
	if (ret < 0)
		return error_set(err, -rte_errno, "cannot start DPDK's environment on CPUs %s: %s",
				 lcores, rte_strerror(rte_errno));
	remove_runtime_dir();
	return 0;
}

void eal_stop(void)
{
	rte_eal_cleanup();
}
