/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The listing of connections, -Lc. All of them are received before the first is printed: a pager or
 * a slow name server must not make the daemon wait for us.
 */
#include "conns.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lvsd_wire.h"
#include "names.h"

#define STATE_MAX 16

struct conn {
	union ipvs_addr caddr;
	union ipvs_addr vaddr;
	union ipvs_addr daddr;
	uint16_t cport; /* ports are be16 */
	uint16_t vport;
	uint16_t dport;
	uint8_t af;
	uint8_t daf;
	uint8_t protocol;
	char state[STATE_MAX];
	uint32_t expires; /* milliseconds */
	char *pe;         /* "name" and, after its 0, the data as text; NULL without */
};

struct conns {
	struct conn *conn;
	size_t n;
	size_t room;
};

static const struct client_policy policy[LVSD_CONN_ATTR_MAX + 1] = {
	[LVSD_CONN_ATTR_AF] = {MNL_TYPE_U16, 0},
	[LVSD_CONN_ATTR_PROTO] = {MNL_TYPE_U8, 0},
	[LVSD_CONN_ATTR_CADDR] = {MNL_TYPE_BINARY, sizeof(union ipvs_addr)},
	[LVSD_CONN_ATTR_CPORT] = {MNL_TYPE_U16, 0},
	[LVSD_CONN_ATTR_VADDR] = {MNL_TYPE_BINARY, sizeof(union ipvs_addr)},
	[LVSD_CONN_ATTR_VPORT] = {MNL_TYPE_U16, 0},
	[LVSD_CONN_ATTR_DADDR] = {MNL_TYPE_BINARY, sizeof(union ipvs_addr)},
	[LVSD_CONN_ATTR_DPORT] = {MNL_TYPE_U16, 0},
	[LVSD_CONN_ATTR_DAF] = {MNL_TYPE_U16, 0},
	[LVSD_CONN_ATTR_STATE] = {MNL_TYPE_NUL_STRING, STATE_MAX},
	[LVSD_CONN_ATTR_EXPIRES] = {MNL_TYPE_U32, 0},
	[LVSD_CONN_ATTR_FLAGS] = {MNL_TYPE_U32, 0},
	[LVSD_CONN_ATTR_WORKER] = {MNL_TYPE_U32, 0},
	[LVSD_CONN_ATTR_PE_NAME] = {MNL_TYPE_NUL_STRING, IP_VS_PENAME_MAXLEN},
	[LVSD_CONN_ATTR_PE_DATA] = {MNL_TYPE_BINARY, IP_VS_PEDATA_MAXLEN},
};

/* ---- receiving --------------------------------------------------------------------------- */

static int read_addr(const struct nlattr *attr, uint8_t af, union ipvs_addr *addr)
{
	size_t need = af == AF_INET6 ? sizeof(addr->in6) : sizeof(addr->in);

	if (!attr || mnl_attr_get_payload_len(attr) < need)
		return -EPROTO;
	memcpy(addr, mnl_attr_get_payload(attr), need);
	return 0;
}

/* The data may be anything a client sent; only what prints gets to the terminal. */
static int read_pe(const struct nlattr *name, const struct nlattr *data, struct conn *conn)
{
	size_t data_len = data ? mnl_attr_get_payload_len(data) : 0;
	const unsigned char *bytes = data ? mnl_attr_get_payload(data) : NULL;
	size_t name_len, i;

	if (!name)
		return 0;
	name_len = strlen(mnl_attr_get_str(name)) + 1;
	conn->pe = malloc(name_len + data_len + 1);
	if (!conn->pe)
		return -ENOMEM;
	memcpy(conn->pe, mnl_attr_get_str(name), name_len);
	for (i = 0; i < data_len; i++)
		conn->pe[name_len + i] = isprint(bytes[i]) ? bytes[i] : '.';
	conn->pe[name_len + data_len] = 0;
	return 0;
}

