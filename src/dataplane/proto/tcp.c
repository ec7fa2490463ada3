/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP: the kernel's state table of a connection that is watched from the middle, for both
 * directions and for connections of which only the client's packets are seen (DR, TUN).
 */
#include "proto.h"

enum tcp_state { NO, ES, SS, SR, FW, TW, CL, CW, LA, LI, SA, TCP_STATES };
enum tcp_event { SYN, FIN, ACK, RST, TCP_EVENTS };
enum tcp_view { INPUT, OUTPUT, INPUT_ONLY, TCP_VIEWS };

static const char *const tcp_names[TCP_STATES] = {
	[NO] = "NONE",     [ES] = "ESTABLISHED", [SS] = "SYN_SENT", [SR] = "SYN_RECV",
	[FW] = "FIN_WAIT", [TW] = "TIME_WAIT",   [CL] = "CLOSE",    [CW] = "CLOSE_WAIT",
	[LA] = "LAST_ACK", [LI] = "LISTEN",      [SA] = "SYNACK",
};

static const uint32_t tcp_timeouts[TCP_STATES] = {
	[NO] = 2,  [ES] = 900, [SS] = 120, [SR] = 60,  [FW] = 120, [TW] = 120,
	[CL] = 10, [CW] = 60,  [LA] = 30,  [LI] = 120, [SA] = 120,
};

/* Column: the state before. */
static const uint8_t transitions[TCP_VIEWS][TCP_EVENTS][TCP_STATES] =
	{
		/* clang-format off */
	[INPUT] = {	/* NO ES  SS  SR  FW  TW  CL  CW  LA  LI  SA */
		[SYN] = {  SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR },
		[FIN] = {  CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, TW },
		[ACK] = {  ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES },
		[RST] = {  CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, SR },
	},
	[OUTPUT] = {
		[SYN] = {  SS, ES, SS, SR, SS, SS, SS, SS, SS, LI, SR },
		[FIN] = {  TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW },
		[ACK] = {  ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES },
		[RST] = {  CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL },
	},
	[INPUT_ONLY] = {
		[SYN] = {  SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR },
		[FIN] = {  CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW },
		[ACK] = {  ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES },
		[RST] = {  CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL },
	},
		/* clang-format on */
};

/* A SYN with or without ACK; never with RST. Other packets belong to the local stack. */
static bool tcp_opens(const struct packet *p)
{
	return (p->tcp_flags & (RTE_TCP_SYN_FLAG | RTE_TCP_RST_FLAG)) == RTE_TCP_SYN_FLAG;
}

static bool tcp_reopens(const struct packet *p, const struct conn *c)
{
	return (p->tcp_flags & RTE_TCP_SYN_FLAG) && (c->state == TW || c->state == CL);
}

static int tcp_event(uint8_t flags)
{
	if (flags & RTE_TCP_RST_FLAG)
		return RST;
	if (flags & RTE_TCP_SYN_FLAG)
		return SYN;
	if (flags & RTE_TCP_FIN_FLAG)
		return FIN;
	if (flags & RTE_TCP_ACK_FLAG)
		return ACK;
	return -1;
}

static uint8_t tcp_next_state(const struct packet *p, struct conn *c, enum conn_dir dir)
{
	enum tcp_view view = dir == CONN_OUT ? OUTPUT : INPUT;
	int event = tcp_event(p->tcp_flags);

	if (c->flags & CONN_NOOUTPUT) {
		if (dir == CONN_OUT)
			c->flags &= (uint16_t)~CONN_NOOUTPUT;
		else
			view = INPUT_ONLY;
	}
	return event < 0 ? CL : transitions[view][event][c->state];
}

static bool tcp_expendable(const struct conn *c)
{
	return (1u << NO | 1u << SS | 1u << SR | 1u << CL | 1u << TW) >> c->state & 1;
}

static const struct proto_ops tcp = {
	.name = "TCP",
	.proto = IPPROTO_TCP,
	.index = PROTO_IX_TCP,
	.n_states = TCP_STATES,
	.state_names = tcp_names,
	.timeouts = tcp_timeouts,
	.fragments = true,
	.opens = tcp_opens,
	.reopens = tcp_reopens,
	.next_state = tcp_next_state,
	.active_states = 1u << ES | 1u << SS | 1u << SR | 1u << SA,
	.expendable = tcp_expendable,
};
PROTO_REGISTER(tcp)
