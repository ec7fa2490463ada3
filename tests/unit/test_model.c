/* SPDX-License-Identifier: BSD-3-Clause */
/* The model of services and destinations: rows of commands and what the kernel answers to them. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>
#include <linux/ip_vs.h>

#include "model_fixture.h"

/* ---- services ---------------------------------------------------------------------------- */

static void starts_empty(void **state)
{
	assert_int_equal(fake_published(), 1);
	assert_int_equal(fake_snapshot()->version, 1);
	assert_int_equal(fake_snapshot()->timeouts.s[PROTO_IX_TCP][DP_STATE_TCP_ESTABLISHED], 900);
	assert_null(model_walk_next(&(struct service_walk){.before = UINT64_MAX}));
	model_publish();
	assert_int_equal(fake_published(), 1); /* nothing changed, nothing is published */
}

static const struct {
	const char *what;
	uint16_t proto;
	const char *addr;
	const char *sched, *pe;
	uint32_t netmask, timeout;
	int result;
} service_rows[] = {
	{"plain", 6, VIP, "rr", "", UINT32_MAX, 0, 0},
	{"no scheduler", 6, VIP, "none", "", UINT32_MAX, 0, 0},
	{"unknown scheduler", 6, VIP, "nosuch", "", UINT32_MAX, 0, -ENOENT},
	{"empty scheduler name", 6, VIP, "", "", UINT32_MAX, 0, -ENOENT},
	{"persistence engine", 17, VIP, "rr", "sip", UINT32_MAX, 0, 0},
	{"unknown persistence engine", 17, VIP, "rr", "foo", UINT32_MAX, 0, -ENOENT},
	{"SCTP", 132, VIP, "wlc", "", UINT32_MAX, 0, 0},
	{"protocol 50", 50, VIP, "rr", "", UINT32_MAX, 0, -EINVAL},
	{"protocol 300", 300, VIP, "rr", "", UINT32_MAX, 0, -EINVAL},
	{"address 0", 6, "0.0.0.0", "rr", "", UINT32_MAX, 0, 0},
	{"multicast address", 6, "224.0.0.1", "rr", "", UINT32_MAX, 0, 0},
	{"any mask", 6, VIP, "rr", "", 24, 0, 0},
	{"IPv6", 6, "2001:db8::1", "rr", "", 64, 0, 0},
	{"IPv6 prefix 0", 6, "2001:db8::1", "rr", "", 0, 0, -EINVAL},
	{"IPv6 prefix 129", 6, "2001:db8::1", "rr", "", 129, 0, -EINVAL},
	{"scheduler before prefix", 6, "2001:db8::1", "nosuch", "", 129, 0, -ENOENT},
	{"long timeout", 6, VIP, "rr", "", UINT32_MAX, MODEL_TIMEOUT_MAX, 0},
	{"too long timeout", 6, VIP, "rr", "", UINT32_MAX, MODEL_TIMEOUT_MAX + 1, -EINVAL},
};

static void service_validation(void **state)
{
	for (size_t i = 0; i < sizeof(service_rows) / sizeof(service_rows[0]); i++) {
		struct service_key k = skey(service_rows[i].proto, service_rows[i].addr, 80);
		struct service_spec s = sspec(service_rows[i].sched, 0);
		int r;

		print_message("           %s\n", service_rows[i].what);
		snprintf(s.pe, sizeof(s.pe), "%s", service_rows[i].pe);
		s.netmask = service_rows[i].netmask;
		s.timeout = service_rows[i].timeout;
		err.text[0] = 0;
		r = model_service_add(&k, &s, &err);
		assert_int_equal(r, service_rows[i].result);
		if (r < 0)
			assert_true(err.text[0]);
		assert_int_equal(model_service_count(), r == 0);
		model_flush();
		model_publish();
		fake_grace_period();
	}
}

