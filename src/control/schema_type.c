/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading of single values. Every function gets one line of text from the configuration file and
 * either fills its field or says what is wrong; nothing here knows YAML. Any thread.
 */
#include "schema_type.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config.h"

#define CPU_MAX 1023

static int wrong(char *why, const char *text)
{
	snprintf(why, SCHEMA_WHY_MAX, "%s", text);
	return -EINVAL;
}

/* A whole decimal number and nothing else; *end is where it stopped when end is given. */
static int read_number(const char *text, const char **end, int64_t *out)
{
	const char *digits = text[0] == '-' ? text + 1 : text;
	char *stop;
	long long value;

	if (!isdigit((unsigned char)digits[0]))
		return -EINVAL;
	errno = 0;
	value = strtoll(text, &stop, 10);
	if (errno != 0)
		return -ERANGE;
	if (end != NULL)
		*end = stop;
	else if (*stop != '\0')
		return -EINVAL;
	*out = value;
	return 0;
}

static int int_parse(const struct schema_key *key, const char *text, void *field, char *why)
{
	int64_t value;
	int rc = read_number(text, NULL, &value);

	if (rc == -EINVAL)
		return wrong(why, "is not a whole number");
	if (rc != 0 || value < key->min || value > key->max)
		return wrong(why, "is out of range");
	*(int64_t *)field = value;
	return 0;
}

static void int_allowed(const struct schema_key *key, char *buf, size_t size)
{
	snprintf(buf, size, "a whole number from %lld to %lld", (long long)key->min,
		 (long long)key->max);
}

const struct schema_type type_int = {"number", sizeof(int64_t), int_parse, int_allowed, false};

/* What YAML calls true and false. */
static const struct {
	const char *word;
	bool value;
} bool_words[] = {
	{"yes", true},    {"no", false}, {"true", true},
	{"false", false}, {"on", true},  {"off", false},
};

static int read_bool(const char *text)
{
	for (size_t i = 0; i < sizeof(bool_words) / sizeof(bool_words[0]); i++)
		if (strcasecmp(text, bool_words[i].word) == 0)
			return bool_words[i].value;
	return -EINVAL;
}

static int bool_parse(const struct schema_key *key, const char *text, void *field, char *why)
{
	int value = read_bool(text);

	if (value < 0)
		return wrong(why, "is neither yes nor no");
	*(bool *)field = value;
	return 0;
}

static void bool_allowed(const struct schema_key *key, char *buf, size_t size)
{
	snprintf(buf, size, "yes or no");
}

const struct schema_type type_bool = {"yes|no", sizeof(bool), bool_parse, bool_allowed, false};

/* The position of a word in "a|b|c", or -1. */
static int choice_find(const char *choices, const char *word)
{
	size_t len = strlen(word);

	for (int i = 0;; i++) {
		size_t n = strcspn(choices, "|");

		if (n == len && strncasecmp(choices, word, len) == 0)
			return i;
		if (choices[n] == '\0')
			return -1;
		choices += n + 1;
	}
}

static int enum_parse(const struct schema_key *key, const char *text, void *field, char *why)
{
	int found = choice_find(key->choices, text);
	int truth = read_bool(text);

	if (found < 0 && truth >= 0) /* true and off where yes and no are choices */
		found = choice_find(key->choices, truth ? "yes" : "no");
	if (found < 0)
		return wrong(why, "is not one of the choices");
	*(int *)field = found;
	return 0;
}

static void enum_allowed(const struct schema_key *key, char *buf, size_t size)
{
	size_t used = (size_t)snprintf(buf, size, "one of ");

	for (const char *c = key->choices; *c != '\0' && used + 4 < size; c++) {
		if (*c != '|') {
			buf[used++] = *c;
			continue;
		}
		buf[used++] = ',';
		buf[used++] = ' ';
	}
	buf[used] = '\0';
}

const struct schema_type type_enum = {"word", sizeof(int), enum_parse, enum_allowed, false};

static int string_parse(const struct schema_key *key, const char *text, void *field, char *why)
{
	size_t len = strlen(text);

	if (len < (size_t)key->min)
		return wrong(why, "is too short");
	if (len > (size_t)key->max)
		return wrong(why, "is too long");
	for (size_t i = 0; i < len; i++)
		if (iscntrl((unsigned char)text[i]))
			return wrong(why, "has control characters in it");
	memcpy(field, text, len + 1);
	return 0;
}

static void string_allowed(const struct schema_key *key, char *buf, size_t size)
{
	snprintf(buf, size, "%lld to %lld characters", (long long)key->min, (long long)key->max);
}

const struct schema_type type_string = {"text", 0, string_parse, string_allowed, false};

/* Names that mean something else where interfaces are named: the loopback, and the entries of
 * /proc/sys/net/ipv4/conf that stand for all interfaces. */
