/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lvsd: reads its options and configuration, starts the data plane, the model, the host side and
 * the control socket, and runs the event loop until it is told to stop. The process stays in the
 * foreground; its service manager is told when it is ready.
 *
 * This is the main lcore. Everything of src/control runs here.
 */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "config.h"
#include "cpus.h"
#include "host.h"
#include "log.h"
#include "model.h"
#include "notify.h"
#include "options.h"
#include "server.h"
#include "twin.h"

static struct event_base *base;
static struct server *server;
static const struct server_hooks hooks = {.twin_name = twin_name};

/* ---- what the file says ------------------------------------------------------------------ */

static void complain(void *arg, const char *text)
{
	fprintf(stderr, "%s\n", text);
}

static void to_dp_port(const struct config_port *port, struct dp_port_config *out)
{
	memcpy(out->name, port->name, sizeof(out->name));
	memcpy(out->device, port->device, sizeof(out->device));
	out->rx_ring = (uint16_t)port->rx_ring;
	out->tx_ring = (uint16_t)port->tx_ring;
	out->mtu = (uint16_t)port->mtu;
	out->promiscuous = port->promiscuous;
}

static int to_dp_config(const struct config *config, struct dp_config *out, struct dp_error *err)
{
	cpu_set_t allowed;

	memset(out, 0, sizeof(*out));
	out->hugepages = (enum dp_hugepages)config->hugepages;
	out->memory_mb = (uint32_t)config->memory;
	out->idle = (enum dp_idle)config->idle;
	out->connections = (uint32_t)config->connections;
	out->n_mbufs = (uint32_t)config->mbufs;
	out->n_ports = (unsigned int)config->ports.n;
	for (unsigned int i = 0; i < out->n_ports; i++)
		to_dp_port(config_port(config, i), &out->port[i]);
	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) {
		snprintf(err->text, sizeof(err->text), "cannot find out the CPUs: %s",
			 strerror(errno));
		return -errno;
	}
	return cpus_place(config, &allowed, out, err);
}

/* ---- signals ----------------------------------------------------------------------------- */

static void told_to_stop(evutil_socket_t number, short what, void *arg)
{
	log_notice("%s: stopping", number == SIGINT ? "interrupted" : "told to stop");
	event_base_loopbreak(base);
}

static void told_to_reload(evutil_socket_t number, short what, void *arg)
{
	log_notice("SIGHUP: the configuration is read at start only; restart lvsd to apply it");
}

static const struct {
	int number;
	event_callback_fn fn;
} signals[] = {{SIGTERM, told_to_stop}, {SIGINT, told_to_stop}, {SIGHUP, told_to_reload}};

#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

static struct event *signal_events[SIGNALS];

static int signals_open(void)
{
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < SIGNALS; i++) {
		signal_events[i] = evsignal_new(base, signals[i].number, signals[i].fn, NULL);
		if (signal_events[i] == NULL || event_add(signal_events[i], NULL) != 0)
			return -ENOMEM;
	}
	return 0;
}

/* ---- start and stop ---------------------------------------------------------------------- */

/* Before anything is opened: does a living lvsd answer on the socket? server_open() decides. */
static int socket_taken(const char *path, struct dp_error *err)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct ucred peer = {0};
	socklen_t len = sizeof(peer);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc = 0;

	if (fd < 0)
		return 0;
	memcpy(sun.sun_path, path, strlen(path));
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0) {
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
		snprintf(err->text, sizeof(err->text),
			 "socket %s: another lvsd (pid %d) answers there; stop it, or choose "
			 "another path with --socket",
			 path, (int)peer.pid);
		rc = -EADDRINUSE;
	}
	close(fd);
	return rc;
}

static void note(const char *line)
{
	log_notice("%s", line);
}

static int start(const struct config *config, const char *path, struct dp_error *err)
{
	struct dp_config dp;
	int rc = socket_taken(path, err);

	if (rc == 0)
		rc = to_dp_config(config, &dp, err);
	if (rc == 0)
		rc = dp_init(&dp, note, err);
	if (rc != 0)
		return rc;
	/* Until here a signal ends lvsd at once, which is right: nothing needs cleaning up. */
	if (signals_open() != 0 || model_open(base) != 0) {
		snprintf(err->text, sizeof(err->text), "out of memory");
		return -ENOMEM;
	}
	rc = server_open(base, path, &server, err->text, sizeof(err->text));
	if (rc != 0)
		return rc;
	server_set_hooks(server, &hooks);
	rc = host_open(base, config, err);
	if (rc == 0)
		rc = dp_start(err);
	if (rc == 0)
		rc = host_start(err);
	return rc;
}

/* In any state that start() may have left. */
static void stop(void)
{
	server_close(server);
	server = NULL;
	dp_stop();
	host_close();
	host_free();
	model_close();
	for (size_t i = 0; i < SIGNALS; i++)
		if (signal_events[i] != NULL)
			event_free(signal_events[i]);
}

static int run(const struct config *config, const char *path)
{
	struct dp_error err = {""};
	int rc;

	base = event_base_new();
	if (base == NULL) {
		log_error("cannot make an event loop: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	rc = start(config, path, &err);
	if (rc == 0) {
		log_notice("ready: %u worker%s, %zu port%s, socket %s", dp_worker_count(),
			   dp_worker_count() == 1 ? "" : "s", config->ports.n,
			   config->ports.n == 1 ? "" : "s", path);
		notify_send("READY=1");
		event_base_dispatch(base);
		notify_send("STOPPING=1");
	} else {
		log_error("%s", err.text);
	}
	stop();
	event_base_free(base);
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct options options;
	struct config config;
	int status;

	log_open();
	switch (options_read(argc, argv, &options)) {
	case OPTIONS_DONE:
		return EXIT_SUCCESS;
	case OPTIONS_BAD:
		return EXIT_FAILURE;
	case OPTIONS_RUN:
		break;
	}
	if (config_load(options.config, &config, complain, NULL) != 0)
		return EXIT_FAILURE;
	log_set_level(options.log_level >= 0 ? (enum log_level)options.log_level
					     : (enum log_level)config.log_level);
	if (options.check) {
		printf("%s: ok\n", options.config);
		status = EXIT_SUCCESS;
	} else {
		status = run(&config, options.socket != NULL ? options.socket : config.socket);
	}
	config_free(&config);
	return status;
}
