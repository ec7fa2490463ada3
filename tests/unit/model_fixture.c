/* SPDX-License-Identifier: BSD-3-Clause */
/* A model on a stand-in for the data plane, and commands in one line each. */
#include "model_fixture.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>
#include <event2/event.h>

#include "control/model_private.h"
#include "control/trash.h"

static struct event_base *base;
static uint64_t clock_now;
struct model_error err;

static uint16_t read_addr(const char *text, struct lvs_addr *out)
{
	uint16_t af = strchr(text, ':') ? AF_INET6 : AF_INET;

	*out = (struct lvs_addr){0};
	assert_int_equal(inet_pton(af, text, out->b), 1);
	return af;
}

struct service_key skey(uint16_t proto, const char *addr, uint16_t port)
{
	struct service_key k = {.proto = proto, .port = htons(port)};

	k.af = read_addr(addr, &k.addr);
	return k;
}

struct service_spec sspec(const char *sched, uint32_t flags)
{
	struct service_spec s = {.flags = flags, .flags_mask = UINT32_MAX, .netmask = UINT32_MAX};

	snprintf(s.sched, sizeof(s.sched), "%s", sched);
	return s;
}

struct dest_key dkey(const char *addr, uint16_t port)
{
	struct dest_key k = {.port = htons(port)};

	k.af = read_addr(addr, &k.addr);
	return k;
}

int add_service(uint16_t proto, const char *addr, uint16_t port, const char *sched)
{
	struct service_key k = skey(proto, addr, port);
	struct service_spec s = sspec(sched, 0);

	if (k.af == AF_INET6)
		s.netmask = 128;
	return model_service_add(&k, &s, &err);
}

struct model_service *service(uint16_t proto, const char *addr, uint16_t port)
{
	struct service_key k = skey(proto, addr, port);

	return model_service_find(&k);
}

struct model_service *svc(void)
{
	return service(IPPROTO_TCP, VIP, 80);
}

int add(const char *addr, uint32_t weight)
{
	struct dest_key k = dkey(addr, 80);
	struct dest_spec s = {.weight = weight};

	return model_dest_add(svc(), &k, &s, &err);
}

int edit(const char *addr, uint32_t weight)
{
	struct dest_key k = dkey(addr, 80);
	struct dest_spec s = {.weight = weight};

	return model_dest_edit(svc(), &k, &s, &err);
}

int del(const char *addr)
{
	struct dest_key k = dkey(addr, 80);

	return model_dest_del(svc(), &k, &err);
}

struct model_dest *dest(const char *addr)
{
	struct dest_key k = dkey(addr, 80);

	return model_dest_find(svc(), &k);
}

const struct service *seen(void)
{
	model_publish();
	return fake_find(IPPROTO_TCP, VIP, 80);
}

uint64_t tick(void)
{
	return ++clock_now;
}

void pass(unsigned int seconds)
{
	while (seconds--) {
		trash_tick(tick());
		model_laddr_tick(clock_now);
		model_publish();
		fake_grace_period();
	}
}

int model_setup(void **state)
{
	fake_reset();
	base = event_base_new();
	clock_now = 1000;
	assert_int_equal(model_open(base), 0);
	return 0;
}

int model_setup_service(void **state)
{
	model_setup(state);
	assert_int_equal(add_service(IPPROTO_TCP, VIP, 80, "rr"), 0);
	return 0;
}

int model_teardown(void **state)
{
	model_publish();
	fake_reset();
	model_close();
	event_base_free(base);
	return 0;
}
