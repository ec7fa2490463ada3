/* SPDX-License-Identifier: BSD-3-Clause */
/* The control socket: commands and their answers, and whatever else a datagram may hold. */
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
#include <linux/genetlink.h>
#include <linux/ip_vs.h>

#include "server_fixture.h"

static uint32_t last_u32(uint16_t nest, uint16_t attr)
{
	const void *p = ans.last;
	uint32_t value = 0;
	size_t len;

	p = message_attr(p, nest, &len);
	assert_non_null(p);
	p = find_attr(p, len, attr, &len);
	assert_non_null(p);
	memcpy(&value, p, len < 4 ? len : 4);
	return value;
}

/* ---- commands ---------------------------------------------------------------------------- */

static int get_family(const char *name)
{
	request_begin(&req, GENL_ID_CTRL, ACK, CTRL_CMD_GETFAMILY);
	request_string(&req, CTRL_ATTR_FAMILY_NAME, name);
	return ask();
}

static void family_names(void **state)
{
	assert_int_equal(get_family("IPVS"), 0);
	assert_int_equal(ans.n, 1);
	assert_int_equal(*(const uint16_t *)message_attr(ans.last, CTRL_ATTR_FAMILY_ID, NULL),
			 IPVS);
	assert_int_equal(get_family("LVSD"), 0);
	assert_int_equal(*(const uint16_t *)message_attr(ans.last, CTRL_ATTR_FAMILY_ID, NULL),
			 LVSD);
	assert_int_equal(get_family("nl80211"), -ENOENT);
	assert_int_equal(get_family("a name that is too long"), -EINVAL);
	assert_int_equal(command(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, ACK), -EINVAL);
	assert_int_equal(command(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, DUMP), 0);
	assert_int_equal(ans.n, 3);
}

static void service_round_trip(void **state)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)ans.last;

	assert_int_equal(new_service("192.0.2.1", 80), 0);
	assert_non_null(fake_find(IPPROTO_TCP, "192.0.2.1", 80));
	assert_int_equal(new_service("192.0.2.1", 80), -EEXIST);
	assert_int_equal(new_dest("10.0.0.1", 3), 0);
	assert_int_equal(new_dest("10.0.0.1", 3), -EEXIST);
	assert_int_equal(new_dest("10.0.0.2", INT64_C(1) << 31), -ERANGE);
	assert_int_equal(new_dest("10.0.0.2", 4), 0);
	*fake_stats(0) = (struct dest_stats){1ull << 33, 2, 3, 1ull << 40, 5};
	fake_load(0)->active = 6;
	fake_load(0)->inactive = 7;
	fake_load(0)->persistent = 8;

	request_begin(&req, IPVS, ACK, IPVS_CMD_GET_SERVICE);
	put_service("192.0.2.1", 80, NULL);
	assert_int_equal(ask(), 0);
	assert_int_equal(ans.n, 1);
	assert_int_equal(nlh->nlmsg_type, IPVS);
	assert_int_equal(nlh->nlmsg_flags, 0);
	assert_int_equal(nlh->nlmsg_seq, req.seq);
	assert_int_equal(last_u32(IPVS_CMD_ATTR_SERVICE, IPVS_SVC_ATTR_PORT), htons(80));
	assert_int_equal(last_u32(IPVS_CMD_ATTR_SERVICE, IPVS_SVC_ATTR_FLAGS), 2);

	request_begin(&req, IPVS, DUMP, IPVS_CMD_GET_DEST);
	put_service("192.0.2.1", 80, NULL);
	assert_int_equal(ask(), 0);
	assert_int_equal(ans.n, 2);
	assert_true(nlh->nlmsg_flags & NLM_F_MULTI);
	/* The one added first comes last. */
	assert_int_equal(last_u32(IPVS_CMD_ATTR_DEST, IPVS_DEST_ATTR_ADDR), inet_addr("10.0.0.1"));
	assert_int_equal(last_u32(IPVS_CMD_ATTR_DEST, IPVS_DEST_ATTR_WEIGHT), 3);
	assert_int_equal(last_u32(IPVS_CMD_ATTR_DEST, IPVS_DEST_ATTR_ACTIVE_CONNS), 6);
	assert_int_equal(last_u32(IPVS_CMD_ATTR_DEST, IPVS_DEST_ATTR_INACT_CONNS), 7);
	assert_int_equal(last_u32(IPVS_CMD_ATTR_DEST, IPVS_DEST_ATTR_PERSIST_CONNS), 8);

	const void *p = message_attr(ans.last, IPVS_CMD_ATTR_DEST, NULL);
	size_t len;
	uint64_t conns;

	message_attr(ans.last, IPVS_CMD_ATTR_DEST, &len);
	p = find_attr(p, len, IPVS_DEST_ATTR_STATS64, &len);
	memcpy(&conns, find_attr(p, len, IPVS_STATS_ATTR_CONNS, NULL), 8);
	assert_true(conns == 1ull << 33);

	/* Unknown services: an error for one, nothing for a list. */
	request_begin(&req, IPVS, ACK, IPVS_CMD_GET_SERVICE);
	put_service("192.0.2.9", 80, NULL);
	assert_int_equal(ask(), -ESRCH);
	request_begin(&req, IPVS, DUMP, IPVS_CMD_GET_DEST);
	put_service("192.0.2.9", 80, NULL);
	assert_int_equal(ask(), 0);
	assert_true(ans.done);
	assert_int_equal(ans.n, 0);

	request_begin(&req, IPVS, ACK, IPVS_CMD_DEL_DEST);
	put_service("192.0.2.1", 80, NULL);
	put_dest("10.0.0.1", 80, -1);
	assert_int_equal(ask(), 0);
	request_begin(&req, IPVS, ACK, IPVS_CMD_SET_DEST);
	put_service("192.0.2.1", 80, NULL);
	put_dest("10.0.0.1", 80, 1);
	assert_int_equal(ask(), -ENOENT); /* keepalived goes on with NEW_DEST */
	assert_int_equal(command(IPVS, IPVS_CMD_FLUSH, ACK), 0);
	assert_null(fake_find(IPPROTO_TCP, "192.0.2.1", 80));
	assert_int_equal(command(IPVS, IPVS_CMD_GET_SERVICE, DUMP), 0);
	assert_int_equal(ans.n, 0);
}

