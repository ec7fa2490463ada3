/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration file: what is understood, and what people are told when it is not. Each row
 * of `faults` is a file and every complaint about it, in order.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "control/config.h"
#include "control/log.h"
#include "control/schema.h"

#define PORT "ports: [{name: a, device: net_null0}]\n"

static char heard[8192];

static void hear(void *arg, const char *text)
{
	size_t used = strlen(heard);

	snprintf(heard + used, sizeof(heard) - used, "%s\n", text);
}

static int parse(const char *text, struct config *out)
{
	heard[0] = '\0';
	return config_parse("f", text, strlen(text), out, hear, NULL);
}

static void test_defaults(void **state)
{
	struct config c;

	assert_int_equal(parse(PORT, &c), 0);
	assert_string_equal(heard, "");
	assert_int_equal(c.workers.count, 0);
	assert_int_equal(c.main_cpu, -1);
	assert_int_equal(c.idle, DP_IDLE_SLEEP);
	assert_int_equal(c.hugepages, DP_HUGEPAGES_AUTO);
	assert_int_equal(c.memory, 0);
	assert_int_equal(c.mbufs, 0);
	assert_int_equal(c.connections, 1000000);
	assert_string_equal(c.socket, "/run/lvsd/lvsd.sock");
	assert_int_equal(c.log_level, LOG_LEVEL_NOTICE);
	assert_int_equal(c.ports.n, 1);
	assert_string_equal(config_port(&c, 0)->name, "a");
	assert_int_equal(config_port(&c, 0)->mtu, 0);
	assert_int_equal(config_port(&c, 0)->twin, CONFIG_TWIN_AUTO);
	assert_false(config_port(&c, 0)->promiscuous);
	config_free(&c);
}

static void test_everything(void **state)
{
	static const char text[] =
		"# a director\n"
		"workers: 1-3,6\n"
		"main-cpu: 0\n"
		"idle: poll\n"
		"hugepages: true\n"
		"memory: 256\n"
		"mbufs: 65536\n"
		"connections: 4096\n"
		"socket: /tmp/x.sock\n"
		"log-level: debug\n"
		"ports:\n"
		"  - name: ext\n"
		"    device: net_pcap0,rx_pcap=in.pcap,tx_pcap=out.pcap\n"
		"    mtu: 9000\n"
		"    rx-ring: 512\n"
		"    tx-ring: 1024\n"
		"    promiscuous: on\n"
		"    twin: no\n"
		"    addresses: [172.16.0.206/24, fd00::1/64]\n"
		"  - {name: int, device: '0000:03:00.0', twin: yes, addresses: [10.0.0.206/24]}\n"
		"static:\n"
		"  routes:\n"
		"    - {to: default, via: 172.16.0.205}\n"
		"    - {to: 10.1.0.0/16, port: int}\n"
		"    - {to: default, via: fd00::2}\n"
		"  neighbours:\n"
		"    - {address: 10.0.0.201, mac: 02:00:00:00:00:c9}\n";
	struct config c;

	assert_int_equal(parse(text, &c), 0);
	assert_string_equal(heard, "");
	assert_true(c.workers.listed);
	assert_int_equal(c.workers.count, 4);
	assert_int_equal(c.workers.cpu[3], 6);
	assert_int_equal(c.main_cpu, 0);
	assert_int_equal(c.idle, DP_IDLE_POLL);
	assert_int_equal(c.hugepages, DP_HUGEPAGES_YES);
	assert_int_equal(c.log_level, LOG_LEVEL_DEBUG);
	assert_int_equal(c.ports.n, 2);
	assert_int_equal(config_port(&c, 0)->mtu, 9000);
	assert_int_equal(config_port(&c, 0)->rx_ring, 512);
	assert_int_equal(config_port(&c, 0)->tx_ring, 1024);
	assert_true(config_port(&c, 0)->promiscuous);
	assert_int_equal(config_port(&c, 0)->twin, CONFIG_TWIN_NO);
	assert_int_equal(config_port(&c, 0)->addresses.n, 2);
	assert_int_equal(config_port_address(config_port(&c, 0), 0)->prefix, 24);
	assert_int_equal(config_port_address(config_port(&c, 0), 1)->af, AF_INET6);
	assert_int_equal(config_port(&c, 1)->twin, CONFIG_TWIN_YES);
	assert_int_equal(c.routes.n, 3);
	assert_int_equal(config_route(&c, 0)->to.prefix, 0);
	assert_int_equal(config_route(&c, 0)->via.addr.v4, inet_addr("172.16.0.205"));
	assert_int_equal(config_route(&c, 0)->port, 0);
	assert_int_equal(config_route(&c, 1)->port, 1);
	assert_int_equal(config_route(&c, 2)->to.af, AF_INET6);
	assert_int_equal(c.neighbours.n, 1);
	assert_int_equal(config_neighbour(&c, 0)->port, 1);
	assert_int_equal(config_neighbour(&c, 0)->mac[5], 0xc9);
	config_free(&c);
}

