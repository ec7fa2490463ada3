/* SPDX-License-Identifier: BSD-3-Clause */
/* The control socket: dumps, many clients and bad ones, who may do what, the socket's file. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/ip_vs.h>

#include "server_fixture.h"

/* ---- dumps ------------------------------------------------------------------------------- */

static void services_while_they_change(void **state)
{
	char addr[32];

	for (unsigned int i = 0; i < 500; i++) {
		snprintf(addr, sizeof(addr), "10.1.%u.%u", i / 200, i % 200);
		assert_int_equal(new_service(addr, 80), 0);
	}
	assert_int_equal(command(IPVS, IPVS_CMD_GET_SERVICE, DUMP), 0);
	assert_int_equal(ans.n, 500);
	/* Everything goes away in the middle of a dump that the client does not read. */
	int other = client_connect(path), small = 1;

	setsockopt(other, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	request_begin(&req, IPVS, DUMP, IPVS_CMD_GET_SERVICE);
	assert_int_equal(send(other, req.data, req.len, 0), req.len);
	clear();
	client_turn(base);
	assert_int_equal(command(IPVS, IPVS_CMD_FLUSH, ACK), 0);
	clear();
	client_ask(base, other, &req, &ans, NULL, NULL);
	close(other);
	client_turn(base);
}

static void two_dumps_at_once(void **state)
{
	uint8_t buf[32768];
	int busy = 0;

	fake_conns = 10;
	request_begin(&req, LVSD, DUMP, LVSD_CMD_GET_CONN);
	request_begin(&req, LVSD, DUMP, LVSD_CMD_GET_CONN);
	assert_int_equal(send(fd, req.data, req.len, 0), req.len);
	clear();
	while (client_receive(base, fd, buf, sizeof(buf), 50) > 0)
		if (((struct nlmsghdr *)buf)->nlmsg_type == NLMSG_ERROR)
			busy = ((struct nlmsgerr *)(buf + NLMSG_HDRLEN))->error;
	assert_int_equal(busy, -EBUSY);
	/* One after the other is fine, also when asked for before the first has ended. */
	request_begin(&req, LVSD, DUMP, LVSD_CMD_GET_CONN);
	assert_int_equal(send(fd, req.data, req.len, 0), req.len);
	assert_int_equal(send(fd, req.data, req.len, 0), req.len);
	clear();
	unsigned int done = 0;

	for (int n; (n = client_receive(base, fd, buf, sizeof(buf), 50)) > 0;)
		for (int at = 0; at < n;
		     at += NLMSG_ALIGN(((struct nlmsghdr *)(buf + at))->nlmsg_len))
			done += ((struct nlmsghdr *)(buf + at))->nlmsg_type == NLMSG_DONE;
	assert_int_equal(done, 2);
}

struct conn_check {
	unsigned int n;
};

static void check_conn(void *arg, const struct nlmsghdr *nlh)
{
	struct conn_check *check = arg;
	struct conn_view v;
	size_t len;

	fake_conn(check->n++, &v);
	assert_memory_equal(message_attr(nlh, LVSD_CONN_ATTR_CADDR, &len), v.caddr.b, 4);
	assert_int_equal(len, 4);
	assert_int_equal(*(const uint16_t *)message_attr(nlh, LVSD_CONN_ATTR_CPORT, NULL), v.cport);
	assert_int_equal(*(const uint32_t *)message_attr(nlh, LVSD_CONN_ATTR_EXPIRES, NULL),
			 v.expires_ms);
	assert_string_equal(message_attr(nlh, LVSD_CONN_ATTR_STATE, NULL), "ESTABLISHED");
}

static void many_connections(void **state)
{
	struct conn_check check = {0};

	fake_conns = 50000;
	fake_conn_delay = 2;
	request_begin(&req, LVSD, DUMP, LVSD_CMD_GET_CONN);
	client_ask(base, fd, &req, &ans, check_conn, &check);
	clear();
	assert_true(ans.done);
	assert_int_equal(check.n, 50000);
	assert_int_equal(fake_open_walks, 0);
}

static void leaves_during_dump(void **state)
{
	int other = client_connect(path);

	fake_conns = 1000000;
	request_begin(&req, LVSD, DUMP, LVSD_CMD_GET_CONN);
	assert_int_equal(send(other, req.data, req.len, 0), req.len);
	clear();
	client_turn(base);
	assert_int_equal(fake_open_walks, 1);
	close(other);
	client_turn(base);
	assert_int_equal(fake_open_walks, 0);
	/* The same while the workers have not answered yet. */
	fake_conn_delay = 1000000;
	other = client_connect(path);
	request_begin(&req, LVSD, DUMP, LVSD_CMD_GET_CONN);
	assert_int_equal(send(other, req.data, req.len, 0), req.len);
	clear();
	client_turn(base);
	assert_int_equal(fake_open_walks, 1);
	close(other);
	fake_conn_delay = 0;
	poll(NULL, 0, 5);
	client_turn(base);
	client_turn(base);
	assert_int_equal(fake_open_walks, 0);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

/* It is dropped after 5 seconds, and nobody else notices it. */
static void slow_reader(void **state)
{
	int slow = client_connect(path);
	int64_t started = now_ms(), dropped = 0;
	uint8_t buf[32768];

	fake_conns = 1000000;
	request_begin(&req, LVSD, DUMP, LVSD_CMD_GET_CONN);
	assert_int_equal(send(slow, req.data, req.len, 0), req.len);
	clear();
	while (!dropped && now_ms() < started + 8000) {
		int64_t before = now_ms();

		assert_int_equal(command(IPVS, IPVS_CMD_GET_INFO, ACK), 0);
		assert_in_range(now_ms() - before, 0, 200);
		if (fake_open_walks == 0)
			dropped = now_ms() - started;
		poll(NULL, 0, 20);
	}
	assert_in_range(dropped, 4500, 6500);
	while (recv(slow, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	assert_int_equal(recv(slow, buf, sizeof(buf), MSG_DONTWAIT), 0);
	close(slow);
}

/* ---- many clients ------------------------------------------------------------------------ */

static void many_clients(void **state)
{
	static int fds[255];
	uint8_t buf[64];
	int extra;

	for (unsigned int i = 0; i < 255; i++) {
		fds[i] = client_connect(path);
		assert_true(fds[i] >= 0);
		client_turn(base);
	}
	extra = client_connect(path);
	assert_true(extra >= 0);
	client_turn(base);
	assert_int_equal(recv(extra, buf, sizeof(buf), MSG_DONTWAIT), 0);
	close(extra);
	/* All at once. */
	request_begin(&req, IPVS, ACK, IPVS_CMD_GET_INFO);
	for (unsigned int i = 0; i < 255; i++)
		assert_int_equal(send(fds[i], req.data, req.len, 0), req.len);
	clear();
	for (unsigned int i = 0; i < 255; i++) {
		uint8_t answer[256];

		assert_true(client_receive(base, fds[i], answer, sizeof(answer), 100) > 0);
		close(fds[i]);
	}
	client_turn(base);
	client_turn(base);
	fds[0] = client_connect(path);
	client_turn(base);
	client_ask(base, fds[0], &req, &ans, NULL, NULL);
	close(fds[0]);
}

/* ---- who may change something ------------------------------------------------------------ */

static int nobodys_request(int s, uint8_t cmd)
{
	struct nlmsgerr *e;
	uint8_t buf[4096];

	memset(&req, 0, sizeof(req));
	request_begin(&req, IPVS, ACK, cmd);
	if (send(s, req.data, req.len, 0) < 0)
		return 100;
	do {
		if (recv(s, buf, sizeof(buf), 0) < NLMSG_HDRLEN)
			return 101;
	} while (((struct nlmsghdr *)buf)->nlmsg_type != NLMSG_ERROR);
	e = (struct nlmsgerr *)(buf + NLMSG_HDRLEN);
	return -e->error;
}

static void nobody_may_only_read(void **state)
{
	int status;
	pid_t child;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(chmod(dir, 0755), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		int s;

		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(1);
		s = client_connect(path);
		if (s < 0 || nobodys_request(s, IPVS_CMD_FLUSH) != EPERM ||
		    nobodys_request(s, IPVS_CMD_GET_INFO) != 0)
			_exit(2);
		_exit(0);
	}
	while (waitpid(child, &status, WNOHANG) == 0) {
		client_turn(base);
		poll(NULL, 0, 1);
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- the socket's file ------------------------------------------------------------------- */

static void taken_socket(void **state)
{
	struct server *second = NULL;
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(server_open(base, path, &second, err, sizeof(err)), -EADDRINUSE);
	assert_non_null(strstr(err, "another lvsd"));
	assert_null(second);
	assert_int_equal(command(IPVS, IPVS_CMD_GET_INFO, ACK), 0); /* the first one lives */
}

static void stale_socket(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct server *second = NULL;
	char stale[128];
	int s = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	snprintf(stale, sizeof(stale), "%s/stale", dir);
	memcpy(at.sun_path, stale, strlen(stale) + 1);
	assert_int_equal(bind(s, (struct sockaddr *)&at, sizeof(at)), 0);
	close(s);
	assert_int_equal(server_open(base, stale, &second, err, sizeof(err)), 0);
	s = client_connect(stale);
	assert_true(s >= 0);
	close(s);
	server_close(second);
	assert_int_equal(access(stale, F_OK), -1);
}

static void things_in_the_way(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct server *second = NULL;
	char name[128], longer[200];
	int s;

	snprintf(name, sizeof(name), "%s/file", dir);
	close(open(name, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(server_open(base, name, &second, err, sizeof(err)), -EEXIST);
	assert_int_equal(unlink(name), 0); /* it is still there */
	assert_int_equal(mkdir(name, 0700), 0);
	assert_int_equal(server_open(base, name, &second, err, sizeof(err)), -EEXIST);
	assert_int_equal(rmdir(name), 0);
	s = socket(AF_UNIX, SOCK_STREAM, 0); /* another program's */
	memcpy(at.sun_path, name, strlen(name) + 1);
	assert_int_equal(bind(s, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(s, 1), 0);
	assert_int_equal(server_open(base, name, &second, err, sizeof(err)), -EADDRINUSE);
	close(s);
	assert_int_equal(unlink(name), 0);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	assert_int_equal(server_open(base, longer, &second, err, sizeof(err)), -ENAMETOOLONG);
	assert_int_equal(server_open(base, "", &second, err, sizeof(err)), -ENAMETOOLONG);
	assert_int_equal(server_open(base, "/nosuch/dir/x", &second, err, sizeof(err)), -ENOENT);
	assert_null(second);
	/* A directory that is missing is made, and goes with the socket. */
	snprintf(name, sizeof(name), "%s/run/sock", dir);
	assert_int_equal(server_open(base, name, &second, err, sizeof(err)), 0);
	s = client_connect(name);
	assert_true(s >= 0);
	close(s);
	server_close(second);
}

/* Somebody else's socket of the same name is not removed. */
static void replaced_file(void **state)
{
	struct server *first = NULL, *second = NULL;
	char name[128];

	snprintf(name, sizeof(name), "%s/x", dir);
	assert_int_equal(server_open(base, name, &first, err, sizeof(err)), 0);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(server_open(base, name, &second, err, sizeof(err)), 0);
	server_close(first);
	assert_int_equal(access(name, F_OK), 0);
	server_close(second);
	assert_int_equal(access(name, F_OK), -1);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, server_setup, server_teardown)
	const struct CMUnitTest tests[] = {
		TEST(services_while_they_change), TEST(two_dumps_at_once), TEST(many_connections),
		TEST(leaves_during_dump),         TEST(slow_reader),       TEST(many_clients),
		TEST(nobody_may_only_read),       TEST(taken_socket),      TEST(stale_socket),
		TEST(things_in_the_way),          TEST(replaced_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
