/* SPDX-License-Identifier: BSD-3-Clause */
/* One connected client: reading, answering in order, dumping at the speed it reads. */
#include "client.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <linux/netlink.h>

#include "api/lvsd_wire.h"
#include "genl.h"

/* A client that takes nothing for so long, or lets so much pile up, is dropped. */
#define SLOW_SECONDS 5
#define QUEUE_MAX    (4u << 20)

#define DUMP_DATAGRAM  16384 /* at most LVSD_MSG_MAX; stock clients have buffers of 32 KiB */
#define INPUTS_A_TURN  16    /* datagrams read before others have their turn */
#define OUTPUTS_A_TURN 16

struct datagram {
	STAILQ_ENTRY(datagram) link;
	size_t len;
	uint8_t data[];
};

struct client {
	const struct client_context *context;
	int fd;
	bool may_change;
	bool broken; /* to be closed when no handler uses it */
	struct event *readable, *writable, *again;
	STAILQ_HEAD(, datagram) queue;
	size_t queued;
	/* The dump that goes on; NULL: none. */
	const struct api_dump *dump;
	void *dump_state;
	uint32_t dump_seq;
	uint16_t dump_family;
	uint8_t dump_version;
};

const struct client_context *client_context(const struct client *c)
{
	return c->context;
}

bool client_may_change(const struct client *c)
{
	return c->may_change;
}

void client_send(struct client *c, const void *data, size_t len)
{
	struct datagram *d;

	if (c->broken)
		return;
	d = malloc(sizeof(*d) + len);
	if (!d || c->queued + len > QUEUE_MAX) {
		free(d);
		c->broken = true;
		return;
	}
	d->len = len;
	memcpy(d->data, data, len);
	STAILQ_INSERT_TAIL(&c->queue, d, link);
	c->queued += len;
}

/* ---- dumps ------------------------------------------------------------------------------- */

static void dump_end(struct client *c)
{
	if (c->dump && c->dump->stop)
		c->dump->stop(c->dump_state);
	free(c->dump_state);
	c->dump = NULL;
	c->dump_state = NULL;
}

int client_dump(struct client *c, const struct api_dump *dump, struct api_request *req,
		const struct reply *reply)
{
	void *state;
	int r;

	if (c->dump)
		return model_fail(req->err, -EBUSY,
				  "the dump that was asked for before is not finished yet");
	state = calloc(1, dump->size);
	if (!state)
		return model_fail(req->err, -ENOMEM, "out of memory");
	r = dump->start(req, state);
	if (r < 0) {
		free(state);
		return r;
	}
	c->dump = dump;
	c->dump_state = state;
	c->dump_seq = reply->seq;
	c->dump_family = reply->family;
	c->dump_version = reply->version;
	return 0;
}

/* Queues NLMSG_DONE, in the datagram of `reply` when there is room. */
static void dump_done(struct client *c, struct reply *reply, int error)
{
	const int32_t status = error;

	if (!reply_plain(reply, NLMSG_DONE, &status, sizeof(status))) {
		client_send(c, reply->buf, reply->used);
		reply->used = 0;
		reply_plain(reply, NLMSG_DONE, &status, sizeof(status));
	}
	dump_end(c);
}

/* Queues the next datagram of the dump. -EAGAIN: there is none yet. */
static int dump_step(struct client *c)
{
	uint8_t buf[DUMP_DATAGRAM] __attribute__((aligned(4)));
	struct reply reply = {
		.buf = buf,
		.room = sizeof(buf),
		.family = c->dump_family,
		.version = c->dump_version,
		.flags = NLM_F_MULTI,
		.seq = c->dump_seq,
	};
	int r = c->dump->step(c->dump_state, &reply);

	if (r == API_MORE && reply.used == 0)
		r = -EMSGSIZE;
	if (r != API_MORE && r != -EAGAIN)
		dump_done(c, &reply, r);
	if (reply.used > 0)
		client_send(c, buf, reply.used);
	return r == -EAGAIN && reply.used == 0 ? -EAGAIN : 0;
}

