/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of a forwarding method: how a packet of a connection is changed on its way to the
 * server and back. One file per method, ending with FWD_REGISTER.
 */
#ifndef LVSD_DATAPLANE_FWD_H
#define LVSD_DATAPLANE_FWD_H

#include "../conn.h"
#include "../packet.h"

struct fwd_ops {
	const char *name;
	enum fwd_method method;
	bool sees_reply; /* replies pass the director; otherwise only the client's packets do */

	/* Worker, new connection: addresses and ports are set, laddr and lport are the client's;
	 * fills what rewriting needs. */
	void (*bind)(struct conn *c);

	/* Worker, every packet: rewrites in place and lowers the TTL. The packet's next hop is
	 * known, its TTL is above 1 and it fits the MTU. */
	void (*rewrite[2])(const struct packet *p, const struct conn *c); /* by enum conn_dir */
};

void fwd_register(const struct fwd_ops *ops);
#define FWD_REGISTER(ops)                                                                          \
	__attribute__((constructor)) static void ops##_register(void)                              \
	{                                                                                          \
		fwd_register(&ops);                                                                \
	}

extern const struct fwd_ops *fwd_table[CONN_FWD_MASK + 1]; /* by enum fwd_method; NULL: none */

#endif