static void config_and_info(void **state)
{
	assert_int_equal(command(IPVS, IPVS_CMD_GET_INFO, ACK), 0);
	assert_int_equal(*(const uint32_t *)message_attr(ans.last, IPVS_INFO_ATTR_VERSION, NULL),
			 0x010201);
	request_begin(&req, IPVS, ACK, IPVS_CMD_SET_CONFIG);
	request_u32(&req, IPVS_CMD_ATTR_TIMEOUT_UDP, 77);
	assert_int_equal(ask(), 0);
	assert_int_equal(fake_snapshot()->timeouts.s[PROTO_IX_UDP][DP_STATE_UDP_NORMAL], 77);
	assert_int_equal(command(IPVS, IPVS_CMD_GET_CONFIG, ACK), 0);
	assert_int_equal(*(const uint32_t *)message_attr(ans.last, IPVS_CMD_ATTR_TIMEOUT_UDP, NULL),
			 77);
	assert_int_equal(*(const uint32_t *)message_attr(ans.last, IPVS_CMD_ATTR_TIMEOUT_TCP, NULL),
			 900);
}

static int daemon_command(uint8_t cmd, uint32_t state, const char *interface)
{
	size_t nest;

	request_begin(&req, IPVS, ACK, cmd);
	nest = request_nest(&req, IPVS_CMD_ATTR_DAEMON);
	request_u32(&req, IPVS_DAEMON_ATTR_STATE, state);
	if (interface) {
		request_string(&req, IPVS_DAEMON_ATTR_MCAST_IFN, interface);
		request_u32(&req, IPVS_DAEMON_ATTR_SYNC_ID, 1);
	}
	request_nest_end(&req, nest);
	return ask();
}

static void daemons(void **state)
{
	assert_int_equal(daemon_command(IPVS_CMD_NEW_DAEMON, 1, NULL), -EINVAL);
	assert_int_equal(daemon_command(IPVS_CMD_NEW_DAEMON, 9, "lo"), -EINVAL);
	assert_int_equal(daemon_command(IPVS_CMD_NEW_DAEMON, 1, "nosuchif0"), -ENODEV);
	assert_int_equal(daemon_command(IPVS_CMD_NEW_DAEMON, 1, "lo"), -ENOSYS);
	assert_string_equal(ans.text, "synchronisation is not part of this release");
	assert_int_equal(daemon_command(IPVS_CMD_DEL_DAEMON, 2, NULL), -ESRCH);
	assert_int_equal(command(IPVS, IPVS_CMD_GET_DAEMON, DUMP), 0);
	assert_true(ans.done);
	assert_int_equal(ans.n, 0);
}