static void service_life(void **state)
{
	struct service_spec s = sspec("wrr", IP_VS_SVC_F_PERSISTENT);

	assert_int_equal(add_service(IPPROTO_TCP, VIP, 80, "rr"), -EEXIST);
	assert_int_equal(add_service(IPPROTO_UDP, VIP, 80, "rr"), 0);
	assert_int_equal(svc()->flags, IP_VS_SVC_F_HASHED);
	s.timeout = 360;
	assert_int_equal(model_service_edit(svc(), &s, &err), 0);
	assert_int_equal(svc()->flags, IP_VS_SVC_F_HASHED | IP_VS_SVC_F_PERSISTENT);
	assert_int_equal(seen()->timeout, 360);
	assert_string_equal(dp_sched_name(seen()->sched), "wrr");
	/* Only flags under the mask change. */
	s.flags = IP_VS_SVC_F_SCHED1;
	s.flags_mask = IP_VS_SVC_F_SCHED1 | IP_VS_SVC_F_SCHED2;
	assert_int_equal(model_service_edit(svc(), &s, &err), 0);
	assert_int_equal(svc()->flags,
			 IP_VS_SVC_F_HASHED | IP_VS_SVC_F_PERSISTENT | IP_VS_SVC_F_SCHED1);
	/* A failed edit changes nothing. */
	snprintf(s.sched, sizeof(s.sched), "nosuch");
	s.timeout = 1;
	assert_int_equal(model_service_edit(svc(), &s, &err), -ENOENT);
	assert_int_equal(svc()->timeout, 360);
	model_service_del(svc());
	assert_null(svc());
	assert_null(seen());
	assert_true(fake_is_vip(VIP)); /* of the UDP service */
	model_flush();
	model_publish();
	assert_false(fake_is_vip(VIP));
	assert_int_equal(model_service_count(), 0);
}

static void fwmark_services(void **state)
{
	struct service_key k4 = {.af = AF_INET, .fwmark = 5}, k6 = {.af = AF_INET6, .fwmark = 5};
	struct service_spec s = sspec("rr", 0);
	struct dest_key d = dkey("10.0.0.1", 80);
	struct dest_spec ds = {.weight = 1};

	assert_int_equal(model_service_add(&k4, &s, &err), 0);
	s.netmask = 128;
	assert_int_equal(model_service_add(&k6, &s, &err), 0);
	assert_int_equal(model_service_add(&k4, &s, &err), -EEXIST);
	assert_int_equal(model_dest_add(model_service_find(&k4), &d, &ds, &err), 0);
	model_publish();
	assert_int_equal(model_service_count(), 2);
	/* They are in no table, but room is made for them: the tables stay those of before. */
	for (k4.fwmark = 100; k4.fwmark < 200; k4.fwmark++)
		assert_int_equal(model_service_add(&k4, &s, &err), 0);
	k4.fwmark = 5;
	assert_int_equal(model_dest_edit(model_service_find(&k4), &d, &ds, &err), 0);
	model_publish();
	assert_int_equal(model_service_count(), 102);
}

/* The tables of the snapshot at many sizes, and with holes from removals. */
static void many_services(void **state)
{
	char addr[32];

	for (unsigned int i = 0; i < 3000; i++) {
		snprintf(addr, sizeof(addr), "10.%u.%u.1", i / 200, i % 200);
		assert_int_equal(add_service(IPPROTO_TCP, addr, (uint16_t)(i % 7), "rr"), 0);
		if (i % 300 == 0)
			model_publish();
	}
	model_publish();
	for (unsigned int i = 0; i < 3000; i += 1 + i % 3) {
		snprintf(addr, sizeof(addr), "10.%u.%u.1", i / 200, i % 200);
		model_service_del(service(IPPROTO_TCP, addr, (uint16_t)(i % 7)));
		if (i % 100 == 0) {
			model_publish();
			fake_grace_period();
		}
	}
	model_publish();
	for (unsigned int i = 0; i < 3000; i++) {
		uint16_t port = (uint16_t)(i % 7);

		snprintf(addr, sizeof(addr), "10.%u.%u.1", i / 200, i % 200);
		assert_int_equal(!service(IPPROTO_TCP, addr, port),
				 !fake_find(IPPROTO_TCP, addr, port));
		assert_int_equal(!service(IPPROTO_TCP, addr, port), !fake_is_vip(addr));
	}
	model_flush();
	model_publish();
	assert_int_equal(fake_grace_period() > 0, true);
}

/* ---- destinations ------------------------------------------------------------------------ */

