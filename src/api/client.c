/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Talking to lvsd: the connection, requests and their answers, checked attributes. See client.h.
 */
#include "client.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "lvsd_wire.h"

#define CLIENT_TEXT_MAX 512

struct client {
	int fd;
	uint32_t seq;
	char text[CLIENT_TEXT_MAX]; /* the daemon's words about the last error */
	_Alignas(struct nlmsghdr) uint8_t tx[CLIENT_ROOM + 1024];
	_Alignas(struct nlmsghdr) uint8_t rx[LVSD_MSG_MAX];
};

/* ---- the connection ---------------------------------------------------------------------- */

const char *client_default_socket(void)
{
	const char *path = getenv(LVSD_SOCKET_ENV);

	return path && *path ? path : LVSD_SOCKET_DEFAULT;
}

int client_open(const char *path, struct client **out)
{
	struct timeval timeout = {.tv_sec = CLIENT_TIMEOUT};
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct client *client;
	int err;

	if (strlen(path) >= sizeof(sun.sun_path))
		return -ENAMETOOLONG;
	memcpy(sun.sun_path, path, strlen(path));

	client = calloc(1, sizeof(*client));
	if (!client)
		return -ENOMEM;

	client->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (client->fd < 0) {
		err = -errno;
		free(client);
		return err;
	}
	if (setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    connect(client->fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
		err = -errno;
		client_close(client);
		return err;
	}
	*out = client;
	return 0;
}

void client_close(struct client *client)
{
	if (!client)
		return;
	close(client->fd);
	free(client);
}

const char *client_error(const struct client *client)
{
	return client->text;
}

/* ---- requests ---------------------------------------------------------------------------- */

struct nlmsghdr *client_request(struct client *client, uint16_t family, uint8_t cmd, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(client->tx);
	struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));

	nlh->nlmsg_type = family;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++client->seq;
	genl->cmd = cmd;
	genl->version = LVSD_FAMILY_VERSION;
	return nlh;
}

static int client_send(struct client *client, const struct nlmsghdr *nlh)
{
	ssize_t n;

	do
		n = send(client->fd, nlh, nlh->nlmsg_len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);

	if (n >= 0)
		return 0;
	return errno == EAGAIN ? -ETIMEDOUT : errno == EPIPE ? -ECONNRESET : -errno;
}

/* One datagram into client->rx; its length, or a negative errno. */
static int client_receive(struct client *client)
{
	struct iovec iov = {.iov_base = client->rx, .iov_len = sizeof(client->rx)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	do
		n = recvmsg(client->fd, &msg, 0);
	while (n < 0 && errno == EINTR);

	if (n < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	if (n == 0)
		return -ECONNRESET;
	if (msg.msg_flags & MSG_TRUNC)
		return -EPROTO;
	return n;
}

/* The words of an extended acknowledgement. They follow the quoted request, which is only its
 * header when NLM_F_CAPPED is set. */
static void client_read_text(struct client *client, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	uint32_t offset = sizeof(*err);
	const struct nlattr *attr;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED)) {
		if (err->msg.nlmsg_len < NLMSG_HDRLEN)
			return;
		offset += NLMSG_ALIGN(err->msg.nlmsg_len - NLMSG_HDRLEN);
	}
	if (offset < sizeof(*err) || offset >= mnl_nlmsg_get_payload_len(nlh))
		return;

	mnl_attr_for_each(attr, nlh, offset)
	{
		if (mnl_attr_get_type(attr) != NLMSGERR_ATTR_MSG ||
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0)
			continue;
		strncpy(client->text, mnl_attr_get_str(attr), sizeof(client->text) - 1);
	}
}

/* One message of an answer. 1: the answer is complete, *result says how; 0: go on;
 * negative: not a message. */
