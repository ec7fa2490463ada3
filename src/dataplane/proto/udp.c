/* SPDX-License-Identifier: BSD-3-Clause */
/* UDP: one state; every datagram may open a connection; never active. */
#include "proto.h"

static const char *const udp_names[] = {"UDP"};
static const uint32_t udp_timeouts[] = {300};

static bool udp_opens(const struct packet *p)
{
	(void)p;
	return true;
}

static bool udp_reopens(const struct packet *p, const struct conn *c)
{
	(void)p;
	(void)c;
	return false;
}

static uint8_t udp_next_state(const struct packet *p, struct conn *c, enum conn_dir dir)
{
	(void)p;
	(void)c;
	(void)dir;
	return 0;
}

/* A single datagram: the flood's kind. */
static bool udp_expendable(const struct conn *c)
{
	return c->in_pkts <= 1;
}

static const struct proto_ops udp = {
	.name = "UDP",
	.proto = IPPROTO_UDP,
	.index = PROTO_IX_UDP,
	.n_states = 1,
	.state_names = udp_names,
	.timeouts = udp_timeouts,
	.fragments = true,
	.opens = udp_opens,
	.reopens = udp_reopens,
	.next_state = udp_next_state,
	.expendable = udp_expendable,
};
PROTO_REGISTER(udp)
