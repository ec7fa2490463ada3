/* SPDX-License-Identifier: BSD-3-Clause */
/* The worker's side of requests: copies of its connections, a bounded number at a time. */
#include "mailbox.h"

#include <errno.h>

#include "pipeline.h"
#include "proto/proto.h"
#include "worker.h"

/* Objects looked at per request: bounds the pause between two bursts to some microseconds. */
#define WALK_LOOKS 1024

static void view_fill(const struct worker *w, const struct conn *c, struct conn_view *v)
{
	const struct proto_ops *proto = proto_table[c->proto];
	int32_t left = (int32_t)(c->expires - w->now);

	*v = (struct conn_view){
		.cport = c->cport,
		.vport = c->vport,
		.dport = c->dport,
		.af = c->af,
		.daf = c->daf,
		.proto = c->proto,
		.worker = (uint8_t)w->id,
		.flags = c->flags,
		.expires_ms = left > 0 ? (uint32_t)((uint64_t)left * 1000 / TICKS_PER_SECOND) : 0,
		.dest = c->dest,
		.state = proto ? proto->state_names[c->state] : "NONE",
	};
	if (c->af == AF_INET && c->daf == AF_INET) {
		v->caddr = addr_v4(c->caddr);
		v->vaddr = addr_v4(c->vaddr);
		v->daddr = addr_v4(c->daddr);
	} else {
		const struct conn6 *a = conn_addr6(&w->conns, c);

		v->caddr = a->caddr;
		v->vaddr = a->vaddr;
		v->daddr = a->daddr;
	}
}

static void walk(struct worker *w, struct mail *m)
{
	const struct conn_table *t = &w->conns;
	uint32_t high = t->arena->high;
	uint32_t at = m->cursor, stop = RTE_MIN(high, at + WALK_LOOKS);

	m->got = 0;
	for (; at < stop && m->got < m->want; at++)
		if (t->hot[at].af)
			view_fill(w, &t->hot[at], &m->views[m->got++]);
	m->cursor = at;
	m->end = at >= high;
}

void mailbox_serve(struct worker *w)
{
	struct mail *m = atomic_load_explicit(&w->mail, memory_order_acquire);

	if (likely(!m))
		return;
	if (m->kind == MAIL_WALK)
		walk(w, m);
	else
		pipeline_close_all(w);
	atomic_store_explicit(&w->mail, NULL, memory_order_relaxed);
	atomic_store_explicit(&m->done, true, memory_order_release);
}

int mailbox_post(struct worker *w, struct mail *mail)
{
	if (atomic_load_explicit(&w->mail, memory_order_relaxed))
		return -EAGAIN;
	atomic_store_explicit(&mail->done, false, memory_order_relaxed);
	atomic_store_explicit(&w->mail, mail, memory_order_release);
	return 0;
}
