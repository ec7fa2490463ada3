/* SPDX-License-Identifier: BSD-3-Clause */
/* Fragments of balanced protocols follow their datagram's first one; see frag.c. */
#ifndef LVSD_DATAPLANE_FRAG_H
#define LVSD_DATAPLANE_FRAG_H

#include "worker.h"

/* Takes over a PACKET_FRAGMENT. */
void frag_process(struct worker *w, struct packet *p);

/* Ends datagrams that were not complete in time. */
void frag_expire(struct worker *w);

/* The worker that keeps the fragments of a PACKET_FRAGMENT's datagram in order: all of them must
 * go there. */
unsigned int frag_collector(const struct worker *w, const struct packet *p);

/* What became of a first fragment (FRAGMENT_FIRST): it goes the way of c in direction dir, the
 * others follow; or it is given to the kernel. If neither is said, it was dropped. */
void frag_follow(struct worker *w, const struct conn *c, enum conn_dir dir);
void frag_punted(struct worker *w);

#endif
