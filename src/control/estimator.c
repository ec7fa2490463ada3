/* SPDX-License-Identifier: BSD-3-Clause */
/* Smoothed rates of services and destinations. Same arithmetic as the kernel's ip_vs_est. */
#include "estimator.h"

#include "model_private.h"

/* Fixed point of the averages: connections and packets 2^10, bytes 2^5. The shift that makes a
 * difference over two seconds such a number is one less. */
#define PACKET_SHIFT 10
#define BYTE_SHIFT   5

static unsigned int turn;

static void smooth(uint64_t *average, uint64_t difference, unsigned int shift)
{
	int64_t rate = (int64_t)(difference << (shift - 1));

	*average += (uint64_t)((rate - (int64_t)*average) >> 2);
}

void estimator_sample(struct estimator *est, const struct dest_stats *now)
{
	const struct dest_stats *last = &est->last;
	struct model_rates *r = &est->scaled;

	smooth(&r->cps, now->conns - last->conns, PACKET_SHIFT);
	smooth(&r->inpps, now->inpkts - last->inpkts, PACKET_SHIFT);
	smooth(&r->outpps, now->outpkts - last->outpkts, PACKET_SHIFT);
	smooth(&r->inbps, now->inbytes - last->inbytes, BYTE_SHIFT);
	smooth(&r->outbps, now->outbytes - last->outbytes, BYTE_SHIFT);
	est->last = *now;
}

void estimator_zero(struct estimator *est, const struct dest_stats *now)
{
	*est = (struct estimator){.last = *now};
}

/* The kernel's rounding: just below a half goes down, a half and more goes up. */
static uint64_t whole(uint64_t scaled, unsigned int shift)
{
	return (scaled + (1u << (shift - 1)) - 1) >> shift;
}

void estimator_read(const struct estimator *est, struct model_rates *out)
{
	const struct model_rates *r = &est->scaled;

	out->cps = whole(r->cps, PACKET_SHIFT);
	out->inpps = whole(r->inpps, PACKET_SHIFT);
	out->outpps = whole(r->outpps, PACKET_SHIFT);
	out->inbps = whole(r->inbps, BYTE_SHIFT);
	out->outbps = whole(r->outbps, BYTE_SHIFT);
}

static void sample_service(struct model_service *svc)
{
	struct dest_stats now;
	struct model_dest *d;

	TAILQ_FOREACH (d, &svc->dests, link) {
		dp_dest_stats(d->id, &now);
		estimator_sample(&d->est, &now);
	}
	model_service_raw(svc, &now);
	estimator_sample(&svc->est, &now);
}

void estimator_tick(void)
{
	for (uint32_t id = turn; id < model_service_ids(); id += ESTIMATOR_TURNS) {
		struct model_service *svc = model_service_at(id);

		if (svc)
			sample_service(svc);
	}
	turn = (turn + 1) % ESTIMATOR_TURNS;
}
