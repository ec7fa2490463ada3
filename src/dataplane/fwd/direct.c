/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DR (direct routing): only the Ethernet header and the TTL change; the server has the virtual
 * address itself and answers the client directly.
 */
#include "fwd.h"
#include "rewrite.h"

static void direct_in(const struct conn_table *t, const struct packet *p, const struct conn *c)
{
	(void)t;
	(void)c;
	rewrite_ttl(p, 0);
}

static const struct fwd_ops direct = {
	.name = "direct routing",
	.method = FWD_DIRECT,
	.rewrite = {direct_in, direct_in},
};
FWD_REGISTER(direct)
