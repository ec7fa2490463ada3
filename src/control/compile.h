/* SPDX-License-Identifier: BSD-3-Clause */
/* From the model's objects to those of a snapshot. Main lcore. */
#ifndef LVSD_CONTROL_COMPILE_H
#define LVSD_CONTROL_COMPILE_H

#include "model.h"

/* One allocation with servers and events behind it. */
struct compiled_service {
	struct compiled_service *next_retired; /* publish.c's */
	struct service service;
};

/* What did not change is shared with svc->compiled. NULL without memory. */
struct compiled_service *compile_service(const struct model_service *svc);
void compile_free(void *compiled);

void compile_dest(const struct model_dest *dest, struct dest *out);

#endif
