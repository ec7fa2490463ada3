/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses, ports and numbers as the ipvsadm grammar writes them. What is accepted was found by
 * asking the stock program: "1.2.3" is 1.2.0.3 as inet_aton(3) reads it, "2001:db8::1:80" is an
 * address without port, and names are looked up for IPv4 only.
 */
#include "parse_addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"

bool parse_number(const char *text, long min, long max, long *value)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	if (errno || end == text || *end || number < min || number > max)
		return false;
	*value = number;
	return true;
}

static bool parse_port(const char *text, uint16_t protocol, uint16_t *port)
{
	const char *name = names_protocol(protocol);
	const struct servent *service;
	long number;

	if (parse_number(text, 0, UINT16_MAX, &number)) {
		*port = htons(number);
		return true;
	}
	service = name ? getservbyname(text, name) : NULL;
	if (!service)
		return false;
	*port = service->s_port;
	return true;
}

static bool parse_host(const char *text, struct in_addr *addr)
{
	const struct hostent *host;

	if (inet_aton(text, addr))
		return true;
	host = gethostbyname(text);
	if (!host || host->h_addrtype != AF_INET || !host->h_addr_list[0])
		return false;
	memcpy(addr, host->h_addr_list[0], sizeof(*addr));
	return true;
}

/* [inside]:port. An IPv4 address or a name may stand in brackets too; its port is not looked at
 * then, as in stock ipvsadm. `text` is the caller's copy. */
static bool parse_bracketed(char *text, uint16_t protocol, struct host_port *got)
{
	char *close = strchr(text, ']');

	if (!close || close[1] != ':')
		return false;
	*close = 0;
	if (inet_pton(AF_INET6, text + 1, &got->addr.in6) == 1) {
		got->af = AF_INET6;
		got->has_port = true;
		return parse_port(close + 2, protocol, &got->port);
	}
	got->af = AF_INET;
	return parse_host(text + 1, &got->addr.in);
}

static bool parse_plain(char *text, uint16_t protocol, struct host_port *got)
{
	char *colon;

	if (inet_pton(AF_INET6, text, &got->addr.in6) == 1) {
		got->af = AF_INET6;
		return true;
	}
	colon = strchr(text, ':');
	if (colon) {
		*colon = 0;
		got->has_port = true;
		if (!parse_port(colon + 1, protocol, &got->port))
			return false;
	}
	got->af = AF_INET;
	return parse_host(text, &got->addr.in);
}

bool parse_host_port(const char *text, uint16_t protocol, struct host_port *out)
{
	struct host_port got = {0};
	char *copy = strdup(text);
	bool ok;

	if (!copy)
		return false;
	ok = *copy == '[' ? parse_bracketed(copy, protocol, &got)
			  : parse_plain(copy, protocol, &got);
	free(copy);
	if (ok)
		*out = got;
	return ok;
}