/* Ways to write the workers. */
static void test_workers(void **state)
{
	static const struct {
		const char *text;
		unsigned int count;
		bool listed;
		int first;
	} rows[] = {
		{"workers: auto\n", 0, false, 0}, {"workers: 3\n", 3, false, 0},
		{"workers: [2]\n", 1, true, 2},   {"workers: [1, 4]\n", 2, true, 1},
		{"workers: 5-6\n", 2, true, 5},   {"workers: [1-2, 4]\n", 3, true, 1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[128];
		struct config c;

		snprintf(text, sizeof(text), "%s%s", rows[i].text, PORT);
		assert_int_equal(parse(text, &c), 0);
		assert_int_equal(c.workers.count, rows[i].count);
		assert_int_equal(c.workers.listed, rows[i].listed);
		if (rows[i].listed)
			assert_int_equal(c.workers.cpu[0], rows[i].first);
		config_free(&c);
	}
}

static const char workers_allowed[] =
	"auto, a number of workers from 1 to 64, or a list of different CPUs like [1, 2] or 1-3,6";

static const struct {
	const char *text;
	const char *heard;
} faults[] = {
	/* the file */
	{"", "f: the file is empty; it must name at least one port\n"},
	{"- a\n", "f:1: is a list; allowed: a map (key: value)\n"},
	{"ports: [\n", "f:2: not YAML: did not find expected node content while parsing a flow "
		       "node\n"},
	{"\tports: 1\n", "f:1: not YAML: found character that cannot start any token while "
			 "scanning for the next token\n"},
	{PORT "---\na: b\n", "f:3: a second document begins; one is allowed\n"},
	{"workers: \xff\n", "f: byte 9: invalid leading UTF-8 octet; allowed: text in UTF-8\n"},
	{"[a]: b\n" PORT, "f:1: the key is not a word; allowed: key: value\n"},
	/* keys */
	{PORT "worker: 3\n", "f:2: worker: unknown key; did you mean workers?\n"},
	{PORT "hugepgaes: no\n", "f:2: hugepgaes: unknown key; did you mean hugepages?\n"},
	{PORT "mtu: 1500\n", "f:2: mtu: unknown key; it belongs to ports[]\n"},
	{PORT "routes: []\n", "f:2: routes: unknown key; it belongs to static\n"},
	{"ports: [{name: a, device: b, socket: c}]\n",
	 "f:1: ports[].socket: unknown key; it belongs to the top level of the file\n"},
	{"ports:\n- {name: a, device: b}\nstatic: {zzzzzz: 1}\n",
	 "f:3: static.zzzzzz: unknown key; allowed: routes, neighbours\n"},
	{PORT "idle: poll\nidle: sleep\n",
	 "f:3: idle: given a second time; the first is in line 2, once is allowed\n"},
	{"workers: 1\n", "f:1: ports: missing; it has no default\n"},
	{"ports:\n  - name: a\n  - device: b\n", "f:2: ports[].device: missing; it has no default\n"
						 "f:3: ports[].name: missing; it has no default\n"},
	{"ports: []\n", "f:1: ports: is empty; at least one is needed\n"},
	/* kinds of values */
	{"ports: 1\n",
	 "f:1: ports: is a single value; allowed: a list of maps (\"- key: value\")\n"},
	{"ports: [x]\n", "f:1: ports: is a single value; allowed: a map (key: value)\n"},
	{PORT "memory: {}\n",
	 "f:2: memory: is a map; allowed: a whole number from 64 to 1048576\n"},
	{PORT "memory:\n", "f:2: memory: has no value; allowed: a whole number from 64 to "
			   "1048576\n"},
	{PORT "memory: 1e3\n", "f:2: memory: \"1e3\" is not a whole number; allowed: a whole "
			       "number from 64 to 1048576\n"},
	{PORT "memory: 63\n", "f:2: memory: \"63\" is out of range; allowed: a whole number from "
			      "64 to 1048576\n"},
	{PORT "memory: 99999999999999999999\n",
	 "f:2: memory: \"99999999999999999999\" is out of range; allowed: a whole number from 64 "
	 "to 1048576\n"},
	{PORT "idle: doze\n", "f:2: idle: \"doze\" is not one of the choices; allowed: one of "
			      "sleep, poll\n"},
	{PORT "workers: [1, 1]\n", NULL},
	{PORT "main-cpu: 1024\n", "f:2: main-cpu: \"1024\" is out of range; allowed: a CPU number "
				  "from 0 to 1023, or any\n"},
	{PORT "socket: \"a\\0b\"\n",
	 "f:2: socket: has a zero byte in it; allowed: 1 to 107 characters\n"},
	/* ports */
	{"ports: [{name: a23456789012345678, device: b}]\n",
	 "f:1: ports[].name: \"a23456789012345678\" is too long (18 characters); allowed: 1 to 15 "
	 "letters, digits, '.', '_', '-'\n"},
	{"ports: [{name: a/b, device: b}]\n",
	 "f:1: ports[].name: \"a/b\" has characters that an interface name may not have; allowed: "
	 "1 to 15 letters, digits, '.', '_', '-'\n"},
	{"ports: [{name: all, device: b}]\n",
	 "f:1: ports[].name: \"all\" is a name that the kernel uses itself; allowed: 1 to 15 "
	 "letters, digits, '.', '_', '-'\n"},
	{"ports:\n- name: a\n  device: net_null0\n- name: a\n  device: net_null1\n",
	 "f:4: ports[].name: \"a\" is the name of two ports, the other is in line 2; allowed: "
	 "different names\n"},
	{"ports:\n- {name: a, device: net_null0}\n- {name: b, device: 'net_null0,no-rx=1'}\n",
	 "f:3: ports[].device: \"net_null0,no-rx=1\" is the device of port a already; allowed: "
	 "one port per device\n"},
	{"ports: [{name: a, device: b, promiscuous: maybe}]\n",
	 "f:1: ports[].promiscuous: \"maybe\" is neither yes nor no; allowed: yes or no\n"},
	{"ports: [{name: a, device: b, addresses: 1.2.3.4/24}]\n",
	 "f:1: ports[].addresses: is a single value; allowed: a list [...], each item a unicast "
	 "address with prefix length, like 192.0.2.1/24\n"},
	{"ports: [{name: a, device: b, addresses: [1.2.3.4/33, 224.0.0.1/4, x]}]\n",
	 "f:1: ports[].addresses: \"1.2.3.4/33\" has a prefix length other than 0 to 32; allowed: "
	 "a list [...], each item a unicast address with prefix length, like 192.0.2.1/24\n"
	 "f:1: ports[].addresses: \"224.0.0.1/4\" is not the address of a host; allowed: a list "
	 "[...], each item a unicast address with prefix length, like 192.0.2.1/24\n"
	 "f:1: ports[].addresses: \"x\" is not an IP address; allowed: a list [...], each item a "
	 "unicast address with prefix length, like 192.0.2.1/24\n"},
	{"ports:\n- {name: a, device: b, addresses: [10.0.0.1/8]}\n"
	 "- {name: c, device: d, addresses: [10.0.0.1/24]}\n",
	 "f:3: ports[].addresses: 10.0.0.1 is given twice, first to port a; allowed: once\n"},
	/* static */
	{PORT "static: {routes: [{to: 10.0.0.5/24, port: a}]}\n",
	 "f:2: static.routes[].to: \"10.0.0.5/24\" has bits set behind its prefix; allowed: "
	 "default, or a network like 192.0.2.0/24 or fd00::/8\n"},
	{PORT "static: {routes: [{to: default}]}\n",
	 "f:2: static.routes[]: has neither via nor port; at least one is needed\n"},
	{PORT "static: {routes: [{to: 0.0.0.0/0, via: fd00::1, port: a}]}\n",
	 "f:2: static.routes[].via: is of another address family than to; allowed: both IPv4 or "
	 "both IPv6\n"},
	{PORT "static: {routes: [{to: default, via: 10.0.0.1}]}\n",
	 "f:2: static.routes[].port: missing, and no port has an address in whose network "
	 "10.0.0.1 lies; allowed: a name of ports[]\n"},
	{PORT "static:\n  neighbours:\n  - address: 10.0.0.1\n    mac: 02:00:00:00:00:01\n"
	      "    port: b\n",
	 "f:6: static.neighbours[].port: no port is named \"b\"; allowed: a name of ports[]\n"},
	{PORT "static: {neighbours: [{address: 10.0.0.1, port: a, mac: 03:00:00:00:00:01}]}\n",
	 "f:2: static.neighbours[].mac: \"03:00:00:00:00:01\" is not the link address of one "
	 "station; allowed: a unicast link address like 02:00:00:00:00:01\n"},
	{PORT "workers: [0]\nmain-cpu: 0\n",
	 "f:3: main-cpu: CPU 0 is also a worker's; allowed: a CPU that is not in workers, or "
	 "any\n"},
	/* all of them, not only the first */
	{"idel: poll\nmemory: x\nports: [{name: a, device: b, mtu: 5}]\n",
	 "f:1: idel: unknown key; did you mean idle?\n"
	 "f:2: memory: \"x\" is not a whole number; allowed: a whole number from 64 to 1048576\n"
	 "f:3: ports[].mtu: \"5\" is out of range; allowed: a whole number from 68 to 9702\n"},
};

static void test_faults(void **state)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct config c;

		assert_int_equal(parse(faults[i].text, &c), -EINVAL);
		if (faults[i].heard != NULL)
			assert_string_equal(heard, faults[i].heard);
		assert_null(c.ports.item);
	}
}

