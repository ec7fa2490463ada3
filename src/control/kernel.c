/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Follows the kernel's network tables (kernel.h): one NETLINK_ROUTE socket for dumps and
 * notifications, so that they arrive in the order they happened in. Main lcore only.
 *
 * Dumps run one after the other, in pieces, between other events of the loop. When the kernel had
 * to drop notifications (ENOBUFS), or a dump was inconsistent, tables are read anew.
 */
#include "kernel.h"

#include <errno.h>
#include <event2/event.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "kernel_table.h"
#include "rtnl.h"

#define BUFFER_SIZE   65536
#define RECEIVE_BYTES (4 << 20) /* of queued notifications before the kernel drops some */
#define BATCH         32        /* datagrams before other events have their turn */
#define SETTLE_MS     20        /* changes come in bursts: read tables anew after the burst */
#define RETRY_MS      500
#define FIRST_MS      10000 /* for the first reading */
#define STALE_MS      20000 /* a neighbour that the kernel is unsure of, for so long */
#define STALE_BUDGET  64    /* checked at once */

static struct {
	struct mnl_socket *sock;
	struct event *readable, *settle;
	void (*changed)(void);
	uint32_t portid, seq;
	bool dumping, torn;
	enum kernel_dump dump; /* while dumping */
	unsigned int wanted;   /* KERNEL_DUMP() of the tables to read */
} mirror;

static const struct {
	uint16_t type;
	uint8_t family;
} dumps[KERNEL_DUMPS] = {
	[KERNEL_LINKS] = {RTM_GETLINK, AF_UNSPEC},
	[KERNEL_ADDRESSES] = {RTM_GETADDR, AF_UNSPEC},
	[KERNEL_ROUTES4] = {RTM_GETROUTE, AF_INET},
	[KERNEL_ROUTES6] = {RTM_GETROUTE, AF_INET6},
	[KERNEL_NEIGHBOURS] = {RTM_GETNEIGH, AF_UNSPEC},
};

/* ---- dumps ------------------------------------------------------------------------------- */

static void settle_in(unsigned int ms)
{
	struct timeval tv = {.tv_usec = (int)ms * 1000};

	if (!evtimer_pending(mirror.settle, NULL))
		event_add(mirror.settle, &tv);
}

static void want(unsigned int tables)
{
	mirror.wanted |= tables;
	if (tables != 0)
		settle_in(SETTLE_MS);
}

/* Starts the first wanted dump, unless one runs. */
static void dump_next(void)
{
	_Alignas(struct nlmsghdr) char buf[64];
	struct nlmsghdr *nlh;
	struct rtgenmsg *gen;
	int kind = 0;

	if (mirror.dumping || mirror.wanted == 0)
		return;
	while (!(mirror.wanted & KERNEL_DUMP(kind)))
		kind++;
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = dumps[kind].type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = ++mirror.seq;
	/* As long as the kernel's own header of this kind: strict and old kernels agree on it. */
	gen = mnl_nlmsg_put_extra_header(nlh, kind == KERNEL_LINKS       ? sizeof(struct ifinfomsg)
					      : kind == KERNEL_ADDRESSES ? sizeof(struct ifaddrmsg)
									 : sizeof(struct rtmsg));
	gen->rtgen_family = dumps[kind].family;
	if (mnl_socket_sendto(mirror.sock, nlh, nlh->nlmsg_len) < 0) {
		settle_in(RETRY_MS);
		return;
	}
	mirror.wanted &= ~KERNEL_DUMP(kind);
	mirror.dumping = true;
	mirror.torn = false;
	mirror.dump = (enum kernel_dump)kind;
	kernel_table_begin(mirror.dump);
}

/* `error`: 0 or the negative errno that the kernel ended the dump with. */
static void dump_end(int error, struct kernel_effect *effect)
{
	mirror.dumping = false;
	if (error == 0 || error == -EOPNOTSUPP || error == -EAFNOSUPPORT) {
		/* A kernel without IPv6 has no IPv6 routes. */
		kernel_table_end(mirror.dump, effect);
		if (mirror.torn)
			want(KERNEL_DUMP(mirror.dump));
	} else {
		mirror.wanted |= KERNEL_DUMP(mirror.dump);
		settle_in(RETRY_MS);
		return;
	}
	if (!evtimer_pending(mirror.settle, NULL))
		dump_next();
}

static void settled(evutil_socket_t fd, short what, void *arg)
{
	dump_next();
}

/* ---- messages ---------------------------------------------------------------------------- */

static int end_code(const struct nlmsghdr *nlh)
{
	const int *code = mnl_nlmsg_get_payload(nlh); /* of NLMSG_DONE, and first of nlmsgerr */

	return mnl_nlmsg_get_payload_len(nlh) >= sizeof(*code) ? *code : 0;
}

