/* SPDX-License-Identifier: BSD-3-Clause */
/* Local addresses of FULLNAT in the model: what is allowed, and how long they live. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>
#include <linux/ip_vs.h>

#include "model_fixture.h"

#define LOCAL "10.0.0.254"

static struct local_addr local(const char *addr, uint16_t first, uint16_t last)
{
	struct dest_key k = dkey(addr, 0);

	return (struct local_addr){.addr = k.addr, .af = k.af, .first = first, .last = last};
}

static int give(const char *addr, uint16_t first, uint16_t last)
{
	struct local_addr la = local(addr, first, last);

	return model_laddr_add(svc(), &la, &err);
}

static int take(const char *addr)
{
	struct local_addr la = local(addr, 0, 0);

	return model_laddr_del(svc(), la.af, &la.addr, &err);
}

static int fullnat(const char *addr)
{
	struct dest_key k = dkey(addr, 80);
	struct dest_spec s = {.weight = 1, .fwd = FWD_FULLNAT};

	return model_dest_add(svc(), &k, &s, &err);
}

static void what_is_allowed(void **state)
{
	static const struct {
		const char *addr;
		uint16_t first, last;
		int result;
		const char *text; /* of the sentence */
	} rows[] = {
		{LOCAL, 1024, 65535, 0, NULL},
		{LOCAL, 1024, 65535, -EEXIST, "has local address 10.0.0.254 already"},
		{"10.0.0.253", 1, 1, 0, NULL},
		{"10.0.0.252", 65535, 65535, 0, NULL},
		{"10.0.0.251", 0, 65535, -EINVAL, "1 to 65535"},
		{"10.0.0.251", 2000, 1999, -EINVAL, "local ports 2000 to 1999"},
		{"0.0.0.0", 1, 2, -EINVAL, "unicast"},
		{"224.0.0.1", 1, 2, -EINVAL, "unicast"},
		{"255.255.255.255", 1, 2, -EINVAL, "unicast"},
		{"fd00::1", 1, 2, -EINVAL, "IPv4 address is needed"},
		{VIP, 1, 2, -EADDRINUSE, "virtual address"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		err.text[0] = 0;
		assert_int_equal(give(rows[i].addr, rows[i].first, rows[i].last), rows[i].result);
		if (rows[i].text)
			assert_non_null(strstr(err.text, rows[i].text));
	}
	assert_int_equal(seen()->n_laddrs, 3);
	assert_int_equal(take("10.0.0.250"), -ENOENT);
	assert_int_equal(add_service(IPPROTO_TCP, LOCAL, 80, "rr"), -EADDRINUSE);
	assert_non_null(strstr(err.text, "local address"));
	assert_int_equal(model_client_info_set(svc(), 2, &err), -EINVAL);
}

static void of_ipv6(void **state)
{
	struct local_addr la = local("fd00::fe", 1024, 2048);

	assert_int_equal(add_service(IPPROTO_TCP, "2001:db8::1", 80, "rr"), 0);
	struct model_service *s = service(IPPROTO_TCP, "2001:db8::1", 80);

	assert_int_equal(model_laddr_add(s, &la, &err), 0);
	la = local("fe80::1", 1, 2);
	assert_int_equal(model_laddr_add(s, &la, &err), -EINVAL);
	la = local(LOCAL, 1, 2);
	assert_int_equal(model_laddr_add(s, &la, &err), -EINVAL);
	model_publish();
	assert_true(fake_is_laddr("fd00::fe"));
}

static void many(void **state)
{
	char addr[32];

	for (int i = 0; i < MODEL_LADDRS_MAX; i++) {
		snprintf(addr, sizeof(addr), "10.1.%d.%d", i / 100, 1 + i % 100);
		assert_int_equal(give(addr, 1024, 65535), 0);
	}
	assert_int_equal(give("10.2.0.1", 1024, 65535), -ENOSPC);
	assert_int_equal(seen()->n_laddrs, MODEL_LADDRS_MAX);
	assert_int_equal(take("10.1.0.7"), 0);
	assert_int_equal(give("10.2.0.1", 1024, 65535), 0);
}