static void own_family(void **state)
{
	assert_int_equal(command(LVSD, LVSD_CMD_GET_VERSION, ACK), 0);
	assert_string_equal(message_attr(ans.last, LVSD_VERSION_ATTR_VERSION, NULL), LVSD_VERSION);
	assert_int_equal(command(LVSD, LVSD_CMD_GET_PORT, DUMP), 0);
	assert_int_equal(ans.n, 2);
	assert_string_equal(message_attr(ans.last, LVSD_PORT_ATTR_TWIN, NULL), "tap1");
	assert_int_equal(command(LVSD, LVSD_CMD_GET_WORKER, DUMP), 0);
	assert_int_equal(ans.n, 3);
	assert_int_equal(command(LVSD, LVSD_CMD_GET_COUNTER, DUMP), 0);
	assert_int_equal(ans.n, 2);
	assert_string_equal(message_attr(ans.last, LVSD_COUNTER_ATTR_NAME, NULL), "bad_checksum");
	assert_int_equal(command(LVSD, LVSD_CMD_GET_CONN, DUMP), 0);
	assert_int_equal(ans.n, 0);
	assert_int_equal(command(LVSD, LVSD_CMD_GET_CONN, ACK), -EOPNOTSUPP);
	assert_int_equal(command(LVSD, LVSD_CMD_MAX + 1, ACK), -EOPNOTSUPP);
}

/* ---- framing ----------------------------------------------------------------------------- */

static int ask_raw(const void *data, size_t len)
{
	clear();
	memcpy(req.data, data, len);
	req.len = len;
	return ask();
}

static void bad_frames(void **state)
{
	const struct {
		const char *what;
		struct nlmsghdr nlh;
		size_t len; /* of the datagram */
		int result;
	} rows[] = {
		{"a byte", {0}, 1, -EINVAL},
		{"half a header", {.nlmsg_len = 16}, 8, -EINVAL},
		{"length 0", {.nlmsg_len = 0, .nlmsg_type = IPVS, .nlmsg_flags = 1}, 20, -EINVAL},
		{"length 15", {.nlmsg_len = 15, .nlmsg_type = IPVS, .nlmsg_flags = 1}, 20, -EINVAL},
		{"longer than the datagram",
		 {.nlmsg_len = 21, .nlmsg_type = IPVS, .nlmsg_flags = 1},
		 20,
		 -EINVAL},
		{"length 4294967295",
		 {.nlmsg_len = UINT32_MAX, .nlmsg_type = IPVS, .nlmsg_flags = 1},
		 20,
		 -EINVAL},
		{"no generic netlink header",
		 {.nlmsg_len = 16, .nlmsg_type = IPVS, .nlmsg_flags = 1},
		 16,
		 -EINVAL},
		{"half a generic netlink header",
		 {.nlmsg_len = 18, .nlmsg_type = IPVS, .nlmsg_flags = 1},
		 18,
		 -EINVAL},
		{"unknown family",
		 {.nlmsg_len = 20, .nlmsg_type = 0x7abc, .nlmsg_flags = 1},
		 20,
		 -ENOENT},
		{"command 0",
		 {.nlmsg_len = 20, .nlmsg_type = IPVS, .nlmsg_flags = 1},
		 20,
		 -EOPNOTSUPP},
		{"garbage behind it",
		 {.nlmsg_len = 20, .nlmsg_type = IPVS, .nlmsg_flags = 1},
		 27,
		 -EINVAL},
	};
	uint8_t data[64] = {0};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("           %s\n", rows[i].what);
		memcpy(data, &rows[i].nlh, sizeof(rows[i].nlh));
		assert_int_equal(ask_raw(data, rows[i].len), rows[i].result);
		assert_true(ans.error_seen);
	}
}

