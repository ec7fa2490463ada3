/* SPDX-License-Identifier: BSD-3-Clause */
/* Registry of encapsulations. */
#include "encap.h"

#include <stdio.h>
#include <stdlib.h>

const struct encap_ops *encap_table[TUNNEL_TYPES];

void encap_register(const struct encap_ops *ops)
{
	if (encap_table[ops->type]) {
		fprintf(stderr, "encapsulation %s is registered twice\n", ops->name);
		abort();
	}
	encap_table[ops->type] = ops;
}