/* Lists of CPUs that are none. */
static void test_bad_workers(void **state)
{
	static const struct {
		const char *value, *why;
	} rows[] = {
		{"0", "\"0\" is out of range"},
		{"65", "\"65\" is out of range"},
		{"-1", "\"-1\" is neither a number nor a list of CPUs"},
		{"some", "\"some\" is neither a number nor a list of CPUs"},
		{"[]", "[] is neither a number nor a list of CPUs"},
		{"[1, 1]", "[1,1] names a CPU twice"},
		{"3-1", "\"3-1\" has a CPU number out of range in it"},
		{"1--3", "\"1--3\" is neither a number nor a list of CPUs"},
		{"0-64", "\"0-64\" names too many CPUs"},
		{"[[1]]", "is a list"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[128], expected[512];
		struct config c;

		snprintf(text, sizeof(text), "workers: %s\n%s", rows[i].value, PORT);
		snprintf(expected, sizeof(expected), "f:1: workers: %s; allowed: %s\n", rows[i].why,
			 workers_allowed);
		assert_int_equal(parse(text, &c), -EINVAL);
		assert_string_equal(heard, expected);
	}
}

/* A node that contains itself must not lead the reader in a circle. */
static void test_circle(void **state)
{
	struct config c;

	assert_int_equal(parse("ports: &p\n- *p\n", &c), -EINVAL);
	assert_int_equal(parse("&r\nports: [{name: a, device: *r}]\nstatic: *r\n", &c), -EINVAL);
}

/* Every file cut short, and every byte changed, ends in a result and not in a crash. */
static void test_damage(void **state)
{
	static const char text[] = "workers: [1, 2]\nports: [{name: a, device: b, addresses: "
				   "[10.0.0.1/8]}]\nstatic: {routes: [{to: default, via: "
				   "10.0.0.2}]}\n";
	static const char bytes[] = "\0\n:[]{}&*\xff\"'-#a1";
	struct config c;

	for (size_t cut = 0; cut < sizeof(text) - 1; cut++) {
		heard[0] = '\0';
		if (config_parse("f", text, cut, &c, hear, NULL) == 0)
			config_free(&c);
		for (size_t b = 0; b < sizeof(bytes) - 1; b++) {
			char copy[sizeof(text)];

			memcpy(copy, text, sizeof(text));
			copy[cut] = bytes[b];
			heard[0] = '\0';
			if (config_parse("f", copy, sizeof(text) - 1, &c, hear, NULL) == 0)
				config_free(&c);
		}
	}
}

static void test_missing_file(void **state)
{
	struct config c;

	heard[0] = '\0';
	assert_int_equal(config_load("/nonexistent/lvsd.yaml", &c, hear, NULL), -EINVAL);
	assert_string_equal(heard, "/nonexistent/lvsd.yaml: cannot be opened: No such file or "
				   "directory; name the file with --config\n");
	heard[0] = '\0';
	assert_int_equal(config_load("/", &c, hear, NULL), -EINVAL);
	assert_string_equal(heard, "/: is a directory, not a file\n");
}

/* Every section fits its marks, and every default is a value that its own row accepts. */
static void check_section(const struct schema_section *section)
{
	assert_true(section->n_keys <= CONFIG_KEYS_MAX);
	for (size_t i = 0; i < section->n_keys; i++) {
		const struct schema_key *key = &section->keys[i];
		char why[SCHEMA_WHY_MAX];
		_Alignas(16) char field[1024];

		assert_non_null(key->help);
		if (key->initial != NULL)
			assert_int_equal(key->type->parse(key, key->initial, field, why), 0);
		if (key->type == NULL)
			check_section(key->section);
	}
}

static void test_schema(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	check_section(&schema_top);
	schema_print(out);
	fclose(out);
	assert_non_null(strstr(text, "\nports[].mtu (default: the device's)\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),    cmocka_unit_test(test_everything),
		cmocka_unit_test(test_workers),     cmocka_unit_test(test_faults),
		cmocka_unit_test(test_bad_workers), cmocka_unit_test(test_circle),
		cmocka_unit_test(test_damage),      cmocka_unit_test(test_missing_file),
		cmocka_unit_test(test_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
