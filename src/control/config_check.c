/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What no single row of the configuration can say: names that must differ, ports that must exist,
 * addresses that must fit together. Main lcore, before anything starts.
 */
#include "config.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "schema.h"

/* The line of a key of the section that `mark` belongs to, or of the section when it is not
 * given. */
static unsigned int key_line(const struct config_mark *mark, const struct schema_section *section,
			     const char *name)
{
	const struct schema_key *key = schema_find(section, name);
	unsigned int line = key != NULL ? mark->key[key - section->keys] : 0;

	return line != 0 ? line : mark->line;
}

static const struct schema_section *section_of(const char *name)
{
	const struct schema_section *st = schema_find(&schema_top, "static")->section;
	const struct schema_key *key = schema_find(&schema_top, name);

	if (key == NULL)
		key = schema_find(st, name);
	return key->section;
}

static const char *address_text(const struct config_address *a, char *buf)
{
	return inet_ntop(a->af, a->addr.b, buf, INET6_ADDRSTRLEN);
}

/* Is the host in the network of the address? */
static bool in_network(const struct config_address *net, const struct config_address *host)
{
	unsigned int bytes = net->prefix / 8, bits = net->prefix % 8;
	uint8_t mask = (uint8_t)(0xff00 >> bits);

	return net->af == host->af && memcmp(net->addr.b, host->addr.b, bytes) == 0 &&
	       (bits == 0 || ((net->addr.b[bytes] ^ host->addr.b[bytes]) & mask) == 0);
}

/* Devices are one when their names are: what stands before the arguments. */
static bool same_device(const char *a, const char *b)
{
	size_t la = strcspn(a, ","), lb = strcspn(b, ",");

	return la == lb && strncasecmp(a, b, la) == 0;
}

static void check_ports(const struct config *config, struct config_report *report)
{
	const struct schema_section *section = section_of("ports");

	for (size_t i = 0; i < config->ports.n; i++)
		for (size_t j = 0; j < i; j++) {
			const struct config_port *a = config_port(config, j);
			const struct config_port *b = config_port(config, i);

			if (strcmp(a->name, b->name) == 0)
				config_fault(report, key_line(&b->mark, section, "name"),
					     "ports[].name",
					     "\"%s\" is the name of two ports, the other is in "
					     "line %u; allowed: different names",
					     b->name, key_line(&a->mark, section, "name"));
			if (same_device(a->device, b->device))
				config_fault(report, key_line(&b->mark, section, "device"),
					     "ports[].device",
					     "\"%.64s\" is the device of port %s already; "
					     "allowed: one port per device",
					     b->device, a->name);
		}
}

/* The port that has the address among those given before number `k` of port `i`, or NULL. */
static const struct config_port *address_seen(const struct config *config, size_t i, size_t k)
{
	const struct config_address *a = config_port_address(config_port(config, i), k);

	for (size_t j = 0; j <= i; j++) {
		const struct config_port *port = config_port(config, j);
		size_t n = j == i ? k : port->addresses.n;

		for (size_t m = 0; m < n; m++) {
			const struct config_address *b = config_port_address(port, m);

			if (a->af == b->af && addr_equal(&a->addr, &b->addr))
				return port;
		}
	}
	return NULL;
}

static void check_addresses(const struct config *config, struct config_report *report)
{
	const struct schema_section *section = section_of("ports");
	char text[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < config->ports.n; i++) {
		const struct config_port *port = config_port(config, i);

		for (size_t k = 0; k < port->addresses.n; k++) {
			const struct config_port *other = address_seen(config, i, k);

			if (other != NULL)
				config_fault(report, key_line(&port->mark, section, "addresses"),
					     "ports[].addresses",
					     "%s is given twice, first to port %s; allowed: once",
					     address_text(config_port_address(port, k), text),
					     other->name);
		}
	}
}

/* The port of a name, or else the one whose network has the host in it. -1: none. */
static int find_port(const struct config *config, const char *name,
		     const struct config_address *host)
{
	for (size_t i = 0; i < config->ports.n; i++) {
		const struct config_port *port = config_port(config, i);

		if (name[0] != '\0' && strcmp(port->name, name) == 0)
			return (int)i;
		if (name[0] != '\0')
			continue;
		for (size_t k = 0; k < port->addresses.n; k++)
			if (in_network(config_port_address(port, k), host))
				return (int)i;
	}
	return -1;
}

/* Resolves the port of a route or neighbour; says why it cannot. */
static void resolve_port(const struct config *config, struct config_report *report,
			 unsigned int line, const char *key, const char *name,
			 const struct config_address *host, unsigned int *out)
{
	int found = find_port(config, name, host);
	char text[INET6_ADDRSTRLEN];

	if (found >= 0)
		*out = (unsigned int)found;
	else if (name[0] != '\0')
		config_fault(report, line, key,
			     "no port is named \"%s\"; allowed: a name of ports[]", name);
	else
		config_fault(report, line, key,
			     "missing, and no port has an address in whose network %s lies; "
			     "allowed: a name of ports[]",
			     address_text(host, text));
}

static void check_routes(const struct config *config, struct config_report *report)
{
	const struct schema_section *section = section_of("routes");

	for (size_t i = 0; i < config->routes.n; i++) {
		struct config_route *r = config_route(config, i);

		if (r->via.af == 0 && r->port_name[0] == '\0') {
			config_fault(report, r->mark.line, "static.routes[]",
				     "has neither via nor port; at least one is needed");
			continue;
		}
		if (r->to.af == 0) /* "default" */
			r->to.af = r->via.af != 0 ? r->via.af : AF_INET;
		if (r->via.af != 0 && r->via.af != r->to.af) {
			config_fault(report, key_line(&r->mark, section, "via"),
				     "static.routes[].via",
				     "is of another address family than to; allowed: both IPv4 "
				     "or both IPv6");
			continue;
		}
		resolve_port(config, report, key_line(&r->mark, section, "port"),
			     "static.routes[].port", r->port_name, &r->via, &r->port);
	}
}

static void check_neighbours(const struct config *config, struct config_report *report)
{
	const struct schema_section *section = section_of("neighbours");

	for (size_t i = 0; i < config->neighbours.n; i++) {
		struct config_neighbour *n = config_neighbour(config, i);

		resolve_port(config, report, key_line(&n->mark, section, "port"),
			     "static.neighbours[].port", n->port_name, &n->address, &n->port);
	}
}

static void check_cpus(const struct config *config, struct config_report *report)
{
	if (!config->workers.listed)
		return;
	for (unsigned int i = 0; i < config->workers.count; i++)
		if (config->workers.cpu[i] == config->main_cpu)
			config_fault(report, key_line(&config->mark, &schema_top, "main-cpu"),
				     "main-cpu",
				     "CPU %d is also a worker's; allowed: a CPU that is not in "
				     "workers, or any",
				     config->workers.cpu[i]);
}

void config_check(struct config *config, struct config_report *report)
{
	check_cpus(config, report);
	check_ports(config, report);
	check_addresses(config, report);
	check_routes(config, report);
	check_neighbours(config, report);
}
