/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SCTP (RFC 9260): the kernel's state table of an association that is watched from the middle, by
 * the first chunk of each packet, for both directions and for connections of which only the
 * client's packets are seen (DR, TUN). Every cell was asked of the kernel (tests/oracle).
 */
#include "sctp.h"

#include <rte_hash_crc.h>

#include "proto.h"

enum sctp_state { NO, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL, SCTP_STATES };
enum sctp_event {
	ON_OTHER, /* data, and every chunk that has no event */
	ON_INIT,
	ON_INIT_ACK,
	ON_COOKIE_ECHO,
	ON_COOKIE_ACK,
	ON_ABORT,
	ON_SHUTDOWN,
	ON_SHUTDOWN_ACK,
	ON_SHUTDOWN_COMPLETE,
	ON_ERROR,
	SCTP_EVENTS
};
enum sctp_view { INPUT, OUTPUT, INPUT_ONLY, SCTP_VIEWS };

static const char *const sctp_names[SCTP_STATES] = {
	[NO] = "NONE",        [I1] = "INIT1",  [IN] = "INIT",       [CS] = "C-SENT",
	[CR] = "C-REPLIED",   [CW] = "C-WAIT", [CO] = "COOKIE",     [CE] = "C-ECHOED",
	[ES] = "ESTABLISHED", [SS] = "S-SENT", [SR] = "S-RECEIVED", [SA] = "S-ACK-SENT",
	[RJ] = "REJECTED",    [CL] = "CLOSED",
};

static const uint32_t sctp_timeouts[SCTP_STATES] = {
	[NO] = 2,  [I1] = 4,   [IN] = 61, [CS] = 61, [CR] = 61, [CW] = 61, [CO] = 61,
	[CE] = 61, [ES] = 900, [SS] = 61, [SR] = 61, [SA] = 61, [RJ] = 4,  [CL] = 61,
};

static const uint8_t events[256] = {
	[SCTP_INIT] = ON_INIT,
	[SCTP_INIT_ACK] = ON_INIT_ACK,
	[SCTP_COOKIE_ECHO] = ON_COOKIE_ECHO,
	[SCTP_COOKIE_ACK] = ON_COOKIE_ACK,
	[SCTP_ABORT] = ON_ABORT,
	[SCTP_SHUTDOWN] = ON_SHUTDOWN,
	[SCTP_SHUTDOWN_ACK] = ON_SHUTDOWN_ACK,
	[SCTP_SHUTDOWN_COMPLETE] = ON_SHUTDOWN_COMPLETE,
	[SCTP_ERROR] = ON_ERROR,
};

/* Column: the state before. */
static const uint8_t transitions[SCTP_VIEWS][SCTP_EVENTS][SCTP_STATES] =
	{
		/* clang-format off */
	[INPUT] = {
		/*                        NO  I1  IN  CS  CR  CW  CO  CE  ES  SS  SR  SA  RJ  CL */
		[ON_OTHER]             = {ES, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL},
		[ON_INIT]              = {I1, IN, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, IN, IN},
		[ON_INIT_ACK]          = {CW, CW, CW, CS, CR, CO, CO, CE, ES, SS, SR, SA, RJ, CL},
		[ON_COOKIE_ECHO]       = {CR, IN, IN, CR, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL},
		[ON_COOKIE_ACK]        = {ES, I1, IN, CS, CR, CW, CO, ES, ES, SS, SR, SA, RJ, CL},
		[ON_ABORT]             = {CL, CL, CL, CL, CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL},
		[ON_SHUTDOWN]          = {SR, I1, IN, CS, CR, CW, CO, CE, SR, SS, SR, SA, RJ, CL},
		[ON_SHUTDOWN_ACK]      = {CL, IN, IN, CS, CR, CW, CO, CE, ES, CL, SR, CL, RJ, CL},
		[ON_SHUTDOWN_COMPLETE] = {CL, CL, CL, CS, CR, CW, CO, CE, ES, SS, SR, CL, RJ, CL},
		[ON_ERROR]             = {CL, I1, IN, CS, CR, CW, CO, CL, ES, SS, SR, SA, RJ, CL},
	},
	[OUTPUT] = {
		/*                        NO  I1  IN  CS  CR  CW  CO  CE  ES  SS  SR  SA  RJ  CL */
		[ON_OTHER]             = {ES, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL},
		[ON_INIT]              = {CW, CW, CW, CW, CW, CW, CW, CW, ES, CW, CW, CW, CW, CW},
		[ON_INIT_ACK]          = {CS, CS, CS, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL},
		[ON_COOKIE_ECHO]       = {CE, CE, CE, CE, CE, CE, CE, CE, ES, SS, SR, SA, RJ, CL},
		[ON_COOKIE_ACK]        = {ES, ES, ES, ES, ES, ES, ES, ES, ES, SS, SR, SA, RJ, CL},
		[ON_ABORT]             = {CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL},
		[ON_SHUTDOWN]          = {SS, SS, SS, SS, SS, SS, SS, SS, SS, SS, SR, SA, RJ, CL},
		[ON_SHUTDOWN_ACK]      = {SA, SA, SA, SA, SA, CW, CO, CE, ES, SA, SA, SA, RJ, CL},
		[ON_SHUTDOWN_COMPLETE] = {CL, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL},
		[ON_ERROR]             = {CL, CL, CL, CL, CL, CW, CO, CE, ES, SS, SR, SA, RJ, CL},
	},
	[INPUT_ONLY] = {
		/*                        NO  I1  IN  CS  CR  CW  CO  CE  ES  SS  SR  SA  RJ  CL */
		[ON_OTHER]             = {ES, I1, IN, CS, CR, ES, CO, CE, ES, SS, SR, SA, RJ, CL},
		[ON_INIT]              = {I1, IN, IN, IN, IN, IN, CO, CE, ES, SS, SR, SA, IN, IN},
		[ON_INIT_ACK]          = {CE, CE, CE, CE, CE, CE, CO, CE, ES, SS, SR, SA, RJ, CL},
		[ON_COOKIE_ECHO]       = {ES, ES, ES, ES, ES, ES, CO, CE, ES, SS, SR, SA, RJ, CL},
		[ON_COOKIE_ACK]        = {ES, I1, IN, ES, ES, CW, ES, ES, ES, SS, SR, SA, RJ, CL},
		[ON_ABORT]             = {CL, CL, CL, CL, CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL},
		[ON_SHUTDOWN]          = {SR, I1, IN, CS, CR, CW, CO, CE, SR, SS, SR, SA, RJ, CL},
		[ON_SHUTDOWN_ACK]      = {CL, IN, IN, CS, CR, CW, CO, CE, CL, CL, SR, CL, RJ, CL},
		[ON_SHUTDOWN_COMPLETE] = {CL, CL, CL, CL, CL, CW, CO, CE, ES, SS, CL, CL, RJ, CL},
		[ON_ERROR]             = {CL, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL},
	},
		/* clang-format on */
};