static int client_message(struct client *client, const struct nlmsghdr *nlh,
			  client_answer_fn answer, void *arg, int *result)
{
	const struct nlmsgerr *nlerr;
	int err;

	switch (nlh->nlmsg_type) {
	case NLMSG_NOOP:
		return 0;
	case NLMSG_ERROR:
		if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*nlerr))
			return -EPROTO;
		nlerr = mnl_nlmsg_get_payload(nlh);
		if (nlerr->error > 0)
			return -EPROTO;
		if (nlerr->error < 0) {
			client_read_text(client, nlh);
			*result = nlerr->error;
		}
		return 1;
	case NLMSG_DONE:
		if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(err)) {
			memcpy(&err, mnl_nlmsg_get_payload(nlh), sizeof(err));
			if (err < 0)
				*result = err;
		}
		return 1;
	}
	if (nlh->nlmsg_type < NLMSG_MIN_TYPE ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(struct genlmsghdr))
		return -EPROTO;
	if (answer && *result == 0) {
		err = answer(nlh, arg);
		if (err < 0)
			*result = err;
	}
	return 0;
}

int client_call(struct client *client, struct nlmsghdr *nlh, client_answer_fn answer, void *arg)
{
	const struct nlmsghdr *got;
	int result = 0;
	int len, err;

	client->text[0] = 0;
	/* Without it a request for one thing would have no end. A dump ends with NLMSG_DONE. */
	if ((nlh->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		nlh->nlmsg_flags |= NLM_F_ACK;

	err = client_send(client, nlh);
	if (err < 0)
		return err;

	for (;;) {
		len = client_receive(client);
		if (len < 0)
			return len;
		got = (const struct nlmsghdr *)client->rx;
		for (; mnl_nlmsg_ok(got, len); got = mnl_nlmsg_next(got, &len)) {
			if (got->nlmsg_seq != nlh->nlmsg_seq)
				continue;
			err = client_message(client, got, answer, arg, &result);
			if (err < 0)
				return err;
			if (err > 0)
				return result;
		}
		if (len > 0)
			return -EPROTO;
	}
}

/* ---- attributes -------------------------------------------------------------------------- */

struct parse {
	const struct client_policy *policy;
	uint16_t max;
	const struct nlattr **tb;
};

static int client_one_attr(const struct nlattr *attr, void *arg)
{
	const struct parse *parse = arg;
	uint16_t type = mnl_attr_get_type(attr);
	const struct client_policy *policy;

	if (type > parse->max)
		return MNL_CB_OK;

	policy = &parse->policy[type];
	if (policy->type != MNL_TYPE_UNSPEC && mnl_attr_validate(attr, policy->type) < 0)
		return MNL_CB_ERROR;
	if (policy->length && mnl_attr_get_payload_len(attr) > policy->length)
		return MNL_CB_ERROR;
	parse->tb[type] = attr;
	return MNL_CB_OK;
}

int client_parse(const struct nlmsghdr *nlh, const struct client_policy *policy, uint16_t max,
		 const struct nlattr **tb)
{
	struct parse parse = {policy, max, tb};

	memset(tb, 0, (max + 1) * sizeof(*tb));
	if (mnl_attr_parse(nlh, sizeof(struct genlmsghdr), client_one_attr, &parse) < 0)
		return -EPROTO;
	return 0;
}

int client_parse_nested(const struct nlattr *nest, const struct client_policy *policy, uint16_t max,
			const struct nlattr **tb)
{
	struct parse parse = {policy, max, tb};

	memset(tb, 0, (max + 1) * sizeof(*tb));
	if (mnl_attr_parse_nested(nest, client_one_attr, &parse) < 0)
		return -EPROTO;
	return 0;
}

uint8_t client_u8(const struct nlattr *attr, uint8_t otherwise)
{
	return attr ? mnl_attr_get_u8(attr) : otherwise;
}

uint16_t client_u16(const struct nlattr *attr, uint16_t otherwise)
{
	return attr ? mnl_attr_get_u16(attr) : otherwise;
}

uint32_t client_u32(const struct nlattr *attr, uint32_t otherwise)
{
	return attr ? mnl_attr_get_u32(attr) : otherwise;
}

uint64_t client_u64(const struct nlattr *attr, uint64_t otherwise)
{
	return attr ? mnl_attr_get_u64(attr) : otherwise;
}

const char *client_str(const struct nlattr *attr, const char *otherwise)
{
	return attr ? mnl_attr_get_str(attr) : otherwise;
}