/* ---- output ------------------------------------------------------------------------------ */

/* Sends what it takes. 0: all, -EAGAIN: not now, else it is gone. */
static int flush(struct client *c)
{
	struct datagram *d;

	while ((d = STAILQ_FIRST(&c->queue))) {
		ssize_t n = send(c->fd, d->data, d->len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EWOULDBLOCK ? -EAGAIN : -errno;
		STAILQ_REMOVE_HEAD(&c->queue, link);
		c->queued -= d->len;
		free(d);
	}
	return 0;
}

static void wait_writable(struct client *c)
{
	const struct timeval slow = {.tv_sec = SLOW_SECONDS};

	event_del(c->readable);
	event_add(c->writable, &slow);
}

static void wait_dump(struct client *c)
{
	const struct timeval soon = {.tv_usec = 1000};

	event_del(c->readable);
	event_add(c->again, &soon);
}

/* Goes on with whatever is next: what is queued, the dump, or reading. */
static void go_on(struct client *c)
{
	int r = 0;

	for (unsigned int i = 0; !c->broken && i < OUTPUTS_A_TURN; i++) {
		r = flush(c);
		if (r < 0 || !c->dump)
			break;
		if (dump_step(c) == -EAGAIN) {
			wait_dump(c);
			return;
		}
	}
	if (c->broken || (r < 0 && r != -EAGAIN)) {
		c->context->closed(c->context->arg, c);
		client_close(c);
	} else if (c->dump || !STAILQ_EMPTY(&c->queue)) {
		wait_writable(c);
	} else {
		event_add(c->readable, NULL);
	}
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;

	/* Both, when the loop itself was held up for so long. */
	if (!(what & EV_WRITE))
		c->broken = true;
	go_on(c);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	go_on(arg);
}

/* ---- input ------------------------------------------------------------------------------- */

/* Reads and carries out one datagram. False: there is none, or the client is gone. */
static bool input(struct client *c)
{
	static uint8_t buf[LVSD_MSG_MAX] __attribute__((aligned(4)));
	char text[MODEL_ERROR_MAX];
	ssize_t n = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC);

	if (n <= 0) {
		c->broken = n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
		return false;
	}
	if ((size_t)n > sizeof(buf)) {
		snprintf(text, sizeof(text), "datagram of %zd bytes: at most %zu are allowed", n,
			 sizeof(buf));
		genl_refuse(c, -EINVAL, text);
	} else {
		genl_input(c, buf, (size_t)n);
	}
	return !c->broken;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;

	for (unsigned int i = 0; i < INPUTS_A_TURN && input(c); i++) {
		/* The workers know before the client does. */
		model_publish();
		if (c->dump || flush(c) < 0)
			break;
	}
	go_on(c);
}

/* ---- life -------------------------------------------------------------------------------- */

struct client *client_open(const struct client_context *context, int fd, bool may_change)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c) {
		close(fd);
		return NULL;
	}
	c->context = context;
	c->fd = fd;
	c->may_change = may_change;
	STAILQ_INIT(&c->queue);
	c->readable = event_new(context->base, fd, EV_READ | EV_PERSIST, on_readable, c);
	c->writable = event_new(context->base, fd, EV_WRITE, on_writable, c);
	c->again = event_new(context->base, -1, 0, on_again, c);
	if (!c->readable || !c->writable || !c->again || event_add(c->readable, NULL) < 0) {
		client_close(c);
		return NULL;
	}
	return c;
}

void client_close(struct client *c)
{
	struct datagram *d;

	dump_end(c);
	while ((d = STAILQ_FIRST(&c->queue))) {
		STAILQ_REMOVE_HEAD(&c->queue, link);
		free(d);
	}
	if (c->readable)
		event_free(c->readable);
	if (c->writable)
		event_free(c->writable);
	if (c->again)
		event_free(c->again);
	close(c->fd);
	free(c);
}