static void acknowledgements(void **state)
{
	/* A control message, which keepalived sends by mistake: acknowledged, nothing else. */
	assert_int_equal(command(0, IPVS_CMD_GET_INFO, ACK), 0);
	assert_true(ans.error_seen);
	assert_int_equal(ans.n, 0);
	/* Without NLM_F_ACK there is no answer, unless something is wrong. */
	assert_int_equal(command(0, 0, 0), 0);
	assert_false(ans.error_seen);
	assert_int_equal(command(IPVS, IPVS_CMD_FLUSH, 0), 0);
	assert_false(ans.error_seen);
	assert_int_equal(command(IPVS, IPVS_CMD_NEW_SERVICE, 0), -EINVAL);
	/* Not a request: not carried out. */
	request_begin(&req, IPVS, ACK, IPVS_CMD_GET_INFO);
	((struct nlmsghdr *)req.data)->nlmsg_flags = ACK;
	assert_int_equal(ask(), 0);
	assert_int_equal(ans.n, 0);
	/* Dumping what does not dump. */
	assert_int_equal(command(IPVS, IPVS_CMD_GET_INFO, DUMP | ACK), -EOPNOTSUPP);
	assert_int_equal(command(IPVS, IPVS_CMD_GET_DEST, ACK), -EOPNOTSUPP);
}

static void oversized(void **state)
{
	uint8_t *big = calloc(1, LVSD_MSG_MAX + 4);
	struct nlmsghdr *nlh = (struct nlmsghdr *)big;
	uint8_t buf[4096];

	*nlh = (struct nlmsghdr){.nlmsg_len = LVSD_MSG_MAX + 4, .nlmsg_type = IPVS};
	assert_int_equal(send(fd, big, LVSD_MSG_MAX + 4, 0), LVSD_MSG_MAX + 4);
	assert_true(client_receive(base, fd, buf, sizeof(buf), 100) > 0);
	assert_int_equal(((struct nlmsgerr *)(buf + NLMSG_HDRLEN))->error, -EINVAL);
	/* The largest one that is allowed: its echo does not fit, but the sentence does. */
	nlh->nlmsg_len = LVSD_MSG_MAX;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	big[NLMSG_HDRLEN] = IPVS_CMD_NEW_SERVICE;
	assert_int_equal(send(fd, big, LVSD_MSG_MAX, 0), LVSD_MSG_MAX);
	assert_true(client_receive(base, fd, buf, sizeof(buf), 100) > 0);
	assert_true(((struct nlmsghdr *)buf)->nlmsg_flags & NLM_F_CAPPED);
	assert_true(((struct nlmsghdr *)buf)->nlmsg_flags & NLM_F_ACK_TLVS);
	assert_int_equal(command(IPVS, IPVS_CMD_GET_INFO, ACK), 0);
	free(big);
}

/* Nothing of a datagram is carried out when some of it is not a message. */
static void whole_datagrams(void **state)
{
	request_begin(&req, IPVS, ACK, IPVS_CMD_NEW_SERVICE);
	put_service("192.0.2.1", 80, "rr");
	request_begin(&req, IPVS, ACK, IPVS_CMD_NEW_SERVICE);
	put_service("192.0.2.2", 80, "rr");
	((struct nlmsghdr *)(req.data + req.message))->nlmsg_len += 4;
	assert_int_equal(ask(), -EINVAL);
	assert_int_equal(model_service_count(), 0);
	/* All of it takes effect at once, and every message is answered. */
	unsigned int published = fake_published();
	uint8_t buf[4096];

	for (unsigned int i = 0; i < 50; i++) {
		char addr[32];

		snprintf(addr, sizeof(addr), "192.0.2.%u", i / 2); /* each second one fails */
		request_begin(&req, IPVS, ACK, IPVS_CMD_NEW_SERVICE);
		put_service(addr, 80, "rr");
	}
	assert_int_equal(send(fd, req.data, req.len, 0), req.len);
	for (unsigned int i = 0; i < 50; i++) {
		assert_true(client_receive(base, fd, buf, sizeof(buf), 100) > 0);
		assert_int_equal(((struct nlmsgerr *)(buf + NLMSG_HDRLEN))->error,
				 i % 2 ? -EEXIST : 0);
	}
	clear();
	assert_int_equal(fake_published(), published + 1);
	assert_int_equal(model_service_count(), 25);
}

