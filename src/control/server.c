/* SPDX-License-Identifier: BSD-3-Clause */
/* The control socket: listening, who may do what, and the list of clients. */
#include "server.h"

#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>

#include "client.h"
#include "model_private.h"

#define CLIENTS_MAX 256
#define GROUP       "lvsd" /* its members may connect, and change things */

struct seat {
	LIST_ENTRY(seat) link;
	struct client *client;
};

struct server {
	struct client_context context;
	struct server_hooks hooks;
	int fd;
	struct sockaddr_un address;
	dev_t dev; /* of the socket's file, to tell it from another's */
	ino_t ino;
	bool bound;
	char *made;  /* the directory that was made for it, NULL */
	gid_t group; /* (gid_t)-1: there is none */
	struct event *acceptable, *resume;
	LIST_HEAD(, seat) seats;
	unsigned int n_clients;
};

static int fail(char *err, size_t errlen, int result, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static int fail(char *err, size_t errlen, int result, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(err, errlen, format, args);
	va_end(args);
	return result;
}

/* ---- clients ----------------------------------------------------------------------------- */

static bool in_group(int fd, gid_t primary, gid_t group)
{
	gid_t groups[256];
	socklen_t len = sizeof(groups);

	if (group == (gid_t)-1)
		return false;
	if (primary == group)
		return true;
	/* Somebody in more groups than these is not found in the last of them. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) < 0)
		return false;
	for (size_t i = 0; i < len / sizeof(groups[0]); i++)
		if (groups[i] == group)
			return true;
	return false;
}

static bool may_change(const struct server *s, int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	return peer.uid == 0 || peer.uid == geteuid() || in_group(fd, peer.gid, s->group);
}

static void on_closed(void *arg, struct client *client)
{
	struct server *s = arg;
	struct seat *seat;

	LIST_FOREACH (seat, &s->seats, link) {
		if (seat->client == client) {
			LIST_REMOVE(seat, link);
			free(seat);
			s->n_clients--;
			return;
		}
	}
}

static void welcome(struct server *s, int fd)
{
	struct seat *seat = s->n_clients < CLIENTS_MAX ? calloc(1, sizeof(*seat)) : NULL;

	if (!seat) {
		close(fd);
		return;
	}
	seat->client = client_open(&s->context, fd, may_change(s, fd));
	if (!seat->client) {
		free(seat);
		return;
	}
	LIST_INSERT_HEAD(&s->seats, seat, link);
	s->n_clients++;
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;

	event_add(s->acceptable, NULL);
}

static void on_acceptable(evutil_socket_t listener, short what, void *arg)
{
	const struct timeval pause = {.tv_sec = 1};
	struct server *s = arg;
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) {
		welcome(s, fd);
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
		/* It stays in the queue; asking at once again would only burn the core. */
		event_del(s->acceptable);
		event_add(s->resume, &pause);
	}
}

/* ---- the socket's file ------------------------------------------------------------------- */

/* Makes the directory of the path when only that is missing. */
static void make_directory(struct server *s)
{
	char *dir = strdup(s->address.sun_path);
	char *slash = dir ? strrchr(dir, '/') : NULL;

	if (!slash || slash == dir) {
		free(dir);
		return;
	}
	*slash = 0;
	if (mkdir(dir, 0755) == 0)
		s->made = dir;
	else
		free(dir);
}