static const struct {
	const char *what;
	const char *addr;
	uint32_t fwd, weight, upper, lower;
	uint8_t tun_type;
	uint16_t tun_port;
	int result;
} dest_rows[] = {
	{"plain", "10.0.0.1", 0, 1, 0, 0, 0, 0, 0},
	{"class E", "240.0.0.1", 0, 1, 0, 0, 0, 0, 0},
	{"loopback", "127.0.0.1", 0, 1, 0, 0, 0, 0, 0},
	{"address 0", "0.0.0.0", 0, 1, 0, 0, 0, 0, -EINVAL},
	{"broadcast", "255.255.255.255", 0, 1, 0, 0, 0, 0, -EINVAL},
	{"multicast", "224.0.0.1", 0, 1, 0, 0, 0, 0, -EINVAL},
	{"highest weight", "10.0.0.1", 0, INT32_MAX, 0, 0, 0, 0, 0},
	{"weight -1", "10.0.0.1", 0, UINT32_MAX, 0, 0, 0, 0, -ERANGE},
	{"thresholds", "10.0.0.1", 0, 1, 100, 100, 0, 0, 0},
	{"lower above upper", "10.0.0.1", 0, 1, 5, 10, 0, 0, -ERANGE},
	{"lower without upper", "10.0.0.1", 0, 1, 0, 10, 0, 0, -ERANGE},
	{"huge thresholds", "10.0.0.1", 0, 1, UINT32_MAX, UINT32_MAX - 1, 0, 0, 0},
	{"direct routing", "10.0.0.1", 3, 1, 0, 0, 0, 0, 0},
	{"no such method", "10.0.0.1", 6, 1, 0, 0, 0, 0, -EINVAL},
	{"ipip tunnel", "10.0.0.1", 2, 1, 0, 0, 0, 0, 0},
	{"gue tunnel", "10.0.0.1", 2, 1, 0, 0, 1, 6080, 0},
	{"gue tunnel without port", "10.0.0.1", 2, 1, 0, 0, 1, 0, -EINVAL},
	{"no such tunnel", "10.0.0.1", 2, 1, 0, 0, 3, 1, -EINVAL},
	{"other family", "2001:db8::1", 0, 1, 0, 0, 0, 0, -EINVAL},
	{"other family, tunnel", "2001:db8::1", 2, 1, 0, 0, 0, 0, 0},
	{"IPv6 link-local", "fe80::1", 2, 1, 0, 0, 0, 0, -EINVAL},
	{"IPv6 multicast", "ff02::1", 2, 1, 0, 0, 0, 0, -EINVAL},
	{"IPv6 address 0", "::", 2, 1, 0, 0, 0, 0, -EINVAL},
	{"IPv6 loopback", "::1", 2, 1, 0, 0, 0, 0, 0},
	{"IPv4-mapped", "::ffff:10.0.0.1", 2, 1, 0, 0, 0, 0, -EINVAL},
};

static void dest_validation(void **state)
{
	for (size_t i = 0; i < sizeof(dest_rows) / sizeof(dest_rows[0]); i++) {
		struct dest_key k = dkey(dest_rows[i].addr, 80);
		struct dest_spec s = {
			.fwd = dest_rows[i].fwd,
			.weight = dest_rows[i].weight,
			.upper = dest_rows[i].upper,
			.lower = dest_rows[i].lower,
			.tun_type = dest_rows[i].tun_type,
			.tun_port = htons(dest_rows[i].tun_port),
		};
		int r;

		print_message("           %s\n", dest_rows[i].what);
		err.text[0] = 0;
		r = model_dest_add(svc(), &k, &s, &err);
		assert_int_equal(r, dest_rows[i].result);
		if (r < 0)
			assert_true(err.text[0]);
		assert_int_equal(seen()->n_dests, r == 0);
		if (r == 0)
			assert_int_equal(model_dest_del(svc(), &k, &err), 0);
	}
}

