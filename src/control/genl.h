/* SPDX-License-Identifier: BSD-3-Clause */
/* From datagrams to commands: framing, families, the table of commands, errors. Main lcore. */
#ifndef LVSD_CONTROL_GENL_H
#define LVSD_CONTROL_GENL_H

#include <stddef.h>

struct client;

/* Carries out every message of a datagram and queues the answers. `data` is aligned to 4 bytes.
 * A datagram that does not consist of whole messages is refused before anything is done. */
void genl_input(struct client *client, const void *data, size_t len);

/* Answers an error that belongs to no message. */
void genl_refuse(struct client *client, int error, const char *text);

#endif
