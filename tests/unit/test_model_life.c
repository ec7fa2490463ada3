/* SPDX-License-Identifier: BSD-3-Clause */
/* What outlives an edit of the model: removed destinations, shared snapshots, counters, rates. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "control/estimator.h"
#include "control/trash.h"
#include "model_fixture.h"

/* ---- trash ------------------------------------------------------------------------------- */

static void revival(void **state)
{
	struct model_stats s;
	uint32_t id;

	add("10.0.0.1", 1);
	id = dest("10.0.0.1")->id;
	fake_load(id)->active = 3;
	*fake_stats(id) = (struct dest_stats){5, 50, 40, 5000, 4000};
	del("10.0.0.1");
	assert_int_equal(seen()->n_dests, 0);
	assert_int_equal(snapshot_dest(fake_snapshot(), id)->flags, 0);
	fake_stats(id)->inpkts = 60; /* its connections go on */
	model_service_stats(svc(), &s);
	assert_int_equal(s.count.conns, 5);
	assert_int_equal(s.count.inpkts, 60);
	pass(200);
	add("10.0.0.1", 2);
	assert_int_equal(dest("10.0.0.1")->id, id);
	assert_int_equal(snapshot_dest(fake_snapshot(), id)->flags, 0);
	assert_int_equal(seen()->n_dests, 1);
	assert_int_equal(snapshot_dest(fake_snapshot(), id)->flags, DEST_AVAILABLE);
	model_dest_stats(dest("10.0.0.1"), &s);
	assert_int_equal(s.count.conns, 5);
	assert_int_equal(s.count.inpkts, 60);
}

static void purge(void **state)
{
	struct model_stats s;
	uint32_t id, next;

	add("10.0.0.1", 1);
	id = dest("10.0.0.1")->id;
	fake_load(id)->inactive = 1;
	fake_stats(id)->conns = 7;
	del("10.0.0.1");
	pass(1000);
	add("10.0.0.1", 1); /* it waited for its connection */
	assert_int_equal(dest("10.0.0.1")->id, id);
	del("10.0.0.1");
	fake_load(id)->inactive = 0;
	pass(1 + TRASH_IDLE_SECONDS - 1);
	add("10.0.0.2", 1); /* still there: another id */
	assert_int_not_equal(dest("10.0.0.2")->id, id);
	pass(2);
	/* Gone, and what it counted stays with the service. */
	model_service_stats(svc(), &s);
	assert_int_equal(s.count.conns, 7);
	add("10.0.0.1", 1);
	next = dest("10.0.0.1")->id;
	assert_int_equal(next, id); /* the only free one */
	model_dest_stats(dest("10.0.0.1"), &s);
	assert_int_equal(s.count.conns, 0);
	model_service_stats(svc(), &s);
	assert_int_equal(s.count.conns, 7);
}

static void id_waits_for_grace(void **state)
{
	uint32_t id;

	add("10.0.0.1", 1);
	id = dest("10.0.0.1")->id;
	del("10.0.0.1");
	seen();
	fake_grace_period();
	for (unsigned int i = 0; i < 2 + TRASH_IDLE_SECONDS; i++)
		trash_tick(tick());
	add("10.0.0.1", 1);
	assert_int_not_equal(dest("10.0.0.1")->id, id); /* purged, but somebody may look at it */
	fake_grace_period();
	add("10.0.0.2", 1);
	assert_int_equal(dest("10.0.0.2")->id, id);
}

