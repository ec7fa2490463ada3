/* SPDX-License-Identifier: BSD-3-Clause */
/* FULLNAT on the control socket: own commands, and what others see of it in the IPVS family. */
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

#include "server_fixture.h"

#define NO_METHOD UINT32_MAX

static void begin_laddr(uint8_t cmd, uint16_t flags)
{
	request_begin(&req, LVSD, flags, cmd);
	put_service("192.0.2.1", 80, NULL);
}

static int laddr(uint8_t cmd, const char *addr)
{
	uint32_t v4 = inet_addr(addr);

	begin_laddr(cmd, ACK);
	request_put(&req, LVSD_LADDR_ATTR_ADDR, &v4, sizeof(v4));
	return ask();
}

static int client_info(uint8_t info)
{
	begin_laddr(LVSD_CMD_SET_CLIENT_INFO, ACK);
	request_u8(&req, LVSD_LADDR_ATTR_CLIENT_INFO, info);
	return ask();
}

static unsigned int listed(void)
{
	begin_laddr(LVSD_CMD_GET_LADDR, DUMP);
	assert_int_equal(ask(), 0);
	return ans.n;
}

static uint16_t last_u16(uint16_t attr)
{
	const void *p = message_attr(ans.last, attr, NULL);

	assert_non_null(p);
	return *(const uint16_t *)p;
}

static void local_addresses(void **state)
{
	uint16_t port = 2000;
	uint32_t v4 = inet_addr("10.0.0.253");
	size_t len;

	assert_int_equal(laddr(LVSD_CMD_NEW_LADDR, "10.0.0.254"), -ESRCH);
	assert_int_equal(new_service("192.0.2.1", 80), 0);
	assert_int_equal(listed(), 0);
	assert_int_equal(laddr(LVSD_CMD_NEW_LADDR, "10.0.0.254"), 0);
	assert_int_equal(laddr(LVSD_CMD_NEW_LADDR, "10.0.0.254"), -EEXIST);
	assert_int_equal(laddr(LVSD_CMD_NEW_LADDR, "224.0.0.1"), -EINVAL);
	assert_int_equal(listed(), 1);
	assert_int_equal(*(const uint32_t *)message_attr(ans.last, LVSD_LADDR_ATTR_ADDR, &len),
			 inet_addr("10.0.0.254"));
	assert_int_equal(len, 4);
	assert_int_equal(last_u16(LVSD_LADDR_ATTR_AF), AF_INET);
	assert_int_equal(last_u16(LVSD_LADDR_ATTR_FIRST), 1024);
	assert_int_equal(last_u16(LVSD_LADDR_ATTR_LAST), 65535);
	assert_non_null(message_attr(ans.last, LVSD_LADDR_ATTR_SERVICE, NULL));

	begin_laddr(LVSD_CMD_NEW_LADDR, ACK);
	request_put(&req, LVSD_LADDR_ATTR_ADDR, &v4, sizeof(v4));
	request_u16(&req, LVSD_LADDR_ATTR_FIRST, port);
	request_u16(&req, LVSD_LADDR_ATTR_LAST, port);
	assert_int_equal(ask(), 0);
	assert_int_equal(listed(), 2);
	assert_int_equal(last_u16(LVSD_LADDR_ATTR_FIRST), 2000);

	assert_int_equal(laddr(LVSD_CMD_DEL_LADDR, "10.0.0.254"), 0);
	assert_int_equal(laddr(LVSD_CMD_DEL_LADDR, "10.0.0.254"), -ENOENT);
	assert_int_equal(listed(), 1);
	/* Of all services. */
	assert_int_equal(command(LVSD, LVSD_CMD_GET_LADDR, DUMP), 0);
	assert_int_equal(ans.n, 1);
}