static const char *const reserved_names[] = {"lo", "all", "default", ".", ".."};

static int name_parse(const struct schema_key *key, const char *text, void *field, char *why)
{
	size_t len = strlen(text);

	if (len == 0)
		return wrong(why, "is empty");
	if (len >= DP_PORT_NAME_MAX) {
		snprintf(why, SCHEMA_WHY_MAX, "is too long (%zu characters)", len);
		return -EINVAL;
	}
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && strchr("._-", text[i]) == NULL)
			return wrong(why, "has characters that an interface name may not have");
	for (size_t i = 0; i < sizeof(reserved_names) / sizeof(reserved_names[0]); i++)
		if (strcmp(text, reserved_names[i]) == 0)
			return wrong(why, "is a name that the kernel uses itself");
	memset(field, 0, DP_PORT_NAME_MAX);
	memcpy(field, text, len);
	return 0;
}

static void name_allowed(const struct schema_key *key, char *buf, size_t size)
{
	snprintf(buf, size, "1 to %d letters, digits, '.', '_', '-'", DP_PORT_NAME_MAX - 1);
}

const struct schema_type type_name = {"name", DP_PORT_NAME_MAX, name_parse, name_allowed, false};

static int cpu_parse(const struct schema_key *key, const char *text, void *field, char *why)
{
	int64_t value;

	if (strcmp(text, "any") == 0) {
		*(int64_t *)field = -1;
		return 0;
	}
	if (read_number(text, NULL, &value) != 0)
		return wrong(why, "is not the number of a CPU");
	if (value < 0 || value > CPU_MAX)
		return wrong(why, "is out of range");
	*(int64_t *)field = value;
	return 0;
}

static void cpu_allowed(const struct schema_key *key, char *buf, size_t size)
{
	snprintf(buf, size, "a CPU number from 0 to %d, or any", CPU_MAX);
}

const struct schema_type type_cpu = {"CPU", sizeof(int64_t), cpu_parse, cpu_allowed, false};

static int cpus_add(struct config_cpus *cpus, int64_t first, int64_t last, char *why)
{
	if (first < 0 || last > CPU_MAX || first > last)
		return wrong(why, "has a CPU number out of range in it");
	for (int64_t cpu = first; cpu <= last; cpu++) {
		for (unsigned int i = 0; i < cpus->count; i++)
			if (cpus->cpu[i] == cpu)
				return wrong(why, "names a CPU twice");
		if (cpus->count == DP_WORKERS_MAX)
			return wrong(why, "names too many CPUs");
		cpus->cpu[cpus->count++] = (int)cpu;
	}
	return 0;
}

/* "auto", "3" (a number of workers), "2," (a list of one), "1-3,6". */
static int cpus_parse(const struct schema_key *key, const char *text, void *field, char *why)
{
	static const char what[] = "is neither a number nor a list of CPUs";
	struct config_cpus cpus = {0};
	int64_t first, last;
	int rc;

	if (strcmp(text, "auto") != 0 && strpbrk(text, ",-") == NULL) {
		if (read_number(text, NULL, &first) != 0)
			return wrong(why, what);
		if (first < 1 || first > DP_WORKERS_MAX)
			return wrong(why, "is out of range");
		cpus.count = (unsigned int)first;
	} else if (strcmp(text, "auto") != 0) {
		cpus.listed = true;
		do {
			text += strspn(text, " ");
			if (text[0] == '-' || read_number(text, &text, &first) != 0)
				return wrong(why, what);
			last = first;
			if (*text == '-' &&
			    (text[1] == '-' || read_number(text + 1, &text, &last) != 0))
				return wrong(why, what);
			if (*text != '\0' && *text != ',')
				return wrong(why, what);
			rc = cpus_add(&cpus, first, last, why);
			if (rc != 0)
				return rc;
			text += *text == ',';
		} while (*text != '\0');
	}
	*(struct config_cpus *)field = cpus;
	return 0;
}

static void cpus_allowed(const struct schema_key *key, char *buf, size_t size)
{
	snprintf(buf, size,
		 "auto, a number of workers from 1 to %d, or a list of different CPUs like "
		 "[1, 2] or 1-3,6",
		 DP_WORKERS_MAX);
}

const struct schema_type type_cpus = {"CPUs", sizeof(struct config_cpus), cpus_parse, cpus_allowed,
				      true};

/* ---- addresses --------------------------------------------------------------------------- */

static unsigned int address_bits(uint16_t af)
{
	return af == AF_INET ? 32 : 128;
}

