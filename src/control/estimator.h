/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rates per second, smoothed as the kernel smooths them: every two seconds a quarter of the
 * difference between the rate of these two seconds and the average is added to the average.
 * Owner: the main lcore.
 */
#ifndef LVSD_CONTROL_ESTIMATOR_H
#define LVSD_CONTROL_ESTIMATOR_H

#include "model.h"

/* The two seconds are cut into so many turns; a service has its turn by its id, so that ten
 * thousands of them do not hold up the loop at once. */
#define ESTIMATOR_TURNS   20
#define ESTIMATOR_TURN_MS (2000 / ESTIMATOR_TURNS)

/* Takes the next turn: services, and their destinations, whose turn it is. */
void estimator_tick(void);

/* `now` are the counters two seconds after the last call. */
void estimator_sample(struct estimator *est, const struct dest_stats *now);

/* Rates become 0, and count on from `now`. */
void estimator_zero(struct estimator *est, const struct dest_stats *now);

void estimator_read(const struct estimator *est, struct model_rates *out);

#endif