static int read_conn(const struct nlattr **tb, struct conn *conn)
{
	int err;

	conn->af = client_u16(tb[LVSD_CONN_ATTR_AF], AF_INET);
	conn->daf = client_u16(tb[LVSD_CONN_ATTR_DAF], conn->af);
	err = read_addr(tb[LVSD_CONN_ATTR_CADDR], conn->af, &conn->caddr);
	if (err == 0)
		err = read_addr(tb[LVSD_CONN_ATTR_VADDR], conn->af, &conn->vaddr);
	if (err == 0)
		err = read_addr(tb[LVSD_CONN_ATTR_DADDR], conn->daf, &conn->daddr);
	if (err < 0)
		return err;
	conn->protocol = client_u8(tb[LVSD_CONN_ATTR_PROTO], 0);
	conn->cport = client_u16(tb[LVSD_CONN_ATTR_CPORT], 0);
	conn->vport = client_u16(tb[LVSD_CONN_ATTR_VPORT], 0);
	conn->dport = client_u16(tb[LVSD_CONN_ATTR_DPORT], 0);
	conn->expires = client_u32(tb[LVSD_CONN_ATTR_EXPIRES], 0);
	strcpy(conn->state, client_str(tb[LVSD_CONN_ATTR_STATE], "NONE"));
	return read_pe(tb[LVSD_CONN_ATTR_PE_NAME], tb[LVSD_CONN_ATTR_PE_DATA], conn);
}

static int receive_conn(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *tb[LVSD_CONN_ATTR_MAX + 1];
	struct conns *conns = arg;
	int err = client_parse(nlh, policy, LVSD_CONN_ATTR_MAX, tb);

	if (err < 0)
		return err;
	if (conns->n == conns->room) {
		size_t room = conns->room ? 2 * conns->room : 1024;
		struct conn *conn = realloc(conns->conn, room * sizeof(*conn));

		if (!conn)
			return -ENOMEM;
		conns->conn = conn;
		conns->room = room;
	}
	memset(&conns->conn[conns->n], 0, sizeof(conns->conn[0]));
	return read_conn(tb, &conns->conn[conns->n++]);
}

/* ---- printing ---------------------------------------------------------------------------- */

static const char *protocol_name(uint8_t protocol, char *buf, size_t size)
{
	static const struct {
		uint8_t protocol;
		const char *name;
	} known[] = {
		{IPPROTO_IP, "IP"},     {IPPROTO_TCP, "TCP"},       {IPPROTO_UDP, "UDP"},
		{IPPROTO_ESP, "ESP"},   {IPPROTO_AH, "AH"},         {IPPROTO_SCTP, "SCTP"},
		{IPPROTO_ICMP, "ICMP"}, {IPPROTO_ICMPV6, "ICMPv6"},
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].protocol == protocol)
			return known[i].name;
	snprintf(buf, size, "IP_%u", protocol);
	return buf;
}

static void print_conn(const struct conn *conn, bool numeric, bool pe)
{
	char client[NAMES_HOST_PORT_MAX], virtual[NAMES_HOST_PORT_MAX], dest[NAMES_HOST_PORT_MAX];
	char proto[16], left[16];
	uint32_t seconds = conn->expires / 1000;

	names_host_port(client, sizeof(client), conn->af, &conn->caddr, conn->cport, conn->protocol,
			numeric);
	names_host_port(virtual, sizeof(virtual), conn->af, &conn->vaddr, conn->vport,
			conn->protocol, numeric);
	names_host_port(dest, sizeof(dest), conn->daf, &conn->daddr, conn->dport, conn->protocol,
			numeric);
	snprintf(left, sizeof(left), "%02" PRIu32 ":%02" PRIu32, seconds / 60, seconds % 60);

	printf("%-3s %-6s %-11s %-18s %-18s ", protocol_name(conn->protocol, proto, sizeof(proto)),
	       left, conn->state, client, virtual);
	if (pe && conn->pe)
		printf("%-16s %-18s %s\n", dest, conn->pe, conn->pe + strlen(conn->pe) + 1);
	else
		printf("%s\n", dest);
}

int conns_list(struct client *client, bool numeric, bool pe)
{
	struct nlmsghdr *nlh =
		client_request(client, LVSD_FAMILY_LVSD_ID, LVSD_CMD_GET_CONN, NLM_F_DUMP);
	struct conns conns = {0};
	size_t i;
	int err;

	err = client_call(client, nlh, receive_conn, &conns);
	if (err == 0) {
		printf("IPVS connection entries\n"
		       "pro expire %-11s %-18s %-18s %s\n",
		       "state", "source", "virtual",
		       pe ? "destination        pe name          pe_data" : "destination");
		for (i = 0; i < conns.n; i++)
			print_conn(&conns.conn[i], numeric, pe);
	}
	for (i = 0; i < conns.n; i++)
		free(conns.conn[i].pe);
	free(conns.conn);
	return err;
}