static void bad_attributes(void **state)
{
	static const uint8_t one = 1;
	const struct {
		const char *what;
		uint16_t attr;
		const char *value;
		size_t len;
	} rows[] = {
		{"short number", IPVS_SVC_ATTR_AF, "\2", 1},
		{"empty number", IPVS_SVC_ATTR_PORT, "", 0},
		{"long address", IPVS_SVC_ATTR_ADDR, "12345678901234567", 17},
		{"address of 5 bytes", IPVS_SVC_ATTR_ADDR, "12345", 5},
		{"string without end", IPVS_SVC_ATTR_SCHED_NAME, "rr", 2},
		{"empty string attribute", IPVS_SVC_ATTR_SCHED_NAME, "", 0},
		{"long name", IPVS_SVC_ATTR_SCHED_NAME, "abcdefghijklmnop", 17},
		{"short flags", IPVS_SVC_ATTR_FLAGS, "1234", 4},
	};
	size_t nest;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("           %s\n", rows[i].what);
		request_begin(&req, IPVS, ACK, IPVS_CMD_NEW_SERVICE);
		put_service("192.0.2.1", 80, "rr");
		/* The last of two attributes of one number counts. */
		nest = req.message + NLMSG_HDRLEN + GENL_HDRLEN;
		request_put(&req, rows[i].attr, rows[i].value, rows[i].len);
		request_nest_end(&req, nest);
		assert_int_equal(ask(), -EINVAL);
		assert_int_equal(model_service_count(), 0);
	}
	/* An attribute that says it is longer than the message. */
	request_begin(&req, IPVS, ACK, IPVS_CMD_ZERO);
	request_put(&req, IPVS_CMD_ATTR_SERVICE, &one, 1);
	((struct nlattr *)(req.data + 20))->nla_len = 400;
	assert_int_equal(ask(), -EINVAL);
	request_begin(&req, IPVS, ACK, IPVS_CMD_ZERO);
	request_put(&req, IPVS_CMD_ATTR_SERVICE, &one, 1);
	((struct nlattr *)(req.data + 20))->nla_len = 3;
	assert_int_equal(ask(), -EINVAL);
	/* Attributes nobody knows are ignored, and so is the nested bit. */
	request_begin(&req, IPVS, ACK, IPVS_CMD_NEW_SERVICE);
	request_put(&req, 777, "abc", 3);
	nest = req.len;
	put_service("192.0.2.1", 80, "rr");
	((struct nlattr *)(req.data + nest))->nla_type |= NLA_F_NESTED;
	assert_int_equal(ask(), 0);
}

/* Whatever comes, the server answers or drops it, and lives. */
static void random_datagrams(void **state)
{
	uint8_t buf[32768], junk[2048];
	struct request good;

	request_begin(&req, IPVS, ACK, IPVS_CMD_NEW_SERVICE);
	put_service("192.0.2.1", 80, "wrr");
	request_begin(&req, IPVS, ACK, IPVS_CMD_NEW_DEST);
	put_service("192.0.2.1", 80, NULL);
	put_dest("10.0.0.1", 80, 1);
	request_begin(&req, IPVS, DUMP, IPVS_CMD_GET_DEST);
	put_service("192.0.2.1", 80, NULL);
	request_begin(&req, LVSD, DUMP, LVSD_CMD_GET_COUNTER);
	good = req;
	clear();
	srandom(20240607);
	for (unsigned int i = 0; i < 20000; i++) {
		size_t len = good.len;

		memcpy(junk, good.data, len);
		for (long n = random() % 8; n >= 0; n--)
			junk[(size_t)random() % len] = (uint8_t)random();
		if (random() % 4 == 0)
			len = (size_t)random() % len + 1;
		assert_true(send(fd, junk, len, 0) > 0);
		client_turn(base);
		while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
			client_turn(base);
		if (i % 100 == 0)
			fake_grace_period();
	}
	assert_int_equal(command(IPVS, IPVS_CMD_FLUSH, ACK), 0);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, server_setup, server_teardown)
	const struct CMUnitTest tests[] = {
		TEST(family_names),     TEST(service_round_trip), TEST(config_and_info),
		TEST(daemons),          TEST(own_family),         TEST(bad_frames),
		TEST(acknowledgements), TEST(oversized),          TEST(whole_datagrams),
		TEST(bad_attributes),   TEST(random_datagrams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