/* A removed service lives on in the destinations that have connections. */
static void service_in_trash(void **state)
{
	struct model_stats s;
	uint32_t id, sid;

	add("10.0.0.1", 1);
	id = dest("10.0.0.1")->id;
	sid = svc()->id;
	fake_load(id)->active = 1;
	fake_stats(id)->conns = 9;
	model_service_del(svc());
	assert_null(seen());
	pass(300);
	assert_true(fake_is_vip(VIP));
	assert_int_equal(snapshot_dest(fake_snapshot(), id)->service, sid);
	/* Its id is not given to another. */
	add_service(IPPROTO_TCP, "192.0.2.7", 80, "rr");
	assert_int_not_equal(service(IPPROTO_TCP, "192.0.2.7", 80)->id, sid);
	/* The same destination of another service is not the same one. */
	struct dest_key k = dkey("10.0.0.1", 80);
	struct dest_spec ds = {.weight = 1};

	model_dest_add(service(IPPROTO_TCP, "192.0.2.7", 80), &k, &ds, &err);
	assert_int_not_equal(model_dest_find(service(IPPROTO_TCP, "192.0.2.7", 80), &k)->id, id);
	/* A new service of its name gets it back, and begins to count anew. */
	add_service(IPPROTO_TCP, VIP, 80, "rr");
	add("10.0.0.1", 1);
	assert_int_equal(dest("10.0.0.1")->id, id);
	assert_int_equal(seen()->dests[0].id, id);
	model_service_stats(svc(), &s);
	assert_int_equal(s.count.conns, 0);
	model_dest_stats(dest("10.0.0.1"), &s);
	assert_int_equal(s.count.conns, 0);
	fake_stats(id)->conns = 10;
	model_service_stats(svc(), &s);
	assert_int_equal(s.count.conns, 1);
	/* And when the last connection ends, so does the virtual address. */
	model_service_del(svc());
	model_publish();
	fake_load(id)->active = 0;
	assert_true(fake_is_vip(VIP));
	pass(1);
	assert_false(fake_is_vip(VIP));
	fake_load(id)->inactive = 1;
	pass(1);
	assert_true(fake_is_vip(VIP));
	fake_load(id)->inactive = 0;
	pass(TRASH_IDLE_SECONDS + 2);
	assert_false(fake_is_vip(VIP));
}

static void many_destinations(void **state)
{
	char addr[32];

	for (int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < 1000; i++) {
			snprintf(addr, sizeof(addr), "10.0.%u.%u", i / 200, 1 + i % 200);
			assert_int_equal(add(addr, i % 10), 0);
			if (i % 50 == 0)
				model_publish();
		}
		assert_int_equal(seen()->n_dests, 1000);
		if (round == 0)
			model_flush();
		else
			model_service_del(svc());
		add_service(IPPROTO_TCP, VIP, 80, "wrr");
		if (round)
			pass(TRASH_IDLE_SECONDS + 2);
	}
	/* 1000 of them never needed more ids than there were alive at once. */
	assert_true(fake_snapshot()->n_dest_pages <= 1000 / DEST_PAGE_SIZE + 1);
}

/* ---- sharing ----------------------------------------------------------------------------- */

static void edits_share(void **state)
{
	const struct snapshot *before;
	char addr[32];

	add_service(IPPROTO_TCP, "192.0.2.2", 80, "rr");
	for (unsigned int i = 0; i < 600; i++) {
		snprintf(addr, sizeof(addr), "10.0.%u.%u", i / 200, 1 + i % 200);
		add(addr, 1);
	}
	model_publish();
	before = fake_snapshot();

	const struct service *other = fake_find(IPPROTO_TCP, "192.0.2.2", 80);
	const struct dest_page *page0 = before->dest_pages[0], *page2 = before->dest_pages[2];
	const struct vip *vips = before->vips;

	edit("10.0.0.1", 5); /* id 0, page 0 */
	model_publish();
	assert_ptr_equal(fake_find(IPPROTO_TCP, "192.0.2.2", 80), other);
	assert_ptr_not_equal(fake_snapshot()->dest_pages[0], page0);
	assert_ptr_equal(fake_snapshot()->dest_pages[2], page2);
	assert_ptr_equal(fake_snapshot()->vips, vips);
	/* Changes together are one snapshot. */
	unsigned int published = fake_published();

	edit("10.0.0.1", 6);
	edit("10.0.0.2", 6);
	model_service_del(service(IPPROTO_TCP, "192.0.2.2", 80));
	model_publish();
	assert_int_equal(fake_published(), published + 1);
	fake_grace_period();
}

