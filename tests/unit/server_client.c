/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests and answers byte by byte, without the libraries that the server is built with. */
#include "server_client.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>
#include <linux/genetlink.h>

/* ---- building ---------------------------------------------------------------------------- */

static struct nlmsghdr *header(struct request *r)
{
	return (struct nlmsghdr *)(r->data + r->message);
}

void request_begin(struct request *r, uint16_t type, uint16_t flags, uint8_t cmd)
{
	struct genlmsghdr genl = {.cmd = cmd, .version = 1};

	r->message = r->len;
	*header(r) = (struct nlmsghdr){
		.nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN,
		.nlmsg_type = type,
		.nlmsg_flags = NLM_F_REQUEST | flags,
		.nlmsg_seq = ++r->seq,
	};
	memcpy(r->data + r->len + NLMSG_HDRLEN, &genl, sizeof(genl));
	r->len += NLMSG_HDRLEN + GENL_HDRLEN;
}

void request_put(struct request *r, uint16_t attr, const void *data, size_t len)
{
	struct nlattr a = {.nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = attr};

	assert_true(r->len + NLA_HDRLEN + len + 3 < sizeof(r->data));
	memset(r->data + r->len, 0, NLA_HDRLEN + NLA_ALIGN(len));
	memcpy(r->data + r->len, &a, sizeof(a));
	memcpy(r->data + r->len + NLA_HDRLEN, data, len);
	r->len += NLA_HDRLEN + NLA_ALIGN(len);
	header(r)->nlmsg_len = (uint32_t)(r->len - r->message);
}

void request_u8(struct request *r, uint16_t attr, uint8_t value)
{
	request_put(r, attr, &value, sizeof(value));
}

void request_u16(struct request *r, uint16_t attr, uint16_t value)
{
	request_put(r, attr, &value, sizeof(value));
}

void request_u32(struct request *r, uint16_t attr, uint32_t value)
{
	request_put(r, attr, &value, sizeof(value));
}

void request_string(struct request *r, uint16_t attr, const char *value)
{
	request_put(r, attr, value, strlen(value) + 1);
}

size_t request_nest(struct request *r, uint16_t attr)
{
	size_t nest = r->len;

	request_put(r, attr, "", 0);
	return nest;
}

void request_nest_end(struct request *r, size_t nest)
{
	((struct nlattr *)(r->data + nest))->nla_len = (uint16_t)(r->len - nest);
}

/* ---- talking ----------------------------------------------------------------------------- */

void client_turn(struct event_base *base)
{
	for (int i = 0; i < 8; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

int client_connect(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

int client_receive(struct event_base *base, int fd, void *buf, size_t size, unsigned int ms)
{
	for (unsigned int waited = 0;; waited++) {
		ssize_t n;

		client_turn(base);
		n = recv(fd, buf, size, MSG_DONTWAIT | MSG_TRUNC);
		if (n < 0 && errno == ECONNRESET)
			return 0;
		if (n >= 0) {
			assert_true((size_t)n <= size);
			return (int)n;
		}
		assert_int_equal(errno, EAGAIN);
		if (waited >= ms)
			return -ETIMEDOUT;
		poll(NULL, 0, 1);
	}
}

const void *find_attr(const void *attrs, size_t attrs_len, uint16_t attr, size_t *len)
{
	const uint8_t *p = attrs;

	while (attrs_len >= NLA_HDRLEN) {
		const struct nlattr *a = (const struct nlattr *)p;
		size_t step = NLA_ALIGN(a->nla_len);

		assert_in_range(a->nla_len, NLA_HDRLEN, attrs_len);
		if (a->nla_type == attr) {
			if (len)
				*len = a->nla_len - NLA_HDRLEN;
			return a + 1;
		}
		if (step > attrs_len)
			break;
		p += step;
		attrs_len -= step;
	}
	return NULL;
}

const void *message_attr(const void *message, uint16_t attr, size_t *len)
{
	const struct nlmsghdr *nlh = message;

	return find_attr((const uint8_t *)message + NLMSG_HDRLEN + GENL_HDRLEN,
			 nlh->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN, attr, len);
}

static void take_error(const struct nlmsghdr *nlh, struct answer *out)
{
	const struct nlmsgerr *e = (const struct nlmsgerr *)(nlh + 1);
	size_t at = NLMSG_HDRLEN + sizeof(*e);
	const char *text;

	assert_true(nlh->nlmsg_len >= at);
	out->error_seen = true;
	out->result = e->error;
	if (e->error == 0)
		assert_int_equal(nlh->nlmsg_len, at);
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		at += NLMSG_ALIGN(e->msg.nlmsg_len) - NLMSG_HDRLEN;
	text = find_attr((const uint8_t *)nlh + at, nlh->nlmsg_len - at, NLMSGERR_ATTR_MSG, NULL);
	assert_non_null(text);
	snprintf(out->text, sizeof(out->text), "%s", text);
}

void client_ask(struct event_base *base, int fd, const struct request *r, struct answer *out,
		void (*each)(void *arg, const struct nlmsghdr *nlh), void *arg)
{
	uint8_t buf[32768] __attribute__((aligned(4)));

	memset(out, 0, sizeof(*out));
	assert_int_equal(send(fd, r->data, r->len, MSG_NOSIGNAL), r->len);
	while (!out->error_seen && !out->done) {
		int n = client_receive(base, fd, buf, sizeof(buf), 100);

		if (n <= 0)
			return;
		for (int at = 0; at < n;) {
			const struct nlmsghdr *nlh = (const struct nlmsghdr *)(buf + at);

			assert_in_range(nlh->nlmsg_len, NLMSG_HDRLEN, n - at);
			assert_int_equal(nlh->nlmsg_pid, 0);
			if (nlh->nlmsg_type == NLMSG_ERROR) {
				take_error(nlh, out);
			} else if (nlh->nlmsg_type == NLMSG_DONE) {
				assert_int_equal(nlh->nlmsg_len, NLMSG_HDRLEN + 4);
				out->done = true;
				memcpy(&out->result, nlh + 1, 4);
			} else {
				out->n++;
				memcpy(out->last, nlh, nlh->nlmsg_len);
				if (each)
					each(arg, nlh);
			}
			at += (int)NLMSG_ALIGN(nlh->nlmsg_len);
		}
	}
}