static void message(const struct nlmsghdr *nlh, struct kernel_effect *effect)
{
	bool of_dump =
		mirror.dumping && nlh->nlmsg_seq == mirror.seq && nlh->nlmsg_pid == mirror.portid;

	if (of_dump && nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		mirror.torn = true;
	if (nlh->nlmsg_type >= NLMSG_MIN_TYPE)
		kernel_table_message(nlh, of_dump, effect);
	else if (nlh->nlmsg_type == NLMSG_OVERRUN)
		effect->again |= KERNEL_DUMPS_ALL;
	else if (of_dump && (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR))
		dump_end(end_code(nlh), effect);
}

/* One datagram. -EAGAIN: there is none. */
static int receive(struct kernel_effect *effect)
{
	static _Alignas(struct nlmsghdr) char buf[BUFFER_SIZE];
	struct sockaddr_nl from = {0};
	socklen_t from_len = sizeof(from);
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)buf;
	ssize_t len = recvfrom(mnl_socket_get_fd(mirror.sock), buf, sizeof(buf), MSG_TRUNC,
			       (struct sockaddr *)&from, &from_len);
	int left = (int)len;

	if (len < 0 && errno == ENOBUFS) {
		effect->again |= KERNEL_DUMPS_ALL;
		return 0;
	}
	if (len < 0)
		return -errno;
	if (from.nl_pid != 0) /* not from the kernel */
		return 0;
	if ((size_t)len > sizeof(buf)) {
		effect->again |= KERNEL_DUMPS_ALL;
		return 0;
	}
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		message(nlh, effect);
	return 0;
}

static void receive_all(int batch)
{
	struct kernel_effect effect = {0};

	while (batch-- > 0 && receive(&effect) == 0)
		;
	want(effect.again);
	if (effect.changed)
		mirror.changed();
}

static void readable(evutil_socket_t fd, short what, void *arg)
{
	receive_all(BATCH);
}

/* ---- start and stop ---------------------------------------------------------------------- */

static int subscribe(void)
{
	static const int groups[] = {RTNLGRP_LINK,       RTNLGRP_NEIGH,       RTNLGRP_IPV4_IFADDR,
				     RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_ROUTE};
	int size = RECEIVE_BYTES;
	int fd;

	mirror.sock = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (mirror.sock == NULL || mnl_socket_bind(mirror.sock, 0, MNL_SOCKET_AUTOPID) != 0)
		return -errno;
	mirror.portid = mnl_socket_get_portid(mirror.sock);
	fd = mnl_socket_get_fd(mirror.sock);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (mnl_socket_setsockopt(mirror.sock, NETLINK_ADD_MEMBERSHIP, (void *)&groups[i],
					  sizeof(groups[i])) != 0)
			return -errno;
	return 0;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Before the event loop runs: waits until every table has been read once. */
static int read_all(void)
{
	struct pollfd pfd = {.fd = mnl_socket_get_fd(mirror.sock), .events = POLLIN};
	uint64_t end = now_ms() + FIRST_MS;

	mirror.wanted = KERNEL_DUMPS_ALL;
	while (mirror.dumping || mirror.wanted != 0) {
		if (now_ms() > end)
			return -ETIMEDOUT;
		dump_next();
		if (poll(&pfd, 1, 100) > 0)
			receive_all(1);
	}
	return 0;
}

int kernel_open(struct event_base *base, void (*changed)(void), struct dp_error *err)
{
	int rc;

	memset(&mirror, 0, sizeof(mirror));
	mirror.changed = changed;
	rc = subscribe();
	if (rc == 0) {
		mirror.readable = event_new(base, mnl_socket_get_fd(mirror.sock),
					    EV_READ | EV_PERSIST, readable, NULL);
		mirror.settle = evtimer_new(base, settled, NULL);
		if (mirror.readable == NULL || mirror.settle == NULL ||
		    event_add(mirror.readable, NULL) != 0)
			rc = -ENOMEM;
	}
	if (rc == 0)
		rc = read_all();
	if (rc != 0) {
		snprintf(err->text, sizeof(err->text),
			 "cannot follow the kernel's addresses and routes: %s", strerror(-rc));
		kernel_close();
	}
	return rc;
}

void kernel_close(void)
{
	if (mirror.readable != NULL)
		event_free(mirror.readable);
	if (mirror.settle != NULL)
		event_free(mirror.settle);
	if (mirror.sock != NULL)
		mnl_socket_close(mirror.sock);
	memset(&mirror, 0, sizeof(mirror));
	kernel_table_free();
}

void kernel_collect(struct network *net)
{
	kernel_table_collect(net);
}

void kernel_refresh(uint64_t now)
{
	kernel_table_stale(now, STALE_MS, STALE_BUDGET, rtnl_use_neighbour);
}