/* ---- counters ---------------------------------------------------------------------------- */

static void zeroing(void **state)
{
	struct model_stats s;
	uint32_t a, b;

	add("10.0.0.1", 1);
	add("10.0.0.2", 1);
	a = dest("10.0.0.1")->id;
	b = dest("10.0.0.2")->id;
	fake_stats(a)->inbytes = 100;
	fake_stats(b)->inbytes = 11;
	del("10.0.0.2");
	model_service_zero(svc());
	model_service_stats(svc(), &s);
	assert_int_equal(s.count.inbytes, 0);
	fake_stats(a)->inbytes = 103;
	fake_stats(b)->inbytes = 12;
	model_service_stats(svc(), &s);
	assert_int_equal(s.count.inbytes, 4);
	model_dest_stats(dest("10.0.0.1"), &s);
	assert_int_equal(s.count.inbytes, 3);
	edit("10.0.0.1", 7); /* keeps counters */
	model_dest_stats(dest("10.0.0.1"), &s);
	assert_int_equal(s.count.inbytes, 3);
	add("10.0.0.2", 1); /* what was in the trash was not zeroed */
	model_dest_stats(dest("10.0.0.2"), &s);
	assert_int_equal(s.count.inbytes, 12);
	model_zero();
	model_dest_stats(dest("10.0.0.2"), &s);
	assert_int_equal(s.count.inbytes, 0);
}

/* The kernel's numbers: every two seconds a quarter of the way to the rate of these seconds. */
static void rates(void **state)
{
	struct model_rates r;
	struct estimator e = {0};
	struct dest_stats now = {0};
	static const uint64_t expect[] = {25, 44, 58, 68};

	for (size_t i = 0; i < 4; i++) {
		now.conns += 200; /* 100 a second */
		now.inbytes += 2000;
		estimator_sample(&e, &now);
		estimator_read(&e, &r);
		assert_int_equal(r.cps, expect[i]);
	}
	for (unsigned int i = 0; i < 100; i++) {
		now.conns += 200;
		now.inbytes += 2000;
		estimator_sample(&e, &now);
	}
	estimator_read(&e, &r);
	assert_int_equal(r.cps, 100);
	assert_int_equal(r.inbps, 1000);
	for (unsigned int i = 0; i < 100; i++)
		estimator_sample(&e, &now);
	estimator_read(&e, &r);
	assert_int_equal(r.cps, 0);
	assert_int_equal(r.inbps, 0);
}

static void rates_of_service(void **state)
{
	struct model_stats s;

	add("10.0.0.1", 1);
	for (unsigned int i = 0; i < ESTIMATOR_TURNS; i++)
		estimator_tick();
	fake_stats(dest("10.0.0.1")->id)->outpkts = 80;
	for (unsigned int i = 0; i < ESTIMATOR_TURNS; i++)
		estimator_tick();
	model_service_stats(svc(), &s);
	assert_int_equal(s.rate.outpps, 10);
	model_dest_stats(dest("10.0.0.1"), &s);
	assert_int_equal(s.rate.outpps, 10);
	model_service_zero(svc());
	model_service_stats(svc(), &s);
	assert_int_equal(s.rate.outpps, 0);
}

int main(void)
{
#define EMPTY(test) cmocka_unit_test_setup_teardown(test, model_setup, model_teardown)
#define READY(test) cmocka_unit_test_setup_teardown(test, model_setup_service, model_teardown)
	const struct CMUnitTest tests[] = {
		READY(revival),
		READY(purge),
		READY(id_waits_for_grace),
		READY(service_in_trash),
		READY(many_destinations),
		READY(edits_share),
		READY(zeroing),
		EMPTY(rates),
		READY(rates_of_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
