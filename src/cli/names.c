/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers into names: addresses and ports, protocols, scheduler flags.
 */
#include "names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *names_protocol(uint16_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_SCTP:
		return "sctp";
	}
	return NULL;
}

static void host_name(char *buf, size_t size, uint16_t af, const union ipvs_addr *addr,
		      bool numeric)
{
	socklen_t len = af == AF_INET6 ? sizeof(addr->in6) : sizeof(addr->in);
	const struct hostent *host = numeric ? NULL : gethostbyaddr(addr, len, af);

	if (host)
		snprintf(buf, size, "%s", host->h_name);
	else if (!inet_ntop(af, addr, buf, size))
		snprintf(buf, size, "?");
}

static void port_name(char *buf, size_t size, uint16_t port, uint16_t protocol, bool numeric)
{
	const char *name = names_protocol(protocol);
	const struct servent *service = NULL;

	if (!numeric && port && name)
		service = getservbyport(port, name);
	if (service)
		snprintf(buf, size, "%s", service->s_name);
	else
		snprintf(buf, size, "%u", ntohs(port));
}

void names_host_port(char *buf, size_t size, uint16_t af, const union ipvs_addr *addr,
		     uint16_t port, uint16_t protocol, bool numeric)
{
	char service[64], host[NI_MAXHOST];

	host_name(host, sizeof(host), af, addr, numeric);
	port_name(service, sizeof(service), port, protocol, numeric);
	snprintf(buf, size, af == AF_INET6 ? "[%s]:%s" : "%s:%s", host, service);
}

/* ---- scheduler flags --------------------------------------------------------------------- */

/* A scheduler that has names of its own for the flags is listed by them; any other by number. */
static const struct flag_name {
	const char *name;
	const char *sched; /* NULL: of any */
	uint32_t flag;
} flag_names[] = {
	{"flag-1", NULL, IP_VS_SVC_F_SCHED1},  {"flag-2", NULL, IP_VS_SVC_F_SCHED2},
	{"flag-3", NULL, IP_VS_SVC_F_SCHED3},  {"sh-fallback", "sh", IP_VS_SVC_F_SCHED1},
	{"sh-port", "sh", IP_VS_SVC_F_SCHED2}, {"mh-fallback", "mh", IP_VS_SVC_F_SCHED1},
	{"mh-port", "mh", IP_VS_SVC_F_SCHED2},
};

#define N_FLAG_NAMES (sizeof(flag_names) / sizeof(flag_names[0]))

static bool has_own_names(const char *sched)
{
	size_t i;

	for (i = 0; i < N_FLAG_NAMES; i++)
		if (flag_names[i].sched && strcmp(flag_names[i].sched, sched) == 0)
			return true;
	return false;
}

void names_sched_flags(char *buf, size_t size, const char *sched, uint32_t flags)
{
	const char *whose = has_own_names(sched) ? sched : NULL;
	const struct flag_name *row;
	size_t len = 0;

	buf[0] = 0;
	for (row = flag_names; row < flag_names + N_FLAG_NAMES; row++) {
		if (!(flags & row->flag) || !whose != !row->sched ||
		    (whose && strcmp(whose, row->sched)))
			continue;
		len += snprintf(buf + len, size - len, "%s%s", len ? "," : "", row->name);
		if (len >= size)
			return;
	}
}

int names_parse_sched_flags(char *list, const char *sched, uint32_t *flags, const char **bad)
{
	const struct flag_name *row;
	uint32_t got = 0;
	char *save, *word;

	for (word = strtok_r(list, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		*bad = word;
		for (row = flag_names; row < flag_names + N_FLAG_NAMES; row++)
			if (strcmp(row->name, word) == 0)
				break;
		if (row == flag_names + N_FLAG_NAMES)
			return -EINVAL;
		if (row->sched && strcmp(row->sched, sched))
			return -EDOM;
		got |= row->flag;
	}
	*flags = got;
	return 0;
}
