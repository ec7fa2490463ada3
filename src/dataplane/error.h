/* SPDX-License-Identifier: BSD-3-Clause */
/* One sentence for people, beside the errno. */
#ifndef LVSD_DATAPLANE_ERROR_H
#define LVSD_DATAPLANE_ERROR_H

#include <stdarg.h>
#include <stdio.h>

#include "dataplane.h"

/* Writes the sentence and returns `code`, so that a failure is one statement. */
__attribute__((format(printf, 3, 4))) static inline int error_set(struct dp_error *err, int code,
								  const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(err->text, sizeof(err->text), format, ap);
	va_end(ap);
	return code;
}

#endif
