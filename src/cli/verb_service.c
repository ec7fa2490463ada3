/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Services in the words of the verbs: named on the command line as in the ipvsadm grammar, in JSON
 * as objects.
 */
#include "verbs.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "names.h"
#include "parse_addr.h"

static const struct selector {
	const char *word;
	uint16_t protocol; /* 0: by mark */
} selectors[] = {
	{"-t", IPPROTO_TCP},
	{"--tcp-service", IPPROTO_TCP},
	{"-u", IPPROTO_UDP},
	{"--udp-service", IPPROTO_UDP},
	{"--sctp-service", IPPROTO_SCTP},
	{"-f", 0},
	{"--fwmark-service", 0},
};

static const struct selector *selector_find(const char *word)
{
	size_t i;

	for (i = 0; i < sizeof(selectors) / sizeof(selectors[0]); i++)
		if (strcmp(selectors[i].word, word) == 0)
			return &selectors[i];
	return NULL;
}

static void read_service(const struct request *request, const struct selector *s, const char *text,
			 struct ipvs_service *svc)
{
	struct host_port got;
	long mark;

	if (!s->protocol) {
		if (!parse_number(text, 1, UINT32_MAX, &mark))
			die(EXIT_USAGE, "%s: %s: '%s' is no firewall mark: 1 to %" PRIu32, cli_name,
			    request->verb, text, UINT32_MAX);
		*svc = (struct ipvs_service){.af = AF_INET, .fwmark = mark};
		return;
	}
	if (!parse_host_port(text, s->protocol, &got))
		die(EXIT_USAGE, "%s: %s: '%s' is no ADDRESS:PORT, or [ADDRESS]:PORT for IPv6",
		    cli_name, request->verb, text);
	*svc = (struct ipvs_service){
		.af = got.af,
		.protocol = s->protocol,
		.addr = got.addr,
		.port = got.port,
	};
}

bool verb_take_service(struct request *request, struct ipvs_service *svc)
{
	const struct selector *s = request->argc ? selector_find(request->argv[0]) : NULL;

	if (!s)
		return false;
	if (request->argc < 2)
		die(EXIT_USAGE, "%s: %s: %s needs a service", cli_name, request->verb, s->word);
	read_service(request, s, request->argv[1], svc);
	request->argc -= 2;
	request->argv += 2;
	if (svc->fwmark && request->argc && strcmp(request->argv[0], "-6") == 0) {
		svc->af = AF_INET6;
		request->argc--;
		request->argv++;
	}
	return true;
}

json_t *verb_service_json(const struct ipvs_service *svc)
{
	const char *protocol = names_protocol(svc->protocol);
	char addr[INET6_ADDRSTRLEN];

	if (svc->fwmark)
		return json_pack("{s:s, s:I, s:s}", "protocol", "fwmark", "fwmark",
				 (json_int_t)svc->fwmark, "family",
				 svc->af == AF_INET6 ? "ipv6" : "ipv4");
	inet_ntop(svc->af, &svc->addr, addr, sizeof(addr));
	return json_pack("{s:s, s:s, s:i}", "protocol", protocol ? protocol : "?", "address", addr,
			 "port", ntohs(svc->port));
}

void verb_service_text(const struct ipvs_service *svc, char *buf, size_t size)
{
	const char *protocol = names_protocol(svc->protocol);
	char name[NAMES_HOST_PORT_MAX];

	if (svc->fwmark) {
		snprintf(buf, size, "fwmark %" PRIu32 "%s", svc->fwmark,
			 svc->af == AF_INET6 ? " ipv6" : "");
		return;
	}
	names_host_port(name, sizeof(name), svc->af, &svc->addr, svc->port, svc->protocol, true);
	snprintf(buf, size, "%s %s", protocol ? protocol : "?", name);
}