static void dest_life(void **state)
{
	struct dest_spec s = {.weight = 1, .upper = 100};
	struct dest_key k = dkey("10.0.0.2", 80);

	assert_int_equal(add("10.0.0.1", 1), 0);
	assert_int_equal(add("10.0.0.2", 2), 0);
	assert_int_equal(add("10.0.0.3", 3), 0);
	assert_int_equal(add("10.0.0.3", 3), -EEXIST);
	assert_int_equal(edit("10.0.0.9", 3), -ENOENT);
	assert_int_equal(del("10.0.0.9"), -ENOENT);
	/* The newest comes first. */
	assert_int_equal(seen()->n_dests, 3);
	assert_int_equal(seen()->dests[0].weight, 3);
	assert_int_equal(seen()->dests[2].weight, 1);
	/* An edit stays in place; the last weight above 0 is remembered. */
	assert_int_equal(edit("10.0.0.2", 0), 0);
	assert_int_equal(seen()->dests[1].weight, 0);
	assert_int_equal(seen()->dests[1].last_weight, 2);
	/* Without a lower threshold an overload ends below three quarters. */
	assert_int_equal(model_dest_edit(svc(), &k, &s, &err), 0);
	assert_int_equal(seen()->dests[1].upper, 100);
	assert_int_equal(seen()->dests[1].lower, 75);
	s.upper = 7;
	assert_int_equal(model_dest_edit(svc(), &k, &s, &err), 0);
	assert_int_equal(seen()->dests[1].lower, 6); /* 5 * 4 < 7 * 3, 6 * 4 is not */
	s.lower = 2;
	assert_int_equal(model_dest_edit(svc(), &k, &s, &err), 0);
	assert_int_equal(seen()->dests[1].lower, 2);
	s.lower = 8;
	assert_int_equal(model_dest_edit(svc(), &k, &s, &err), -ERANGE);
	assert_int_equal(seen()->dests[1].lower, 2);
	assert_int_equal(del("10.0.0.2"), 0);
	assert_int_equal(seen()->n_dests, 2);
	assert_int_equal(seen()->dests[0].weight, 3);
	assert_int_equal(seen()->dests[1].weight, 1);
}

/* ---- what schedulers are told ------------------------------------------------------------ */

static const struct sched_event *event(unsigned int i)
{
	const struct service *s = seen();

	assert_true(i < s->n_events);
	return &s->events[i];
}

static void scheduler_events(void **state)
{
	struct service_spec wlc = sspec("wlc", 0);
	uint32_t a, b, c, version;

	assert_int_equal(seen()->version, 1);
	assert_int_equal(event(0)->kind, SCHED_EVENT_INIT);
	assert_int_equal(event(0)->max_weight, 0);
	assert_int_equal(event(0)->gcd, 1);
	add("10.0.0.1", 4);
	add("10.0.0.2", 6);
	add("10.0.0.3", 0);
	a = dest("10.0.0.1")->id;
	b = dest("10.0.0.2")->id;
	c = dest("10.0.0.3")->id;
	assert_int_equal(seen()->version, 4);
	assert_int_equal(event(1)->kind, SCHED_EVENT_ADD);
	assert_int_equal(event(1)->dest, a);
	assert_int_equal(event(1)->max_weight, 4);
	assert_int_equal(event(2)->dest, b);
	assert_int_equal(event(2)->max_weight, 6);
	assert_int_equal(event(2)->gcd, 2);
	edit("10.0.0.1", 9);
	assert_int_equal(event(4)->kind, SCHED_EVENT_EDIT);
	assert_int_equal(event(4)->max_weight, 9);
	assert_int_equal(event(4)->gcd, 3);
	del("10.0.0.2"); /* between 3 and 1 */
	assert_int_equal(event(5)->kind, SCHED_EVENT_DEL);
	assert_int_equal(event(5)->dest, b);
	assert_int_equal(event(5)->prev, c);
	del("10.0.0.3"); /* the first */
	assert_int_equal(event(6)->prev, DEST_NONE);
	/* What every worker has seen is forgotten, but the newest. */
	fake_seen = 4;
	edit("10.0.0.1", 1);
	assert_int_equal(seen()->version, 8);
	assert_int_equal(seen()->n_events, 4);
	assert_int_equal(event(0)->kind, SCHED_EVENT_EDIT);
	assert_int_equal(event(0)->max_weight, 9);
	fake_seen = 8;
	svc()->timeout = 0;
	edit("10.0.0.1", 2);
	assert_int_equal(seen()->n_events, 1);
	/* A new scheduler begins anew, the same one does not. */
	version = seen()->version;
	assert_int_equal(model_service_edit(svc(), &wlc, &err), 0);
	assert_int_equal(seen()->version, version + 1);
	assert_int_equal(seen()->n_events, 1);
	assert_int_equal(event(0)->kind, SCHED_EVENT_INIT);
	assert_int_equal(event(0)->max_weight, 2);
	assert_int_equal(model_service_edit(svc(), &wlc, &err), 0);
	assert_int_equal(seen()->version, version + 1);
}