/* What workers see, and that editing the service leaves it alone. */
static void through_edits(void **state)
{
	struct service_spec spec = sspec("wlc", 0);

	assert_int_equal(fullnat("10.0.0.1"), 0);
	assert_true(model_laddr_needed(svc()));
	assert_int_equal(seen()->n_laddrs, 0); /* accepted; packets are counted meanwhile */
	assert_int_equal(give(LOCAL, 1000, 2000), 0);
	assert_int_equal(give("10.0.0.253", 3000, 4000), 0);
	assert_int_equal(model_client_info_set(svc(), CLIENT_INFO_TOA, &err), 0);
	assert_int_equal(model_service_edit(svc(), &spec, &err), 0);
	assert_int_equal(add("10.0.0.2", 1), 0);

	const struct service *s = seen();

	assert_int_equal(s->n_laddrs, 2);
	assert_int_equal(s->laddrs[0].addr.v4, inet_addr(LOCAL));
	assert_int_equal(s->laddrs[0].first, 1000);
	assert_int_equal(s->laddrs[0].last, 2000);
	assert_int_equal(s->laddrs[1].first, 3000);
	assert_int_equal(s->client_info, CLIENT_INFO_TOA);
	assert_int_equal(snapshot_dest(fake_snapshot(), dest("10.0.0.1")->id)->fwd, FWD_FULLNAT);
	assert_true(fake_is_laddr(LOCAL));
	assert_true(fake_is_laddr("10.0.0.253"));
	assert_false(fake_is_laddr("10.0.0.1"));
}

static void removed_while_used(void **state)
{
	assert_int_equal(fullnat("10.0.0.1"), 0);
	assert_int_equal(give(LOCAL, 1024, 65535), 0);
	seen();
	fake_load(dest("10.0.0.1")->id)->active = 1;
	assert_int_equal(take(LOCAL), 0);
	assert_int_equal(seen()->n_laddrs, 0);
	pass(100);
	assert_true(fake_is_laddr(LOCAL));
	/* Given again and taken away, it is there twice for a while. */
	assert_int_equal(give(LOCAL, 1024, 65535), 0);
	assert_int_equal(take(LOCAL), 0);
	fake_load(dest("10.0.0.1")->id)->active = 0;
	pass(1);
	assert_true(fake_is_laddr(LOCAL));
	pass(3);
	assert_false(fake_is_laddr(LOCAL));
}

static void service_removed_while_used(void **state)
{
	uint32_t id;

	assert_int_equal(fullnat("10.0.0.1"), 0);
	assert_int_equal(give(LOCAL, 1024, 65535), 0);
	seen();
	id = dest("10.0.0.1")->id;
	fake_load(id)->inactive = 1;
	model_service_del(svc());
	pass(10);
	assert_true(fake_is_laddr(LOCAL));
	/* Again the same service and server: connections are theirs again. */
	assert_int_equal(add_service(IPPROTO_TCP, VIP, 80, "rr"), 0);
	assert_int_equal(fullnat("10.0.0.1"), 0);
	assert_int_equal(dest("10.0.0.1")->id, id);
	pass(10);
	assert_true(fake_is_laddr(LOCAL));
	fake_load(id)->inactive = 0;
	pass(3);
	assert_false(fake_is_laddr(LOCAL));
}

static void shared_by_services(void **state)
{
	struct local_addr la = local(LOCAL, 1024, 65535);

	assert_int_equal(add_service(IPPROTO_UDP, VIP, 53, "rr"), 0);
	assert_int_equal(model_laddr_add(service(IPPROTO_UDP, VIP, 53), &la, &err), 0);
	assert_int_equal(give(LOCAL, 1024, 65535), 0);
	assert_int_equal(take(LOCAL), 0);
	pass(5);
	assert_true(fake_is_laddr(LOCAL));
	model_service_del(service(IPPROTO_UDP, VIP, 53));
	pass(5);
	assert_false(fake_is_laddr(LOCAL));
	/* No longer local, it may be a virtual address. */
	assert_int_equal(add_service(IPPROTO_TCP, LOCAL, 80, "rr"), 0);
}

int main(void)
{
#define READY(test) cmocka_unit_test_setup_teardown(test, model_setup_service, model_teardown)
	const struct CMUnitTest tests[] = {
		READY(what_is_allowed),
		READY(of_ipv6),
		READY(many),
		READY(through_edits),
		READY(removed_while_used),
		READY(service_removed_while_used),
		READY(shared_by_services),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
