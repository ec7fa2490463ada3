/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration as a file describes it, checked and with every default filled in.
 *
 * Read once at start, on the main lcore; nothing changes it afterwards. The keys, their types,
 * limits, defaults and help texts are rows of a table (schema.c); config.c walks YAML along these
 * rows; config_check.c knows what no single row can say.
 */
#ifndef LVSD_CONTROL_CONFIG_H
#define LVSD_CONTROL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/dataplane.h"

#define CONFIG_KEYS_MAX 16 /* of one section */

/* Lines of the file where a section and its keys stand; 0: not in the file. Starts every struct
 * that a section of the file fills. */
struct config_mark {
	unsigned int line;
	unsigned int key[CONFIG_KEYS_MAX]; /* in the order of the section's rows */
};

struct config_list {
	void *item;
	size_t n;
};

struct config_address {
	struct lvs_addr addr;
	uint16_t af; /* 0: not given */
	uint8_t prefix;
};

/* CPUs of the workers: a number of them, a list, or neither ("auto"). */
struct config_cpus {
	unsigned int count; /* 0: auto */
	bool listed;        /* cpu[0..count-1] are wanted */
	int cpu[DP_WORKERS_MAX];
};

enum config_twin { CONFIG_TWIN_AUTO, CONFIG_TWIN_YES, CONFIG_TWIN_NO };

struct config_port {
	struct config_mark mark;
	char name[DP_PORT_NAME_MAX];
	char device[512];
	int64_t mtu, rx_ring, tx_ring; /* 0: default */
	bool promiscuous;
	int twin;                     /* enum config_twin */
	struct config_list addresses; /* struct config_address */
};

struct config_route {
	struct config_mark mark;
	struct config_address to, via;
	char port_name[DP_PORT_NAME_MAX];
	unsigned int port; /* index, always valid after config_load() */
};

struct config_neighbour {
	struct config_mark mark;
	struct config_address address;
	char port_name[DP_PORT_NAME_MAX];
	unsigned int port; /* index, always valid after config_load() */
	uint8_t mac[6];
};

struct config {
	struct config_mark mark;
	const char *file; /* as given to config_load() */
	struct config_cpus workers;
	int64_t main_cpu;      /* -1: any */
	int idle;              /* enum dp_idle */
	int hugepages;         /* enum dp_hugepages */
	int64_t memory, mbufs; /* 0: default */
	int64_t connections;
	char socket[108];
	int log_level;                 /* enum log_level */
	struct config_list ports;      /* struct config_port */
	struct config_list routes;     /* struct config_route */
	struct config_list neighbours; /* struct config_neighbour */
};

/* Receives one complaint, "FILE:LINE: key: what is wrong; what is allowed", without newline. */
typedef void config_complain(void *arg, const char *text);

/*
 * Reads and checks a file; every fault is reported to `complain`, not only the first. Returns 0,
 * or -EINVAL when there were complaints, and then leaves `out` empty. `path` must outlive `out`.
 */
int config_load(const char *path, struct config *out, config_complain *complain, void *arg);

/* The same for text in memory; `name` stands for the file's name in complaints. */
int config_parse(const char *name, const char *text, size_t len, struct config *out,
		 config_complain *complain, void *arg);

void config_free(struct config *config);

static inline struct config_port *config_port(const struct config *c, size_t i)
{
	return (struct config_port *)c->ports.item + i;
}

static inline struct config_address *config_port_address(const struct config_port *p, size_t i)
{
	return (struct config_address *)p->addresses.item + i;
}

static inline struct config_route *config_route(const struct config *c, size_t i)
{
	return (struct config_route *)c->routes.item + i;
}

static inline struct config_neighbour *config_neighbour(const struct config *c, size_t i)
{
	return (struct config_neighbour *)c->neighbours.item + i;
}

/* ---- between config.c and config_check.c ------------------------------------------------- */

/* Who hears complaints, and how many there were. */
struct config_report {
	const char *name;
	config_complain *complain;
	void *arg;
	unsigned int errors;
};

/* `line` 0: the complaint is about the file. */
void config_fault(struct config_report *report, unsigned int line, const char *key,
		  const char *format, ...) __attribute__((format(printf, 4, 5)));

/* What no single row can say: unique names, ports that exist, addresses that fit. Resolves the
 * port names of routes and neighbours. Counts faults in `report`. */
void config_check(struct config *config, struct config_report *report);

#endif