static void bad_requests(void **state)
{
	uint32_t v4 = inet_addr("10.0.0.254");

	assert_int_equal(new_service("192.0.2.1", 80), 0);
	assert_int_equal(command(LVSD, LVSD_CMD_NEW_LADDR, ACK), -EINVAL);
	begin_laddr(LVSD_CMD_NEW_LADDR, ACK);
	assert_int_equal(ask(), -EINVAL); /* no address */
	begin_laddr(LVSD_CMD_NEW_LADDR, ACK);
	request_put(&req, LVSD_LADDR_ATTR_ADDR, &v4, 3);
	assert_int_equal(ask(), -EINVAL);
	begin_laddr(LVSD_CMD_NEW_LADDR, ACK);
	request_put(&req, LVSD_LADDR_ATTR_ADDR, &v4, 4);
	request_u16(&req, LVSD_LADDR_ATTR_AF, AF_INET6);
	assert_int_equal(ask(), -EINVAL);
	begin_laddr(LVSD_CMD_NEW_LADDR, ACK);
	request_put(&req, LVSD_LADDR_ATTR_ADDR, &v4, 4);
	request_u16(&req, LVSD_LADDR_ATTR_AF, AF_UNIX);
	assert_int_equal(ask(), -EAFNOSUPPORT);
	begin_laddr(LVSD_CMD_SET_CLIENT_INFO, ACK);
	assert_int_equal(ask(), -EINVAL);
	assert_int_equal(client_info(7), -EINVAL);
	assert_int_equal(listed(), 0);
}

static void client_infos(void **state)
{
	assert_int_equal(new_service("192.0.2.1", 80), 0);
	assert_int_equal(client_info(LVSD_CLIENT_INFO_TOA), 0);
	assert_int_equal(fake_find(IPPROTO_TCP, "192.0.2.1", 80)->client_info, CLIENT_INFO_TOA);
	/* A service without local addresses that has it is listed, without an address. */
	assert_int_equal(listed(), 1);
	assert_null(message_attr(ans.last, LVSD_LADDR_ATTR_ADDR, NULL));
	assert_int_equal(
		*(const uint8_t *)message_attr(ans.last, LVSD_LADDR_ATTR_CLIENT_INFO, NULL),
		LVSD_CLIENT_INFO_TOA);
	assert_int_equal(client_info(LVSD_CLIENT_INFO_NONE), 0);
	assert_int_equal(listed(), 0);
}

/* More than one datagram holds. */
static void long_list(void **state)
{
	char addr[32];

	assert_int_equal(new_service("192.0.2.1", 80), 0);
	for (int i = 0; i < 256; i++) {
		snprintf(addr, sizeof(addr), "10.1.%d.%d", i / 100, 1 + i % 100);
		assert_int_equal(laddr(LVSD_CMD_NEW_LADDR, addr), 0);
	}
	assert_int_equal(listed(), 256);
	for (int i = 0; i < 10; i++) {
		snprintf(addr, sizeof(addr), "198.51.100.%d", i + 1);
		assert_int_equal(new_service(addr, 80), 0);
		request_begin(&req, LVSD, ACK, LVSD_CMD_SET_CLIENT_INFO);
		put_service(addr, 80, NULL);
		request_u8(&req, LVSD_LADDR_ATTR_CLIENT_INFO, LVSD_CLIENT_INFO_TOA);
		assert_int_equal(ask(), 0);
	}
	assert_int_equal(command(LVSD, LVSD_CMD_GET_LADDR, DUMP), 0);
	assert_int_equal(ans.n, 266);
}

/* ---- the method among the kernel's attributes -------------------------------------------- */

