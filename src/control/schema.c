/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rows of the configuration file. A key's name, limits, default and help stand here and
 * nowhere else. Constant data; any thread.
 */
#include "schema.h"

#include <errno.h>
#include <string.h>

#include "config.h"
#include "log.h"
#include "schema_type.h"

#include "api/lvsd_wire.h"

#define ROWS(array) sizeof(array) / sizeof((array)[0]), array

static const struct schema_key port_keys[] = {
	{.name = "name",
	 .type = &type_name,
	 .required = true,
	 .offset = offsetof(struct config_port, name),
	 .help = "Name of the port; its twin, the kernel interface, has the same name."},
	{.name = "device",
	 .type = &type_string,
	 .min = 1,
	 .max = 511,
	 .required = true,
	 .offset = offsetof(struct config_port, device),
	 .help = "PCI address (0000:03:00.0) or DPDK device arguments "
		 "(net_af_packet0,iface=eth1)."},
	{.name = "mtu",
	 .type = &type_int,
	 .min = 68,
	 .max = 9702,
	 .initial = NULL,
	 .shown = "the device's",
	 .offset = offsetof(struct config_port, mtu),
	 .help = "Largest IP packet of the port, in bytes; its twin gets the same."},
	{.name = "rx-ring",
	 .type = &type_int,
	 .min = 32,
	 .max = 32768,
	 .shown = "chosen by lvsd",
	 .offset = offsetof(struct config_port, rx_ring),
	 .help = "Receive descriptors per queue."},
	{.name = "tx-ring",
	 .type = &type_int,
	 .min = 32,
	 .max = 32768,
	 .shown = "chosen by lvsd",
	 .offset = offsetof(struct config_port, tx_ring),
	 .help = "Transmit descriptors per queue."},
	{.name = "promiscuous",
	 .type = &type_bool,
	 .initial = "no",
	 .offset = offsetof(struct config_port, promiscuous),
	 .help = "Take in frames for every link address, not only the port's own."},
	{.name = "twin",
	 .type = &type_enum,
	 .choices = "auto|yes|no",
	 .initial = "auto",
	 .offset = offsetof(struct config_port, twin),
	 .help = "Kernel interface beside the port, for ARP, routes, VRRP, ssh. auto: when lvsd "
		 "has the privilege to make one."},
	{.name = "addresses",
	 .type = &type_address,
	 .list_max = 1024,
	 .offset = offsetof(struct config_port, addresses),
	 .help = "The director's own addresses on this port; set on the twin if there is one."},
};

static const struct schema_section section_port = {"ports[].", sizeof(struct config_port),
						   ROWS(port_keys), false};

static const struct schema_key route_keys[] = {
	{.name = "to",
	 .type = &type_prefix,
	 .required = true,
	 .offset = offsetof(struct config_route, to),
	 .help = "The network that the route leads to, or default."},
	{.name = "via",
	 .type = &type_host,
	 .shown = "on link",
	 .offset = offsetof(struct config_route, via),
	 .help = "Address of the next router."},
	{.name = "port",
	 .type = &type_name,
	 .shown = "the port whose network has via in it",
	 .offset = offsetof(struct config_route, port_name),
	 .help = "Name of the port that it leaves by."},
};

static const struct schema_section section_route = {"static.routes[].", sizeof(struct config_route),
						    ROWS(route_keys), false};

static const struct schema_key neighbour_keys[] = {
	{.name = "address",
	 .type = &type_host,
	 .required = true,
	 .offset = offsetof(struct config_neighbour, address),
	 .help = "Address of the neighbour."},
	{.name = "port",
	 .type = &type_name,
	 .shown = "the port whose network has address in it",
	 .offset = offsetof(struct config_neighbour, port_name),
	 .help = "Name of the port that it is reached by."},
	{.name = "mac",
	 .type = &type_mac,
	 .required = true,
	 .offset = offsetof(struct config_neighbour, mac),
	 .help = "Its link address."},
};

static const struct schema_section section_neighbour = {
	"static.neighbours[].", sizeof(struct config_neighbour), ROWS(neighbour_keys), false};

static const struct schema_key static_keys[] = {
	{.name = "routes",
	 .section = &section_route,
	 .list_max = 65536,
	 .offset = offsetof(struct config, routes),
	 .help = "Routes to set at start: in the kernel for ports with a twin, else in lvsd."},
	{.name = "neighbours",
	 .section = &section_neighbour,
	 .list_max = 65536,
	 .offset = offsetof(struct config, neighbours),
	 .help = "Neighbours whose link address is given instead of asked for."},
};

static const struct schema_section section_static = {"static.", sizeof(struct config),
						     ROWS(static_keys), true};

