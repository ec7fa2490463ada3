/* SPDX-License-Identifier: BSD-3-Clause */
/* What lies on the wire of SCTP (RFC 9260 section 3). */
#ifndef LVSD_DATAPLANE_SCTP_H
#define LVSD_DATAPLANE_SCTP_H

#include <stdint.h>

struct sctp_header {
	uint16_t sport, dport;
	uint32_t tag;
	uint32_t checksum; /* CRC32c of the whole packet, least significant byte first */
};

_Static_assert(sizeof(struct sctp_header) == 12, "RFC 9260 section 3.1");

struct sctp_chunk_header {
	uint8_t type; /* enum sctp_chunk, or another */
	uint8_t flags;
	uint16_t length; /* this header included, padding not */
};

_Static_assert(sizeof(struct sctp_chunk_header) == 4, "RFC 9260 section 3.2");

enum sctp_chunk {
	SCTP_INIT = 1,
	SCTP_INIT_ACK = 2,
	SCTP_ABORT = 6,
	SCTP_SHUTDOWN = 7,
	SCTP_SHUTDOWN_ACK = 8,
	SCTP_ERROR = 9,
	SCTP_COOKIE_ECHO = 10,
	SCTP_COOKIE_ACK = 11,
	SCTP_SHUTDOWN_COMPLETE = 14,
};

#endif