static int dest(uint8_t cmd, uint32_t kernel, uint32_t ours)
{
	uint32_t v4 = inet_addr("10.0.0.1");
	size_t nest;

	request_begin(&req, IPVS, ACK, cmd);
	put_service("192.0.2.1", 80, NULL);
	nest = request_nest(&req, IPVS_CMD_ATTR_DEST);
	request_put(&req, IPVS_DEST_ATTR_ADDR, &v4, sizeof(v4));
	request_u16(&req, IPVS_DEST_ATTR_PORT, htons(80));
	request_u32(&req, IPVS_DEST_ATTR_FWD_METHOD, kernel);
	request_u32(&req, IPVS_DEST_ATTR_WEIGHT, 1);
	request_u32(&req, IPVS_DEST_ATTR_U_THRESH, 0);
	request_u32(&req, IPVS_DEST_ATTR_L_THRESH, 0);
	if (ours != NO_METHOD)
		request_u32(&req, LVSD_DEST_ATTR_METHOD, ours);
	request_nest_end(&req, nest);
	return ask();
}

/* The two methods as they are listed; NO_METHOD: no attribute of ours. */
static void methods(uint32_t *kernel, uint32_t *ours)
{
	const void *nest, *p;
	size_t len;

	request_begin(&req, IPVS, DUMP, IPVS_CMD_GET_DEST);
	put_service("192.0.2.1", 80, NULL);
	assert_int_equal(ask(), 0);
	assert_int_equal(ans.n, 1);
	nest = message_attr(ans.last, IPVS_CMD_ATTR_DEST, &len);
	assert_non_null(nest);
	memcpy(kernel, find_attr(nest, len, IPVS_DEST_ATTR_FWD_METHOD, NULL), sizeof(*kernel));
	p = find_attr(nest, len, LVSD_DEST_ATTR_METHOD, NULL);
	*ours = NO_METHOD;
	if (p)
		memcpy(ours, p, sizeof(*ours));
}

static void method(void **state)
{
	static const struct {
		uint8_t cmd;
		uint32_t kernel, ours;
		int result;
		uint32_t lists_kernel, lists_ours;
	} rows[] = {
		{IPVS_CMD_NEW_DEST, 5, NO_METHOD, -EINVAL, 0, 0},
		{IPVS_CMD_NEW_DEST, 5, 5, -EINVAL, 0, 0},
		{IPVS_CMD_NEW_DEST, 3, 5, -EINVAL, 0, 0},
		{IPVS_CMD_NEW_DEST, 0, 6, -EINVAL, 0, 0},
		{IPVS_CMD_NEW_DEST, 0, 3, -EINVAL, 0, 0},
		{IPVS_CMD_NEW_DEST, 0, 5, 0, 0, 5},
		/* Who does not know the attribute means the weight. */
		{IPVS_CMD_SET_DEST, 0, NO_METHOD, 0, 0, 5},
		{IPVS_CMD_SET_DEST, 0, 0, 0, 0, NO_METHOD},
		{IPVS_CMD_SET_DEST, 0, NO_METHOD, 0, 0, NO_METHOD},
		{IPVS_CMD_SET_DEST, 0, 5, 0, 0, 5},
		{IPVS_CMD_SET_DEST, 3, NO_METHOD, 0, 3, NO_METHOD},
		{IPVS_CMD_SET_DEST, 3, 3, 0, 3, NO_METHOD},
	};
	uint32_t kernel, ours;

	assert_int_equal(new_service("192.0.2.1", 80), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(dest(rows[i].cmd, rows[i].kernel, rows[i].ours), rows[i].result);
		if (rows[i].result < 0)
			continue;
		methods(&kernel, &ours);
		assert_int_equal(kernel, rows[i].lists_kernel);
		assert_int_equal(ours, rows[i].lists_ours);
	}
}

static void needs_local_addresses(void **state)
{
	assert_int_equal(new_service("192.0.2.1", 80), 0);
	assert_int_equal(dest(IPVS_CMD_NEW_DEST, 0, 5), 0);
	assert_int_equal(listed(), 1);
	assert_null(message_attr(ans.last, LVSD_LADDR_ATTR_ADDR, NULL));
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, server_setup, server_teardown)
	const struct CMUnitTest tests[] = {
		TEST(local_addresses), TEST(bad_requests), TEST(client_infos),
		TEST(long_list),       TEST(method),       TEST(needs_local_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
