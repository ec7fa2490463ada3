/* SPDX-License-Identifier: BSD-3-Clause */
/* A server on a stand-in for the data plane, a client of it, and common requests. */
#include "server_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>
#include <linux/ip_vs.h>

struct event_base *base;
char dir[64], path[96], err[256];
struct request req;
struct answer ans;
int fd;

static struct server *server;

static const char *twin_name(unsigned int port)
{
	return port == 1 ? "tap1" : NULL;
}

static const struct server_hooks hooks = {.twin_name = twin_name};

int server_setup(void **state)
{
	fake_reset();
	strcpy(dir, "/tmp/lvsd-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/sock", dir);
	base = event_base_new();
	assert_int_equal(model_open(base), 0);
	assert_int_equal(server_open(base, path, &server, err, sizeof(err)), 0);
	server_set_hooks(server, &hooks);
	fd = client_connect(path);
	assert_true(fd >= 0);
	memset(&req, 0, sizeof(req));
	return 0;
}

int server_teardown(void **state)
{
	close(fd);
	server_close(server);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(rmdir(dir), 0);
	fake_reset();
	model_close();
	event_base_free(base);
	assert_int_equal(fake_open_walks, 0);
	return 0;
}

void clear(void)
{
	req.len = 0;
}

void put_service(const char *addr, uint16_t port, const char *sched)
{
	const struct ip_vs_flags flags = {.mask = UINT32_MAX};
	const uint32_t a = inet_addr(addr);
	size_t nest = request_nest(&req, IPVS_CMD_ATTR_SERVICE);

	request_u16(&req, IPVS_SVC_ATTR_AF, AF_INET);
	request_u16(&req, IPVS_SVC_ATTR_PROTOCOL, IPPROTO_TCP);
	request_put(&req, IPVS_SVC_ATTR_ADDR, &a, 4);
	request_u16(&req, IPVS_SVC_ATTR_PORT, htons(port));
	if (sched) {
		request_string(&req, IPVS_SVC_ATTR_SCHED_NAME, sched);
		request_put(&req, IPVS_SVC_ATTR_FLAGS, &flags, sizeof(flags));
		request_u32(&req, IPVS_SVC_ATTR_TIMEOUT, 0);
		request_u32(&req, IPVS_SVC_ATTR_NETMASK, UINT32_MAX);
	}
	request_nest_end(&req, nest);
}

void put_dest(const char *addr, uint16_t port, int64_t weight)
{
	const uint32_t a = inet_addr(addr);
	size_t nest = request_nest(&req, IPVS_CMD_ATTR_DEST);

	request_put(&req, IPVS_DEST_ATTR_ADDR, &a, 4);
	request_u16(&req, IPVS_DEST_ATTR_PORT, htons(port));
	if (weight >= 0) {
		request_u32(&req, IPVS_DEST_ATTR_FWD_METHOD, 0);
		request_u32(&req, IPVS_DEST_ATTR_WEIGHT, (uint32_t)weight);
		request_u32(&req, IPVS_DEST_ATTR_U_THRESH, 0);
		request_u32(&req, IPVS_DEST_ATTR_L_THRESH, 0);
	}
	request_nest_end(&req, nest);
}

int ask(void)
{
	client_ask(base, fd, &req, &ans, NULL, NULL);
	clear();
	if (ans.error_seen && ans.result != 0)
		assert_true(ans.text[0]);
	return ans.result;
}

int command(uint16_t family, uint8_t cmd, uint16_t flags)
{
	request_begin(&req, family, flags, cmd);
	return ask();
}

int new_service(const char *addr, uint16_t port)
{
	request_begin(&req, IPVS, ACK, IPVS_CMD_NEW_SERVICE);
	put_service(addr, port, "rr");
	return ask();
}

int new_dest(const char *addr, int64_t weight)
{
	request_begin(&req, IPVS, ACK, IPVS_CMD_NEW_DEST);
	put_service("192.0.2.1", 80, NULL);
	put_dest(addr, 80, weight);
	return ask();
}