static bool sctp_opens(const struct packet *p)
{
	return p->sctp_chunk == SCTP_INIT;
}

static bool sctp_reopens(const struct packet *p, const struct conn *c)
{
	return p->sctp_chunk == SCTP_INIT && c->state == CL;
}

static uint8_t sctp_next_state(const struct packet *p, struct conn *c, enum conn_dir dir)
{
	enum sctp_view view = dir == CONN_OUT ? OUTPUT : INPUT;

	if (c->flags & CONN_NOOUTPUT) {
		if (dir == CONN_OUT)
			c->flags &= (uint16_t)~CONN_NOOUTPUT;
		else
			view = INPUT_ONLY;
	}
	return transitions[view][events[p->sctp_chunk]][c->state];
}

/*
 * The checksum covers the ports, not the addresses. CRC32c is linear: what a change of the ports
 * does to it is the CRC of the change itself, followed by as many zero bytes as the packet has
 * behind the ports. So a wrong checksum stays wrong by as much as it was.
 */
static void sctp_translate(const struct packet *p, union packet_ports ports, uint16_t delta)
{
	struct sctp_header *sctp = rte_pktmbuf_mtod_offset(p->mbuf, struct sctp_header *, p->l4);
	uint32_t n = (uint32_t)p->l3_len - (uint32_t)(p->l4 - p->l3) - (uint32_t)sizeof(ports);

	(void)delta;
	if (ports.both == p->ports)
		return;
	uint32_t crc = rte_hash_crc_4byte(rte_le_to_cpu_32(ports.both ^ p->ports), 0);

	for (; n >= sizeof(uint64_t); n -= (uint32_t)sizeof(uint64_t))
		crc = rte_hash_crc_8byte(0, crc);
	for (; n; n--)
		crc = rte_hash_crc_1byte(0, crc);
	memcpy(sctp, &ports.both, sizeof(ports.both));
	sctp->checksum ^= rte_cpu_to_le_32(crc);
}

/* No association yet, or none any more. */
static bool sctp_expendable(const struct conn *c)
{
	return (1u << NO | 1u << I1 | 1u << IN | 1u << RJ | 1u << CL) >> c->state & 1;
}

static const struct proto_ops sctp = {
	.name = "SCTP",
	.proto = IPPROTO_SCTP,
	.index = PROTO_IX_SCTP,
	.fragments = false, /* a CRC cannot be updated without the length of the whole */
	.n_states = SCTP_STATES,
	.state_names = sctp_names,
	.timeouts = sctp_timeouts,
	.opens = sctp_opens,
	.reopens = sctp_reopens,
	.next_state = sctp_next_state,
	.active_states = 1u << ES,
	.translate = sctp_translate,
	.expendable = sctp_expendable,
};
PROTO_REGISTER(sctp)
