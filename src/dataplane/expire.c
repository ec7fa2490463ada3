/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timers of connections: a wheel of quarter-second slots, each a doubly linked list of indexes.
 * A connection that expires later than the wheel spans waits in the last slot and is moved on
 * when that comes round.
 */
#include "conn_wheel.h"

#define SLOT_TICKS (1u << WHEEL_SHIFT)
#define WHEEL_SPAN ((WHEEL_SLOTS - 2) * SLOT_TICKS)

void wheel_clear(struct conn_arena *a, tick_t now)
{
	a->wheel_now = now & ~(SLOT_TICKS - 1);
	for (uint32_t i = 0; i < WHEEL_SLOTS; i++)
		a->wheel[i] = CONN_NONE;
}

void wheel_link(struct conn_table *t, struct conn *c)
{
	struct conn_arena *a = t->arena;
	uint32_t i = conn_index(t, c);
	/* The end of the slot that holds `expires`: looked at when it is surely over. */
	tick_t due = (c->expires | (SLOT_TICKS - 1)) + 1;

	if (!tick_after(due, a->wheel_now))
		due = a->wheel_now + SLOT_TICKS;
	else if (due - a->wheel_now > WHEEL_SPAN)
		due = a->wheel_now + WHEEL_SPAN;
	c->wheel_due = due;

	uint32_t slot = (due >> WHEEL_SHIFT) & (WHEEL_SLOTS - 1);
	struct conn_cold *cold = &t->cold[i];

	cold->slot = slot;
	cold->prev = CONN_NONE;
	cold->next = a->wheel[slot];
	if (cold->next != CONN_NONE)
		t->cold[cold->next].prev = i;
	a->wheel[slot] = i;
}

void wheel_unlink(struct conn_table *t, struct conn *c)
{
	struct conn_cold *cold = &t->cold[conn_index(t, c)];

	if (cold->prev != CONN_NONE)
		t->cold[cold->prev].next = cold->next;
	else
		t->arena->wheel[cold->slot] = cold->next;
	if (cold->next != CONN_NONE)
		t->cold[cold->next].prev = cold->prev;
}

void conn_wheel_move(struct conn_table *t, struct conn *c)
{
	/* Already in the slot where it would go. */
	if (c->wheel_due == (c->expires | (SLOT_TICKS - 1)) + 1)
		return;
	wheel_unlink(t, c);
	wheel_link(t, c);
}

unsigned int conn_expire(struct conn_table *t, tick_t now, unsigned int budget,
			 void (*expire)(void *arg, struct conn *c), void *arg)
{
	struct conn_arena *a = t->arena;
	unsigned int looked = 0;

	while (!tick_after(a->wheel_now + SLOT_TICKS, now)) {
		tick_t turn = a->wheel_now + SLOT_TICKS;
		uint32_t slot = (turn >> WHEEL_SHIFT) & (WHEEL_SLOTS - 1);
		uint32_t i;

		while ((i = a->wheel[slot]) != CONN_NONE) {
			if (looked == budget)
				return looked;
			looked++;
			struct conn *c = &t->hot[i];
			uint32_t next = t->cold[i].next;

			if (next != CONN_NONE) {
				rte_prefetch0(&t->hot[next]);
				rte_prefetch0(&t->cold[next]);
			}
			if (!tick_after(c->expires, now)) {
				expire(arg, c);
				/* Let live by expire(): it was touched, and moves on below. */
				if (a->wheel[slot] != i)
					continue;
			}
			wheel_unlink(t, c);
			/* Not before the next turn: this slot must become empty. */
			a->wheel_now = turn;
			wheel_link(t, c);
			a->wheel_now = turn - SLOT_TICKS;
		}
		a->wheel_now = turn;
	}
	return looked;
}
