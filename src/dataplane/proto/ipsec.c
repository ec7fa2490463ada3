/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AH and ESP: their packets follow the connection on which client and server have agreed on keys
 * (IKE, UDP, both ports 500): same server, same timer, same counters. They never open one; without
 * one they are the kernel's. NAT rewrites addresses only, which ESP in tunnel mode does not mind
 * and AH does not survive.
 */
#include "proto.h"

static bool ipsec_opens(const struct packet *p)
{
	(void)p;
	return false;
}

static bool ipsec_reopens(const struct packet *p, const struct conn *c)
{
	(void)p;
	(void)c;
	return false;
}

static uint8_t ipsec_next_state(const struct packet *p, struct conn *c, enum conn_dir dir)
{
	(void)p;
	(void)dir;
	return c->state;
}

static void ipsec_translate(const struct packet *p, union packet_ports ports, uint16_t delta)
{
	(void)p;
	(void)ports;
	(void)delta;
}

static const struct proto_ops ah = {
	.name = "AH",
	.proto = IPPROTO_AH,
	.index = PROTO_IX_UDP,
	.follows_ike = true,
	.fragments = true,
	.opens = ipsec_opens,
	.reopens = ipsec_reopens,
	.next_state = ipsec_next_state,
	.translate = ipsec_translate,
};
PROTO_REGISTER(ah)

static const struct proto_ops esp = {
	.name = "ESP",
	.proto = IPPROTO_ESP,
	.index = PROTO_IX_UDP,
	.follows_ike = true,
	.fragments = true,
	.opens = ipsec_opens,
	.reopens = ipsec_reopens,
	.next_state = ipsec_next_state,
	.translate = ipsec_translate,
};
PROTO_REGISTER(esp)
