/* SPDX-License-Identifier: BSD-3-Clause */
/* Registry of protocols. */
#include "proto.h"

#include <stdio.h>
#include <stdlib.h>

const struct proto_ops *proto_table[256];

void proto_register(const struct proto_ops *ops)
{
	if (proto_table[ops->proto] || ops->n_states > PROTO_STATES_MAX) {
		fprintf(stderr, "protocol %s is registered twice or has too many states\n",
			ops->name);
		abort();
	}
	proto_table[ops->proto] = ops;
}

void proto_timeouts_default(struct timeouts *out)
{
	*out = (struct timeouts){0};
	for (int i = 0; i < 256; i++) {
		const struct proto_ops *ops = proto_table[i];

		for (unsigned int s = 0; ops && s < ops->n_states; s++)
			out->s[ops->index][s] = ops->timeouts[s];
	}
}
