/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of a transport protocol: when a packet opens a connection, and what a packet does
 * to a connection's state. One file per protocol, ending with PROTO_REGISTER.
 */
#ifndef LVSD_DATAPLANE_PROTO_H
#define LVSD_DATAPLANE_PROTO_H

#include <stdbool.h>

#include "../conn.h"
#include "../packet.h"

struct proto_ops {
	const char *name;
	uint8_t proto;          /* IPPROTO_* */
	enum proto_index index; /* row of struct timeouts */
	unsigned int n_states;
	const char *const *state_names; /* as ipvsadm -Lc prints them */
	const uint32_t *timeouts;       /* the kernel's defaults, seconds, per state */

	/* Its first fragment alone can be translated; then the others follow it (frag.c). */
	bool fragments;

	/* Worker: may this packet open a connection? */
	bool (*opens)(const struct packet *p);

	/* Worker: does it open one although `c` exists, which is over? (kernel:
	 * conn_reuse_mode=1) */
	bool (*reopens)(const struct packet *p, const struct conn *c);

	/* Worker: the state after a packet in direction `dir`. May change c->flags. */
	uint8_t (*next_state)(const struct packet *p, struct conn *c, enum conn_dir dir);

	/* Connections in this state count as active. Bit per state. */
	uint32_t active_states;

	/* Has no ports and no connections of its own: its packets follow the connection that has
	 * agreed on their keys (IKE: UDP, both ports 500). */
	bool follows_ike;

	/* Worker, NAT: the addresses have been changed; puts `ports` in place of the packet's
	 * (which p->ports still tells) and updates the checksum, to which all the changes add
	 * `delta` (checksum.h). A wrong checksum stays wrong. What fwd/rewrite.h does in line
	 * does not come here; NULL: all. */
	void (*translate)(const struct packet *p, union packet_ports ports, uint16_t delta);

	/* Worker, table full: may this connection be given up for a new one? Half-open and
	 * finished ones may, those that carry traffic never. */
	bool (*expendable)(const struct conn *c);
};

void proto_register(const struct proto_ops *ops);
#define PROTO_REGISTER(ops)                                                                        \
	__attribute__((constructor)) static void ops##_register(void)                              \
	{                                                                                          \
		proto_register(&ops);                                                              \
	}

extern const struct proto_ops *proto_table[256]; /* by IPPROTO_*; NULL: not balanced */

#define IKE_PORT 500

static inline bool proto_follows_ike(uint8_t proto)
{
	return proto_table[proto] && proto_table[proto]->follows_ike;
}

/* The kernel's default timeouts of every registered protocol. */
void proto_timeouts_default(struct timeouts *out);

#endif
