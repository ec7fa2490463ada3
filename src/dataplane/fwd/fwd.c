/* SPDX-License-Identifier: BSD-3-Clause */
/* Registry of forwarding methods. */
#include "fwd.h"

#include <stdio.h>
#include <stdlib.h>

const struct fwd_ops *fwd_table[CONN_FWD_MASK + 1];

void fwd_register(const struct fwd_ops *ops)
{
	if (fwd_table[ops->method]) {
		fprintf(stderr, "forwarding method %s is registered twice\n", ops->name);
		abort();
	}
	fwd_table[ops->method] = ops;
}
