/* SPDX-License-Identifier: BSD-3-Clause */
/* Between harness.c and world.c. */
#ifndef LVSD_TESTS_WORLD_H
#define LVSD_TESTS_WORLD_H

void world_tables_begin(void); /* publishes an empty snapshot and an empty fib */
void world_tables_end(void);

#endif