/* Somebody has the name. Removes it if that is a socket nobody listens at. */
static int clear_stale(struct server *s, char *err, size_t errlen)
{
	const char *path = s->address.sun_path;
	struct stat st;
	int fd, r;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0
				       : fail(err, errlen, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return fail(err, errlen, -EEXIST, "%s exists and is not a socket", path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(err, errlen, -errno, "cannot make a socket: %s", strerror(errno));
	r = connect(fd, (const struct sockaddr *)&s->address, sizeof(s->address)) < 0 ? -errno : 0;
	close(fd);
	switch (r) {
	case 0:
	case -EAGAIN: /* it listens, and many wait */
		return fail(err, errlen, -EADDRINUSE, "%s: another lvsd answers there", path);
	case -EPROTOTYPE:
		return fail(err, errlen, -EADDRINUSE, "%s is the socket of another program", path);
	case -ECONNREFUSED:
		if (unlink(path) == 0 || errno == ENOENT)
			return 0;
		return fail(err, errlen, -errno, "cannot remove the stale socket %s: %s", path,
			    strerror(errno));
	default:
		return fail(err, errlen, r, "%s: %s", path, strerror(-r));
	}
}

static int try_bind(struct server *s)
{
	return bind(s->fd, (const struct sockaddr *)&s->address, sizeof(s->address)) < 0 ? -errno
											 : 0;
}

static int bind_path(struct server *s, char *err, size_t errlen)
{
	const char *path = s->address.sun_path;
	mode_t mask = umask(0777); /* nobody gets in before the mode is right */
	int r = try_bind(s);

	if (r == -ENOENT) {
		umask(0022);
		make_directory(s);
		umask(0777);
		r = try_bind(s);
	} else if (r == -EADDRINUSE) {
		r = clear_stale(s, err, errlen);
		if (r < 0) {
			umask(mask);
			return r;
		}
		r = try_bind(s);
	}
	umask(mask);
	if (r < 0)
		return fail(err, errlen, r, "cannot listen at %s: %s", path, strerror(-r));
	s->bound = true;
	return 0;
}

/* Owner, mode, and what the file is, so that only our own is ever removed. */
static int dress_file(struct server *s, char *err, size_t errlen)
{
	const char *path = s->address.sun_path;
	struct group *g = getgrnam(GROUP);
	struct stat st;

	s->group = g ? g->gr_gid : (gid_t)-1;
	/* Without the right to give it to the group, the file is the owner's alone. */
	if (g && lchown(path, (uid_t)-1, g->gr_gid) < 0 && errno != EPERM)
		return fail(err, errlen, -errno, "cannot give %s to group %s: %s", path, GROUP,
			    strerror(errno));
	if (chmod(path, 0660) < 0 || lstat(path, &st) < 0)
		return fail(err, errlen, -errno, "%s: %s", path, strerror(errno));
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	return 0;
}

static int listen_at(struct server *s, char *err, size_t errlen)
{
	int r;

	s->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return fail(err, errlen, -errno, "cannot make a socket: %s", strerror(errno));
	r = bind_path(s, err, errlen);
	if (r == 0)
		r = dress_file(s, err, errlen);
	if (r < 0)
		return r;
	if (listen(s->fd, CLIENTS_MAX) < 0)
		return fail(err, errlen, -errno, "cannot listen at %s: %s", s->address.sun_path,
			    strerror(errno));
	return 0;
}

/* ---- open and close ---------------------------------------------------------------------- */

static int start_events(struct server *s, char *err, size_t errlen)
{
	struct event_base *base = s->context.base;

	s->acceptable = event_new(base, s->fd, EV_READ | EV_PERSIST, on_acceptable, s);
	s->resume = event_new(base, -1, 0, on_resume, s);
	if (!s->acceptable || !s->resume || event_add(s->acceptable, NULL) < 0)
		return fail(err, errlen, -ENOMEM, "out of memory");
	return 0;
}

int server_open(struct event_base *base, const char *path, struct server **out, char *err,
		size_t errlen)
{
	struct server *s;
	int r;

	if (!path[0] || strlen(path) >= sizeof(s->address.sun_path))
		return fail(err, errlen, -ENAMETOOLONG,
			    "socket path \"%s\": 1 to %zu characters are allowed", path,
			    sizeof(s->address.sun_path) - 1);
	s = calloc(1, sizeof(*s));
	if (!s)
		return fail(err, errlen, -ENOMEM, "out of memory");
	s->fd = -1;
	s->address.sun_family = AF_UNIX;
	memcpy(s->address.sun_path, path, strlen(path) + 1);
	s->context = (struct client_context){
		.base = base,
		.hooks = &s->hooks,
		.started = model_now(),
		.closed = on_closed,
		.arg = s,
	};
	LIST_INIT(&s->seats);
	r = listen_at(s, err, errlen);
	if (r == 0)
		r = start_events(s, err, errlen);
	if (r < 0) {
		server_close(s);
		return r;
	}
	*out = s;
	return 0;
}

void server_set_hooks(struct server *s, const struct server_hooks *hooks)
{
	s->hooks = *hooks;
}

static void remove_file(const struct server *s)
{
	struct stat st;

	if (s->bound && lstat(s->address.sun_path, &st) == 0 &&
	    (!s->ino || (st.st_dev == s->dev && st.st_ino == s->ino)))
		unlink(s->address.sun_path);
	if (s->made)
		rmdir(s->made);
}

void server_close(struct server *s)
{
	struct seat *seat;

	if (!s)
		return;
	remove_file(s);
	while ((seat = LIST_FIRST(&s->seats))) {
		LIST_REMOVE(seat, link);
		client_close(seat->client);
		free(seat);
	}
	if (s->acceptable)
		event_free(s->acceptable);
	if (s->resume)
		event_free(s->resume);
	if (s->fd >= 0)
		close(s->fd);
	free(s->made);
	free(s);
}
