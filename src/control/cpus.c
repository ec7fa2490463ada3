/* SPDX-License-Identifier: BSD-3-Clause */
/* Places threads on CPUs (cpus.h). */
#include "cpus.h"

#include <errno.h>
#include <stdio.h>

/* "0-3,8" */
static void describe(const cpu_set_t *set, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (int cpu = 0; cpu < CPU_SETSIZE && used < size; cpu++) {
		int last = cpu;

		if (!CPU_ISSET(cpu, set))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, set))
			last++;
		used += (size_t)snprintf(buf + used, size - used, "%s%d", used > 0 ? "," : "", cpu);
		if (last > cpu && used < size)
			used += (size_t)snprintf(buf + used, size - used, "-%d", last);
		cpu = last;
	}
}

static int check(int cpu, const char *key, const cpu_set_t *allowed, const char *file,
		 struct dp_error *err)
{
	char list[128];

	if (cpu >= 0 && cpu < CPU_SETSIZE && CPU_ISSET(cpu, allowed))
		return 0;
	describe(allowed, list, sizeof(list));
	snprintf(err->text, sizeof(err->text),
		 "%.200s: %s: lvsd may not use CPU %d here; allowed: CPUs %s", file, key, cpu,
		 list);
	return -EINVAL;
}

static int first_cpu(const cpu_set_t *set)
{
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, set))
			return cpu;
	return -1;
}

int cpus_place(const struct config *config, const cpu_set_t *allowed, struct dp_config *out,
	       struct dp_error *err)
{
	int main_cpu = (int)config->main_cpu, rc, free_cpus;
	const struct config_cpus *want = &config->workers;
	cpu_set_t left = *allowed;
	unsigned int n = want->count;

	if (main_cpu >= 0) {
		rc = check(main_cpu, "main-cpu", allowed, config->file, err);
		if (rc != 0)
			return rc;
		CPU_CLR(main_cpu, &left);
	}
	for (unsigned int i = 0; want->listed && i < n; i++) {
		rc = check(want->cpu[i], "workers", allowed, config->file, err);
		if (rc != 0)
			return rc;
		CPU_CLR(want->cpu[i], &left);
	}
	free_cpus = CPU_COUNT(&left);
	/* One is kept for the main thread, unless it has one or there is only one in all. */
	if (main_cpu < 0 && free_cpus > (want->listed ? 0 : 1)) {
		main_cpu = first_cpu(&left);
		CPU_CLR(main_cpu, &left);
		free_cpus--;
	}
	if (n == 0)
		n = free_cpus > DP_WORKERS_MAX ? DP_WORKERS_MAX
		    : free_cpus > 0            ? (unsigned int)free_cpus
					       : 1;
	/* Shared CPUs are the scheduler's to assign: it must also be free to move main. */
	if (!want->listed && n > (unsigned int)free_cpus && config->main_cpu < 0)
		main_cpu = -1;
	out->main_cpu = main_cpu;
	out->n_workers = n;
	for (unsigned int i = 0; i < n; i++) {
		int cpu = want->listed ? want->cpu[i] : -1;

		if (!want->listed && n <= (unsigned int)free_cpus) {
			cpu = first_cpu(&left);
			CPU_CLR(cpu, &left);
		}
		out->worker_cpu[i] = cpu;
	}
	return 0;
}