/* A table is made anew only when the list of servers is another one, and goes when nobody has it.
 */
static void scheduler_tables(void **state)
{
	struct service_spec sh = sspec("sh", 0), rr = sspec("rr", 0);
	const struct sched_table *t;

	assert_int_equal(fake_tables, 0);
	assert_int_equal(model_service_edit(svc(), &sh, &err), 0);
	add("10.0.0.1", 4);
	add("10.0.0.2", 6);
	t = seen()->table;
	assert_non_null(t);
	sh.timeout = 77;
	assert_int_equal(model_service_edit(svc(), &sh, &err), 0);
	assert_ptr_equal(seen()->table, t);
	edit("10.0.0.1", 4);
	assert_ptr_equal(seen()->table, t);
	edit("10.0.0.1", 5);
	fake_grace_period();
	seen();
	fake_grace_period();
	assert_int_equal(fake_tables, 1);
	del("10.0.0.2");
	assert_int_equal(model_service_edit(svc(), &rr, &err), 0);
	assert_null(seen()->table);
	fake_grace_period();
	assert_int_equal(fake_tables, 0);
	assert_int_equal(model_service_edit(svc(), &sh, &err), 0);
	assert_non_null(seen()->table);
	model_service_del(svc());
	model_publish();
	fake_grace_period();
	assert_int_equal(fake_tables, 0);
}

static void long_history(void **state)
{
	uint32_t epoch = seen()->epoch;

	add("10.0.0.1", 1);
	for (uint32_t i = 0; i < 1000; i++) {
		edit("10.0.0.1", i + 1);
		if (i % 10 == 0)
			seen();
	}
	assert_int_equal(seen()->version, 1002);
	assert_in_range(seen()->n_events, 128, SCHED_EVENTS_MAX);
	assert_int_equal(event(seen()->n_events - 1)->max_weight, 1000);
	/* Another life of the same identity has another epoch. */
	model_service_del(svc());
	add_service(IPPROTO_TCP, VIP, 80, "rr");
	assert_int_not_equal(seen()->epoch, epoch);
	assert_int_equal(seen()->version, 1);
}

/* ---- timeouts ---------------------------------------------------------------------------- */

static void timeouts(void **state)
{
	struct model_timeouts t = {.tcp = 0, .tcp_fin = 5, .udp = 0};

	assert_int_equal(model_timeouts_set(&t, &err), 0);
	model_publish();
	model_timeouts(&t);
	assert_int_equal(t.tcp, 900);
	assert_int_equal(t.tcp_fin, 5);
	assert_int_equal(t.udp, 300);
	assert_int_equal(fake_snapshot()->timeouts.s[PROTO_IX_TCP][DP_STATE_TCP_FIN_WAIT], 5);
	t = (struct model_timeouts){.tcp = 1, .udp = MODEL_TIMEOUT_MAX + 1};
	assert_int_equal(model_timeouts_set(&t, &err), -EINVAL);
	model_timeouts(&t);
	assert_int_equal(t.tcp, 900);
}

int main(void)
{
#define EMPTY(test) cmocka_unit_test_setup_teardown(test, model_setup, model_teardown)
#define READY(test) cmocka_unit_test_setup_teardown(test, model_setup_service, model_teardown)
	const struct CMUnitTest tests[] = {
		EMPTY(starts_empty),    EMPTY(service_validation), READY(service_life),
		EMPTY(fwmark_services), EMPTY(many_services),      READY(dest_validation),
		READY(dest_life),       READY(scheduler_events),   READY(scheduler_tables),
		READY(long_history),    EMPTY(timeouts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