static const struct schema_key top_keys[] = {
	{.name = "workers",
	 .type = &type_cpus,
	 .initial = "auto",
	 .shown = "auto, every CPU but one and at least 1",
	 .offset = offsetof(struct config, workers),
	 .help = "Threads that forward packets: how many, or the list of their CPUs."},
	{.name = "main-cpu",
	 .type = &type_cpu,
	 .initial = "any",
	 .offset = offsetof(struct config, main_cpu),
	 .help = "CPU of the main thread, which answers the control socket."},
	{.name = "idle",
	 .type = &type_enum,
	 .choices = "sleep|poll",
	 .initial = "sleep",
	 .offset = offsetof(struct config, idle),
	 .help = "What a worker without packets does. sleep: naps of some 50 us after a "
		 "millisecond. poll: never rests, for the lowest latency."},
	{.name = "hugepages",
	 .type = &type_enum,
	 .choices = "auto|yes|no",
	 .initial = "auto",
	 .offset = offsetof(struct config, hugepages),
	 .help = "auto: use what is reserved, else run without. yes: refuse to run without."},
	{.name = "memory",
	 .type = &type_int,
	 .min = 64,
	 .max = 1048576,
	 .shown = "chosen by lvsd",
	 .offset = offsetof(struct config, memory),
	 .help = "MiB for packet buffers when there are no hugepages."},
	{.name = "mbufs",
	 .type = &type_int,
	 .min = 1024,
	 .max = 1 << 26,
	 .shown = "computed from ports and workers",
	 .offset = offsetof(struct config, mbufs),
	 .help = "Packet buffers in all."},
	{.name = "connections",
	 .type = &type_int,
	 .min = 1024,
	 .max = 1 << 28,
	 .initial = "1000000",
	 .offset = offsetof(struct config, connections),
	 .help = "Connections that each worker has room for; 100 to 200 bytes each, taken at "
		 "start."},
	{.name = "socket",
	 .type = &type_string,
	 .min = 1,
	 .max = 107,
	 .initial = LVSD_SOCKET_DEFAULT,
	 .offset = offsetof(struct config, socket),
	 .help = "The control socket; --socket and the environment's " LVSD_SOCKET_ENV
		 " go before it."},
	{.name = "log-level",
	 .type = &type_enum,
	 .choices = LOG_LEVELS,
	 .initial = "notice",
	 .offset = offsetof(struct config, log_level),
	 .help = "The least important messages to show; --log-level goes before it."},
	{.name = "ports",
	 .section = &section_port,
	 .list_max = DP_PORTS_MAX,
	 .required = true,
	 .offset = offsetof(struct config, ports),
	 .help = "The network devices that lvsd drives."},
	{.name = "static",
	 .section = &section_static,
	 .help = "Routes and neighbours that the file gives."},
};

const struct schema_section schema_top = {"", sizeof(struct config), ROWS(top_keys), false};

size_t schema_item_size(const struct schema_key *key)
{
	return key->type != NULL ? key->type->size : key->section->size;
}

const struct schema_key *schema_find(const struct schema_section *section, const char *name)
{
	for (size_t i = 0; i < section->n_keys; i++)
		if (strcmp(section->keys[i].name, name) == 0)
			return &section->keys[i];
	return NULL;
}

/* ---- unknown keys ------------------------------------------------------------------------ */

#define WORD_MAX 32

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many letters to insert, drop, replace or swap with the next one to get from a to b. */
static size_t distance(const char *a, const char *b)
{
	size_t row[3][WORD_MAX + 1], la = strlen(a), lb = strlen(b);

	if (la > WORD_MAX || lb > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= lb; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			now[j] = least(last[j - 1] + (a[i - 1] != b[j - 1]),
				       least(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
	}
	return row[la % 3][lb];
}

static const struct schema_section *const sections[] = {&schema_top, &section_port, &section_static,
							&section_route, &section_neighbour};

#define SECTIONS (sizeof(sections) / sizeof(sections[0]))

void schema_suggest(const struct schema_section *section, const char *name, char *buf, size_t size)
{
	const struct schema_key *best = NULL;
	size_t best_distance = least(3, strlen(name) / 2 + 1), used;

	for (size_t i = 0; i < section->n_keys; i++) {
		size_t d = distance(name, section->keys[i].name);

		if (d < best_distance) {
			best = &section->keys[i];
			best_distance = d;
		}
	}
	if (best != NULL) {
		snprintf(buf, size, "did you mean %s?", best->name);
		return;
	}
	for (size_t s = 0; s < SECTIONS; s++)
		if (sections[s] != section && schema_find(sections[s], name) != NULL) {
			snprintf(buf, size, "it belongs to %.*s",
				 (int)strlen(sections[s]->path) - 1, sections[s]->path);
			if (sections[s] == &schema_top)
				snprintf(buf, size, "it belongs to the top level of the file");
			return;
		}
	used = (size_t)snprintf(buf, size, "allowed:");
	for (size_t i = 0; i < section->n_keys && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s %s", i == 0 ? "" : ",",
					 section->keys[i].name);
}

/* ---- help -------------------------------------------------------------------------------- */

/* Words up to a width, each line behind the same margin. */
static void print_wrapped(FILE *out, const char *text, int margin, int width)
{
	int column = width + 1;

	while (*text != '\0') {
		int len = (int)strcspn(text, " ");

		if (column + 1 + len > width) {
			fprintf(out, "%s%*s", column > width ? "" : "\n", margin, "");
			column = margin;
		} else {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", len, text);
		column += len;
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static void print_key(const struct schema_section *section, const struct schema_key *key, FILE *out)
{
	char allowed[SCHEMA_WHY_MAX], line[SCHEMA_WHY_MAX + 64];

	fprintf(out, "%s%s", section->path, key->name);
	if (key->shown != NULL || key->initial != NULL)
		fprintf(out, " (default: %s)", key->shown != NULL ? key->shown : key->initial);
	else if (key->required)
		fprintf(out, " (required)");
	fputc('\n', out);
	print_wrapped(out, key->help, 8, 80);
	if (key->type != NULL) {
		key->type->allowed(key, allowed, sizeof(allowed));
		snprintf(line, sizeof(line), "Allowed: %s%s.",
			 key->list_max != 0 ? "a list, each item " : "", allowed);
		print_wrapped(out, line, 8, 80);
	}
}

void schema_print(FILE *out)
{
	for (size_t s = 0; s < SECTIONS; s++)
		for (size_t i = 0; i < sections[s]->n_keys; i++)
			print_key(sections[s], &sections[s]->keys[i], out);
}
