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
	bool sees_reply;  /* replies pass the director; otherwise only the client's packets do */
	bool needs_laddr; /* speaks to servers from a local address and port (laddr.h) */
	bool crosses_families; /* the server's address may be of another family */

	/* Worker, new connection: addresses and ports are set, laddr and lport are the client's;
	 * fills what rewriting needs. */
	void (*bind)(const struct conn_table *t, struct conn *c); /* may be NULL */

	/* Worker, every packet: rewrites in place and lowers the TTL. The packet's next hop is
	 * known, its TTL is above 1 and it fits the MTU. By enum conn_dir. */
	void (*rewrite[2])(const struct conn_table *t, const struct packet *p,
			   const struct conn *c);

	/* Worker: the same for a fragment without ports, which follows a first one that
	 * rewrite() has changed. NULL: rewrite() itself touches nothing beyond the IP header. */
	void (*rewrite_rest[2])(const struct conn_table *t, const struct packet *p,
				const struct conn *c);

	/* Methods that tell the server what they hide from it. Worker, every packet while
	 * c->client_info is set, after rewrite: may make a packet to the server longer, up to `mtu`
	 * bytes. NULL: none. */
	void (*inform)(const struct conn_table *t, struct packet *p, struct conn *c,
		       enum conn_dir dir, uint32_t mtu);

	/* Methods that add headers. Worker: how many bytes toward d. NULL: none. */
	uint16_t (*overhead)(const struct dest *d);

	/* Worker, after rewrite, toward the server: puts them before the IP header, which lies
	 * right behind room for an Ethernet header and keeps such room. `from` is the director's
	 * address toward d, `flow` a number that all packets of the connection share. False:
	 * there is no space. */
	bool (*encapsulate)(struct packet *p, const struct dest *d, const struct lvs_addr *from,
			    uint32_t flow);
};

void fwd_register(const struct fwd_ops *ops);
#define FWD_REGISTER(ops)                                                                          \
	__attribute__((constructor)) static void ops##_register(void)                              \
	{                                                                                          \
		fwd_register(&ops);                                                                \
	}

extern const struct fwd_ops *fwd_table[CONN_FWD_MASK + 1]; /* by enum fwd_method; NULL: none */

#endif