/* address[/prefix]; without prefix it is a single address. */
static int read_address(const char *text, struct config_address *out, char *why)
{
	struct config_address a = {0};
	char host[INET6_ADDRSTRLEN + 1];
	size_t len = strcspn(text, "/");
	int64_t prefix;

	if (len == 0 || len >= sizeof(host))
		return wrong(why, "is not an IP address");
	memcpy(host, text, len);
	host[len] = '\0';
	if (inet_pton(AF_INET, host, &a.addr.v4) == 1)
		a.af = AF_INET;
	else if (inet_pton(AF_INET6, host, a.addr.b) == 1)
		a.af = AF_INET6;
	else
		return wrong(why, "is not an IP address");
	a.prefix = (uint8_t)address_bits(a.af);
	if (text[len] == '/') {
		if (read_number(text + len + 1, NULL, &prefix) != 0 || prefix < 0 ||
		    prefix > a.prefix) {
			snprintf(why, SCHEMA_WHY_MAX, "has a prefix length other than 0 to %u",
				 a.prefix);
			return -EINVAL;
		}
		a.prefix = (uint8_t)prefix;
	}
	*out = a;
	return 0;
}

/* Neither zero nor multicast nor broadcast nor loopback. */
static bool address_is_unicast(const struct config_address *a)
{
	if (addr_is_zero(&a->addr))
		return false;
	if (a->af == AF_INET)
		return a->addr.b[0] < 224 && a->addr.b[0] != 127 && a->addr.b[0] != 0;
	return a->addr.b[0] != 0xff && !IN6_IS_ADDR_LOOPBACK((const struct in6_addr *)a->addr.b);
}

static int host_parse(const struct schema_key *key, const char *text, void *field, char *why)
{
	struct config_address a;
	int rc = read_address(text, &a, why);

	if (rc != 0)
		return rc;
	if (strchr(text, '/') != NULL)
		return wrong(why, "has a prefix length");
	if (!address_is_unicast(&a))
		return wrong(why, "is not the address of a host");
	*(struct config_address *)field = a;
	return 0;
}

static void host_allowed(const struct schema_key *key, char *buf, size_t size)
{
	snprintf(buf, size, "a unicast IPv4 or IPv6 address without prefix length");
}

const struct schema_type type_host = {"address", sizeof(struct config_address), host_parse,
				      host_allowed, false};

static int address_parse(const struct schema_key *key, const char *text, void *field, char *why)
{
	struct config_address a;
	int rc = read_address(text, &a, why);

	if (rc != 0)
		return rc;
	if (!address_is_unicast(&a))
		return wrong(why, "is not the address of a host");
	if (a.prefix == 0)
		return wrong(why, "has prefix length 0");
	*(struct config_address *)field = a;
	return 0;
}

static void address_allowed(const struct schema_key *key, char *buf, size_t size)
{
	snprintf(buf, size, "a unicast address with prefix length, like 192.0.2.1/24");
}

const struct schema_type type_address = {"address/prefix", sizeof(struct config_address),
					 address_parse, address_allowed, false};

static int prefix_parse(const struct schema_key *key, const char *text, void *field, char *why)
{
	struct config_address a;
	int rc;

	if (strcmp(text, "default") == 0) { /* of via's family: config_check.c */
		memset(field, 0, sizeof(a));
		return 0;
	}
	rc = read_address(text, &a, why);
	if (rc != 0)
		return rc;
	for (unsigned int bit = a.prefix; bit < address_bits(a.af); bit++)
		if (a.addr.b[bit / 8] & (0x80 >> bit % 8))
			return wrong(why, "has bits set behind its prefix");
	*(struct config_address *)field = a;
	return 0;
}

static void prefix_allowed(const struct schema_key *key, char *buf, size_t size)
{
	snprintf(buf, size, "default, or a network like 192.0.2.0/24 or fd00::/8");
}

const struct schema_type type_prefix = {"network", sizeof(struct config_address), prefix_parse,
					prefix_allowed, false};

static int mac_parse(const struct schema_key *key, const char *text, void *field, char *why)
{
	uint8_t mac[6];
	size_t n = 0;

	for (const char *p = text; n < 6; n++, p += 3) {
		if (!isxdigit((unsigned char)p[0]) || !isxdigit((unsigned char)p[1]) ||
		    p[2] != (n == 5 ? '\0' : ':'))
			return wrong(why, "is not a link address");
		mac[n] = (uint8_t)strtoul((char[]){p[0], p[1], '\0'}, NULL, 16);
	}
	if ((mac[0] & 1) != 0 || (mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]) == 0)
		return wrong(why, "is not the link address of one station");
	memcpy(field, mac, sizeof(mac));
	return 0;
}

static void mac_allowed(const struct schema_key *key, char *buf, size_t size)
{
	snprintf(buf, size, "a unicast link address like 02:00:00:00:00:01");
}

const struct schema_type type_mac = {"link address", 6, mac_parse, mac_allowed, false};
